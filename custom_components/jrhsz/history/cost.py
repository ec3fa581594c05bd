"""What a meter's use cost in every hour: the balance it lost, with the credits that entered it.

What a balance falls by is the cost of the use that was not in it before, and follows that use; what
use can't have cost is a charge, in the hour in which it was booked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from .billing import (
    Billing,
    Fall,
    first_of_month,
    fitting,
    follows_of,
    midnight,
    not_billed_until,
)
from .changes import PATIENCE, Change
from .ledger import Credit, Follows, Ledger
from .prices import Spent, Tariff, price_of, tariff_of
from .readings import DAY, EXACT, HOUR
from .settlement import REMEMBERED, Correction, Settlement
from .usage import Row, Stored, Usage, hour_of, next_hour

_ZERO: Final = Decimal(0)
_KEPT: Final = 3 * DAY
_KEPT_OPEN: Final = 60 * DAY
_MOST: Final = Decimal("0.8")
_ALMOST_ALL: Final = Decimal("0.95")
_DEARER: Final = 2


class Spread(NamedTuple):
    """The cost of the use in a span of time; `sample` is the index of the balance that shows it."""

    begin: int
    end: int
    cost: Decimal
    sample: int


class Lump(NamedTuple):
    """A cost that is not spread over time; a charge if it can't be for use."""

    time: int
    amount: Decimal
    is_charge: bool
    sample: int


@dataclass(frozen=True, slots=True)
class Costs:
    """The cost over time, as far as it is settled; without steps nothing is.

    `entered` is, for each credit of the ledger, the index of the balance that it is in first.
    `unexplained` are the rises that no payment explained.
    """

    ledger: Ledger = field(default_factory=Ledger)
    usage: Usage | None = None
    steps: Sequence[Spread] = ()
    lumps: Sequence[Lump] = ()
    follows: Follows | None = None
    corrections: Sequence[Correction] = ()
    awaits_payment: bool = False
    entered: Sequence[int | None] = ()
    unexplained: Sequence[Credit] = ()

    @property
    def begin(self) -> int:
        """Return the time from which on the cost is known."""
        return self.steps[0].begin

    @property
    def end(self) -> int:
        """Return the time up to which the cost of use is known."""
        return self.steps[-1].end

    @property
    def known_until(self) -> int:
        """Return up to when that isn't of readings which may turn out wrong."""
        return self.end if self.usage is None else min(self.end, self.usage.known_until)

    @property
    def charges(self) -> list[Credit]:
        """Return what was taken from the balance at once, and is no cost of use."""
        return [Credit(lump.time, lump.amount) for lump in self.lumps if lump.is_charge]

    def total(self, time: int) -> Decimal:
        """Return the cost from the beginning up to a time, with charges."""
        return self.of_use(time) + sum(
            (lump.amount for lump in self.lumps if lump.is_charge and lump.time < time), _ZERO
        )

    def of_use(self, time: int) -> Decimal:
        """Return the cost of use from the beginning up to a time."""
        shares = sum((self._share(step, time) for step in self.steps if step.begin < time), _ZERO)
        return shares + sum(
            (lump.amount for lump in self.lumps if not lump.is_charge and lump.time < time), _ZERO
        )

    def rows(self, stored: Stored, now: int) -> list[Row]:
        """Return the rows of the hours that are over; `stored` begins with the first of them."""
        first, end = hour_of(self.begin), next_hour(self.end)
        if any(hour_of(lump.time) == end for lump in self.lumps):
            end += HOUR
        shares = dict.fromkeys(range(first, min(hour_of(now), end), HOUR), _ZERO)
        for step in self.steps:
            before = _ZERO
            for hour in range(hour_of(step.begin), next_hour(step.end), HOUR):
                share = self._share(step, hour + HOUR)
                if hour in shares:
                    shares[hour] += share - before
                before = share
        for lump in self.lumps:
            if (hour := hour_of(lump.time)) in shares:
                shares[hour] += lump.amount
        rows, total = [], stored.before
        for hour, share in shares.items():
            total += share
            rows.append(Row(hour, share, total))
        return rows

    def _share(self, step: Spread, time: int) -> Decimal:
        """Return which part of a step's cost the use up to a time has."""
        if not step.begin < time < step.end:
            return step.cost if time >= step.end else _ZERO
        part, whole = Decimal(time - step.begin), Decimal(step.end - step.begin)
        if Billing(self.usage).knows(step.begin, step.end) and self.usage:
            before = self.usage.total(step.begin)
            if use := self.usage.total(step.end) - before:
                part, whole = self.usage.total(time) - before, use
        return (step.cost * part / whole).quantize(EXACT, ROUND_FLOOR)

    def trimmed(self) -> Ledger | None:
        """Return the ledger without what is done with, if anything is.

        It begins at a midnight, so that the days before it need not change any more: the first
        balance is given what was left at that time. While readings may yet go back to what was
        before a run, what was used and billed meanwhile isn't done with.
        """
        if not self.steps:
            return None
        end = self.end - _KEPT
        if self.usage is not None:
            end = min(end, self.usage.open_since(end - _KEPT_OPEN))
        for before, step in reversed(list(pairwise(self.steps))):
            cut = midnight(before.end + DAY - 1)
            first = step.sample - 1
            # What falls after a silence may be for all of it.
            is_silent = self.usage is None and not (before.cost and step.cost)
            if is_silent or cut > min(step.end, end) or not self._parts(first, cut):
                continue
            samples, ledger = self.ledger.samples, self.ledger
            poll = samples[first].poll
            same = [other for other in self.steps if other.sample == step.sample]
            spent = sum((self._share(other, cut) for other in same), _ZERO)
            left = samples[first]._replace(balance=samples[first].balance - spent)
            return Ledger(
                samples=(left, *samples[first + 1 :]),
                credits=tuple(
                    credit
                    for credit, sample in zip(ledger.credits, self.entered, strict=True)
                    if credit.time > poll
                    or (
                        (self._may_enter(credit) if sample is None else sample > first)
                        and credit.time > cut - REMEMBERED
                    )
                ),
                accounted_until=poll,
                billed_until=cut,
                follows=self.follows,
            )
        return None

    def _parts(self, first: int, cut: int) -> bool:
        """Tell whether all credits and lumps are either before a sample and time or after them."""
        poll = self.ledger.samples[first].poll
        for credit, sample in zip(self.ledger.credits, self.entered, strict=True):
            if sample is None:
                if poll - PATIENCE < credit.time <= poll and credit.time > self._seen_since:
                    return False
            elif (credit.time <= poll) != (sample <= first) and credit.time > self._seen_since:
                return False
        return all((lump.time < cut) == (lump.sample <= first) for lump in self.lumps)

    def _may_enter(self, credit: Credit) -> bool:
        """Tell whether a credit that wasn't seen may be; not one that the very first had."""
        is_first = self.ledger.billed_until is None and credit.time <= self._seen_since
        return not is_first or self.ledger.samples[-1].poll - credit.time < PATIENCE

    @property
    def _seen_since(self) -> int:
        """Return when the first balance was seen."""
        return self.ledger.samples[0].poll


def costs_of(ledger: Ledger, usage: Usage | None, *, now: int) -> Costs:
    """Return what is settled of the cost, as of when the payments were read.

    Without any known use cost spreads evenly over time. So it does where no record spans the time
    between two readings: one that comes when cost is settled makes no other.
    """
    if len(ledger.samples) <= 1:
        return Costs(ledger)
    if usage is not None:
        usage = usage.evened()
    billing, tariff = _billing_of(ledger, usage)
    settlement = Settlement(ledger, billing, tariff, now)
    settlement.settle()
    settled = [
        change
        for change in settlement.changes
        if change.sample < settlement.settled and (change.cost > 0 or not change.use)
    ]
    return Costs(
        ledger,
        usage,
        [step for change in settled for step in _steps_of(change, billing)],
        [
            Lump(change.lump_time, change.lump, change.is_charge, change.sample)
            for change in settled
            if change.lump
        ],
        billing.follows,
        settlement.corrections,
        settlement.awaits_payment,
        [settlement.entered.get(number) for number in range(len(ledger.credits))],
        settlement.unexplained,
    )


def _billing_of(ledger: Ledger, usage: Usage | None) -> tuple[Billing, Tariff | None]:
    """Return how use gets into a balance, and what it costs; behind by a reading if that fits."""
    is_undecided = usage is not None and usage.decided_until is not None
    follows = ledger.follows if is_undecided else None
    follows = follows or follows_of(ledger, usage)
    is_daily = follows is Follows.DAILY
    billing = Billing(usage, follows, not_billed_until=not_billed_until(ledger) if is_daily else 0)
    falls = billing.falls(ledger)
    tariff = tariff_of(_clean(falls, ledger), billing, ledger.prices)
    if is_daily and tariff is not None:
        return replace(billing, price=tariff.prices.usual), tariff
    if tariff is None or usage is None or billing.follows is not Follows.AT_ONCE:
        return billing, tariff
    possible = [
        Spent(fall.amount, fall.use)
        for fall in falls
        if fall.use and fall.amount <= tariff.limit(fall.use)
    ]
    if not possible:
        return billing, tariff
    price = price_of(possible)
    if (fits := fitting(falls, price)) >= _ALMOST_ALL:
        return billing, tariff
    behind = replace(billing, price=price)
    falls = behind.falls(ledger)
    # The choice between two readings alone fits somewhat better.
    if fitting(falls, price) <= max(_MOST, (1 + fits) / 2):
        return billing, tariff
    return behind, tariff_of(_clean(falls, ledger), behind, ledger.prices)


def _steps_of(change: Change, billing: Billing) -> Iterator[Spread]:
    """Yield the cost of use of a change; if it fits, up to the end of a month at its price."""
    begin, cost, month = change.begin, change.cost - change.lump, first_of_month(change.end - 1)
    if begin < month and change.use and change.expected and billing.knows(begin, change.end):
        price = change.expected / change.use
        before = min(cost, (price * billing.between(begin, month)).quantize(EXACT))
        if cost - before <= _DEARER * price * billing.between(month, change.end):
            yield Spread(begin, month, before, change.sample)
            begin, cost = month, cost - before
    if begin < change.end:
        yield Spread(begin, change.end, cost, change.sample)


def _clean(falls: Iterable[Fall], ledger: Ledger) -> list[Fall]:
    """Return the falls of a balance while nothing was paid."""
    times = [credit.time for credit in ledger.credits]
    return [
        fall
        for fall in falls
        if bisect_right(times, ledger.samples[fall.sample - 1].poll)
        == bisect_right(times, ledger.samples[fall.sample].poll)
    ]


def credited_rows(payments: Iterable[Credit], stored: Stored, *, begin: int, now: int) -> list[Row]:
    """Return the rows of what was paid in each hour that is over, from an hour on.

    `stored` begins with that hour. An hour that has a row but no payment any more has 0.
    """
    amounts = {hour: _ZERO for hour in stored.rows if begin <= hour}
    for credit in payments:
        if begin <= (hour := hour_of(credit.time)) < hour_of(now):
            amounts[hour] = amounts.get(hour, _ZERO) + credit.amount
    rows, total = [], stored.before
    for hour in sorted(amounts):
        total += amounts[hour]
        rows.append(Row(hour, amounts[hour], total))
    return rows
