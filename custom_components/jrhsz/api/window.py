"""The windows in which an account's platform lists records: which it takes, and how that is found.

Nobody documents how long a window may be, whether it may end in the future, and how its ends are
written. So a span is asked for as a whole, and only if that is refused otherwise.
"""

from collections.abc import Container, Generator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from .values import CHINA_STANDARD_TIME

# From the widest to the narrowest, in days, margins included.
SPANS: Final = (38, 31, 7, 1)
# Without times: one date at both ends, where the whole of it belongs to a window of a day.
ONE_DATE: Final = 0
# What is hardly narrower tells nothing.
_MUCH: Final = 3
_FEW: Final = 7
_DAY: Final = timedelta(days=1)
_DAY_ENDS: Final = time(23, 59, 59)

type Ends = tuple[str, str]


class Dates(StrEnum):
    """The forms in which the ends of a window may be written."""

    TIMES = "%Y-%m-%d %H:%M:%S"
    DAYS = "%Y-%m-%d"

    @property
    def has_times(self) -> bool:
        """Tell whether the ends are times, and not dates alone."""
        return self is Dates.TIMES

    @property
    def other(self) -> Dates:
        """Return the other form."""
        return Dates.DAYS if self is Dates.TIMES else Dates.TIMES


@dataclass(frozen=True, slots=True)
class QueryForm:
    """A way of asking for a span: in parts of so many days, or as a whole; to today, or later."""

    dates: Dates = Dates.TIMES
    days: int | None = None
    to_today: bool = False

    @property
    def wider(self) -> QueryForm:
        """Return the next wider window."""
        if self.days == ONE_DATE:
            return replace(self, days=SPANS[-1])
        if self.days is not None:
            index = SPANS.index(self.days)
            return replace(self, days=SPANS[index - 1] if index else None)
        return replace(self, to_today=False) if self.to_today else QueryForm()

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {"dates": self.dates.value, "days": self.days, "to_today": self.to_today}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read what `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
        days = kept["days"]
        if days not in (None, *SPANS, ONE_DATE):
            raise ValueError(days)
        return cls(Dates(kept["dates"]), days, kept["to_today"] is True)


@dataclass(frozen=True, slots=True)
class QueryDays:
    """The days that are asked for, a day more at both sides than those that are wanted.

    Nobody says whether the ends belong to a window.
    """

    first: date
    last: date
    today: date

    @classmethod
    def around(cls, begin: datetime, end: datetime, now: datetime) -> Self:
        """Return the days around a span."""
        return cls(_day_of(begin) - _DAY, _day_of(end) + _DAY, _day_of(now))

    def parts(self, window: QueryForm) -> list[Ends]:
        """Return the ends of the windows that together are the span, the newest first.

        Whether a day belongs to a window that ends with its date nobody knows either: then each
        begins where the next one ends.
        """
        last = min(self.last, self.today) if window.to_today else self.last
        are_whole = window.dates is Dates.TIMES or window.days == ONE_DATE
        parts: list[Ends] = []
        while last >= self.first:
            first = self.first
            if window.days is not None:
                first = max(first, last - max(window.days - 1, 0 if are_whole else 1) * _DAY)
            ends = datetime.combine(first, time.min), datetime.combine(last, _DAY_ENDS)
            parts.append((ends[0].strftime(window.dates), ends[1].strftime(window.dates)))
            if first == self.first:
                break
            last = first - _DAY if are_whole else first
        return parts

    def shortened(self, window: QueryForm) -> QueryForm | None:
        """Return the window that ends today, if that changes anything."""
        if window.to_today or not self.first <= self.today < self.last:
            return None
        return replace(window, to_today=True)

    def wider(self, window: QueryForm) -> QueryForm | None:
        """Return the next wider window that makes a difference for this span."""
        wider, parts = window, self.parts(window)
        while wider != QueryForm():
            wider = wider.wider
            if self.parts(wider) != parts:
                return wider
        return None

    def narrower(self, window: QueryForm) -> list[int]:
        """Return the lengths that are worth a try after a window, the widest first."""
        days = (min(self.last, self.today) - self.first).days + 1
        if window.days is not None:
            days = min(days, window.days)
        return [span for span in SPANS if span <= days - _MUCH or 1 == span < days]


def search(
    span: QueryDays,
    refused: QueryForm,
    known: QueryForm | None,
    attempts: int,
    *,
    whole: bool,
    tried: Container[QueryForm] = (),
) -> Generator[QueryForm, bool | None, tuple[QueryForm | None, bool]]:
    """Yield windows to try after one was refused, and be told which of them work.

    The shortest that is any use comes first: if not even that works, the length isn't the reason.
    For a `whole` list the form of dates stays. What was `tried` isn't worth a try again. Returns
    one that works, and whether the search came to its end within its attempts: if it did not, a
    wider one may work too, or one that wasn't tried yet.
    """
    for step in _steps(span, refused, known, whole=whole):
        if step in tried:
            continue
        if not attempts:
            return None, False
        attempts -= 1
        if (yield step):
            break
    else:
        return None, True
    if step.days != 1 or step == known:
        return step, step.days in {None, ONE_DATE}
    lengths = span.narrower(replace(step, days=None))
    wider = [replace(step, days=days) for days in lengths if days > 1]
    wider = [window for window in wider if window not in tried]
    for window in wider[max(len(wider) - attempts, 0) :]:
        if (yield window):
            return window, len(wider) <= attempts
    return step, not wider or attempts > 0


def _steps(
    span: QueryDays, refused: QueryForm, known: QueryForm | None, *, whole: bool
) -> list[QueryForm]:
    """Return what is worth a try after a window was refused."""
    short = span.shortened(refused)
    if whole and refused.dates is Dates.DAYS:
        # A window that ends with today's date may leave today out.
        short = known = None
    usual = short or refused
    lengths = span.narrower(usual)
    shortest = replace(usual, days=1) if lengths else None
    other = QueryForm(refused.dates.other)
    # A span of a few days is hardly refused for its length.
    is_long = bool(lengths) and lengths[0] > _FEW
    steps = [known, short, *((shortest, other) if is_long else (other, shortest))]
    steps.append(replace(other, days=1))
    if span.shortened(other):
        # With a date only, a window should rather end tomorrow: it may leave its last day out.
        steps += [replace(other, days=days, to_today=True) for days in (_FEW, 1)]
    if other.dates is Dates.DAYS:
        steps.append(replace(other, days=ONE_DATE, to_today=True))
    return [
        step
        for step in dict.fromkeys(steps)
        if step and step != refused and not (whole and step.dates is not refused.dates)
    ]


def _day_of(moment: datetime) -> date:
    """Return a moment's day in China."""
    return moment.astimezone(CHINA_STANDARD_TIME).date()
