"""The one path that spends credit."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
import secrets
import string
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ..api import (
    AuthenticationError,
    Client,
    MeterInfo,
    NotPermittedError,
    NotSentError,
    Payment,
    PlatformError,
    ReturnCodeError,
    Turn,
    is_general_failure,
)
from ..connection import client_of
from ..const import DOMAIN, LOGGER
from ..exceptions import translation
from .journal import Journal
from .limits import (
    is_below,
    refusal,
    refuse_above_limit,
    refuse_beyond_day,
    refuse_open_order,
    refuse_while_stopping,
)
from .look_up import DAY, Span, examined, window
from .order import Order, Source, Status
from .orders import DATA_ORDERS, Attempt, Orders
from .request import Meter, Outcome, Request
from .restored import async_take_over_missing, payments_needed_since

NOT_NEEDED: Final = "not_needed"
DRY_RUN: Final = "dry_run"

_NUMBER_CHARACTERS: Final = string.digits + string.ascii_uppercase
_RANDOM_CHARACTERS: Final = 26
# Seconds after the answer at which an order is looked up; the later ones after a failure only.
_LOOK_UPS: tuple[float, ...] = (0, 10, 60)
# Seconds after sending: a caller is answered within 120.
_LOOK_UPS_END: Final = 105
_REFRESH_END: Final = 115


async def async_recharge(hass: HomeAssistant, meter: Meter, request: Request) -> Outcome:
    """Credit a meter, at most once; a caller that goes away changes nothing once it is reserved.

    Raises HomeAssistantError if nothing was sent for a reason other than the platform's refusal.
    """
    attempt = Attempt()
    attempt.task = task = hass.async_create_task(
        _async_recharge(hass, meter, request, attempt), f"{DOMAIN} recharge", eager_start=False
    )
    orders = hass.data[DATA_ORDERS]
    orders.attempts.add(attempt)
    task.add_done_callback(lambda _: orders.attempts.discard(attempt))
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        if attempt.number is None:
            task.cancel()
        raise
    if task.cancelled():
        order = orders.journal.orders.get(attempt.number) if attempt.number else None
        if order is None:
            raise refusal(key="stopping")
        return Outcome.of(order)
    return task.result()


async def _async_recharge(
    hass: HomeAssistant, meter: Meter, request: Request, attempt: Attempt
) -> Outcome:
    """Check, reserve, send once, classify, write down, all but the checks beyond recall."""
    orders, client = hass.data[DATA_ORDERS], client_of(hass, meter.entry)
    number = request.order_number or new_order_number()

    async with orders.lock_of(meter.host, meter.user_code):
        refuse_while_stopping(hass)
        await orders.async_require_journal()
        if order := _earlier(orders.journal, meter, number, request.amount):
            return Outcome.of(order)
        refuse_above_limit(meter, request.amount)
        now = dt_util.utcnow()
        span = (payments_needed_since(orders.journal, meter, request), now + DAY)
        info, payments = await _async_read(hass, meter, client, span)

        async with orders.reserving:
            await async_take_over_missing(orders.journal, meter, payments)
            await orders.async_examine(meter.entry, meter.user_code, payments, span)
            if order := _earlier(orders.journal, meter, number, request.amount):
                return Outcome.of(order)
            order = _new_order(meter, request, number, info.balance)
            if any(payment.order_number == number for payment in payments):
                return await _async_adopt(orders, order, payments, request, attempt)
            if request.only_below is not None and not is_below(info, request.only_below):
                return Outcome.without_order(NOT_NEEDED, request, info.balance)
            refuse_open_order(orders.journal, meter)
            refuse_beyond_day(orders.journal, meter, request.amount, payments)
            if request.dry_run:
                return Outcome.without_order(DRY_RUN, request, info.balance)
            refuse_while_stopping(hass)
            attempt.number = number
            # On disk before anything is sent: from here on the order is open, come what may.
            await orders.journal.async_reserve(order)

        sent = hass.loop.time()
        try:
            await client.prestore(meter.user_code, number, request.amount)
        except Exception as err:  # noqa: BLE001  whatever it was, the credit may be booked
            order = _classified(hass, order, err)
        else:
            order = replace(order, status=Status.CONFIRMED)
        if order.is_open:
            order = await _async_find(hass, client, order, attempt, sent + _LOOK_UPS_END)
        await orders.async_conclude(order, request.context, attempt)

    if order.is_open or not client.session.shows_our_numbers:
        orders.async_follow(meter.entry)
    return Outcome.of(await _async_refreshed(hass, meter, number, sent + _REFRESH_END))


async def _async_read(
    hass: HomeAssistant, meter: Meter, client: Client, span: Span
) -> tuple[MeterInfo, list[Payment]]:
    """Read the meter and its payments of a span, which proves token and permission."""
    try:
        info, payments = await asyncio.gather(
            client.get_meter(meter.user_code, Turn()),
            client.get_payments(meter.user_code, *span, Turn()),
        )
    except PlatformError as err:
        if isinstance(err, AuthenticationError):
            meter.entry.async_start_reauth(hass)
        key = "not_checkable" if isinstance(err, NotPermittedError) else "not_checked"
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"reason": async_reason(hass, err)},
        ) from err
    return info, payments


def _classified(hass: HomeAssistant, order: Order, err: Exception) -> Order:
    """Return what an error of sending means: rejected only if the request never left."""
    match err:
        case NotSentError():
            return replace(order, status=Status.REJECTED, message=async_reason(hass, err))
        case ReturnCodeError():
            return replace(order, code=err.code, message=async_reason(hass, err))
        case PlatformError():
            return replace(order, message=async_reason(hass, err))
        case _:
            LOGGER.exception("Sending order %s failed", order.number, exc_info=err)
            return order


async def _async_find(
    hass: HomeAssistant, client: Client, order: Order, attempt: Attempt, end: float
) -> Order:
    """Return what the platform's list of payments makes of an order that wasn't answered 200."""
    answered = hass.loop.time()
    with suppress(TimeoutError):
        async with asyncio.timeout_at(answered if hass.is_stopping else end) as attempt.patience:
            for after in _LOOK_UPS if is_general_failure(order.code) else _LOOK_UPS[:1]:
                await asyncio.sleep(answered + after - hass.loop.time())
                try:
                    payments = await client.get_payments(order.user_code, *window([order]), Turn())
                except PlatformError as err:
                    LOGGER.debug("Order %s can't be looked up: %s", order.number, err)
                    continue
                shown = client.session.shows_our_numbers
                order = examined(order, payments, shows_our_numbers=shown)
                if not order.is_open:
                    break
    attempt.patience = None
    return order


async def _async_refreshed(hass: HomeAssistant, meter: Meter, number: str, end: float) -> Order:
    """Return the order as it is now, with the meter's new balance if that comes in time."""
    journal = hass.data[DATA_ORDERS].journal
    if meter.entry.state is not ConfigEntryState.LOADED or hass.is_stopping:
        return journal.orders[number]
    if (coordinator := meter.entry.runtime_data.coordinators.get(meter.user_code)) is None:
        return journal.orders[number]
    started = dt_util.utcnow()
    refresh = hass.async_create_background_task(
        coordinator.async_refresh_now(), f"{DOMAIN} refresh after a recharge"
    )
    await asyncio.wait({refresh}, timeout=max(0, end - hass.loop.time()))
    polled_at = coordinator.polled_at
    if coordinator.last_error is None and polled_at is not None and polled_at >= started:
        await journal.async_update(
            replace(journal.orders[number], balance_after=coordinator.data.balance)
        )
    return journal.orders[number]


async def _async_adopt(
    orders: Orders, order: Order, payments: list[Payment], request: Request, attempt: Attempt
) -> Outcome:
    """Take an order over that the platform has and the journal lacks; it isn't sent again.

    That is how it looks after a backup was restored, or beside a second Home Assistant.
    """
    if not any((p.order_number, p.amount) == (order.number, order.amount) for p in payments):
        raise refusal(key="order_number_used", order_number=order.number)
    order = replace(order, status=Status.CONFIRMED, source=Source.PAYMENTS, balance_before=None)
    if not request.dry_run:
        attempt.number = order.number
        await orders.journal.async_reserve(order)
        await orders.async_conclude(order, request.context, attempt)
    return Outcome.of(order)


def _earlier(journal: Journal, meter: Meter, number: str, amount: Decimal) -> Order | None:
    """Return the order of this number, if there was one; refuse the number for another purpose."""
    if not journal.knows(number):
        return None
    order = journal.orders.get(number)
    if order is None or not meter.is_of(order) or order.amount != amount:
        raise refusal(key="order_number_used", order_number=number)
    return order


def _new_order(meter: Meter, request: Request, number: str, balance: Decimal | None) -> Order:
    """Return the order as it is reserved: nobody knows what comes of it."""
    return Order(
        number=number,
        account_id=meter.account,
        host=meter.host,
        username=meter.entry.data[CONF_USERNAME],
        user_code=meter.user_code,
        device_id=meter.device_id,
        meter=meter.name,
        amount=request.amount,
        user_id=request.context.user_id,
        sent=dt_util.utcnow(),
        balance_before=balance,
    )


def new_order_number() -> str:
    """Return a number that nobody else uses."""
    characters = (secrets.choice(_NUMBER_CHARACTERS) for _ in range(_RANDOM_CHARACTERS))
    return f"HA{''.join(characters)}"


def async_reason(hass: HomeAssistant, err: PlatformError) -> str:
    """Return what went wrong: the platform's own words if it has any, else ours."""
    if isinstance(err, ReturnCodeError) and err.message:
        return err.message
    told = translation(err)
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{told['translation_key']}.message")
    return text.format(**told["translation_placeholders"]) if text else str(err)
