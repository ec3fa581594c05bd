"""Sums of use or cost by day, those long ago by month; in China Standard Time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, Self

from ..api import CHINA_STANDARD_TIME
from .readings import DAY

_DIGITS: Final = 6
_MONTHS: Final = 13
_ONE_DAY: Final = timedelta(days=1)

# What use costs in millionths, and so on: numbers that JSON has too.
type _Days = dict[date, int]


def day_at(time: int) -> date:
    """Return the day in China."""
    return datetime.fromtimestamp(time, CHINA_STANDARD_TIME).date()


def start_of(day: date) -> int:
    """Return when a day begins in China."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA_STANDARD_TIME)
    return int(midnight.timestamp())


def month_before(day: date) -> date:
    """Return the first day of the month before that of a day."""
    return (day.replace(day=1) - _ONE_DAY).replace(day=1)


def next_month(day: date) -> date:
    """Return the first day of the month after that of a day."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of this and the last two months by day, of a year by month.

    `days` begin with the day `first`, of which only a part is known if it `begins_late`. `months`
    have the first day that is known of each.
    """

    first: date = date.min
    days: tuple[int | None, ...] = ()
    months: tuple[tuple[date, int], ...] = ()
    begins_late: bool = False

    @property
    def since(self) -> date | None:
        """Return the first day that is known."""
        if self.months:
            return self.months[0][0]
        return self.first if self.days else None

    def of(self, day: date) -> Decimal | None:
        """Return the sum of a day."""
        number = (day - self.first).days
        amount = self.days[number] if 0 <= number < len(self.days) else None
        return None if amount is None else Decimal(amount).scaleb(-_DIGITS)

    def of_whole(self, day: date) -> Decimal | None:
        """Return the sum of a day, if it is known from its beginning on."""
        return None if self.begins_late and day == self.first else self.of(day)

    def between(self, start: date, stop: date) -> tuple[Decimal, date] | None:
        """Return the sum of the days before one day, and since when: another, or a later one.

        Nothing is known if the last of them isn't.
        """
        total, since = 0, stop
        while since > max(start, self.first):
            number = (since - self.first).days - 1
            amount = self.days[number] if number < len(self.days) else None
            if amount is None:
                break
            total += amount
            since -= _ONE_DAY
        for first, amount in reversed(self.months):
            if since == next_month(first) and since > start:
                total += amount
                since = first
        return (Decimal(total).scaleb(-_DIGITS), since) if since < stop else None

    def noted(self, total: Callable[[int], Decimal], begin: int, end: int) -> Self:
        """Return the sums with those of a span, of which a function tells the total so far.

        A day that was known keeps its sum if the span begins within it.
        """
        days = {
            self.first + number * _ONE_DAY: amount
            for number, amount in enumerate(self.days)
            if amount is not None
        }
        earliest = min(self.months[0][0] if self.months else date.max, min(days, default=date.max))
        day = day_at(begin)
        before = total(begin)
        while (start := start_of(day)) < end:
            after = total(min(start + DAY, end))
            if start >= begin or day <= earliest:
                days[day] = int((after - before).scaleb(_DIGITS))
            before = after
            day += _ONE_DAY
        begins_late = self.begins_late
        if (first := day_at(begin)) <= earliest:
            begins_late = start_of(first) < begin
        return self._of(days, dict(self.months), begins_late=begins_late)

    @classmethod
    def of_days(cls, amounts: dict[date, Decimal]) -> Self:
        """Return the sums of days."""
        return cls._of({day: int(v.scaleb(_DIGITS)) for day, v in amounts.items()}, {})

    @classmethod
    def _of(cls, days: _Days, months: _Days, *, begins_late: bool = False) -> Self:
        """Return sums by day, with those of months long ago taken together."""
        if not days:
            return cls()
        last = max(days)
        first = max(month_before(month_before(last)), min(days))
        old = [day for day in sorted(days) if day < month_before(month_before(last))]
        for month, group in groupby(old, key=lambda day: day.replace(day=1)):
            since, amount = next_month(month), 0
            known = list(group)
            while known and known[-1] == since - _ONE_DAY:
                since = known.pop()
                amount += days[since]
            stored = next((day for day in months if day.replace(day=1) == month), date.max)
            if since <= stored and since < next_month(month):
                months.pop(stored, None)
                months[since] = amount
        count = (last - first).days + 1
        return cls(
            first,
            tuple(days.get(first + number * _ONE_DAY) for number in range(count)),
            tuple(sorted(months.items())[-_MONTHS:]),
            begins_late and not months,
        )

    def as_list(self) -> list[Any]:
        """Return what to keep, JSON-ready."""
        months = [[str(first), amount] for first, amount in self.months]
        return [str(self.first), list(self.days), months, self.begins_late]

    @classmethod
    def from_list(cls, kept: Any) -> Self:
        """Take over what `as_list` gave, or a mapping of days, as it was kept at first."""
        if isinstance(kept, dict):
            return cls.of_days({date.fromisoformat(day): Decimal(v) for day, v in kept.items()})
        first, days, months, begins_late = kept
        return cls(
            date.fromisoformat(first),
            tuple(None if amount is None else int(amount) for amount in days),
            tuple((date.fromisoformat(day), int(amount)) for day, amount in months),
            bool(begins_late),
        )
