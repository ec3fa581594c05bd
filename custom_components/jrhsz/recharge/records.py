"""The records of recharges, for whoever has to account for them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.util.json import JsonValueType

from ..api import UNKNOWN_METER, Payment, Priority, Turn
from ..coordinator import JrhszConfigEntry
from ..responses import float_or_none, payment_record
from .order import Order, Status
from .orders import DATA_ORDERS
from .proof import ONE_DAY, OUR_NUMBER, matches
from .words import async_user_name


async def async_recharge_records(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    span: tuple[datetime, datetime],
    *,
    batch: str | None,
    verify: bool,
) -> ServiceResponse:
    """Return the orders of an account in a span, oldest first, with all that is known of them.

    They may be those of a batch alone.

    To verify them reads the payments of all its meters, at the platform's pace. Raises
    PlatformError, and HomeAssistantError unless the whole journal is known.
    """
    orders, (begin, end) = hass.data[DATA_ORDERS], span
    await orders.async_require_journal()

    def of_span() -> list[Order]:
        """Return the orders as they are known now."""
        known = orders.journal.of_account(str(entry.unique_id), begin)
        return [order for order in known if order.sent <= end and batch in {None, order.batch}]

    names = {order.user_id: await async_user_name(hass, order.user_id) for order in of_span()}
    if not verify:
        return {"recharges": [_record(order, names) for order in of_span()]}

    lists: dict[str, list[Payment]] = {}
    unknown: list[JsonValueType] = []
    gone: set[str] = set()
    wider = (begin - ONE_DAY, end + ONE_DAY)
    meters = {order.user_code for order in of_span()}
    if batch is None:
        meters |= set(entry.runtime_data.coordinators)
    for user_code in sorted(meters):
        try:
            payments = await entry.runtime_data.client.get_payments(
                user_code, *wider, Turn(Priority.ASKED)
            )
        except UNKNOWN_METER:
            gone.add(user_code)
            continue
        await orders.async_examine(entry, user_code, payments, wider)
        lists[user_code] = payments
        unknown += [
            {"user_code": user_code, **payment_record(payment)}
            for payment in payments
            if OUR_NUMBER.fullmatch(payment.order_number.upper())
            and not orders.journal.knows(payment.order_number)
        ]
    return {
        "recharges": [
            {
                **_record(order, names),
                "verification": "not_checked"
                if order.user_code in gone
                else compared(order, lists[order.user_code]),
            }
            for order in of_span()
        ],
        "not_in_journal": unknown,
    }


def compared(order: Order, payments: Iterable[Payment]) -> str:
    """Return how an order compares with its meter's payments of its number: all of them together.

    An order that was rejected matches a list without it.
    """
    amounts = [payment.amount for payment in payments if matches(order.number, payment)]
    if not amounts:
        return "match" if order.status is Status.REJECTED else "missing"
    booked = sum((amount for amount in amounts if amount is not None), Decimal(0))
    is_right = None not in amounts and booked == order.amount
    return "match" if is_right and order.status is not Status.REJECTED else "amount_differs"


def _record(order: Order, names: dict[str | None, str | None]) -> dict[str, Any]:
    """Return an order for a response."""
    return {
        "order_number": order.number,
        "meter": order.meter,
        "user_code": order.user_code,
        "device_id": order.device_id,
        "amount": float(order.amount),
        "user": names[order.user_id],
        "sent": order.sent.isoformat(),
        "status": order.status.value,
        "source": order.source.value,
        "message": order.message,
        "balance_before": float_or_none(order.balance_before),
        "balance_after": float_or_none(order.balance_after),
    }
