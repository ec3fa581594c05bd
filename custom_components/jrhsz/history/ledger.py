"""What is known of a meter's balance: how it was seen, and what was paid.

Nothing here is ever changed: whoever computes with a ledger has a snapshot.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple, Self

from ..api import Payment
from .readings import DAY, HOUR
from .usage import hour_of

_CLOCKS_DIFFER_AT_MOST: Final = DAY


class Sample(NamedTuple):
    """A balance: when it was seen first, and the time of the reading that came with it."""

    poll: int
    read_time: int
    balance: Decimal


class Credit(NamedTuple):
    """What was paid at a time, or taken back if it is below zero."""

    time: int
    amount: Decimal


class Follows(StrEnum):
    """How a balance follows the readings."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    MONTHLY = "monthly"
    IRREGULARLY = "irregularly"


class Prices(NamedTuple):
    """What a kWh or m³ cost on the last days and the dearest day; how far days differ, if known."""

    usual: Decimal
    dearest: Decimal
    spread: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The balances and payments that cost is still computed from.

    The use up to `billed_until` is in the first balance, if that is known; `credits` made up to
    `accounted_until` are in it too, unless a later rise shows that one was not; later ones have to
    enter it. `follows` and `prices` are what is known from the time before.
    """

    samples: tuple[Sample, ...] = ()
    credits: tuple[Credit, ...] = field(default=())
    accounted_until: int = 0
    billed_until: int | None = None
    follows: Follows | None = None
    prices: Prices | None = None

    def with_sample(
        self, poll: int, read_time: int, balance: Decimal, *, seen_until: int = 0
    ) -> Self:
        """Return the ledger with one more balance; those of a clock that was ahead are dropped.

        An answer that is older than the one before is no news. Of equal balances the first and the
        last tell all, and of those in one hour those around a rise do too. The one before was
        seen again up to `seen_until`.
        """
        if poll < read_time - _CLOCKS_DIFFER_AT_MOST:
            return self
        new = Sample(poll, min(poll, read_time), balance)
        samples = [sample for sample in self.samples if sample.poll <= poll]
        if samples and (new.read_time < samples[-1].read_time or new[1:] == samples[-1][1:]):
            return self if len(samples) == len(self.samples) else self._with(samples)
        if samples and samples[-1].poll + HOUR < seen_until < poll:
            _add(samples, samples[-1]._replace(poll=seen_until))
        _add(samples, new)
        return self._with(samples)

    def with_credits(self, listed: Iterable[Credit]) -> Self:
        """Return the ledger with the payments since `accounted_until` that are listed.

        A list may tell of some days only. What it has twice are two payments.
        """
        new = Counter(credit for credit in listed if credit.time > self.accounted_until)
        return replace(self, credits=tuple(sorted((Counter(self.credits) | new).elements())))

    def _with(self, samples: list[Sample]) -> Self:
        """Return the ledger with other samples."""
        return replace(self, samples=tuple(samples))


def _add(samples: list[Sample], new: Sample) -> None:
    """Add a sample, in place of the last ones if they tell nothing then."""
    while len(samples) > 1 and _is_needless(samples[-2], samples[-1], new):
        samples.pop()
    samples.append(new)


def _is_needless(first: Sample, middle: Sample, last: Sample) -> bool:
    """Tell whether a balance between two others tells nothing about the cost of any hour."""
    if first.balance == middle.balance == last.balance:
        return True
    in_one_hour = hour_of(first.read_time) == hour_of(middle.read_time) == hour_of(last.read_time)
    # One that stays shows until when what it fell by was used.
    falls = first.balance >= middle.balance > last.balance
    return in_one_hour and falls and last.poll < first.poll + HOUR


def credits_of(payments: Iterable[Payment]) -> list[Credit]:
    """Return what was paid when, as far as the list tells."""
    return [
        Credit(int(payment.time.timestamp()), payment.amount)
        for payment in payments
        if payment.time is not None and payment.amount
    ]
