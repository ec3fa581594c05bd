"""Tests of which credits are in a meter's balance."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from custom_components.jrhsz.recharge.balances import on_the_way, total, with_balance
from custom_components.jrhsz.recharge.order import Order, Rise, Source, Status

from ..support.orders import DAY, SENT, confirmed, order

HOUR = timedelta(hours=1)


def at_balance(
    before: Order, balance: str, after: timedelta = HOUR, daily_cost: str | None = None
) -> Order:
    """Return an order after a look at the balance."""
    cost = None if daily_cost is None else Decimal(daily_cost)
    return with_balance(before, Decimal(balance), SENT + after, cost)


@pytest.mark.parametrize(
    ("balance", "after", "daily_cost", "expected"),
    [
        ("120.00", HOUR, None, True),
        ("116.00", HOUR, None, True),
        ("115.99", HOUR, None, False),
        ("100.00", HOUR, None, False),
        # Twice the usual cost of a day is more than a fifth of it.
        ("110.00", DAY, "5.00", True),
        ("109.99", DAY, "5.00", False),
        ("115.99", HOUR, "5.00", False),
    ],
)
def test_in_the_balance(
    balance: str,
    after: timedelta,
    daily_cost: str | None,
    expected: bool,  # noqa: FBT001  parametrized
) -> None:
    """Test that a credit is in the balance once that is high enough, whatever was used."""
    assert at_balance(confirmed(), balance, after, daily_cost).in_balance is expected


def test_behind_another_credit() -> None:
    """Test that the arrival of an earlier credit isn't taken for that of a later one."""
    later = confirmed("B", "30.00", awaited=Decimal("20.00"))
    assert not at_balance(later, "120.00").in_balance
    assert at_balance(later, "150.00").in_balance


def test_it_stays_in() -> None:
    """Test that what was used afterwards takes no credit out again."""
    arrived = at_balance(confirmed(), "120.00")
    assert at_balance(arrived, "3.00", DAY).in_balance


def test_without_the_balance_before() -> None:
    """Test that nothing can be told if the balance before isn't known."""
    unknown = confirmed(balance_before=None, balance_seen=None)
    assert not at_balance(unknown, "500.00").in_balance


def test_on_the_way() -> None:
    """Test that a credit is on its way for two days, and only if there is one."""
    orders = [
        confirmed("A", "1.00"),
        confirmed("B", "2.00", in_balance=True),
        confirmed("C", "4.00", status=Status.REJECTED),
        order("D", "8.00"),
        confirmed("E", "16.00", source=Source.PERSON),
    ]
    assert total(on_the_way(orders, SENT + 47 * HOUR)) == 17
    assert on_the_way(orders, SENT + 48 * HOUR) == []
    # The clock was set back.
    assert total(on_the_way(orders, SENT - DAY)) == 17


def test_rises() -> None:
    """Test that every rise of the balance is kept while it isn't known what came of an order."""
    seen = order()
    for minutes, balance in ((1, "99.00"), (2, "119.00"), (3, "118.00"), (4, "168.00")):
        seen = at_balance(seen, balance, timedelta(minutes=minutes))
    assert [rise.before for rise in seen.rises] == [99, 118]
    assert [rise.after for rise in seen.rises] == [119, 168]
    assert [rise.amount for rise in seen.rises] == [20, 50]
    assert seen.rises[0].at == SENT + timedelta(minutes=2)
    assert seen.balance_seen == 168


@pytest.mark.parametrize(
    "settled",
    [
        confirmed(watch_until=None, in_balance=True),
        confirmed(source=Source.PAYMENTS, in_balance=True),
        order(status=Status.REJECTED, watch_until=SENT + DAY),
    ],
)
def test_what_is_settled_is_left_alone(settled: Order) -> None:
    """Test that nothing is written for a balance that can't tell anything any more."""
    assert replace(at_balance(settled, "130.00"), in_balance=settled.in_balance) == settled


def test_first_balance() -> None:
    """Test that the first balance that is known is no rise."""
    first = at_balance(order(balance_before=None, balance_seen=None), "120.00")
    assert first.rises == ()
    assert first.balance_seen == 120
    assert at_balance(first, "121.00").rises == (
        Rise(SENT + HOUR, Decimal("120.00"), Decimal("121.00")),
    )
