"""The pace of calls to one host: the only place that waits between them.

The platform allows each interface one call per 2 seconds, the login too, and doesn't say from
when they count or for whom. So the next call of an interface starts at least `INTERVAL` after
the *answer* to its last one, for all accounts of a host together.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import itertools
from typing import Any, Final

from .errors import ConnectError, RateLimitError
from .reply import Reply
from .turns import Priority, Turn, Turns

INTERVAL: float = 2.0
_FIRST_BACKOFF: Final = 5
_LONGEST_BACKOFF: Final = 160
_URGENT_IN_A_ROW: Final = 3
_REMEMBERED_SECONDS: Final = 3600


@dataclass(slots=True, eq=False)
class _Call:
    """A call that waits or runs."""

    prepare: Callable[[], Awaitable[Any]]
    exchange: Callable[[Any], Awaitable[Reply]]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class RecentCall:
    """A call that was made: when it ended, how long it took, what came out (no contents)."""

    ended: float
    seconds: float
    outcome: str


@dataclass(slots=True)
class _Lane:
    """The calls of one interface."""

    last_answer: float
    backoff: int = 1
    waiting: Turns[_Call] = field(default_factory=Turns)
    running: _Call | None = None
    runner: asyncio.Task[None] | None = None
    sleeping: bool = False
    urgent_in_a_row: int = 0
    records: deque[RecentCall] = field(default_factory=deque)

    @property
    def due(self) -> float:
        """Return when the next call may start."""
        return self.last_answer + INTERVAL * self.backoff

    def next_call(self, now: float) -> _Call:
        """Take the call whose turn it is: by priority, then by age, and fair to the ordinary."""
        others_first = self.urgent_in_a_row >= _URGENT_IN_A_ROW
        call, turn = self.waiting.take(now, others_first=others_first)
        urgent = turn.priority is Priority.USER
        self.urgent_in_a_row = self.urgent_in_a_row + 1 if urgent else 0
        turn.started = True
        return call

    def rest(self) -> None:
        """Wait no longer for when the next call may start, if nobody waits for it."""
        if not self.waiting and self.sleeping and self.runner is not None:
            self.runner.cancel()
            self.runner = None
            self.sleeping = False


class Pacer:
    """Lets one call per interface through at a time, `INTERVAL` after the answer to the last.

    `clock` and `sleep` are a monotonic clock in seconds (that of the event loop) and a matching
    sleep.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Start as if every interface had been answered just now: an earlier process may have."""
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._started = self._clock()
        self._lanes: dict[str, _Lane] = {}
        self._numbers = itertools.count()
        self._is_closed = False

    async def run[PreparedT](
        self,
        interface: str,
        turn: Turn,
        prepare: Callable[[], Awaitable[PreparedT]],
        exchange: Callable[[PreparedT], Awaitable[Reply]],
    ) -> tuple[PreparedT, Reply]:
        """Wait for the interface's turn, then prepare, exchange and return what both gave.

        What `prepare` raises doesn't count as a call. A reply that says that the call came too
        soon is raised as RateLimitError, and the interface rests for 10 s, doubling to 320 s. A
        caller that is cancelled while it waits leaves no gap; one that is cancelled later leaves
        the exchange to end by itself, since the platform may still be answering it.
        """
        if self._is_closed:
            raise _closed()
        lane = self._lanes.setdefault(interface, _Lane(self._started))
        loop = asyncio.get_running_loop()
        call = _Call(prepare, exchange, loop.create_future())
        turn.started = False
        if turn.number < 0:
            turn.number = next(self._numbers)
        lane.waiting.add(call, turn)
        if lane.runner is None or lane.runner.done():
            lane.runner = loop.create_task(self._run_lane(lane), name=f"pace of {interface}")
        try:
            result: tuple[PreparedT, Reply] = await call.done
        except asyncio.CancelledError:
            if call in lane.waiting:
                lane.waiting.remove(call)
                lane.rest()
            raise
        return result

    def close(self) -> None:
        """Let nobody wait any longer, and nothing be called any more: its owner is stopping."""
        self._is_closed = True
        for lane in self._lanes.values():
            calls = [] if lane.running is None else [lane.running]
            while lane.waiting:
                calls.append(lane.next_call(self._clock()))
            lane.rest()
            for call in calls:
                if not call.done.done():
                    call.done.set_exception(_closed())

    async def _run_lane(self, lane: _Lane) -> None:
        """Make the waiting calls one by one until none is left."""
        while lane.waiting:
            while (wait := lane.due - self._clock()) > 0:
                lane.sleeping = True
                await self._sleep(wait)
                lane.sleeping = False
            await self._run_call(lane, lane.next_call(self._clock()))
            # An answer goes before the next call; and a thousand calls that nothing is sent for
            # must not hold up everything else.
            await asyncio.sleep(0)

    async def _run_call(self, lane: _Lane, call: _Call) -> None:
        """Make one call and hand its result or error to whoever waits for it."""
        lane.running = call
        try:
            prepared = await call.prepare()
            if call.done.done():
                return
            started = self._clock()
            outcome = "interrupted"
            try:
                reply = await call.exchange(prepared)
                reply.raise_if_too_soon()
                outcome = str(reply.code)
                lane.backoff = 1
            except Exception as err:
                outcome = type(err).__name__
                if isinstance(err, RateLimitError):
                    lane.backoff = min(max(_FIRST_BACKOFF, 2 * lane.backoff), _LONGEST_BACKOFF)
                raise
            finally:
                lane.last_answer = self._clock()
                self._remember(lane, started, outcome)
        except Exception as err:  # noqa: BLE001  every error belongs to the caller
            if not call.done.done():
                call.done.set_exception(err)
                # A caller cancelled at this very moment won't look at it; that is no fault.
                call.done.exception()
        except asyncio.CancelledError:
            call.done.cancel()
            raise
        else:
            if not call.done.done():
                call.done.set_result((prepared, reply))
        finally:
            lane.running = None

    def _remember(self, lane: _Lane, started: float, outcome: str) -> None:
        """Keep the record of a call for an hour."""
        now = lane.last_answer
        lane.records.append(RecentCall(now, now - started, outcome))
        while lane.records[0].ended < now - _REMEMBERED_SECONDS:
            lane.records.popleft()

    @property
    def interval(self) -> float:
        """Return the least number of seconds between an answer and the next call."""
        return INTERVAL

    def queue_lengths(self) -> dict[str, int]:
        """Return how many calls wait, per interface."""
        return {interface: len(lane.waiting) for interface, lane in self._lanes.items()}

    def recent_calls(self, interface: str) -> list[RecentCall]:
        """Return the calls of the last hour, oldest first."""
        since = self._clock() - _REMEMBERED_SECONDS
        lane = self._lanes.get(interface)
        return [record for record in lane.records if record.ended >= since] if lane else []

    def calls_of_last_hour(self) -> Counter[str]:
        """Return how many calls of the last hour ended how, over all interfaces."""
        return Counter(record.outcome for name in self._lanes for record in self.recent_calls(name))


def _closed() -> ConnectError:
    """Return the error of calls that aren't made any more."""
    return ConnectError("Nothing is called any more: the owner is stopping")
