"""What a list of payments and the balance prove about an order.

Found is found: a payment of its number and amount. That something is absent proves only after time,
on a list of which nothing is missing, and while nothing else hints at a credit: neither a payment
of the same amount nor a rise of the balance that other payments don't explain. What isn't proven
stays unknown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import re
from typing import Final, Self

from homeassistant.util import dt as dt_util

from ..api import Payment
from .delays import LISTS, LONGEST, ListDelays, next_proof
from .order import Order, Source, Status

OUR_NUMBER: Final = re.compile(r"HA[0-9A-Z]{22,30}")
ONE_DAY: Final = timedelta(days=1)
WATCHED: Final = timedelta(days=7)

# Of the characters of a number of ours more are letters, but for one in a million.
_FEW_LETTERS: Final = 6
_BEFORE: Final = timedelta(hours=1)
# The clocks of the platform's parts may differ a little.
_SLACK: Final = timedelta(minutes=10)
_HALF: Final = Decimal("0.5")
_NOTHING: Final = Decimal(0)

type Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a platform showed of a meter at a time.

    `is_complete` if no payment of the span is missing in the list and the balance was read as well;
    then the `clock` of the event loop, which nobody sets, tells when it began.
    """

    at: datetime
    platform: str
    span: Span
    payments: Sequence[Payment]
    is_complete: bool
    balance: Decimal | None = None
    clock: float | None = None

    @classmethod
    def of(cls, platform: str, span: Span, payments: Sequence[Payment]) -> Self:
        """Return a look that was not made for orders, and proves only what it shows."""
        now = dt_util.utcnow()
        return cls(at=now, platform=platform, span=span, payments=payments, is_complete=False)

    def covers(self, order: Order) -> bool:
        """Tell whether the payment of an order that was credited must be within the span.

        It is if all that tells the time of the order or of the look is at least a day within it.
        """
        times, (begin, end) = (*order.times, self.at), self.span
        is_within = begin + ONE_DAY <= min(times) and max(times) <= end - ONE_DAY
        return order.platform == self.platform and is_within


def matches(order_number: str, payment: Payment) -> bool:
    """Tell whether a payment is of an order number; platforms may show other capitals, or more.

    Only numbers of our own making are long enough to be sure inside another one.
    """
    number, shown = order_number.upper(), payment.order_number.upper()
    return number == shown or (OUR_NUMBER.fullmatch(order_number) is not None and number in shown)


def number_of_ours(shown: str) -> str | None:
    """Return the number of our own making that a payment shows, alone or inside a longer one.

    A longer one that only begins like ours and goes on with digits is somebody else's.
    """
    number = shown.upper()
    if OUR_NUMBER.fullmatch(number):
        return number
    found = OUR_NUMBER.search(number)
    letters = sum(character.isalpha() for character in found[0]) if found else 0
    return found[0] if found and letters > _FEW_LETTERS else None


def is_shown(order: Order, payments: Iterable[Payment]) -> bool:
    """Tell whether a list has the payment of an order."""
    return any(
        payment.amount == order.amount and matches(order.number, payment) for payment in payments
    )


def unclaimed(
    order: Order, payments: Sequence[Payment], others: Sequence[Order], earliest: datetime
) -> list[Payment]:
    """Return the payments that may be those of an order that isn't shown under its number.

    They have its amount or one that can't be read, are from an hour before it was sent or later,
    and neither bear the number of another order nor stand for one that is known to be credited and
    not shown by its number: such a payment has that one's amount, is of about its time, and not
    nearer to this one. If the platform's clock isn't known it may be as far behind as the
    `earliest` time that hints at it.
    """
    begin = min(order.times) - _BEFORE
    if order.platform_time is None:
        begin = min(begin, earliest - _BEFORE)
    found = [
        payment
        for payment in payments
        if payment.amount in {None, order.amount}
        and (payment.time is None or payment.time >= begin)
        and not any(matches(other.number, payment) for other in others)
    ]
    for other in others:
        is_hidden = other.status is Status.CONFIRMED and not is_shown(other, payments)
        if not is_hidden or other.amount != order.amount:
            continue
        theirs = [
            payment
            for payment in found
            if payment.amount == other.amount
            and _distance(payment, other) <= min(_SLACK, _distance(payment, order))
        ]
        if theirs:
            found.remove(min(theirs, key=lambda payment: _distance(payment, other)))
    return found


def probable(
    order: Order, payments: Iterable[Payment], knows: Callable[[str], bool]
) -> list[Payment]:
    """Return payments that may be the order's under another number: same amount, near its time."""
    return [
        payment
        for payment in payments
        if payment.amount == order.amount
        and payment.time is not None
        and _distance(payment, order) <= _BEFORE
        and not knows(payment.order_number)
    ]


def unexplained(order: Order, payments: Sequence[Payment], others: Sequence[Order]) -> Decimal:
    """Return by how much the balance rose since an order was sent beyond what else was credited.

    What was on its way before may have come, or not: it explains nothing.
    """
    ahead = (order.platform_time or order.ended) - order.ended
    credited = [
        (payment.time, payment.amount)
        for payment in payments
        if payment.time is not None
        and payment.amount is not None
        and payment.time >= order.sent + ahead
        and not matches(order.number, payment)
    ]
    credited += [
        (other.sent + ahead, other.amount)
        for other in others
        if other.status is Status.CONFIRMED
        and other.sent >= order.sent
        and not is_shown(other, payments)
    ]
    rest, risen = _NOTHING, _NOTHING
    for rise in order.rises:
        risen += rise.amount
        until = rise.at + ahead + _SLACK
        explained = sum((amount for time, amount in credited if time <= until), _NOTHING)
        rest = max(rest, risen - explained)
    return rest


def examined(order: Order, look: Look, others: Sequence[Order], delays: ListDelays | None) -> Order:
    """Return what a look at its meter makes of an order; `others` are those of the same meter.

    Without `delays` nothing is proven by what is absent.
    """
    if is_shown(order, look.payments):
        return replace(
            order,
            status=Status.CONFIRMED,
            source=order.source if _is_answered(order) else Source.PAYMENTS,
            message="",
            listed_at=order.listed_at or look.at,
            watch_until=None,
            doubted=False,
        )
    if (
        delays is not None
        and look.is_complete
        and look.covers(order)
        and not _is_mentioned(order, look.payments, others)
    ):
        order = _absent(order, look, others, delays)
    if order.watch_until is None or look.at < order.watch_until:
        return order
    # Without a proof for a day more, what was believed stands.
    is_over = look.is_complete or look.at >= order.watch_until + ONE_DAY
    return replace(order, watch_until=None) if is_over else order


def _absent(order: Order, look: Look, others: Sequence[Order], delays: ListDelays) -> Order:
    """Return what becomes of an order that a whole list of its own platform doesn't have."""
    order = replace(order, absent_at=look.at)
    wait = delays.until_doubt if order.status is Status.CONFIRMED else delays.patience(order)
    if wait is None or order.status is Status.REJECTED or order.doubted:
        return order
    if order.is_followed and not delays.listed:
        # Where nothing is ever listed there is nothing to doubt, and soon nothing to learn.
        is_over = look.at >= order.sent + LONGEST
        return replace(order, watch_until=None) if is_over else order
    order = _counted(order, look.at, wait)
    if order.absences < LISTS or look.at < order.ended + wait:
        return order
    hints = (
        unclaimed(order, look.payments, others, look.span[0] + ONE_DAY)
        or unexplained(order, look.payments, others) >= order.amount * _HALF
    )
    if hints:
        # A credit that something else speaks for is believed.
        is_over = order.is_followed and not order.doubted
        return replace(order, watch_until=None) if is_over else order
    if order.is_open:
        return _refuted(order, watch_until=look.at + WATCHED)
    if order.source is Source.ANSWER:
        return replace(order, doubted=True, watch_until=look.at + WATCHED)
    is_over = order.watch_until is not None and look.at >= order.watch_until
    is_wrong = is_over and delays.listed > 0 and not delays.are_lost
    return _refuted(order, watch_until=None) if is_wrong else order


def _counted(order: Order, at: datetime, wait: timedelta) -> Order:
    """Count an absence if it is far enough from the last one; the last may not come too early."""
    counts_from = next_proof(order, wait)
    if counts_from is None or at < counts_from:
        return order
    return replace(order, absences=order.absences + 1, counted_at=at)


def _refuted(order: Order, *, watch_until: datetime | None) -> Order:
    """Return an order that is proven not to have been credited."""
    return replace(order, status=Status.REJECTED, source=Source.PAYMENTS, watch_until=watch_until)


def _is_answered(order: Order) -> bool:
    """Tell whether the platform itself said that an order was credited."""
    return order.status is Status.CONFIRMED and order.source is Source.ANSWER


def _is_mentioned(order: Order, payments: Iterable[Payment], others: Sequence[Order]) -> bool:
    """Tell whether any payment has an order's number in its own, unless it is another order's."""
    number = order.number.upper()
    return any(
        number in payment.order_number.upper()
        and not any(payment.order_number.upper() == other.number.upper() for other in others)
        for payment in payments
    )


def _distance(payment: Payment, order: Order) -> timedelta:
    """Return how far a payment is from an order in time."""
    if payment.time is None:
        return timedelta.max
    return min(abs(payment.time - time) for time in order.times)
