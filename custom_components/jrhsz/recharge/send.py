"""The one path that spends credit."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..api import (
    AuthenticationError,
    NotPermittedError,
    Payment,
    PlatformError,
    Turn,
)
from ..connection import client_of, session_of
from ..const import DOMAIN
from .answer import async_find, async_read_again, classified
from .balances import ARRIVAL, on_the_way, total
from .batch import number_of
from .drafts import async_hand_out, random_number, require_draft
from .follow import DATA_FOLLOWER
from .journal import Journal
from .limits import (
    async_refuse_newer,
    limits_of_day,
    refusal,
    refuse_above_limit,
    refuse_open_order,
    refuse_while_stopping,
)
from .look_up import window
from .order import Order, Source, Status
from .orders import DATA_ORDERS, Attempt, Orders
from .proof import Look, matches
from .request import CreditedMeter, RechargeOutcome, Request
from .restored import async_take_over_missing, payments_needed
from .words import async_message, async_reason, async_told_on_the_way

NOT_NEEDED: Final = "not_needed"
DRY_RUN: Final = "dry_run"

_RANDOM_CHARACTERS: Final = 26
_LOOK_LASTS: Final = timedelta(minutes=5)


async def async_recharge(
    hass: HomeAssistant, meter: CreditedMeter, request: Request
) -> RechargeOutcome:
    """Credit a meter, at most once; a caller that goes away changes nothing once it is reserved.

    Whoever asks for an order that is under way waits for it. Raises HomeAssistantError if nothing
    was sent for a reason other than the platform's refusal.
    """
    attempt = Attempt()
    attempt.task = task = hass.async_create_task(
        _async_credit_and_read(hass, meter, request, attempt),
        f"{DOMAIN} recharge",
        eager_start=False,
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
    if not task.cancelled():
        return task.result()
    if attempt.number is None or attempt.number not in orders.journal.orders:
        raise refusal(key="stopping")
    return async_outcome(hass, meter, attempt.number)


async def _async_credit_and_read(
    hass: HomeAssistant, meter: CreditedMeter, request: Request, attempt: Attempt
) -> RechargeOutcome:
    """Credit the meter, then read it again; or wait for who does so with the same order."""
    orders, begun = hass.data[DATA_ORDERS], hass.loop.time()
    order = await _async_credit(hass, meter, request, attempt)
    if isinstance(order, RechargeOutcome):
        return order
    if attempt.number is not None:
        hass.data[DATA_FOLLOWER].async_schedule(meter.entry, [order])
        if not request.batch:
            await async_read_again(hass, meter, order, attempt.sent or begun)
    elif (other := orders.attempt_of(order.number)) is not None and other.task is not None:
        await asyncio.wait({other.task})
    return async_outcome(hass, meter, order.number)


async def _async_credit(
    hass: HomeAssistant, meter: CreditedMeter, request: Request, attempt: Attempt
) -> Order | RechargeOutcome:
    """Check, reserve, send once, classify, write down, all but the checks beyond recall.

    Returns the order, this one or an earlier one of its number; or what there is to say if nothing
    is to be sent.
    """
    orders, client = hass.data[DATA_ORDERS], client_of(hass, meter.entry)
    made_up = random_number(_RANDOM_CHARACTERS)

    async with orders.lock_of(meter.user_code):
        refuse_while_stopping(hass)
        await orders.async_require_journal()
        number = number_of(orders.journal, request) or made_up
        if order := _earlier(orders.journal, meter, number, request):
            return order
        require_draft(orders.journal, meter, number)
        refuse_above_limit(meter, request.amount)
        await async_refuse_newer(hass, orders.journal, meter, request.newest)
        look = await _async_look(hass, meter, request)

        async with orders.reserving:
            await _async_take(orders, meter, request, look)
            # What was taken over may be another attempt.
            given = number_of(orders.journal, request, look.payments)
            number = given or made_up
            if order := _earlier(orders.journal, meter, number, request):
                return order
            if order := _shown(meter, request, number, look.payments):
                return await _async_adopt(orders, order, request, attempt)
            amount = _wanted(hass, orders.journal, meter, request, look)
            if isinstance(amount, RechargeOutcome):
                return amount
            refuse_open_order(orders.journal, meter)
            refuse_above_limit(meter, amount)
            for limit in limits_of_day(orders.journal, meter, look.payments):
                limit.refuse_beyond(amount)
            if request.dry_run:
                user_id = request.context.user_id
                draft = given or await async_hand_out(orders.journal, meter, user_id)
                return RechargeOutcome.without_order(
                    DRY_RUN, request, look.balance, amount=amount, order_number=draft, look=look
                )
            refuse_while_stopping(hass)
            order = _new_order(meter, request, number, amount)
            order = replace(
                order,
                balance_before=look.balance,
                balance_seen=look.balance,
                awaited=total(_coming(orders.journal, meter)),
            )
            attempt.number = number
            # On disk before anything is sent: from here on the order is open, come what may.
            await orders.journal.async_reserve(order)

        attempt.sent = hass.loop.time()
        error: Exception | None = None
        try:
            await client.prestore(meter.user_code, number, amount)
        except Exception as err:  # noqa: BLE001  whatever it was, the credit may be booked
            error = err
        order = classified(hass, meter, orders.journal.orders[number], error)
        if order.is_open:
            await orders.journal.async_update(order)
            # Those of a batch are looked up in the background: others wait for their turn.
            if not request.batch:
                order = await async_find(hass, meter, order, attempt)
        await orders.async_conclude(order, request.context, attempt)
    return order


async def _async_look(hass: HomeAssistant, meter: CreditedMeter, request: Request) -> Look:
    """Read the meter and its payments, which proves token and permission.

    A look that was handed over does as long as it tells how things are.
    """
    known, journal = request.look, hass.data[DATA_ORDERS].journal
    if (
        known is not None
        and dt_util.utcnow() - known.at < _LOOK_LASTS
        and not journal.of_meter(meter.user_code, known.at)
    ):
        return known
    client, session = client_of(hass, meter.entry), session_of(hass, meter.entry)
    begin, end = window(meter, session)
    (since, until), whole = payments_needed(hass, journal, meter, request)
    span = (min(begin, since), max(end, until))
    try:
        info, payments = await asyncio.gather(
            client.get_meter(meter.user_code, Turn()),
            client.get_payments(meter.user_code, *span, Turn(), complete=whole),
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
    return replace(Look.of(meter.platform, span, payments), balance=info.balance)


async def _async_take(orders: Orders, meter: CreditedMeter, request: Request, look: Look) -> None:
    """Take over what a look tells of orders, unless that was done with it before."""
    if look is not request.look:
        await orders.async_take(meter, look)
    await async_take_over_missing(orders.journal, meter, look.payments)


async def _async_adopt(
    orders: Orders, order: Order, request: Request, attempt: Attempt
) -> Order | RechargeOutcome:
    """Take an order over that the platform has and the journal lacks; it isn't sent again.

    That is how it looks after a backup was restored, or beside a second Home Assistant.
    """
    if request.dry_run:
        return RechargeOutcome.of(order, "")
    attempt.number = order.number
    await orders.journal.async_reserve(order)
    await orders.async_conclude(order, request.context, attempt)
    return order


def _shown(
    meter: CreditedMeter, request: Request, number: str, payments: Sequence[Payment]
) -> Order | None:
    """Return the order that payments show under a number; refuse it for another purpose."""
    shown = [payment.amount for payment in payments if matches(number, payment)]
    if not shown:
        return None
    # How much it took to fill the balance only the payment tells.
    amount = shown[0] if request.amount is None else request.amount
    if amount is None or amount <= 0 or amount not in shown:
        raise refusal(key="order_number_used", order_number=number)
    order = _new_order(meter, request, number, amount)
    return replace(order, status=Status.CONFIRMED, source=Source.PAYMENTS)


def _wanted(
    hass: HomeAssistant,
    journal: Journal,
    meter: CreditedMeter,
    request: Request,
    look: Look,
) -> Decimal | RechargeOutcome:
    """Return how much to credit, or that nothing is needed, with what is on its way."""
    if request.amount is not None and request.only_below is None:
        return request.amount
    if look.balance is None:
        raise refusal(key="balance_unknown")
    coming = _coming(journal, meter)
    if (amount := request.wanted(look.balance + total(coming))) is not None:
        return amount
    is_coming = bool(coming) and request.wanted(look.balance) is not None
    return RechargeOutcome.without_order(
        NOT_NEEDED,
        request,
        look.balance,
        amount=request.amount,
        order_number=coming[-1].number if is_coming else None,
        message=async_told_on_the_way(hass, coming[-1]) if is_coming else "",
        look=look,
    )


def _coming(journal: Journal, meter: CreditedMeter) -> list[Order]:
    """Return the orders whose credit is on its way to a meter's balance."""
    now = dt_util.utcnow()
    orders = journal.of_meter(meter.user_code, now - ARRIVAL)
    return on_the_way((order for order in orders if meter.shares(order)), now)


def _earlier(journal: Journal, meter: CreditedMeter, number: str, request: Request) -> Order | None:
    """Return the order of this number, if there was one; refuse the number for another purpose."""
    if not journal.knows(number):
        return None
    order = journal.orders.get(number)
    if order is None or not meter.is_of(order) or not request.is_that_of(order):
        raise refusal(key="order_number_used", order_number=number)
    return order


def _new_order(meter: CreditedMeter, request: Request, number: str, amount: Decimal) -> Order:
    """Return the order of a request: nobody knows what comes of it."""
    return replace(
        meter.order(number, amount),
        user_id=request.context.user_id,
        up_to=request.up_to,
        untold=True,
        batch=request.batch,
    )


def async_outcome(hass: HomeAssistant, meter: CreditedMeter, number: str) -> RechargeOutcome:
    """Return what is known of an order by now, for its caller."""
    orders = hass.data[DATA_ORDERS]
    order = orders.journal.orders[number]
    if not order.is_open:
        return RechargeOutcome.of(order, order.message)
    delays = orders.delays_of(order, meter.entry)
    return RechargeOutcome.of(order, async_message(hass, order, delays))
