"""What a meter's use cost in every hour: the balance it lost, after adding what was paid.

The cost between two readings follows the use between them. Where it would be negative, or there is
no time between, it is joined with that of its neighbours.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from ..api import Payment
from .readings import DAY, EXACT, HOUR
from .settlement import Book, Correction, Credit, Interval
from .usage import Row, Stored, Usage, hour_of, next_hour

_ZERO: Final = Decimal(0)
_KEPT: Final = 3 * DAY


class Sample(NamedTuple):
    """A balance: when it was seen first, and the reading's time that came with it."""

    poll: int
    read_time: int
    balance: Decimal


class Paid(NamedTuple):
    """A payment, or a refund if it is below zero."""

    time: int
    amount: Decimal


class _Step(NamedTuple):
    """A span of time that has a cost; `sample` is the index of the sample it begins with."""

    begin: int
    end: int
    cost: Decimal
    sample: int


@dataclass(frozen=True, slots=True)
class Costs:
    """The cost over time, as far as it is settled."""

    usage: Usage | None = None
    samples: Sequence[Sample] = ()
    steps: Sequence[_Step] = ()
    corrections: Sequence[Correction] = ()
    awaits_payment: bool = False
    credits: Sequence[Credit] = field(default=(), repr=False)

    @property
    def begin(self) -> int:
        """Return the time from which on the cost is known."""
        return self.steps[0].begin

    @property
    def end(self) -> int:
        """Return the time up to which the cost is known."""
        return self.steps[-1].end

    def total(self, time: int) -> Decimal:
        """Return the cost from the beginning up to a time."""
        return sum((self._share(step, time) for step in self.steps if step.begin < time), _ZERO)

    def rows(self, stored: Stored, now: int) -> list[Row]:
        """Return the rows of the hours that are over; `stored` begins with the first of them."""
        first = hour_of(self.begin)
        hours = range(first, min(hour_of(now), next_hour(self.end)), HOUR)
        shares = dict.fromkeys(hours, _ZERO)
        for step in self.steps:
            before = _ZERO
            for hour in range(hour_of(step.begin), min(next_hour(step.end), hours.stop), HOUR):
                share = self._share(step, hour + HOUR)
                shares[hour] += share - before
                before = share
        rows, total = [], stored.before
        for hour, share in shares.items():
            total += share
            rows.append(Row(hour, share, total))
        return rows

    def _share(self, step: _Step, time: int) -> Decimal:
        """Return which part of a step's cost the use up to a time has."""
        if time >= step.end:
            return step.cost
        part, whole = Decimal(time - step.begin), Decimal(step.end - step.begin)
        if self.usage and self.usage.begin <= step.begin and step.end <= self.usage.end:
            before = self.usage.total(step.begin)
            if use := self.usage.total(step.end) - before:
                part, whole = self.usage.total(time) - before, use
        return (step.cost * part / whole).quantize(EXACT, ROUND_FLOOR)


def with_sample(samples: list[Sample], poll: int, read_time: int, balance: Decimal) -> list[Sample]:
    """Return the samples with one more; those of a clock that was ahead are dropped.

    Of an hour, whatever lies between the first and the last that falls costs nothing to forget.
    """
    if poll < read_time - DAY:
        return samples
    samples = [sample for sample in samples if sample.poll <= poll]
    if samples and samples[-1][1:] == (read_time, balance):
        return samples
    new = Sample(poll, read_time, balance)
    if len(samples) > 1 and _is_between(samples[-2], samples[-1], new):
        samples.pop()
    return [*samples, new]


def _is_between(first: Sample, middle: Sample, last: Sample) -> bool:
    """Tell whether the balance falls through a sample in the middle of an hour."""
    in_one_hour = hour_of(first.read_time) == hour_of(middle.read_time) == hour_of(last.read_time)
    return in_one_hour and first.balance >= middle.balance >= last.balance


def paid(payments: Iterable[Payment]) -> list[Paid]:
    """Return what was paid when, as far as the list tells."""
    return [
        Paid(int(payment.time.timestamp()), payment.amount)
        for payment in payments
        if payment.time is not None and payment.amount
    ]


def costs_of(
    samples: Sequence[Sample],
    payments: Iterable[Paid],
    usage: Usage | None,
    *,
    since: int,
    now: int,
) -> Costs:
    """Return what is settled of the cost; payments up to `since` are in the first balance.

    Without `usage` cost spreads evenly over time; with it, it ends where the known use ends.
    """
    intervals = _intervals(samples)
    seen = [interval.seen for interval in intervals]
    if not intervals:
        return Costs()
    first = samples[0].poll
    found = [
        Credit(time, amount, bisect_left(seen, time) if time > first else -1)
        for time, amount in payments
        if time > since
    ]
    found.sort(key=lambda credit: (credit.time, credit.amount))
    _expect(intervals, usage, {credit.made_in for credit in found})
    book = Book(intervals, found, now, len(intervals))
    book.settle_rises()
    book.settle_credits()
    settled = book.settled
    if usage is not None:
        known = (i for i, interval in enumerate(intervals) if interval.end > usage.end)
        settled = min(settled, next(known, settled))
    steps = _merged(intervals[:settled])
    return Costs(usage, samples, steps, book.corrections, book.awaits_payment, found)


def trimmed(costs: Costs) -> tuple[list[Sample], int] | None:
    """Return the samples that are still needed, and the time up to which payments are done with.

    They begin at a full hour, so that the rows before it need not change any more: the balance
    that the first of them is given is what was left at that hour.
    """
    if not costs.steps:
        return None
    latest = costs.end - _KEPT
    for step in reversed(costs.steps):
        cut = next_hour(step.begin)
        if step.sample == 0 or step.begin > latest or cut > step.end:
            continue
        if any(
            credit.found_in is not None
            and (credit.made_in < step.sample) != (credit.found_in < step.sample)
            for credit in costs.credits
        ):
            continue
        first = costs.samples[step.sample]
        spent = costs._share(step, cut)  # noqa: SLF001  of the same module
        left = first._replace(read_time=cut, balance=first.balance - spent)
        return [left, *costs.samples[step.sample + 1 :]], first.poll
    return None


def _intervals(samples: Sequence[Sample]) -> list[Interval]:
    """Return the times between samples; a reading's time never goes back."""
    intervals: list[Interval] = []
    begin = samples[0].read_time if samples else 0
    for before, after in pairwise(samples):
        end = max(begin, after.read_time)
        lost = before.balance - after.balance
        intervals.append(Interval(before.poll, after.poll, begin, end, lost))
        begin = end
    return intervals


def _expect(intervals: list[Interval], usage: Usage | None, paid_in: set[int]) -> None:
    """Note what the use in each interval should cost, by the usual price."""
    if usage is None:
        return
    uses = [
        usage.total(interval.end) - usage.total(interval.begin)
        if usage.begin <= interval.begin and interval.end <= usage.end
        else None
        for interval in intervals
    ]
    prices = [
        interval.cost / use
        for index, (interval, use) in enumerate(zip(intervals, uses, strict=True))
        if use and interval.cost > 0 and index not in paid_in
    ]
    if prices:
        price = median(prices)
        for interval, use in zip(intervals, uses, strict=True):
            interval.expected = None if use is None else price * use


def _merged(intervals: list[Interval]) -> list[_Step]:
    """Join intervals until none costs less than nothing, and each has some time."""
    steps: list[_Step] = []
    for index, interval in enumerate(intervals):
        step = _Step(interval.begin, interval.end, interval.cost, index)
        while steps and (step.cost < 0 or step.end == step.begin or _is_open(steps[-1])):
            before = steps.pop()
            step = _Step(before.begin, step.end, before.cost + step.cost, before.sample)
        steps.append(step)
    while steps and _is_open(steps[-1]):
        steps.pop()
    return steps


def _is_open(step: _Step) -> bool:
    """Tell whether a step has to be joined with the next one."""
    return step.cost < 0 or step.end == step.begin
