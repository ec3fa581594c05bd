"""What is believed of the readings that a meter shows: wrong ones wait until later ones tell.

A sensor's own statistic adds every rise of its value, and what is left when it fell by more than a
tenth. So the value falls only where a register began at 0. Where one goes on from anything else,
as a used meter's or one that was corrected, the value goes on from what it was.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from .history.judged import Verdict, verdict
from .history.readings import HOUR, Limit, Point

_ZERO: Final = Decimal(0)
# Less is a reset for Home Assistant.
_RESET: Final = Decimal("0.9")
# So many rises beyond the limit one after the other are use, if none is beyond so often the limit.
_LEAPS: Final = 3
_LEAP: Final = 100


@dataclass(slots=True, kw_only=True)
class ReadingWatch:
    """Watches the readings of one meter.

    `last` is the last one that is believed, of the meter with the number `table_no`; the sensor
    shows `offset` more. `run` and `held` are the first and the last of those that wait, `leaps`
    how many of these rose one after the other. `peak` is the highest use in an hour that had to be
    believed.
    """

    table_no: str | None = None
    last: Point | None = None
    offset: Decimal = _ZERO
    run: Point | None = None
    held: Point | None = None
    leaps: int = 0
    peak: Decimal = _ZERO

    def believes(self, table_no: str | None, point: Point, limit: Limit, peak: Decimal) -> bool:
        """Take in a reading, and tell whether it is to be shown.

        What the meter's history has as the highest use in an hour is `peak`.
        """
        last, peak = self.last, max(peak, self.peak)
        if last is not None and not limit.allows(last, point, peak):
            if table_no != self.table_no:
                self._change(last, point, point, limit, peak)
            elif turned := limit.turned(last, point, peak):
                self.offset += last.reading + turned - point.reading
            elif self._is_new_register(last, point, limit, peak):
                self._change(last, self.run or point, point, limit, peak)
            elif not self._leaps_again(last, point, limit, peak):
                return False
        self.table_no, self.last = table_no, point
        self.run = self.held = None
        self.leaps = 0
        return True

    def _is_new_register(self, last: Point, point: Point, limit: Limit, peak: Decimal) -> bool:
        """Tell whether those that wait are of another register, which counts."""
        return verdict(last, point, limit, peak=peak, run=self.run) is Verdict.NEW_REGISTER

    def _change(self, last: Point, first: Point, point: Point, limit: Limit, peak: Decimal) -> None:
        """Go on with another register: from 0 if it can have begun there, else without a jump."""
        shown, used = last.reading + self.offset, point.reading - first.reading
        if limit.allows(Point(last.time, _ZERO), first, peak):
            used = point.reading
        is_reset = used == point.reading < _RESET * shown
        self.offset = _ZERO if is_reset else shown + used - point.reading

    def _leaps_again(self, last: Point, point: Point, limit: Limit, peak: Decimal) -> bool:
        """Let a reading wait, unless it is one of several that rise: then so much is used."""
        before = self.held or last
        goes_on = self.held is not None and limit.allows(self.held, point, peak)
        if not goes_on:
            rise, seconds = point.reading - before.reading, point.time - before.time
            is_leap = _ZERO < rise <= _LEAP * limit.rise(seconds, peak)
            is_first = self.held is None
            self.leaps = self.leaps + 1 if is_leap and (is_first or self.leaps) else 0
            if self.leaps == _LEAPS:
                self.peak = rise * HOUR / max(HOUR, seconds)
                return True
            self.run = point
        self.held = point
        return False

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        return {
            "table_no": self.table_no,
            "last": _pair(self.last),
            "offset": f"{self.offset:f}",
            "run": _pair(self.run),
            "held": _pair(self.held),
            "leaps": self.leaps,
            "peak": f"{self.peak:f}",
        }

    @classmethod
    def from_dict(cls, kept: Any) -> Self | None:
        """Take over what `as_dict` gave, if it is that."""
        try:
            return cls(
                table_no=kept["table_no"],
                last=_point(kept["last"]),
                offset=Decimal(kept["offset"]),
                run=_point(kept["run"]),
                held=_point(kept["held"]),
                leaps=int(kept["leaps"]),
                peak=Decimal(kept["peak"]),
            )
        except ArithmeticError, LookupError, TypeError, ValueError:
            return None


def _pair(point: Point | None) -> list[int | str] | None:
    """Return a reading at a time, JSON-ready."""
    return None if point is None else [point.time, f"{point.reading:f}"]


def _point(kept: Any) -> Point | None:
    """Take over what `_pair` gave."""
    if kept is None:
        return None
    time, reading = kept
    return Point(int(time), Decimal(reading))
