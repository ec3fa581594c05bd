"""Known faults of money, to be put back: lives that are judged well find each of them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from unittest.mock import patch

from homeassistant.util import dt as dt_util

from custom_components.jrhsz.recharge import answer, delays, limits, look_up, orders, proof, send
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.journal_file import JournalFile
from custom_components.jrhsz.recharge.order import Order

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


def _soon(stack: ExitStack) -> None:
    """Believe a list a minute after a failure, however late it was before."""
    patience = delays.ListDelays.patience

    def impatient(known: delays.ListDelays, order: Order) -> timedelta | None:
        """Wait for a minute."""
        return None if patience(known, order) is None else _MINUTE

    stack.enter_context(patch.object(delays.ListDelays, "patience", impatient))


def _at_once(stack: ExitStack) -> None:
    """Count three lists in a second as three."""

    def counted(order: Order, at: Any, _: timedelta) -> Order:
        """Count any list."""
        return replace(order, absences=order.absences + 1, counted_at=at)

    def no_time(_: delays.ListDelays, order: Order) -> timedelta | None:
        """Wait for nothing."""
        return None if order.answered is None or order.code is None else timedelta(0)

    stack.enter_context(patch.object(proof, "_counted", counted))
    stack.enter_context(patch.object(delays.ListDelays, "patience", no_time))


def _case(stack: ExitStack) -> None:
    """Tell numbers in other capitals apart."""

    def equal(number: str, payment: Any) -> bool:
        """Compare as they are."""
        return bool(number == payment.order_number)

    for module in (proof, limits, send):
        if hasattr(module, "matches"):
            stack.enter_context(patch.object(module, "matches", equal))


def _our_clock(stack: ExitStack) -> None:
    """Look for payments around the time of our own clock alone."""

    def window(*_: Any) -> tuple[Any, Any]:
        """Trust our clock."""
        return dt_util.utcnow() - _DAY, dt_util.utcnow() + _DAY

    def covers(*_: Any) -> bool:
        """Trust any window."""
        return True

    for module in (look_up, send):
        stack.enter_context(patch.object(module, "window", window))
    stack.enter_context(patch.object(proof.Look, "covers", covers))


def _any_status(stack: ExitStack) -> None:
    """Take what failed on the way for a refusal."""
    right = answer.classified

    def classified(hass: Any, meter: Any, order: Order, err: Exception | None) -> Order:
        """Take any answer for 1001."""
        order = right(hass, meter, order, err)
        return order if not order.is_open or order.code else replace(order, code=1001)

    for module in (answer, send):
        stack.enter_context(patch.object(module, "classified", classified))


def _no_witness(stack: ExitStack) -> None:
    """Believe any journal that is found."""

    def believe(*_: Any) -> bool:
        """Believe it."""
        return True

    stack.enter_context(patch.object(JournalFile, "_is_what_was_written", believe))


def _bare_balance(stack: ExitStack) -> None:
    """Judge `only_below` by what the balance shows, without what is on its way."""

    def nothing(*_: Any) -> list[Order]:
        """Return that nothing is on its way."""
        return []

    stack.enter_context(patch.object(send, "_coming", nothing))


def _unwritten(stack: ExitStack) -> None:
    """Send what is reserved in memory alone."""

    async def reserve(journal: Journal, *reserved: Order) -> None:
        """Write nothing."""
        for order in reserved:
            journal._contents.orders.put(order)

    stack.enter_context(patch.object(Journal, "async_reserve", reserve))


def _blind(stack: ExitStack) -> None:
    """Overlook that the balance rose."""

    def nothing(*_: Any) -> Any:
        """Return that nothing rose."""
        return proof._NOTHING

    stack.enter_context(patch.object(proof, "unexplained", nothing))


def _each_meter_alone(stack: ExitStack) -> None:
    """Overlook what the account's other meters were credited with."""

    def nothing(*_: Any) -> list[Order]:
        """Return that the account has no orders."""
        return []

    stack.enter_context(patch.object(limits, "_of_account", nothing))


def _unwatched(stack: ExitStack) -> None:
    """Close what was refused for good."""
    right = proof.examined

    def examined(order: Order, *args: Any) -> Order:
        """Look no further."""
        new = right(order, *args)
        return replace(new, watch_until=None) if new.status == "rejected" else new

    for module in (proof, orders):
        stack.enter_context(patch.object(module, "examined", examined))


FAULTS: Final[dict[str, Callable[[ExitStack], None]]] = {
    "a minute after a failure, whatever the list was like": _soon,
    "three lists in a second": _at_once,
    "numbers in other capitals": _case,
    "a window by our clock alone": _our_clock,
    "another status than 200": _any_status,
    "a journal that was put back": _no_witness,
    "only_below by the balance alone": _bare_balance,
    "an order that isn't on the disk when it is sent": _unwritten,
    "a balance that rose": _blind,
    "limits of the account": _each_meter_alone,
    "a rejected order that is listed later": _unwatched,
}
