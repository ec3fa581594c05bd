"""Looking at a meter: its list of payments and its balance, as far as they can be had."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api import Interface, Payment, PlatformError, Priority, ReplyError, Session, Turn
from ..connection import client_of, session_of
from ..const import LOGGER
from .order import Order
from .proof import ONE_DAY, Look, Span
from .request import AccountMeter


def window(
    meter: AccountMeter, session: Session, orders: Iterable[Order] = (), *newest: datetime | None
) -> Span:
    """Return the span in which the platform's list has what is of now, and the orders' payments.

    Our clock may be wrong or may have been set, and so may the platform's: all that tells the time
    counts, also that of the `newest` record that is known.
    """
    coordinator = meter.coordinator
    if coordinator is not None and coordinator.is_known:
        newest = (*newest, coordinator.data.read_time)
    known = (dt_util.utcnow(), session.platform_now, *newest)
    times = [time for time in known if time is not None]
    times += [time for order in orders for time in order.times]
    return min(times) - ONE_DAY, max(times) + ONE_DAY


def has_shown_payments(session: Session) -> bool:
    """Tell whether the account's lists ever showed a payment."""
    return bool(session.habits[Interface.PAYMENTS].shown)


async def async_look(
    hass: HomeAssistant,
    meter: AccountMeter,
    orders: Sequence[Order],
    priority: Priority,
    *,
    whole: bool,
    time_of: Callable[[Order, float], datetime | None] = lambda *_: None,
) -> Look:
    """Look for orders of a meter; `whole` if that may prove that one isn't there.

    Then the balance is read as well, and the list to its end. `time_of` returns when that is by
    the clock that an order was answered by, if it may have been set since. Raises PlatformError if
    the list can't be had.
    """
    client, session = client_of(hass, meter.entry), session_of(hass, meter.entry)
    at, clock = dt_util.utcnow(), hass.loop.time()
    balance, read_time = None, None
    if whole:
        try:
            info = await client.get_meter(meter.user_code, Turn(priority))
            balance, read_time = info.balance, info.read_time
        except PlatformError as err:
            LOGGER.debug("Meter %s can't be read: %s", meter.user_code, err)
            whole = False
    times = [time_of(order, clock) for order in orders]
    span = window(meter, session, orders, read_time, at, *times)
    payments: list[Payment]
    try:
        payments = await client.get_payments(meter.user_code, *span, Turn(priority), complete=whole)
    except ReplyError as err:
        LOGGER.debug("The payments of %s prove nothing: %s", meter.user_code, err)
        whole = False
        payments = await client.get_payments(meter.user_code, *span, Turn(priority))
    return Look(
        at=at,
        platform=meter.platform,
        span=span,
        payments=payments,
        # One that can't be read may have risen.
        is_complete=whole and balance is not None,
        balance=balance,
        clock=clock,
    )
