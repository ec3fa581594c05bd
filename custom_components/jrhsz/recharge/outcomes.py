"""Telling automations what comes of orders: each outcome once, as soon as they can hear it.

The journal remembers what wasn't told yet, in the line that has the outcome: what was settled while
Home Assistant started, stopped or was killed is told afterwards.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.signal_type import SignalType

from ..arming import async_at_armed
from ..const import DOMAIN
from .journal import Journal
from .order import Order

SIGNAL_OUTCOME: Final[SignalType[Order, bool]] = SignalType(f"{DOMAIN}_outcome")


class Outcomes:
    """Tells outcomes, or leaves them to be told when somebody can hear them."""

    def __init__(
        self, hass: HomeAssistant, journal: Journal, is_under_way: Callable[[Order], bool]
    ) -> None:
        """Tell nothing before the start."""
        self._hass = hass
        self._journal = journal
        self._is_under_way = is_under_way
        self._can_be_heard = False

    @callback
    def async_start(self) -> None:
        """Tell what wasn't told before as soon as automations are on."""
        if self._hass.state is CoreState.running:
            self._hass.async_create_task(self._async_begin(), f"{DOMAIN} outcomes")
            return

        async_at_armed(self._hass, self._async_begin)

    def to_be_told(self, order: Order) -> Order:
        """Return an order with a new outcome as it is to be written before that is told.

        Between the two only the process's end can keep it from being told, and never twice.
        """
        return replace(order, untold=not self._can_be_heard or self._hass.is_stopping)

    @callback
    def async_tell(self, order: Order, *, later: bool = True) -> None:
        """Tell an outcome that is written, unless it was left until it can be heard.

        It comes `later` if no call of an action waits for it.
        """
        if not order.untold:
            async_dispatcher_send(self._hass, SIGNAL_OUTCOME, order, later)

    @callback
    def async_tell_rest(self) -> None:
        """Tell what a journal holds that could not be read before."""
        if self._can_be_heard:
            self._hass.async_create_task(self._async_tell_rest(), f"{DOMAIN} outcomes")

    async def _async_begin(self) -> None:
        """Tell what wasn't told before, and all that comes."""
        self._can_be_heard = True
        await self._async_tell_rest()

    async def _async_tell_rest(self) -> None:
        """Tell what wasn't told before, but for what is being found out."""
        rest = [
            replace(order, untold=False)
            for order in self._journal.orders.values()
            if order.untold and not self._is_under_way(order)
        ]
        if rest:
            await self._journal.async_update(*rest)
        for order in rest:
            self.async_tell(order)
