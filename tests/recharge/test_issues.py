"""Tests of what people are told about orders."""

from datetime import UTC, datetime
from decimal import Decimal

from custom_components.jrhsz.recharge.issues import described, listed, open_orders_issue

from ..support.recharges import an_order

ORDER = an_order("HA1", amount=Decimal("20.5"), sent=datetime(2026, 11, 24, 16, 1, 2, tzinfo=UTC))


def test_line_of_an_order() -> None:
    """Test that an order is told with its amount in cents and the time in China."""
    line = "¥20.50 · 2026-11-25 00:01:02 · HA1"
    assert described(ORDER) == f"一栋 101 · {line}"
    assert described(ORDER, named=False) == line


def test_many_orders() -> None:
    """Test that thirty orders are listed, and of more the number of the rest."""
    assert listed([], described) == ""
    assert listed([ORDER, ORDER], lambda order: order.number) == "- HA1\n- HA1"
    assert len(listed([ORDER] * 30, described).splitlines()) == 30
    lines = listed([ORDER] * 32, described).splitlines()
    assert (len(lines), lines[-1]) == (31, "- … (+2)")


def test_id_names_no_account() -> None:
    """Test that the id is the account's own, always the same, and doesn't contain its name."""
    one = open_orders_issue("platform.example/demo")
    assert one == open_orders_issue("platform.example/demo")
    assert one != open_orders_issue("platform.example/other")
    assert one.startswith("open_orders_")
    assert "demo" not in one
