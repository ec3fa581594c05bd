"""Telling automations what comes of orders: each outcome once, as soon as they can hear it.

The journal remembers what wasn't told yet, in the line that has the outcome: what was settled while
Home Assistant started, stopped or was killed is told afterwards.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from homeassistant.core import CoreState, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN
from .journal import Journal
from .order import Order

SIGNAL_OUTCOME: Final[SignalType[Order]] = SignalType(f"{DOMAIN}_outcome")

# Automations are switched on after the start, one after the other.
_ARMING_SECONDS: Final = 10


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

        async def async_armed(_: datetime) -> None:
            """Begin when automations had the time to be switched on."""
            await self._async_begin()

        @callback
        def async_wait(hass: HomeAssistant) -> None:
            """Leave automations that time."""
            job = HassJob(async_armed, cancel_on_shutdown=True)
            async_call_later(hass, _ARMING_SECONDS, job)

        async_at_started(self._hass, async_wait)

    def to_be_told(self, order: Order) -> Order:
        """Return an order with a new outcome as it is to be written before that is told.

        Between the two only the process's end can keep it from being told, and never twice.
        """
        return replace(order, untold=not self._can_be_heard or self._hass.is_stopping)

    @callback
    def async_tell(self, order: Order) -> None:
        """Tell an outcome that is written, unless it was left for later."""
        if not order.untold:
            async_dispatcher_send(self._hass, SIGNAL_OUTCOME, order)

    async def _async_begin(self) -> None:
        """Tell what wasn't told before, but for what is being found out."""
        self._can_be_heard = True
        rest = [
            replace(order, untold=False)
            for order in self._journal.orders.values()
            if order.untold and not self._is_under_way(order)
        ]
        if rest:
            await self._journal.async_update(*rest)
        for order in rest:
            self.async_tell(order)
