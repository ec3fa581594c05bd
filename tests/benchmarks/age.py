"""How old values get when there are more meters than the interval has time for."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from homeassistant.core import HomeAssistant

from custom_components.jrhsz.coordinator import MeterCoordinator
from tests.simulator import Simulator

from .figures import Figure
from .home import entry_of, home
from .virtual_time import VirtualLoop, run

INTERVAL = 2.0
ROUND_TRIP = 0.02
SINGLE_REFRESHES = 20
# After three urgent calls in a row one ordinary call goes.
ORDINARY_PER_URGENT = 1 / 3


def measure(
    meters: int = 1000, scan_minutes: float = 30, passes: int = 4, urgent: int = 100
) -> list[Figure]:
    """Poll many meters for some passes, with users who don't want to wait in between."""

    async def main(loop: VirtualLoop) -> list[Figure]:
        """Run the platform and a Home Assistant, and look at the calls."""
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
                return await _measured(hass, simulator, scan_minutes * 60, passes, urgent)

    return run(main)


async def _measured(
    hass: HomeAssistant, simulator: Simulator, interval: float, passes: int, urgent: int
) -> list[Figure]:
    """Return the figures of one account."""
    count = len(simulator.meters)
    entry = entry_of(simulator, scan_interval=interval / 60)
    await hass.config_entries.async_add(entry)
    period = max(interval, (INTERVAL + ROUND_TRIP) * count)
    await asyncio.sleep(passes * period)
    oldest = max(oldest_of(simulator).values())

    simulator.reset_counts()
    coordinators = entry.runtime_data.coordinators
    later = await _single_refreshes(simulator, coordinators)
    ordinary = await _many_refreshes(simulator, coordinators, urgent)
    await asyncio.sleep(period)
    name = f"{count:,} meters every {interval / 60:g} min"
    return [
        Figure(f"{name}: oldest value", oldest, period, "s", bound=1.25),
        Figure("calls until a user's refresh, meters waiting", later, 2),
        Figure(
            f"ordinary polls during {urgent} urgent ones",
            ordinary,
            int(urgent * ORDINARY_PER_URGENT),
            at_least=True,
            bound=0.9,
        ),
        Figure("early calls meanwhile", simulator.early, 0),
    ]


def oldest_of(simulator: Simulator) -> dict[str, float]:
    """Return the greatest age of each meter's values, in seconds."""
    answers: defaultdict[str, list[float]] = defaultdict(list)
    for call in simulator.calls_of("GetUserInfo"):
        if call.code == 200 and call.answered is not None:
            answers[call.params["user_code"]].append(call.answered)
    now = simulator.monotonic()
    ages = {
        code: max(later - earlier for earlier, later in pairwise([*times, now]))
        for code, times in answers.items()
    }
    return {code: ages[code] for code in simulator.meters}


async def _single_refreshes(simulator: Simulator, coordinators: dict[str, MeterCoordinator]) -> int:
    """Return after how many calls a user's refresh comes at worst, while most meters wait."""
    random = Random(1)  # noqa: S311  seeded, to be repeated
    worst = 0
    for _ in range(SINGLE_REFRESHES):
        await asyncio.sleep(random.uniform(0, 3 * INTERVAL))
        code = random.choice(list(simulator.meters))
        before = len(simulator.calls_of("GetUserInfo"))
        await coordinators[code].async_refresh_now()
        since = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")[before:]]
        worst = max(worst, since.index(code) + 1)
    return worst


async def _many_refreshes(
    simulator: Simulator, coordinators: dict[str, MeterCoordinator], urgent: int
) -> int:
    """Return how many meters nobody asked for are polled while many are refreshed at once."""
    asked: Iterable[str] = list(coordinators)[-urgent:]
    before = len(simulator.calls_of("GetUserInfo"))
    await asyncio.gather(*(coordinators[code].async_refresh_now() for code in asked))
    since = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")[before:]]
    return sum(code not in asked for code in since)
