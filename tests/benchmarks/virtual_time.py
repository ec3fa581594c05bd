"""An event loop whose time passes only while nothing is left to do."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from math import ceil
import selectors
from time import sleep
from typing import Any, override

from freezegun import freeze_time

# What was sent may need a moment in the kernel; time must not pass meanwhile.
_IN_THE_KERNEL = 0.0001
# Times are whole numbers of these per second, so that their differences are exact.
_TICKS = 2**20
_RESOLUTION = 2**-24
_BEGIN = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


class _IdleSelector(selectors.DefaultSelector):
    """Lets the loop's time pass instead of waiting."""

    loop: VirtualLoop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is, let the time pass until the next timer."""
        if (ready := super().select(0)) or timeout == 0:
            return ready
        sleep(_IN_THE_KERNEL)
        if ready := super().select(0):
            return ready
        if self.loop.threads_at_work or timeout is None:
            return super().select(0.05)
        self.loop.leap(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a time of its own; the time of day follows it."""

    def __init__(self, begin: datetime = _BEGIN) -> None:
        """Begin at a time of day."""
        selector = _IdleSelector()
        selector.loop = self
        self.threads_at_work = 0
        self._now = 1000.0
        self._freezing = freeze_time(begin)
        self.time_of_day = self._freezing.start()
        super().__init__(selector)
        # After half a year, a timer's time and one that is a nanosecond later are the same number.
        self._clock_resolution = _RESOLUTION

    @override
    def time(self) -> float:
        """Return the time."""
        return self._now

    def leap(self, seconds: float) -> None:
        """Let time pass without letting anything happen, as if the process were stopped."""
        self._now = ceil((self._now + seconds) * _TICKS) / _TICKS
        self.set_time_of_day(timedelta(seconds=seconds))

    def set_time_of_day(self, by: timedelta) -> None:
        """Set the clock that people see, forward or back."""
        self.time_of_day.tick(by)

    @override
    def run_in_executor[*ArgsT, ResultT](
        self, executor: Executor | None, func: Callable[[*ArgsT], ResultT], *args: *ArgsT
    ) -> asyncio.Future[ResultT]:
        """Run in a thread; time stands still until it is done."""

        def done(_: Awaitable[Any]) -> None:
            """Let time pass again."""
            self.threads_at_work -= 1

        self.threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(done)
        return future

    @override
    def close(self) -> None:
        """Let the real time of day pass again."""
        super().close()
        self._freezing.stop()


def run[ResultT](
    main: Callable[[VirtualLoop], Coroutine[Any, Any, ResultT]], begin: datetime = _BEGIN
) -> ResultT:
    """Run a coroutine to its end in a virtual time."""
    loop = VirtualLoop(begin)
    try:
        result = loop.run_until_complete(main(loop))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    return result
