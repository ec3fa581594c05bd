"""Which of a meter's balances its payments are in.

A prepaid meter may fetch its credit hours after it was paid. So a payment is in the balance that
rises by it. One that is smaller than the use leaves no rise: it is where it first makes the cost
more like what the use should have cost. A rise waits for its payment, and a payment for its place,
for two days; what came after has to wait too. Then it is a correction, which costs nothing.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from .readings import DAY

_ZERO: Final = Decimal(0)
_PATIENCE: Final = 2 * DAY
# By which the platform's clock may differ from ours.
_CLOCKS_DIFFER: Final = 600


class Correction(NamedTuple):
    """What was booked as a correction: the poll or payment it is about, and the amount."""

    time: int
    amount: Decimal


@dataclass(slots=True)
class Interval:
    """The time between two samples that follow each other."""

    seen_before: int
    seen: int
    begin: int
    end: int
    cost: Decimal
    expected: Decimal | None = None

    def gets_likelier(self, amount: Decimal) -> bool:
        """Tell whether the cost gets closer to what was expected by adding an amount."""
        if self.expected is None:
            return False
        return abs(self.cost + amount - self.expected) < abs(self.cost - self.expected)


@dataclass(slots=True)
class Credit:
    """A payment: the interval it was made in, and the one in whose balance it is.

    One that was made before the first balance was seen is in none (-1), unless it leaves a rise.
    """

    time: int
    amount: Decimal
    made_in: int
    found_in: int | None = None


@dataclass(slots=True)
class Book:
    """Finds the payments in the balances; intervals from `settled` on have to wait."""

    intervals: list[Interval]
    found: list[Credit]
    now: int
    settled: int
    awaits_payment: bool = False
    corrections: list[Correction] = field(default_factory=list)

    def settle_rises(self) -> None:
        """Find the payments by which a balance rose."""
        for index, interval in enumerate(self.intervals):
            if interval.cost >= 0:
                continue
            needed = -interval.cost
            chosen = _enough(needed, self._open_credits(interval))
            missing = needed - sum((credit.amount for credit in chosen), _ZERO)
            if missing > 0 and self.now - interval.seen < _PATIENCE:
                self.awaits_payment = True
                self.settled = min(self.settled, index)
                continue
            for credit in chosen:
                self._count(credit, index)
            if missing > 0:
                interval.cost += missing
                self.corrections.append(Correction(interval.seen, missing))

    def settle_credits(self) -> None:
        """Find the place of payments that left no rise, and of refunds."""
        for credit in self.found:
            if credit.found_in is not None or not 0 <= credit.made_in < len(self.intervals):
                continue
            index = self._place(credit)
            if index is not None:
                self._count(credit, index)
            elif self.now - credit.time < _PATIENCE:
                self.settled = min(self.settled, credit.made_in)
            else:
                self.corrections.append(Correction(credit.time, -credit.amount))

    def _open_credits(self, interval: Interval) -> list[Credit]:
        """Return the payments that may have made a balance rise in an interval."""
        return [
            credit
            for credit in self.found
            if credit.found_in is None
            and credit.amount > 0
            and interval.seen_before - _PATIENCE < credit.time <= interval.seen + _CLOCKS_DIFFER
        ]

    def _place(self, credit: Credit) -> int | None:
        """Return the interval in whose cost a payment without a rise, or a refund, is found.

        It is the first that gets likelier: of the later ones, some wait for later payments.
        """
        near = [
            (index, interval)
            for index, interval in enumerate(self.intervals[credit.made_in :], credit.made_in)
            if interval.seen_before <= credit.time + _PATIENCE
            and interval.cost + credit.amount >= 0
        ]
        for index, interval in near:
            if interval.gets_likelier(credit.amount):
                return index
        if credit.amount > 0 and self.now - credit.time < _PATIENCE:
            return None
        # Without a price there is nothing to compare with.
        return next((index for index, interval in near if interval.expected is None), None)

    def _count(self, credit: Credit, index: int) -> None:
        """Count a payment in an interval."""
        credit.found_in = index
        self.intervals[index].cost += credit.amount


def _enough(needed: Decimal, open_credits: list[Credit]) -> list[Credit]:
    """Return the payments that explain a rise: the smallest that does alone, or the largest."""
    if alone := [credit for credit in open_credits if credit.amount >= needed]:
        return [min(alone, key=lambda credit: (credit.amount, credit.time))]
    chosen: list[Credit] = []
    for credit in sorted(open_credits, key=lambda credit: (-credit.amount, credit.time)):
        if needed <= 0:
            break
        chosen.append(credit)
        needed -= credit.amount
    return chosen
