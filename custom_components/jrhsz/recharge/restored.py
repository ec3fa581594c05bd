"""What a meter's payments tell of orders that the journal may lack.

Somebody who puts a backup back takes the journal back too: orders made since are not in it. The
platform has them, so its list of payments is asked before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import Interface, Payment
from ..connection import session_of
from ..const import LOGGER
from .gap import compared
from .journal import Journal
from .limits import midnight_in_china, refusal
from .order import Order, Source, Status
from .proof import ONE_DAY, Span, number_of_ours
from .request import CreditedMeter, Request

# How wrong a clock may be, ours or the platform's.
_MARGIN: Final = timedelta(days=7)
_YOUNG: Final = timedelta(days=31)
_CALLS: Final = 5


def payments_needed(
    hass: HomeAssistant, journal: Journal, meter: CreditedMeter, request: Request
) -> tuple[Span, bool]:
    """Return of which span a meter's payments must be known before its order, and if all of them.

    That is longer than for today's limits after a restore or a loss, once for each meter, and for a
    number that the caller gave while this machine has had the journal for less than a month. Raises
    ServiceValidationError until a person knows of the gap.
    """
    now, number, gap = dt_util.utcnow(), request.order_number, journal.gap
    since = midnight_in_china(now) - ONE_DAY
    if number is not None and not journal.knows(number) and now - journal.since < _YOUNG:
        since = min(since, now - min(_searched(hass, meter), request.searched))
    if gap is None or compared(meter.account_id, meter.user_code) in journal.notes:
        return (since, now), False
    if not gap.confirmed:
        raise refusal(key="journal_restored")
    return (min(since, gap.begin - _MARGIN), now + _MARGIN), True


async def async_take_over_missing(
    journal: Journal, meter: CreditedMeter, payments: Sequence[Payment]
) -> None:
    """Take the orders of a gap over that a meter's payments since then show.

    Raises HomeAssistantError, and nothing may be sent, if they can't be written.
    """
    key = compared(meter.account_id, meter.user_code)
    if journal.gap is None or key in journal.notes:
        return
    missing: dict[str, Order] = {}
    for payment in payments:
        number = number_of_ours(payment.order_number)
        if number is None or journal.knows(number):
            continue
        if payment.amount is not None and payment.amount > 0:
            missing[number] = _order(meter, number, payment, payment.amount)
    if missing:
        LOGGER.warning("The journal lacked orders, which are taken over: %s", ", ".join(missing))
        await journal.async_reserve(*missing.values())
    await journal.async_note(key, value=True)


def _searched(hass: HomeAssistant, meter: CreditedMeter) -> timedelta:
    """Return how far back a number is searched: a month, if that takes but a few calls."""
    habits = session_of(hass, meter.entry).habits[Interface.PAYMENTS]
    window = habits.window_for(meter.user_code)
    if window is None or window.days is None:
        return _YOUNG
    # What is asked for ends tomorrow, and is a day longer at both sides.
    return min(_YOUNG, (_CALLS * window.days - 4) * ONE_DAY)


def _order(meter: CreditedMeter, number: str, payment: Payment, amount: Decimal) -> Order:
    """Return the order of a payment, which nobody remembers."""
    return replace(
        meter.order(number, amount),
        sent=payment.time or dt_util.utcnow(),
        status=Status.CONFIRMED,
        source=Source.PAYMENTS,
    )
