"""Tests of values as responses hold them."""

from datetime import UTC, datetime
from decimal import Decimal

from custom_components.jrhsz.api import Payment
from custom_components.jrhsz.responses import float_or_none, iso_or_none, payment_record


def test_values() -> None:
    """Test that numbers and times are as JSON can hold them, and what isn't known is nothing."""
    time = datetime(2026, 11, 24, 4, tzinfo=UTC)
    assert float_or_none(Decimal("20.50")) == 20.5
    assert iso_or_none(time) == "2026-11-24T04:00:00+00:00"
    assert float_or_none(None) is None
    assert iso_or_none(None) is None
    assert float_or_none(Decimal(0)) == 0


def test_payment() -> None:
    """Test that a payment has all that is known of it."""
    payment = Payment(order_number="Mine1", amount=Decimal("7.5"), time=None, channel="微信充值")
    assert payment_record(payment) == {
        "time": None,
        "amount": 7.5,
        "order_number": "Mine1",
        "channel": "微信充值",
    }
