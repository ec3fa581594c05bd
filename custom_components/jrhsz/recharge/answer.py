"""What an order's answer means, and what can be found out of it while its caller waits."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import NotSentError, PlatformError, Priority, ReturnCodeError
from ..connection import session_of
from ..const import DOMAIN, LOGGER
from .delays import next_look
from .order import Order, Status
from .orders import DATA_ORDERS, Attempt
from .proof import WATCHED
from .request import CreditedMeter
from .words import async_reason

# Seconds after sending: a caller is answered within 120.
_LOOK_UPS_END: Final = 105
_REFRESH_END: Final = 115


def classified(
    hass: HomeAssistant, meter: CreditedMeter, order: Order, err: Exception | None
) -> Order:
    """Return what the answer means: rejected only if the request never left."""
    # First, so that no look made at once seems to be from before the answer.
    hass.data[DATA_ORDERS].async_note_answer(order.number)
    order = replace(
        order,
        answered=dt_util.utcnow(),
        platform_time=session_of(hass, meter.entry).platform_now,
    )
    match err:
        case None:
            # It is followed until the list shows it.
            watch_until = order.sent + WATCHED
            return replace(order, status=Status.CONFIRMED, watch_until=watch_until)
        case NotSentError():
            return replace(order, status=Status.REJECTED, message=async_reason(hass, err))
        case ReturnCodeError():
            return replace(order, code=err.code, message=async_reason(hass, err))
        case PlatformError():
            return replace(order, message=async_reason(hass, err))
        case _:
            LOGGER.error("Sending order %s failed", order.number, exc_info=err)
            return order


async def async_find(
    hass: HomeAssistant, meter: CreditedMeter, order: Order, attempt: Attempt
) -> Order:
    """Return what the platform's list of payments makes of an order that wasn't answered 200.

    It is looked up at once and, after an answer that may be a refusal, for as long as the caller
    can wait.
    """
    orders, loop = hass.data[DATA_ORDERS], hass.loop
    end = loop.time() if hass.is_stopping else (attempt.sent or loop.time()) + _LOOK_UPS_END
    with suppress(TimeoutError):
        async with asyncio.timeout_at(end) as attempt.patience:
            while True:
                looked_at = dt_util.utcnow()
                try:
                    look = await orders.async_look(meter, [order], Priority.USER)
                except PlatformError as err:
                    LOGGER.debug("Order %s can't be looked up: %s", order.number, err)
                else:
                    orders.async_note_balance(meter, look.balance)
                    order = orders.examined(meter, orders.journal.orders[order.number], look)
                    await orders.journal.async_update(order)
                delays = orders.delays_of(order, meter.entry)
                due = next_look(order, delays, looked_at)
                if not order.is_open or delays.patience(order) is None or due is None:
                    break
                pause = (due - dt_util.utcnow()).total_seconds()
                if loop.time() + pause >= end:
                    break
                await asyncio.sleep(pause)
    attempt.patience = None
    # A balance may have told more of it meanwhile.
    return orders.journal.orders[order.number]


async def async_read_again(
    hass: HomeAssistant, meter: CreditedMeter, order: Order, sent: float
) -> None:
    """Read the meter's new balance, if that comes while the caller of the order can wait."""
    journal = hass.data[DATA_ORDERS].journal
    if (coordinator := meter.coordinator) is None or hass.is_stopping:
        return
    started = dt_util.utcnow()
    refresh = hass.async_create_background_task(
        coordinator.async_refresh_now(), f"{DOMAIN} refresh after a recharge"
    )
    await asyncio.wait({refresh}, timeout=max(0, sent + _REFRESH_END - hass.loop.time()))
    polled_at = coordinator.polled_at
    if coordinator.last_error is None and polled_at is not None and polled_at >= started:
        await journal.async_update(
            replace(journal.orders[order.number], balance_after=coordinator.data.balance)
        )
