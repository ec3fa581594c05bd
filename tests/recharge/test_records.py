"""Tests of how the records of recharges compare with the platform's lists."""

from decimal import Decimal

import pytest

from custom_components.jrhsz.api import Payment
from custom_components.jrhsz.recharge.order import Status
from custom_components.jrhsz.recharge.records import compared

from ..support.recharges import an_order

NUMBER = "HA0123456789012345678901"


@pytest.mark.parametrize(
    ("status", "amounts", "verdict"),
    [
        (Status.CONFIRMED, ["20.00"], "match"),
        (Status.UNKNOWN, ["20"], "match"),
        (Status.CONFIRMED, ["15", "5"], "match"),
        (Status.CONFIRMED, ["19.99"], "amount_differs"),
        (Status.CONFIRMED, ["20", "20"], "amount_differs"),
        (Status.CONFIRMED, ["20", "-20"], "amount_differs"),
        (Status.CONFIRMED, [None], "amount_differs"),
        (Status.CONFIRMED, ["20", None], "amount_differs"),
        (Status.CONFIRMED, [], "missing"),
        (Status.UNKNOWN, [], "missing"),
        (Status.REJECTED, [], "match"),
        (Status.REJECTED, ["20"], "amount_differs"),
    ],
)
def test_compared(status: Status, amounts: list[str | None], verdict: str) -> None:
    """Test that all payments of a number count together, and unknown amounts prove nothing."""
    payments = [
        Payment(
            order_number=NUMBER,
            amount=None if amount is None else Decimal(amount),
            time=None,
            channel=None,
        )
        for amount in amounts
    ]
    assert compared(an_order(NUMBER, status=status), payments) == verdict
