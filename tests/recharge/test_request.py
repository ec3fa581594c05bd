"""Tests of what somebody asks for, and which orders are about a meter."""

from decimal import Decimal

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.recharge.request import ORDER_NUMBER, AccountMeter, read_amount

from ..support.orders import order

CODE = "2022040001"


def meter(url: str = "http://platform.example/a") -> AccountMeter:
    """Return a meter of an account."""
    entry = MockConfigEntry(
        domain="jrhsz",
        unique_id="platform.example/a/demo",
        data={"url": url, "username": "demo"},
    )
    return AccountMeter(entry=entry, user_code=CODE)


@pytest.mark.parametrize(
    ("details", "is_of", "shares"),
    [
        ({}, True, True),
        ({"account_id": "other", "username": "other"}, True, True),
        ({"user_code": "2022040002"}, False, False),
        ({"account_id": "other", "platform": "platform.example/b"}, False, False),
        ({"account_id": "other", "platform": "platform.example"}, False, False),
        ({"account_id": "other", "platform": "platform.example:8080/a"}, False, False),
        # It was sent before the account got another path.
        ({"platform": "platform.example/b"}, False, True),
        ({"account_id": "other", "platform": "10.0.0.1/a"}, True, True),
        ({"account_id": "other", "platform": "10.0.0.1:8080/a"}, True, True),
        # A path of what may be the same host is another platform for outcomes, and counts.
        ({"account_id": "other", "platform": "10.0.0.1/b"}, False, True),
        ({"account_id": "other", "platform": "10.0.0.1:8080"}, False, True),
        ({"account_id": "other", "platform": "10.0.0.1/b", "username": "x"}, False, False),
        ({"account_id": "other", "platform": "10.0.0.1/a", "username": "x"}, False, False),
    ],
)
def test_orders_of_a_meter(details: dict[str, str], *, is_of: bool, shares: bool) -> None:
    """Test that names of a host are one platform for one user name, and paths are several."""
    sent = order(
        **{
            "account_id": "platform.example/a/demo",
            "platform": "platform.example/a",
            "user_code": CODE,
            **details,
        }
    )
    assert (meter().is_of(sent), meter().shares(sent)) == (is_of, shares)


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.example./a",
        "https://platform.example/a/",
        "http://platform.example:80/a",
        "https://platform.example:443/a",
        "http://PLATFORM.Example/a",
    ],
)
def test_one_name_written_otherwise(url: str) -> None:
    """Test that a dot at its end, capitals, the scheme and its port make no other platform."""
    assert meter(url).platform == "platform.example/a"


def test_nobody_polls_it() -> None:
    """Test that nothing is known of a meter whose account isn't loaded."""
    assert meter().coordinator is None
    assert meter().daily_cost is None


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
