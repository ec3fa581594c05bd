"""Orders and payments for tests of what they mean, without a platform."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.jrhsz.api import Payment
from custom_components.jrhsz.recharge.order import Order, Source, Status
from custom_components.jrhsz.recharge.proof import Look

SENT = datetime(2026, 11, 24, 4, tzinfo=UTC)
PLATFORM = "platform.example"
DAY = timedelta(days=1)


def order(number: str = "Mine1", amount: str = "20.00", **details: Any) -> Order:
    """Return an order that was sent and answered at noon in China, of which nothing is known."""
    sent = details.pop("sent", SENT)
    values: dict[str, Any] = {
        "account_id": f"{PLATFORM}/demo",
        "platform": PLATFORM,
        "username": "demo",
        "user_code": "2022040001",
        "device_id": "device",
        "meter": "一栋 101",
        "user_id": None,
        "answered": sent,
        "balance_before": Decimal("100.00"),
        "balance_seen": Decimal("100.00"),
    }
    return Order(number=number, amount=Decimal(amount), sent=sent, **values | details)


def confirmed(number: str = "Mine1", amount: str = "20.00", **details: Any) -> Order:
    """Return an order that the platform answered with success, and that is followed."""
    sent = details.get("sent", SENT)
    values: dict[str, Any] = {"status": Status.CONFIRMED, "watch_until": sent + 7 * DAY}
    return order(number, amount, **values | details)


def listed(count: int, after: timedelta = timedelta(seconds=30), **details: Any) -> list[Order]:
    """Return credited orders of the days before that the list showed after some time."""
    return [
        confirmed(
            f"Listed{index}",
            sent=(sent := SENT - (count - index) * DAY),
            listed_at=sent + after,
            watch_until=None,
            source=Source.ANSWER,
            **details,
        )
        for index in range(count)
    ]


def payment(
    order_number: str = "jrh2026112412000000001",
    amount: str | None = "20.00",
    time: datetime | None = SENT,
) -> Payment:
    """Return a payment of a list."""
    return Payment(
        order_number=order_number,
        amount=None if amount is None else Decimal(amount),
        time=time,
        channel="微信充值",
    )


def look(after: timedelta, *payments: Payment, **details: Any) -> Look:
    """Return a look some time after the order was answered, of which nothing is missing."""
    at = SENT + after
    values: dict[str, Any] = {
        "platform": PLATFORM,
        "span": (SENT - 2 * DAY, max(SENT, at) + 2 * DAY),
        "is_complete": True,
    }
    return Look(at=at, payments=payments, **values | details)
