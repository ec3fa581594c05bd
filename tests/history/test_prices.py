"""Tests of what use costs, by what it cost before."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.jrhsz.history.ledger import Follows, Prices
from custom_components.jrhsz.history.prices import (
    Spent,
    Tariff,
    nearest_price,
    price_of,
    spread_of,
    tariff_of,
)


def spent(*pairs: tuple[str, str]) -> list[Spent]:
    """Return costs and what was used for them."""
    return [Spent(Decimal(cost), Decimal(use)) for cost, use in pairs]


def billing_by(usage: object, follows: Follows = Follows.AT_ONCE) -> Any:
    """Return how a balance is billed: by use, or by time where no use is known."""
    return SimpleNamespace(usage=usage, follows=follows)


def falls(*pairs: tuple[str, str]) -> list[Any]:
    """Return falls of a balance, by their amounts and use."""
    return [SimpleNamespace(amount=Decimal(cost), use=Decimal(use)) for cost, use in pairs]


def test_average() -> None:
    """Test that a price is that of all the use together, not the mean of prices."""
    assert price_of(spent(("1", "1"), ("4", "2"))) == Decimal(5) / 3


@pytest.mark.parametrize(
    ("near", "price"),
    [
        ([], None),
        ([("0", "1"), ("1", "0")], None),
        ([("0.60", "1")], "0.60"),
        ([("0.60", "1"), ("9", "1"), ("0.50", "1")], "0.60"),
        # Only the nearest three count, and those of some cents not beside clear ones.
        ([("1", "1"), ("1", "1"), ("1", "1"), ("9", "1"), ("9", "1")], "1"),
        ([("0.09", "1"), ("1", "1"), ("1", "1"), ("1", "1")], "1"),
    ],
)
def test_nearest(near: list[tuple[str, str]], price: str | None) -> None:
    """Test that the price of the use nearest to some is the middle one of three."""
    assert nearest_price(spent(*near)) == (None if price is None else Decimal(price))


def test_the_usual_price_stands_for_what_is_not_known() -> None:
    """Test that one price, which may be that of very little use, is not enough."""
    usual = Decimal("0.5")
    assert nearest_price([], usual) == usual
    assert nearest_price(spent(("520", "1")), usual) == usual
    assert nearest_price(spent(("520", "1"), ("0.60", "1")), usual) == Decimal("0.60")


def test_spread() -> None:
    """Test that some costs tell how exact prices are, and fewer nothing."""
    steady = [("1", "1")] * 13
    assert spread_of(spent(*steady[:8])) is None
    assert spread_of(spent(*steady[:9])) == 0
    assert spread_of(spent(*steady[:-2], ("1.52", "1"), ("1.52", "1"))) == Decimal("0.5")


def test_tariff() -> None:
    """Test that three falls make a price, fewer leave what was known, and a charge counts not."""
    before = Prices(Decimal("0.5"), Decimal(2), Decimal("0.1"))
    billing = billing_by(object())
    assert tariff_of(falls(("1", "1")), billing, None) is None
    assert tariff_of(falls(("1", "1")), billing, before) == Tariff(before, Decimal("0.1"), billing)
    found = tariff_of(falls(*[("1", "1")] * 3, ("50", "1"), ("3", "0")), billing, None)
    assert found is not None
    assert found.prices == Prices(Decimal(1), Decimal(1))
    assert found.spread == Decimal("0.25")
    found = tariff_of(falls(*[("1", "1")] * 3), billing, before)
    assert found is not None
    assert found.prices == Prices(Decimal(1), Decimal(2))


def test_a_month_tells_nothing_of_the_price_of_the_next() -> None:
    """Test that its days, which have one price, don't make tiers of the next one a charge."""
    before = Prices(Decimal(1), Decimal(1), Decimal(0))
    monthly = tariff_of(falls(("1", "1")), billing_by(object(), Follows.MONTHLY), before)
    assert monthly is not None
    assert monthly.usual_limit(Decimal(100), Decimal(1)) > 170


def test_limits() -> None:
    """Test what use can't cost more than, which for unknown use is that of six hours at least."""
    prices = Prices(Decimal(1), Decimal(2), None)
    by_use = Tariff(prices, Decimal("0.1"), billing_by(object()))
    assert by_use.limit(Decimal(3)) == 4 * 2 * 3 + 1
    by_time = Tariff(prices, Decimal("0.1"), billing_by(None))
    assert by_time.limit(Decimal(3)) == 4 * 2 * 6 * 3600 + 1
    assert by_use.usual_limit(Decimal(10), Decimal(1)) == 10 + Decimal("3.9")
    assert by_use.usual_limit(Decimal(1), Decimal(1)) == 2
