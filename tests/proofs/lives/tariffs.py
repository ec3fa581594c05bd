"""What use costs in truth: prices by time and by what was used in a month or year."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Final

from .line import DAY, HOUR, MINUTE, Line, begins_month, clock, day_begin, month_of


class Settled(StrEnum):
    """When the balance is told of use."""

    AT_ONCE = "at once"
    QUARTER_LATER = "15 min later"
    HOURS_LATER = "hours later"
    DAILY = "daily"
    MONTHLY = "monthly"


class Kind(StrEnum):
    """What a tariff is made of."""

    FLAT = "flat"
    TIERS = "tiers"
    TIME_OF_USE = "time of use"
    MONTHLY_FEE = "monthly fee"
    PRICE_CHANGE = "price change"
    SHARED = "shared fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A tariff: tiers of use, each with its price, times what the hour makes of it, and fees.

    A tier is what is used in a period up to which its price holds.
    """

    kind: Kind
    settled: Settled
    tiers: tuple[tuple[float, float], ...]
    is_yearly: bool = False
    used_this_year: float = 0.0
    peak: float = 1.0
    valley: float = 1.0
    changes_at: int = 0
    change: float = 1.0
    # How long after the end of a day, month or reading it is settled.
    delay: int = 0
    monthly_fee: int = 0
    daily_fee: int = 0

    @property
    def name(self) -> str:
        """Return what a table of results calls it."""
        if self.settled is Settled.AT_ONCE:
            return self.kind
        return f"{self.kind}, {self.settled}"

    @property
    def dearest(self) -> float:
        """Return the highest price that there may be."""
        return max(price for _, price in self.tiers) * self.peak * max(1.0, self.change)

    def factor(self, time: float) -> float:
        """Return what the hour makes of a price."""
        hour = clock(time)
        factor = self.peak if 8 <= hour < 22 else self.valley
        return factor * self.change if time >= self.changes_at > 0 else factor

    def of_use(self, used: float) -> float:
        """Return what use costs that is all of a period."""
        cost = begin = 0.0
        for end, price in self.tiers:
            cost += max(0.0, min(used, end) - begin) * price
            begin = end
        return cost

    def cost(self, use: Line) -> Line:
        """Return what the use costs up to every full hour and every reading."""
        begin, end = use.times[0], use.times[-1]
        hours = range(begin - begin % HOUR, end + HOUR, HOUR)
        knots = sorted({*use.times, *(hour for hour in hours if begin < hour < end)})
        total, used = 0.0, self.used_this_year
        totals = [0.0]
        for before, after in pairwise(knots):
            if begins_month(before) and (not self.is_yearly or month_of(before)[1] == 1):
                used = 0.0
            rise = use.rise(before, after)
            total += (self.of_use(used + rise) - self.of_use(used)) * self.factor(before)
            used += rise
            totals.append(total)
        return Line(knots, totals)

    def bills(self, cost: Line, read: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
        """Return when the balance loses what for use, in cents.

        `read` has the time of each reading, and when it arrived.
        """
        if self.settled in {Settled.DAILY, Settled.MONTHLY}:
            times = self._settlements(read, end)
        else:
            times = [(time, arrived + self.delay) for time, arrived in read]
        bills, billed = [], 0
        for time, settled in times:
            total = round(cost.at(time) * 100)
            if total > billed:
                bills.append((settled, total - billed))
                billed = total
        return bills

    def fees(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return when the balance loses what for fees, in cents."""
        fees = []
        day = day_begin(begin) + DAY
        while day < end:
            if self.monthly_fee and begins_month(day):
                fees.append((day, self.monthly_fee))
            if self.daily_fee:
                fees.append((day + self.delay, self.daily_fee))
            day += DAY
        return fees

    def _settlements(self, read: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
        """Return up to which reading is settled when: the last one that there is of a day."""
        times = []
        day = day_begin(read[0][0]) + DAY
        while day + self.delay < end:
            if self.settled is Settled.DAILY or begins_month(day):
                settled = day + self.delay
                known = [time for time, arrived in read if time <= day and arrived <= settled]
                if known:
                    times.append((known[-1], settled))
            day += DAY
        return times


_SETTLEMENTS: Final = (
    (Kind.FLAT, Settled.AT_ONCE, 5),
    (Kind.TIERS, Settled.AT_ONCE, 4),
    (Kind.TIME_OF_USE, Settled.AT_ONCE, 3),
    (Kind.MONTHLY_FEE, Settled.AT_ONCE, 3),
    (Kind.PRICE_CHANGE, Settled.AT_ONCE, 2),
    (Kind.SHARED, Settled.AT_ONCE, 2),
    (Kind.FLAT, Settled.QUARTER_LATER, 2),
    (Kind.FLAT, Settled.HOURS_LATER, 2),
    (Kind.FLAT, Settled.DAILY, 3),
    (Kind.TIERS, Settled.DAILY, 1),
    (Kind.TIME_OF_USE, Settled.DAILY, 1),
    (Kind.MONTHLY_FEE, Settled.DAILY, 1),
    (Kind.FLAT, Settled.MONTHLY, 1),
    (Kind.TIERS, Settled.MONTHLY, 1),
)


def settlement(dice: Random) -> tuple[Kind, Settled]:
    """Draw a kind of tariff, and when it is settled."""
    weights = [weight for *_, weight in _SETTLEMENTS]
    kind, settled, _ = dice.choices(_SETTLEMENTS, weights)[0]
    return kind, settled


def tariff(
    dice: Random, kind: Kind, settled: Settled, *, price: float, daily_use: float, span: range
) -> Tariff:
    """Draw a tariff for a meter that uses so much a day, within a span of time."""
    tiers = [(float("inf"), price)]
    is_yearly, used_this_year = False, 0.0
    if kind is Kind.TIERS:
        is_yearly = dice.random() < 0.3
        first = daily_use * dice.uniform(4, 12)
        second = first + daily_use * dice.uniform(3, 15)
        if is_yearly:
            used_this_year = daily_use * 100
            first, second = first + used_this_year, second + used_this_year
        tiers = [(first, price), (second, price * 1.1), (float("inf"), price * 1.6)]
    delay = {
        Settled.AT_ONCE: 0,
        Settled.QUARTER_LATER: 15 * MINUTE,
        Settled.HOURS_LATER: dice.choice((3, 5, 9)) * HOUR,
        Settled.DAILY: dice.randrange(5, 240) * MINUTE,
        Settled.MONTHLY: dice.randrange(5, 240) * MINUTE,
    }[settled]
    is_tou = kind is Kind.TIME_OF_USE
    is_changed = kind is Kind.PRICE_CHANGE
    return Tariff(
        kind=kind,
        settled=settled,
        tiers=tuple(tiers),
        is_yearly=is_yearly,
        used_this_year=used_this_year,
        peak=dice.uniform(1.1, 1.8) if is_tou else 1.0,
        valley=dice.uniform(0.4, 0.8) if is_tou else 1.0,
        changes_at=day_begin(dice.choice(span)) + DAY if is_changed else 0,
        change=dice.choice((0.8, 1.15, 1.3)) if is_changed else 1.0,
        delay=delay,
        monthly_fee=dice.choice((500, 1500, 3000)) if kind is Kind.MONTHLY_FEE else 0,
        daily_fee=dice.randrange(5, 60) if kind is Kind.SHARED else 0,
    )
