"""What happened to a balance between two looks at it, and what of that isn't for use.

What a balance lost beyond all that use can have cost is a charge: a fee, or what was left when a
tenant moved out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from .billing import SLACK, Billing, first_of_month, midnight
from .prices import CLEAR, NEAR, Spent, Tariff, nearest_price
from .readings import HOUR

_ZERO: Final = Decimal(0)
PATIENCE: Final = 60 * HOUR
# Settling takes hours, fees are taken when the day begins.
_A_NIGHT: Final = 12 * HOUR
_FEW: Final = 3
_NEARLY: Final = Decimal("0.95")
_ROUND: Final = [Decimal(unit) for unit in ("50", "10", "5", "1")]


@dataclass(slots=True)
class Change:
    """What happened between a sample and the one before it.

    `fall` is by what the balance fell, `cost` that with the credits that entered it. The use from
    `begin` to `end` wasn't billed before; nothing is `expected` where its price isn't known. What
    of the cost isn't for use happened at one time: it is a `lump`, and a charge if it is large.
    """

    sample: int
    poll_before: int
    poll: int
    begin: int
    end: int
    fall: Decimal
    use: Decimal = _ZERO
    expected: Decimal | None = None
    limit: Decimal | None = None
    cost: Decimal = _ZERO
    lump: Decimal = _ZERO
    is_charge: bool = False

    @property
    def lump_time(self) -> int:
        """Return when the lump was booked: what is done at night is done at midnight."""
        for time in (first_of_month(self.poll), midnight(self.poll)):
            if self.poll_before < time:
                return time
        return self.poll

    @property
    def is_nightly(self) -> bool:
        """Tell whether a midnight is within its use and the time until it was seen."""
        return self.begin < self.lump_time < self.poll

    def may_hide(self, amount: Decimal) -> bool:
        """Tell whether a credit of an amount could have entered unseen."""
        cost = self.cost + amount
        return cost >= 0 and (self.limit is None or cost <= self.limit)


@dataclass(slots=True)
class Charges:
    """Tells what of the changes of a balance isn't for use.

    Changes from the sample `open_from` on have to wait; `awaits_payment` if that is for a payment
    that wasn't listed when the list was read, `now`.
    """

    changes: Sequence[Change]
    billing: Billing
    tariff: Tariff | None
    now: int
    open_from: int | None = None
    awaits_payment: bool = False

    def tell(self) -> None:
        """Note in each change what of it isn't for use."""
        self._tell_bills_from_fees()
        self._take_out_lumps()

    def _tell_bills_from_fees(self) -> None:
        """Tell which of two falls in one night is for the use: the one nearest to its cost."""
        if not self.billing.is_periodic:
            return
        for index, first in enumerate(self.changes):
            if not first.cost or not first.use or first.expected is None:
                continue
            for later in self.changes[index + 1 :]:
                if later.end > first.end or later.poll > first.poll + _A_NIGHT:
                    break
                distance = abs(first.cost - first.expected)
                if later.cost > 0 and abs(later.cost - first.expected) < distance:
                    later.begin, later.use = first.begin, first.use
                    later.expected, later.limit = first.expected, first.limit
                    first.begin, first.use = first.end, _ZERO
                    break

    def _take_out_lumps(self) -> None:
        """Tell what of each cost isn't for use.

        A cost that use can't have is a charge at once; one that is only unusual is so if the use
        after it costs less again, or else the price has changed.
        """
        for index, change in enumerate(self.changes):
            if change.cost <= 0:
                continue
            if not change.use:
                change.lump = change.cost
            elif change.expected is not None and self._is_more(change, index):
                change.lump = self._rounded(change.cost, change.expected)
            change.is_charge = change.lump > SLACK
            if change.is_charge and change.poll > self.now:
                # A refund that isn't listed yet looks the same.
                self._leave_open(change)
                self.awaits_payment = True

    def _is_more(self, change: Change, index: int) -> bool:
        """Tell whether a cost is more than that of the use, certainly or by how unusual it is.

        What is booked at midnight is told from the use before it even if it is little.
        """
        if change.expected is None or change.cost <= change.expected + self._waited(index):
            return False
        if change.limit is not None and change.cost > change.limit:
            return True
        return self._is_unusual(change, index, CLEAR if change.is_nightly else SLACK)

    def _waited(self, index: int) -> Decimal:
        """Return what the time before a fall may have cost that cost nothing until then.

        Only where no use is known; a meter may have sent nothing meanwhile.
        """
        waited = _ZERO
        if self.billing.usage is None and self.tariff is not None:
            for before in reversed(self.changes[:index]):
                if before.cost or before.expected is None:
                    break
                waited += before.expected
            if waited:
                waited = self.tariff.usual_limit(waited, _ZERO)
        return waited

    def _rounded(self, cost: Decimal, expected: Decimal) -> Decimal:
        """Return what of a cost isn't that of use, as the round amount that it may be: so fees are.

        It is as exact as the price of the use that it came with.
        """
        amount = cost - expected
        spread = self.tariff.spread if self.tariff else _ZERO
        for unit in _ROUND:
            near = round(amount / unit) * unit
            if 0 < near <= cost and abs(near - amount) <= 3 * spread * expected:
                return near
        return amount

    def _is_unusual(self, change: Change, index: int, slack: Decimal) -> bool:
        """Tell whether a cost is higher than that of the use before it, and of that after it."""
        if self.tariff is None or change.expected is None:
            return False
        if change.cost <= self.tariff.usual_limit(change.expected, slack):
            return False
        if self._is_a_price(change):
            return False
        after = self.changes[index + 1 : index + 1 + NEAR]
        price = nearest_price([Spent(item.cost, item.use) for item in after])
        if price is None:
            if self.now - change.poll < PATIENCE:
                self._leave_open(change)
            return True
        return change.cost > self.tariff.usual_limit(change.use * price, slack)

    def _is_a_price(self, change: Change) -> bool:
        """Tell whether other use cost as much, as in the dear hours of each day."""
        as_dear = (
            item.cost * change.use >= _NEARLY * change.cost * item.use
            for item in self.changes
            if item.cost >= CLEAR and item.use and item is not change and not item.is_nightly
        )
        return sum(as_dear) >= _FEW

    def _leave_open(self, change: Change) -> None:
        """Let a change and those after it wait."""
        if self.open_from is None or change.sample < self.open_from:
            self.open_from = change.sample
