"""What a list of payments makes of an order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from ..api import Payment, is_door_check, is_general_failure
from .journal import Journal
from .order import Order, Source, Status

DAY: Final = timedelta(days=1)
WATCHED: Final = timedelta(days=7)

_ABSENCES_AFTER_FAILURE: Final = 3
FRESH: Final = timedelta(minutes=20)
_NEAR: Final = timedelta(hours=1)

type Span = tuple[datetime, datetime]


def window(orders: Iterable[Order]) -> Span:
    """Return the span in which the platform's list has the payments of orders.

    The clock may have been set since they were sent, so both then and now count.
    """
    times = [dt_util.utcnow(), *(order.sent for order in orders)]
    return min(times) - DAY, max(times) + DAY


def is_watched(order: Order, *, shows_our_numbers: bool) -> bool:
    """Tell whether a closed order is worth a look.

    Besides those that are watched, these are fresh ones that may show whether the platform shows
    our numbers at all.
    """
    return order.watch_until is not None or (
        order.status is Status.CONFIRMED
        and order.source is Source.ANSWER
        and order.sent >= dt_util.utcnow() - FRESH
        and not shows_our_numbers
    )


def examined(order: Order, payments: Iterable[Payment], *, shows_our_numbers: bool) -> Order:
    """Return what a list of its meter's payments, from before it was sent, makes of an order.

    Found means the same number and amount. Not found means something only after an answer that
    booked nothing by itself (a refusal at the door, or a failure on a platform that is known to
    show our numbers), or after a person's word, at the end of the watch.
    """
    same = [payment.amount for payment in payments if payment.order_number == order.number]
    if order.amount in same:
        return replace(order, status=Status.CONFIRMED, source=Source.PAYMENTS, watch_until=None)
    watch_over = order.watch_until is not None and dt_util.utcnow() >= order.watch_until
    if same:
        return replace(order, watch_until=None) if watch_over else order
    order = replace(order, absences=order.absences + 1)
    if order.is_open:
        refused = is_door_check(order.code)
        failed = is_general_failure(order.code) and order.absences >= _ABSENCES_AFTER_FAILURE
        if refused or (failed and shows_our_numbers):
            return replace(
                order,
                status=Status.REJECTED,
                source=Source.PAYMENTS,
                watch_until=dt_util.utcnow() + WATCHED,
            )
    elif watch_over and order.status is Status.CONFIRMED and shows_our_numbers:
        return replace(order, status=Status.REJECTED, source=Source.PAYMENTS, watch_until=None)
    elif watch_over:
        return replace(order, watch_until=None)
    return order


def probable(order: Order, payments: Iterable[Payment], journal: Journal) -> list[Payment]:
    """Return payments that may be the order's under another number: same amount, near its time."""
    return [
        payment
        for payment in payments
        if payment.amount == order.amount
        and payment.time is not None
        and abs(payment.time - order.sent) <= _NEAR
        and not journal.knows(payment.order_number)
    ]
