"""Orders by what is asked of them, so that no question goes through all of them."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from .order import Order

_ALL: Final = ("", "")

type _Place = tuple[str, str]
type _Entry = tuple[datetime, str]


class OrderIndex:
    """Orders by number, and in the order of time: all, of a meter, of an account."""

    def __init__(self) -> None:
        """Start without any."""
        self._orders: dict[str, Order] = {}
        self.by_number: Mapping[str, Order] = MappingProxyType(self._orders)
        self._unsettled: defaultdict[_Place, dict[str, Order]] = defaultdict(dict)
        self._capitals: dict[str, tuple[str, ...]] = {}
        self._lists: defaultdict[_Place, list[_Entry]] = defaultdict(list)

    def put(self, order: Order) -> None:
        """Add an order, or replace the one of its number."""
        old, number = self._orders.get(order.number), order.number
        self._orders[number] = order
        if old is not None:
            self._settle(old)
        for place in _unsettled_places(order):
            self._unsettled[place][number] = order
        if old is None and number != (shown := number.upper()):
            self._capitals[shown] = *self._capitals.get(shown, ()), number
        if old is None or _places(old) != _places(order) or old.sent != order.sent:
            if old is not None:
                self._take_out(old)
            for place in _places(order):
                insort(self._lists[place], (order.sent, number))

    def drop(self, order: Order) -> None:
        """Forget an order."""
        del self._orders[order.number]
        self._settle(order)
        shown = order.number.upper()
        alike = self._capitals.pop(shown, ())
        if others := tuple(number for number in alike if number != order.number):
            self._capitals[shown] = others
        self._take_out(order)

    def _settle(self, order: Order) -> None:
        """Take an order out of those that are unsettled."""
        for place in _unsettled_places(order):
            del self._unsettled[place][order.number]
            if not self._unsettled[place]:
                del self._unsettled[place]

    def _take_out(self, order: Order) -> None:
        """Take an order out of the lists."""
        for place in _places(order):
            entries = self._lists[place]
            del entries[bisect_left(entries, (order.sent, order.number))]
            if not entries:
                del self._lists[place]

    def alike(self, number: str) -> list[Order]:
        """Return the orders of a number, capitals or not: platforms differ in showing them."""
        shown = number.upper()
        numbers = (shown, *self._capitals.get(shown, ()))
        return [self._orders[alike] for alike in numbers if alike in self._orders]

    @property
    def accounts(self) -> set[str]:
        """Return the accounts that have orders."""
        return {name for kind, name in self._lists if kind == "account"}

    @property
    def unsettled(self) -> list[Order]:
        """Return the orders that are open or watched, oldest first."""
        return self._unsettled_at(_ALL)

    def unsettled_of(self, user_code: str) -> list[Order]:
        """Return those of a user code, on whatever platform, oldest first."""
        return self._unsettled_at(("meter", user_code))

    def unsettled_of_account(self, account_id: str) -> list[Order]:
        """Return those of an account, oldest first."""
        return self._unsettled_at(("account", account_id))

    def open_of_account(self, account_id: str) -> list[Order]:
        """Return the open orders of an account, oldest first."""
        return self._unsettled_at(("open", account_id))

    def _unsettled_at(self, place: _Place) -> list[Order]:
        """Return the unsettled orders of a place, oldest first."""
        return sorted(self._unsettled.get(place, {}).values(), key=lambda order: order.sent)

    def sent_since(self, begin: datetime) -> list[Order]:
        """Return all orders since a time, oldest first."""
        return self._since(_ALL, begin)

    def of_meter(self, user_code: str, begin: datetime | None = None) -> list[Order]:
        """Return the orders of a user code, on whatever platform, oldest first."""
        return self._since(("meter", user_code), begin)

    def of_account(self, account: str, begin: datetime | None = None) -> list[Order]:
        """Return the orders of an account, oldest first."""
        return self._since(("account", account), begin)

    def last_of_account(self, account_id: str, count: int) -> list[Order]:
        """Return the last orders of an account, oldest first."""
        entries = self._lists.get(("account", account_id), [])
        return [self._orders[number] for _, number in entries[-count:]]

    def _since(self, place: _Place, begin: datetime | None) -> list[Order]:
        """Return the orders of a list since a time."""
        entries = self._lists.get(place, [])
        first = bisect_left(entries, (begin, "")) if begin is not None else 0
        return [self._orders[number] for _, number in entries[first:]]


def _places(order: Order) -> tuple[_Place, ...]:
    """Return the lists in which an order stands."""
    return _ALL, ("meter", order.user_code), ("account", order.account_id)


def _unsettled_places(order: Order) -> tuple[_Place, ...]:
    """Return where an order is found as long as it is unsettled."""
    if not order.is_unsettled:
        return ()
    return (*_places(order), *((("open", order.account_id),) if order.is_open else ()))
