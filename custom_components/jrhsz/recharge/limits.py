"""What a recharge is refused for before anything is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
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
from .proof import matches, number_of_ours
from .request import CreditedMeter
from .words import async_user_name


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


async def async_refuse_newer(
    hass: HomeAssistant, journal: Journal, meter: CreditedMeter, seen: str | None
) -> None:
    """Refuse if there is a newer order of a meter than the one that somebody saw last.

    None was seen if it is an empty text; nothing is compared if it is not told.
    """
    newest = newest_order(journal, meter)
    if seen is None or newest is None or newest.number == seen:
        return
    known = journal.orders.get(seen)
    if known is not None and known.sent >= newest.sent:
        return
    user = await async_user_name(hass, newest.user_id)
    minutes = max(1, (dt_util.utcnow() - newest.sent) // timedelta(minutes=1))
    told = {"minutes": str(minutes), "amount": f"{newest.amount:.2f}", "meter": meter.name}
    if user is None:
        raise refusal(key="newer_order_by_automation", **told)
    raise refusal(key="newer_order", user=user, **told)


def refuse_above_limit(meter: CreditedMeter, amount: Decimal | None) -> None:
    """Refuse what is too much for one order, as far as its amount is known."""
    limit = Settings.of(meter.entry.options).max_recharge
    if limit <= 0:
        raise refusal(key="recharge_off")
    if amount is not None and amount > limit:
        raise refusal(key="limit_per_order", limit=f"{limit:.2f}")


@dataclass(frozen=True, slots=True)
class DayLimit:
    """A limit of a day, and what is used of it; refusals for it have a `key`."""

    key: str
    limit: Decimal
    used: Decimal

    @property
    def left(self) -> Decimal:
        """Return what is left of it."""
        return max(self.limit - self.used, Decimal(0))

    def refuse_beyond(self, amount: Decimal, key: str | None = None, **placeholders: str) -> None:
        """Refuse an amount that is more than what is left."""
        if self.used + amount > self.limit:
            raise refusal(
                key=key or self.key,
                limit=f"{self.limit:.2f}",
                used=f"{self.used:.2f}",
                left=f"{self.left:.2f}",
                **placeholders,
            )


def limits_of_day(
    journal: Journal, meter: CreditedMeter, payments: Sequence[Payment] = ()
) -> tuple[DayLimit, DayLimit]:
    """Return the limits of today, in China Standard Time: that of a meter, and of its account.

    What is confirmed or unknown counts, and so do the meter's payments that are ours and aren't
    among these orders: of another Home Assistant, of before a restore, or believed to be rejected.
    So does what is of a later day: the clock was set back.
    """
    midnight = midnight_in_china(dt_util.utcnow())
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
    of_account = _of_account(meter, counted)
    return (
        DayLimit(
            "limit_per_day",
            settings.max_recharge_per_day,
            _total(order.amount for order in of_meter) + others,
        ),
        DayLimit(
            "limit_total_per_day",
            settings.max_recharge_total_per_day,
            _total(order.amount for order in of_account) + others,
        ),
    )


def midnight_in_china(now: datetime) -> datetime:
    """Return when the day began whose limits count."""
    return datetime.combine(day_in_china(now), time.min, CHINA_STANDARD_TIME)


def newest_order(journal: Journal, meter: CreditedMeter) -> Order | None:
    """Return the newest order of a meter that isn't known to be rejected."""
    orders = reversed(journal.of_meter(meter.user_code))
    return next(
        (order for order in orders if meter.shares(order) and order.status is not Status.REJECTED),
        None,
    )


def _is_ours(journal: Journal, payment: Payment) -> bool:
    """Tell whether a payment bears a number that the journal knows, or of our own making."""
    number = payment.order_number
    return number_of_ours(number) is not None or journal.knows(number)


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
