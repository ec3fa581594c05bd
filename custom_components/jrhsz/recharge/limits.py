"""What a recharge is refused for before anything is sent."""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..api import CHINA_STANDARD_TIME, MeterInfo, Payment
from ..const import DOMAIN
from ..settings import Settings
from .journal import Journal
from .order import Status
from .request import Meter

OUR_NUMBER: Final = re.compile(r"HA[0-9A-Z]{22,30}")


def refusal(*, key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error that refuses a recharge; nothing was sent."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def refuse_while_stopping(hass: HomeAssistant) -> None:
    """Refuse when Home Assistant may end before the platform has answered."""
    if hass.is_stopping:
        raise refusal(key="stopping")


def is_below(info: MeterInfo, threshold: Decimal) -> bool:
    """Tell whether the balance is below a threshold; refuse if it can't be told."""
    if info.balance is None:
        raise refusal(key="balance_unknown")
    return info.balance < threshold


def refuse_open_order(journal: Journal, meter: Meter) -> None:
    """Refuse while it is unknown whether an earlier order was credited."""
    for order in journal.unsettled:
        if order.is_open and meter.is_of(order):
            raise refusal(key="open_order", meter=meter.name, order_number=order.number)


def refuse_above_limit(meter: Meter, amount: Decimal) -> None:
    """Refuse what is too much for one order."""
    limit = Settings.of(meter.entry.options).max_recharge
    if limit <= 0:
        raise refusal(key="recharge_off")
    if amount > limit:
        raise refusal(key="limit_per_order", limit=f"{limit:.2f}")


def refuse_beyond_day(
    journal: Journal, meter: Meter, amount: Decimal, payments: list[Payment]
) -> None:
    """Refuse what is too much for today, in China Standard Time.

    What is confirmed or unknown counts, and so do the meter's payments that bear a number of ours
    but not of this journal. So does what is of a later day: the clock was set back.
    """
    today = _day(dt_util.utcnow())
    counted = [
        order
        for order in journal.sent_since(datetime.combine(today, time.min, CHINA_STANDARD_TIME))
        if order.status is not Status.REJECTED
    ]
    foreign = _total(
        payment.amount
        for payment in payments
        if payment.time is not None
        and _day(payment.time) >= today
        and OUR_NUMBER.fullmatch(payment.order_number)
        and not journal.knows(payment.order_number)
    )
    of_meter = foreign + _total(order.amount for order in counted if meter.is_of(order))
    of_account = foreign + _total(o.amount for o in counted if o.account_id == meter.account)
    settings = Settings.of(meter.entry.options)
    for key, limit, used in (
        ("limit_per_day", settings.max_recharge_per_day, of_meter),
        ("limit_total_per_day", settings.max_recharge_total_per_day, of_account),
    ):
        if used + amount > limit:
            raise refusal(
                key=key,
                limit=f"{limit:.2f}",
                used=f"{used:.2f}",
                left=f"{max(limit - used, Decimal(0)):.2f}",
            )


def _day(moment: datetime) -> date:
    """Return the day of a time in China Standard Time."""
    return moment.astimezone(CHINA_STANDARD_TIME).date()


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Return the sum of what is positive: a payment taken back frees nothing of a limit."""
    return sum((amount for amount in amounts if amount is not None and amount > 0), Decimal(0))
