"""What use costs, as far as it can be told from what it cost before.

Prices change with the hour, the month and what was used in it. So what use should cost is told
from the use nearest to it; and how exact that is, from how exact it was before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Final, NamedTuple

from .billing import CERTAINLY, SLACK, Billing, Fall
from .ledger import Follows, Prices
from .readings import HOUR

_ZERO: Final = Decimal(0)
CLEAR: Final = Decimal("0.10")
NEAR: Final = 12
_ROUNDED: Final = Decimal("0.02")
_FEW: Final = 3
_ENOUGH: Final = 6
_TWICE: Final = 2
_LEAST_SPREAD: Final = Decimal("0.03")
_USUAL_SPREAD: Final = Decimal("0.25")
# Nothing says in which hours of some the use was: all of it may be in one.
_SHORTEST: Final = Decimal(6 * HOUR)


class Spent(NamedTuple):
    """What some use cost."""

    cost: Decimal
    use: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """What use costs lately, and how far the price of the use nearest to some is from its own."""

    prices: Prices
    spread: Decimal
    billing: Billing

    def limit(self, use: Decimal) -> Decimal:
        """Return what use can't cost more than, whenever it was."""
        if self.billing.usage is None:
            use = max(use, _SHORTEST)
        return CERTAINLY * self.prices.dearest * use + SLACK

    def usual_limit(self, expected: Decimal, slack: Decimal) -> Decimal:
        """Return what use of an expected cost costs more than only when the price has changed."""
        return expected + max(slack, 3 * (_LEAST_SPREAD + self.spread) * expected)


def tariff_of(found: Sequence[Fall], billing: Billing, before: Prices | None) -> Tariff | None:
    """Return what use costs, by falls or else by what was known before them."""
    known = [Spent(fall.amount, fall.use) for fall in found if fall.use > 0]
    if len(known) < _FEW:
        prices = before
    else:
        clear = [spent for spent in known if spent.cost >= CLEAR]
        middle = median(cost / use for cost, use in (clear if len(clear) >= _FEW else known))
        clean = [spent for spent in known if spent.cost <= _TWICE * middle * spent.use + _ROUNDED]
        usual = price_of(clean)
        prices = Prices(usual, max(usual, before.dearest) if before else usual)
    if prices is None:
        return None
    spread = spread_of(known)
    if spread is None:
        spread = before.spread if before else None
    if billing.follows is Follows.MONTHLY:
        # The days of a month have one price, the next month another.
        spread = max(spread or _ZERO, _USUAL_SPREAD)
    return Tariff(prices, _USUAL_SPREAD if spread is None else spread, billing)


def price_of(spent: Sequence[Spent]) -> Decimal:
    """Return the average price of some use."""
    return sum((cost for cost, _ in spent), _ZERO) / sum((use for _, use in spent), _ZERO)


def nearest_price(near: Sequence[Spent], usual: Decimal | None = None) -> Decimal | None:
    """Return the price by what the use nearest to some cost, the nearest first.

    Where that is too little, the usual price stands for the rest.
    """
    billed = [spent for spent in near if spent.cost > 0 and spent.use > 0]
    # The cents of smaller ones tell little.
    clear = [spent for spent in billed if spent.cost >= CLEAR]
    found = clear if len(clear) >= _FEW else billed
    prices = [cost / use for cost, use in found[:_FEW]]
    if usual is not None:
        prices += [usual] * (_FEW - len(prices))
    # One of three may be for something else.
    return median(prices) if prices else None


def spread_of(spent: Sequence[Spent]) -> Decimal | None:
    """Return how far most costs are above what those before them let expect, by parts of it."""
    above = []
    for index in range(_FEW, len(spent)):
        price = nearest_price(spent[max(0, index - NEAR) : index][::-1])
        if price is not None and (expected := price * spent[index].use):
            above.append(max(_ZERO, spent[index].cost - expected - _ROUNDED) / expected)
    return sorted(above)[9 * len(above) // 10] if len(above) >= _ENOUGH else None
