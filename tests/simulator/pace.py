"""Count calls that come too early, and decide which are refused."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .dialect import Dialect

UNLIMITED = "Prestore"


@dataclass(slots=True, kw_only=True)
class Call:
    """Hold one call; `arrived` and `answered` are monotonic seconds.

    `connection` is the client's port, which is another for each connection.
    """

    number: int
    interface: str
    account: str
    params: dict[str, Any]
    encoding: str
    arrived: float
    at: datetime
    answered: float | None = None
    answered_at: datetime | None = None
    early_by_arrival: bool = False
    early_by_answer: bool = False
    refused: bool = False
    fault: str | None = None
    status: int | None = None
    code: int | str | float | None = None
    connection: int | None = None
    gone: Callable[[], bool] = field(repr=False, compare=False)

    @property
    def early(self) -> bool:
        """Return whether it came too early by either way of counting."""
        return self.early_by_arrival or self.early_by_answer


def _gone() -> bool:
    """Answer for a call that is over."""
    return True


class Pace:
    """Keep all calls; the counts are host-wide, the strictest reading of the document."""

    def __init__(self, limit: float) -> None:
        """Begin at zero."""
        self.limit = limit
        self.calls: list[Call] = []
        self.by_arrival: dict[str, int] = {}
        self.by_answer: dict[str, int] = {}
        self._number = 0
        self._last_arrival: dict[str, float] = {}
        self._last_answer: dict[str, float] = {}
        self._open: defaultdict[str, list[Call]] = defaultdict(list)
        self._begun: dict[tuple[str, str, str], float] = {}

    def reset(self) -> None:
        """Forget calls and counts, not when the last call was."""
        self.calls = []
        self.by_arrival = {}
        self.by_answer = {}

    def next_number(self) -> int:
        """Return the number of the next call."""
        self._number += 1
        return self._number

    def arrive(self, call: Call, dialect: Dialect) -> None:
        """Take in a call at its last byte."""
        self.calls.append(call)
        name = call.interface
        if name == UNLIMITED:
            return
        waiting = [other for other in self._open[name] if not other.gone()]
        call.early_by_arrival = self._soon(call, self._last_arrival.get(name))
        call.early_by_answer = bool(waiting and self.limit) or self._soon(
            call, self._last_answer.get(name)
        )
        self.by_arrival[name] = self.by_arrival.get(name, 0) + call.early_by_arrival
        self.by_answer[name] = self.by_answer.get(name, 0) + call.early_by_answer
        self._last_arrival[name] = call.arrived
        self._open[name] = [*waiting, call]
        scope = call.account if dialect.limit_scope == "account" else ""
        call.refused = dialect.early != "serve" and (
            self._soon(call, self._begun.get((name, scope, "arrival")))
            or (
                dialect.limit_from == "answer"
                and self._soon(call, self._begun.get((name, scope, "answer")))
            )
        )
        if not call.refused or dialect.early_extends:
            self._begun[name, scope, "arrival"] = call.arrived

    def answer(self, call: Call, now: float, at: datetime, dialect: Dialect) -> None:
        """Note that an answer leaves now."""
        call.answered, call.answered_at = now, at
        if call.interface == UNLIMITED:
            return
        self._last_answer[call.interface] = now
        scope = call.account if dialect.limit_scope == "account" else ""
        if not call.refused or dialect.early_extends:
            self._begun[call.interface, scope, "answer"] = now

    def close(self, call: Call) -> None:
        """Note that a call is over, answered or not."""
        self._open[call.interface] = [
            other for other in self._open[call.interface] if other is not call
        ]
        # The function holds the request, which must not live as long as the list of calls.
        call.gone = _gone

    def _soon(self, call: Call, before: float | None) -> bool:
        """Return whether less than the limit has passed."""
        return before is not None and call.arrived - before < self.limit
