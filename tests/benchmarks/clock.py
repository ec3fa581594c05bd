"""What becomes of the pace when clocks do what they like."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from homeassistant.core import HomeAssistant

from tests.simulator import Simulator

from .age import oldest_of
from .figures import Figure
from .home import entry_of, home
from .virtual_time import VirtualLoop, run

INTERVAL = 2.0
ROUND_TRIP = 0.02
SCAN_MINUTES = 5
HOUR = 3600
# Home Assistant's timers round to a second.
ROUNDING = 2


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a clock; the loop's own time goes on unless it says otherwise."""

    name: str
    happen: Callable[[VirtualLoop], None]
    begin: datetime = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    time_zone: str = "Asia/Shanghai"


def _set(hours: float) -> Callable[[VirtualLoop], None]:
    """Return what sets the time of day."""
    return lambda loop: loop.set_time_of_day(timedelta(hours=hours))


def _nothing(_: VirtualLoop) -> None:
    """Let time pass."""


EVENTS = (
    Event("stopped for 6 hours", lambda loop: loop.leap(6 * HOUR)),
    Event("clock set back by 5 hours", _set(-5)),
    Event("clock set forward by 5 hours", _set(5)),
    Event("clock set back by a year", _set(-24 * 365)),
    Event(
        "summer time ends",
        _nothing,
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
        "America/New_York",
    ),
    Event(
        "summer time begins",
        _nothing,
        datetime(2027, 3, 14, 6, 30, tzinfo=UTC),
        "America/New_York",
    ),
)


def measure(meters: int = 60) -> list[Figure]:
    """Let each of them happen in the middle of a pass."""
    return [figure for event in EVENTS for figure in measure_one(event, meters)]


def measure_one(event: Event, meters: int) -> list[Figure]:
    """Return the figures of one event."""

    async def main(loop: VirtualLoop) -> list[Figure]:
        """Run a platform and a Home Assistant, and count what they call."""
        with TemporaryDirectory() as folder:
            async with (
                Simulator(
                    meters=meters,
                    limit=INTERVAL,
                    delay=ROUND_TRIP,
                    history_days=2,
                    monotonic=loop.time,
                ) as simulator,
                home(Path(folder)) as hass,
            ):
                return await _lived(hass, loop, simulator, event)

    return run(main, event.begin)


async def _lived(
    hass: HomeAssistant, loop: VirtualLoop, simulator: Simulator, event: Event
) -> list[Figure]:
    """Poll some passes, let it happen while half of the meters wait, and poll some more."""
    await hass.config.async_set_time_zone(event.time_zone)
    await hass.config_entries.async_add(entry_of(simulator, scan_interval=SCAN_MINUTES))
    one_pass = (INTERVAL + ROUND_TRIP) * len(simulator.meters)
    await asyncio.sleep(3 * SCAN_MINUTES * 60 + one_pass / 2)
    event.happen(loop)
    await asyncio.sleep(0)
    early = simulator.early
    simulator.reset_counts()
    begin = loop.time()
    await asyncio.sleep(HOUR)
    first: dict[str, float] = {}
    for call in simulator.calls_of("GetUserInfo"):
        first.setdefault(call.params["user_code"], call.arrived - begin)
    latest = max(first[code] for code in simulator.meters)
    period = max(SCAN_MINUTES * 60, one_pass)
    return [
        Figure(f"{event.name}: early calls", early + simulator.early, 0),
        Figure("  longest until a meter is polled", latest, period + one_pass, "s", bound=1.05),
        Figure(
            "  oldest value in the hour after it",
            max(oldest_of(simulator).values()),
            period + ROUNDING,
            "s",
            bound=1.05,
        ),
    ]
