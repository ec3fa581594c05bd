"""Which credits are in a meter's balance, and which are still on their way there."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from .order import Order, Rise, Status

# After that a credit is in the balance, whatever the balance says.
ARRIVAL: Final = timedelta(hours=48)
_SHARE: Final = Decimal("0.2")
_SECONDS_PER_DAY: Final = 86_400


def on_the_way(orders: Iterable[Order], now: datetime) -> list[Order]:
    """Return those of a meter's orders that are credited and not in its balance yet."""
    return [
        order
        for order in orders
        if order.status is Status.CONFIRMED and not order.in_balance and now - order.sent < ARRIVAL
    ]


def total(orders: Iterable[Order]) -> Decimal:
    """Return what orders credit together."""
    return sum((order.amount for order in orders), Decimal(0))


def with_balance(order: Order, balance: Decimal, at: datetime, daily_cost: Decimal | None) -> Order:
    """Return an order after a look at its meter's balance.

    Its credit is in the balance once that is higher than before by the amount, less what may have
    been used meanwhile: a fifth of it, or twice the usual cost.
    """
    if order.is_open or order.is_followed:
        seen = order.balance_seen
        if seen is not None and balance > seen:
            order = replace(order, rises=(*order.rises, Rise(at, seen, balance)))
        order = replace(order, balance_seen=balance)
    is_credited = order.status is Status.CONFIRMED and not order.in_balance
    if not is_credited or order.balance_before is None:
        return order
    elapsed = Decimal((at - order.sent).total_seconds()) / _SECONDS_PER_DAY
    used = max(order.amount * _SHARE, 2 * (daily_cost or Decimal(0)) * elapsed)
    needed = order.balance_before + order.awaited + order.amount - used
    return replace(order, in_balance=True) if balance >= needed else order
