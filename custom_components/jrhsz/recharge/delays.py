"""How late an account's list of payments shows what was credited, and so when its silence counts.

The platform's document doesn't say whether the list shows our numbers, nor how soon. It is learnt
from the account's own orders: those that were credited are looked for until the list shows them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from ..api import is_door_check, is_general_failure
from .order import Order, Status

# At these times after it was sent a credited order is looked for until it is listed. They grow by
# no more than four times, so that four times what a look-up just missed is later than the truth.
FOLLOWED: Final = (
    *(timedelta(minutes=minutes) for minutes in (1, 3, 10, 30)),
    *(timedelta(hours=hours) for hours in (2, 8, 26)),
)
LONGEST: Final = FOLLOWED[-1]
# So many lists, evenly apart, must show nothing.
LISTS: Final = 3

_AFTER_DOOR_CHECK: Final = timedelta(minutes=1)
_AFTER_FAILURE: Final = timedelta(minutes=10)
_AFTER_FAILURE_UNSEEN: Final = timedelta(hours=1)
_MARGIN: Final = 4
_RECENT: Final = 50
_ENOUGH: Final = 3
_NO_TIME: Final = timedelta(0)
# What is open is looked up with growing pauses for a quarter of an hour.
_OPEN: Final = tuple(timedelta(seconds=seconds) for seconds in (15, 45, 105, 225, 465, 900))
_LEAST_PART: Final = 0.25
_RETRY: Final = timedelta(seconds=20)
_RETRIES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDelays:
    """What the last orders of an account tell about its list of payments.

    `listed` of them were shown, `longest` after they were sent at most. Others were credited and
    are not shown yet, `lacking` for so long already, which is too long if they are `lost`.
    `has_shown` if the list ever showed any payment.
    """

    listed: int
    longest: timedelta
    lacking: timedelta
    has_shown: bool

    @classmethod
    def of(cls, orders: Iterable[Order], *, has_shown: bool) -> Self:
        """Return what orders, oldest first, tell: those of one account at one platform."""
        credited = [order for order in orders if order.status is Status.CONFIRMED][-_RECENT:]
        listed = [order for order in credited if order.listed_at is not None]
        return cls(
            listed=len(listed),
            longest=max(map(_delay, listed), default=_NO_TIME),
            lacking=max(
                (_lacked(order) for order in credited if order.listed_at is None),
                default=_NO_TIME,
            ),
            has_shown=has_shown or bool(listed),
        )

    @property
    def are_lost(self) -> bool:
        """Tell whether something that was credited wasn't shown for as long as is waited."""
        return self.lacking >= LONGEST

    def patience(self, order: Order) -> timedelta | None:
        """Return how long after its answer an order's absence proves that nothing was credited.

        Nothing if it never does: it wasn't refused, or the list doesn't show all that is credited.
        """
        if self.are_lost or order.answered is None:
            return None
        if is_door_check(order.code):
            return _AFTER_DOOR_CHECK
        if not is_general_failure(order.code):
            return None
        return min(max(self._least_patience, _MARGIN * max(self.longest, self.lacking)), LONGEST)

    @property
    def _least_patience(self) -> timedelta:
        """Return how long is waited at least after a general failure, which may come after all."""
        if self.listed >= _ENOUGH:
            return _AFTER_DOOR_CHECK
        return _AFTER_FAILURE if self.has_shown else _AFTER_FAILURE_UNSEEN

    @property
    def until_doubt(self) -> timedelta:
        """Return how long after its answer a credited order that isn't listed is to be doubted."""
        return max(LONGEST, _MARGIN * self.longest)


def needs_whole(order: Order) -> bool:
    """Tell whether the list must be read to its end for an order.

    There an open one may be, or be absent, or a rejected one after all; of one that was credited
    it tells how late the list is.
    """
    return order.is_open or order.watch_until is not None


def next_proof(order: Order, wait: timedelta) -> datetime | None:
    """Return from when on the next list that lacks an order counts, if one more is needed.

    They are evenly apart, the last one when the wait is over; one that comes late puts off no other
    by more than a part.
    """
    if order.absences >= LISTS:
        return None
    in_time = order.ended + wait * (order.absences + 1) / LISTS
    return max(in_time, (order.counted_at or order.ended) + wait * _LEAST_PART)


def next_look(order: Order, delays: ListDelays, looked_at: datetime | None) -> datetime | None:
    """Return when an order is to be looked up after the last time, beside the regular passes."""
    if order.is_open:
        begin, wait = order.ended, delays.patience(order)
        pauses: Iterable[timedelta] = _OPEN
    elif order.is_followed and order.watch_until is not None and not order.doubted:
        # Where nothing is ever listed there is nothing to doubt, and little to learn.
        begin, wait = order.sent, delays.until_doubt if delays.listed else None
        pauses = FOLLOWED[-1:] if delays.are_lost and not delays.listed else FOLLOWED
        pauses = (*pauses, order.watch_until - begin)
    else:
        return None
    last = looked_at or begin
    due = [begin + pause for pause in pauses if begin + pause > last]
    if wait is not None and (proof := next_proof(order, wait)) is not None:
        # After one that failed, or proved nothing, not at once again.
        is_new = proof > last or (order.counted_at is not None and order.counted_at >= last)
        due.append(proof if is_new else last + max(_RETRY, wait / _RETRIES))
    return min(due, default=None)


def _lacked(order: Order) -> timedelta:
    """Return for how long after it was sent the list is known to have lacked an order."""
    return order.absent_at - order.sent if order.absent_at else _NO_TIME


def _delay(order: Order) -> timedelta:
    """Return how late an order was listed, so that four times that is later than the truth."""
    shown = order.listed_at - order.sent if order.listed_at else _NO_TIME
    return max(_lacked(order), shown / _MARGIN)
