"""How near the polls of a real process come to the pace that the platform allows."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import signal
from tempfile import TemporaryDirectory

from tests.simulator import Simulator

from .figures import Figure
from .residence import hear, resident
from .resident import Task

REAL = 2.0
LOWERED = 0.2
ROUND_TRIP = 0.02
BEYOND = 0.01
# Of calls, as fast as real timers can be wrong.
QUICK = 0.02
QUICK_CALLS = 2500
# While 100 calls were due.
STOPPED = 100 * LOWERED
LISTENED = 10.0
WITHOUT_PAUSE = 0.05


def measure() -> list[Figure]:
    """Poll in real time; the long pass goes on beside the others, for all of them mostly wait."""
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    """Return the figures."""
    long = asyncio.create_task(_pass(1000, LOWERED))
    others = [
        *await _pass(10, REAL),
        *await _pass(100, LOWERED),
        *await _quick(),
        *await _stopped(),
    ]
    return [*others[:4], *await long, *others[4:]]


async def _pass(meters: int, interval: float) -> list[Figure]:
    """Return the figures of one pass."""
    async with _platform(meters, interval, ROUND_TRIP) as simulator:
        async with _polling(simulator, interval):
            await _calls(simulator, meters)
        arrived = [call.arrived for call in simulator.calls_of("GetUserInfo")[:meters]]
        early = simulator.early
    period = (arrived[-1] - arrived[0]) / (meters - 1)
    if interval == REAL:
        figure = Figure(
            f"{meters} meters, the real {interval:g} s: calls per minute",
            60 / period,
            60 / interval,
            bound=0.97,
            at_least=True,
        )
    else:
        figure = Figure(
            f"{meters:,} meters, {interval:g} s: per call beyond interval and round trip",
            (period - interval - ROUND_TRIP) * 1000,
            BEYOND * 1000,
            "ms",
        )
    return [figure, Figure("  early calls", early, 0)]


async def _quick() -> list[Figure]:
    """Return what comes early when the interval is hardly longer than timers are exact."""
    async with (
        _platform(50, QUICK, 0.0, jitter=QUICK / 2) as simulator,
        _polling(simulator, QUICK, scan_interval=WITHOUT_PAUSE / 10),
    ):
        await _calls(simulator, QUICK_CALLS)
        made, early = len(simulator.calls), simulator.early
    name = f"early of {made:,} calls, {QUICK:g} s with jitter"
    return [Figure(name, early, 0)]


async def _stopped() -> list[Figure]:
    """Return what happens when the process is stopped for a while."""
    async with (
        _platform(50, LOWERED, ROUND_TRIP) as simulator,
        _polling(simulator, LOWERED, scan_interval=WITHOUT_PAUSE) as process,
    ):
        await _calls(simulator, 20)
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(STOPPED)
        before = len(simulator.calls_of("GetUserInfo"))
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(LISTENED)
        since = len(simulator.calls_of("GetUserInfo")) - before
        early = simulator.early
    allowed = LISTENED / (LOWERED + ROUND_TRIP)
    return [
        Figure(f"stopped for {STOPPED:g} s (SIGSTOP): early calls", early, 0),
        Figure(f"  calls in the {LISTENED:g} s after it", since, allowed, bound=0.9, at_least=True),
    ]


def _platform(meters: int, limit: float, delay: float, *, jitter: float = 0.0) -> Simulator:
    """Return a platform."""
    return Simulator(meters=meters, limit=limit, delay=delay, jitter=jitter, history_days=2)


@asynccontextmanager
async def _polling(
    simulator: Simulator, interval: float, **options: float
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a process that polls all meters."""
    with TemporaryDirectory() as folder:
        task = Task(
            what="live",
            folder=folder,
            url=simulator.url,
            codes=sorted(simulator.meters),
            interval=interval,
            options=options,
        )
        async with resident(task) as process:
            await hear(process)
            yield process


async def _calls(simulator: Simulator, count: int) -> None:
    """Wait for a number of polls."""
    while len(simulator.calls_of("GetUserInfo")) < count:  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0.5)
