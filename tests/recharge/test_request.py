"""Tests of what somebody asks for."""

from decimal import Decimal

import pytest

from custom_components.jrhsz.recharge.request import ORDER_NUMBER, read_amount


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (1, "1"),
        (999_999, "999999"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.30"),
        ("7.5", "7.5"),
        ("0.01", "0.01"),
        (True, None),
        (10**6, None),
        (10**5000, None),
        (0.015, None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e2", None),
        ("+5", None),
        ("5.123", None),
        ("１０", None),
        (None, None),
        (Decimal(5), None),
    ],
    ids=lambda value: "large" if isinstance(value, int) and value > 10**6 else None,
)
def test_amounts(value: object, amount: str | None) -> None:
    """Test that an amount is read as meant, to the cent, or not at all."""
    assert read_amount(value) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("A", True),
        ("a" * 32, True),
        ("a" * 33, False),
        ("", False),
        ("a-b", False),
        ("订单", False),
    ],
)
def test_order_numbers(number: str, *, is_one: bool) -> None:
    """Test which texts arrive at the platform as they are."""
    assert (ORDER_NUMBER.fullmatch(number) is not None) is is_one
