"""Values as the responses of actions and the attributes of events hold them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from .api import Payment


def float_or_none(number: Decimal | None) -> float | None:
    """Return a number; what isn't known is no number."""
    return None if number is None else float(number)


def iso_or_none(time: datetime | None) -> str | None:
    """Return a time; what isn't known is no time."""
    return None if time is None else time.isoformat()


def payment_record(payment: Payment) -> dict[str, Any]:
    """Return a payment."""
    return {
        "time": iso_or_none(payment.time),
        "amount": float_or_none(payment.amount),
        "order_number": payment.order_number,
        "channel": payment.channel,
    }
