"""Whose turn it is: of the calls that wait, by priority, then by age."""

from collections.abc import Callable
from enum import IntEnum
from heapq import heappop, heappush
import itertools


class Priority(IntEnum):
    """Who waits for a call; the lowest goes first.

    What somebody asked for that takes many calls goes before what is read anyway, but not before
    the look-ups of recharges. Of polls, those of meters that have news go first, above all where a
    balance is near its threshold.
    """

    USER = 0
    RECHARGE = 1
    ASKED = 2
    LOW = 3
    NEWS = 4
    POLL = 5
    HISTORY = 6


class Turn:
    """A place in the queue; its priority may be changed until the call has started.

    From a time of the pacer's clock on, it `rises` to a higher one by itself. A call that is made
    again with the same turn, or goes on with the next page, keeps its age.
    """

    __slots__ = ("_priority", "number", "on_change", "rises", "started")

    def __init__(
        self, priority: Priority = Priority.USER, *, rises: tuple[float, Priority] | None = None
    ) -> None:
        """Be in no queue yet."""
        self._priority = priority
        self.rises = rises
        self.started = False
        self.number = -1
        self.on_change: Callable[[], None] | None = None

    @property
    def priority(self) -> Priority:
        """Return the priority, without what it rises to."""
        return self._priority

    @priority.setter
    def priority(self, priority: Priority) -> None:
        """Change it, and tell whoever keeps the queue."""
        self._priority = priority
        if self.on_change is not None:
            self.on_change()

    def priority_at(self, now: float) -> Priority:
        """Return the priority at a time, with what it has risen to by then."""
        if self.rises is not None and self.rises[0] <= now:
            return min(self._priority, self.rises[1])
        return self._priority


class Turns[CallT]:
    """The calls that wait, each with its turn; thousands may, and each poll asks who is next.

    A call whose place changes is put at the new one too, and passed over at the old one.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._places: dict[CallT, tuple[Turn, Priority]] = {}
        # Those of users apart, since others must have their turns too.
        self._users: list[tuple[Priority, int, int, CallT]] = []
        self._others: list[tuple[Priority, int, int, CallT]] = []
        self._rising: list[tuple[float, int, CallT]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._places)

    def __contains__(self, call: CallT) -> bool:
        """Tell whether a call waits."""
        return call in self._places

    def add(self, call: CallT, turn: Turn) -> None:
        """Let a call wait."""
        turn.on_change = lambda: self._move(call, turn.priority)
        self._put(call, turn, turn.priority)
        if turn.rises is not None:
            heappush(self._rising, (turn.rises[0], next(self._numbers), call))

    def remove(self, call: CallT) -> None:
        """Let a call wait no longer."""
        turn, _ = self._places.pop(call)
        turn.on_change = None
        if not self._places:
            for places in (self._users, self._others, self._rising):
                places.clear()

    def take(self, now: float, *, others_first: bool = False) -> tuple[CallT, Turn]:
        """Take the call whose turn it is; there must be one."""
        while self._rising and self._rising[0][0] <= now:
            _, _, call = heappop(self._rising)
            if call in self._places:
                self._move(call, self._places[call][0].priority_at(now))
        order = (self._others, self._users) if others_first else (self._users, self._others)
        call = next(call for places in order for call in self._first(places))
        turn, _ = self._places[call]
        self.remove(call)
        return call, turn

    def _move(self, call: CallT, priority: Priority) -> None:
        """Give a call a higher priority."""
        turn, before = self._places[call]
        if priority < before:
            self._put(call, turn, priority)

    def _put(self, call: CallT, turn: Turn, priority: Priority) -> None:
        """Put a call at its place."""
        self._places[call] = (turn, priority)
        places = self._users if priority is Priority.USER else self._others
        heappush(places, (priority, turn.number, next(self._numbers), call))

    def _first(self, places: list[tuple[Priority, int, int, CallT]]) -> list[CallT]:
        """Return the first of some places, without those that were left."""
        while places:
            priority, _, _, call = places[0]
            if call in self._places and self._places[call][1] is priority:
                return [call]
            heappop(places)
        return []
