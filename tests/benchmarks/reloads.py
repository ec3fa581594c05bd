"""Reload an account again and again while its meters wait for their polls."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from homeassistant.core import HomeAssistant

from tests.simulator import Simulator

from .figures import Figure
from .holdings import holdings
from .home import entry_of, home
from .virtual_time import VirtualLoop, run

INTERVAL = 2.0
ROUND_TRIP = 0.02
# Longer than a pass.
SCAN_HOURS = 2
# Some reloads come while a call is under way, some between two.
APART = 7.3


def measure(meters: int = 1000, reloads: int = 20) -> list[Figure]:
    """Reload, and see what is left."""

    async def main(loop: VirtualLoop) -> list[Figure]:
        """Run a platform and a Home Assistant."""
        with TemporaryDirectory() as folder:
            async with (
                Simulator(
                    meters=meters,
                    limit=INTERVAL,
                    delay=ROUND_TRIP,
                    jitter=INTERVAL / 2,
                    history_days=2,
                    monotonic=loop.time,
                ) as simulator,
                home(Path(folder)) as hass,
            ):
                return await _measured(hass, simulator, reloads)

    return run(main)


async def _measured(hass: HomeAssistant, simulator: Simulator, reloads: int) -> list[Figure]:
    """Return the figures."""
    entry = entry_of(simulator, scan_interval=SCAN_HOURS * 60)
    await hass.config_entries.async_add(entry)
    await asyncio.sleep(SCAN_HOURS * 3600 * 0.9)
    assert await hass.config_entries.async_unload(entry.entry_id)
    before = await holdings(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    while len(simulator.calls_of("GetUserInfo")) < len(simulator.meters) * 1.1:  # noqa: ASYNC110
        await asyncio.sleep(APART)
    logins, first = len(simulator.calls_of("login")), len(simulator.calls_of("GetUserInfo"))
    for _ in range(reloads):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.sleep(APART)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")[first:]]
    logins = len(simulator.calls_of("login")) - logins
    assert await hass.config_entries.async_unload(entry.entry_id)
    left = (await holdings(hass)).more_than(before)
    name = f"{reloads} reloads with {len(simulator.meters):,} meters"
    return [
        Figure(f"{name}: early calls", simulator.early, 0),
        Figure("  logins", logins, 0),
        *(
            Figure(f"  {what} left over", left.get(what, 0), 0)
            for what in ("tasks", "timers", "connections", "listeners", "objects")
        ),
        # The one under way is interrupted.
        Figure("  polls that were repeated", len(polled) - len(set(polled)), reloads),
        Figure(
            "  meters polled meanwhile",
            len(set(polled)),
            reloads * APART / (INTERVAL * 1.5 + ROUND_TRIP),
            bound=0.5,
            at_least=True,
        ),
    ]
