"""What a recharge is refused for before anything is sent."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from decimal import Decimal

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..address import are_two_names
from ..api import CHINA_STANDARD_TIME, Payment, day_in_china
from ..const import DOMAIN
from ..settings import Settings, chosen_meters
from .journal import Journal
from .order import Order, Status
from .proof import OUR_NUMBER, matches
from .request import CreditedMeter


def refusal(*, key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error that refuses a recharge; nothing was sent."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def refuse_while_stopping(hass: HomeAssistant) -> None:
    """Refuse when Home Assistant may end before the platform has answered."""
    if hass.is_stopping:
        raise refusal(key="stopping")


def refuse_open_order(journal: Journal, meter: CreditedMeter) -> None:
    """Refuse while it is unknown whether an earlier order was credited."""
    for order in journal.unsettled_of(meter.user_code):
        if order.is_open and meter.shares(order):
            raise refusal(key="open_order", meter=meter.name, order_number=order.number)


def refuse_above_limit(meter: CreditedMeter, amount: Decimal | None) -> None:
    """Refuse what is too much for one order, as far as its amount is known."""
    limit = Settings.of(meter.entry.options).max_recharge
    if limit <= 0:
        raise refusal(key="recharge_off")
    if amount is not None and amount > limit:
        raise refusal(key="limit_per_order", limit=f"{limit:.2f}")


def refuse_beyond_day(
    journal: Journal, meter: CreditedMeter, amount: Decimal, payments: Sequence[Payment]
) -> None:
    """Refuse what is too much for today, in China Standard Time.

    What is confirmed or unknown counts, and so do the meter's payments that are ours and aren't
    among these orders: of another Home Assistant, of before a restore, or believed to be rejected.
    So does what is of a later day: the clock was set back.
    """
    today = day_in_china(dt_util.utcnow())
    midnight = datetime.combine(today, time.min, CHINA_STANDARD_TIME)
    counted = [
        order for order in journal.sent_since(midnight) if order.status is not Status.REJECTED
    ]
    of_meter = [order for order in counted if meter.shares(order)]
    others = _total(
        payment.amount
        for payment in payments
        if (payment.time is None or payment.time >= midnight)
        and _is_ours(journal, payment)
        and not any(matches(order.number, payment) for order in of_meter)
    )
    settings = Settings.of(meter.entry.options)
    for key, limit, used in (
        ("limit_per_day", settings.max_recharge_per_day, _total(o.amount for o in of_meter)),
        (
            "limit_total_per_day",
            settings.max_recharge_total_per_day,
            _total(order.amount for order in _of_account(meter, counted)),
        ),
    ):
        if (used := used + others) + amount > limit:
            raise refusal(
                key=key,
                limit=f"{limit:.2f}",
                used=f"{used:.2f}",
                left=f"{max(limit - used, Decimal(0)):.2f}",
            )


def _is_ours(journal: Journal, payment: Payment) -> bool:
    """Tell whether a payment bears a number that the journal knows, or of our own making."""
    number = payment.order_number
    return OUR_NUMBER.fullmatch(number.upper()) is not None or journal.knows(number)


def _of_account(meter: CreditedMeter, orders: Iterable[Order]) -> list[Order]:
    """Return the orders of a meter's account, also those under another name of its platform."""
    codes = chosen_meters(meter.entry.options)
    return [
        order
        for order in orders
        if order.account_id == meter.account_id
        or (
            order.username == meter.username
            and order.user_code in codes
            and (order.platform == meter.platform or are_two_names(order.platform, meter.platform))
        )
    ]


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Return the sum of what is positive: a payment taken back frees nothing of a limit."""
    return sum((amount for amount in amounts if amount is not None and amount > 0), Decimal(0))
