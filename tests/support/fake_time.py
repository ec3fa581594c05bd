"""A clock and a sleep that take no time."""

import asyncio
import heapq
import itertools


class FakeTime:
    """Jumps from one sleeper's end to the next."""

    def __init__(self, start: float = 1000.0) -> None:
        """Start at any time, since a monotonic clock does."""
        self.now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until the time is told to have passed."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, seconds: float = float("inf")) -> None:
        """Let time pass, for as long as anybody sleeps if it isn't said how long."""
        end = self.now + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            time, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self.now = max(self.now, time)
            woken.set_result(None)
            await _settle()
        if seconds != float("inf"):
            self.now = end


async def _settle() -> None:
    """Let everything run that can run."""
    for _ in range(20):
        await asyncio.sleep(0)
