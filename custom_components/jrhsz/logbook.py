"""Lines of the logbook: what came of recharges; who asked for them stands in their context."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .recharge.order import Status
from .recharge.orders import DATA_ORDERS, EVENT_RECHARGE
from .texts import async_text


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[
        [str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None
    ],
) -> None:
    """Describe the events of recharges."""

    @callback
    def async_describe_recharge(event: LazyEventPartialState) -> dict[str, Any]:
        """Return which meter it was, how much, and what came of it, as the journal knows it.

        Any user's mobile app can fire such an event.
        """
        order = hass.data[DATA_ORDERS].journal.orders.get(str(event.data.get("order_number")))
        if order is None:
            message = async_text(hass, "selector", "logbook.options.not_ours")
            return {LOGBOOK_ENTRY_NAME: DOMAIN, LOGBOOK_ENTRY_MESSAGE: message}
        was_open = event.data.get("status") == Status.UNKNOWN
        status = Status.UNKNOWN if was_open else order.status
        device = dr.async_get(hass).async_get(order.device_id)
        return {
            LOGBOOK_ENTRY_NAME: (device.name_by_user or device.name) if device else DOMAIN,
            LOGBOOK_ENTRY_MESSAGE: async_text(
                hass,
                "selector",
                f"logbook.options.{status}",
                amount=f"{order.amount:.2f}",
                order_number=order.number,
            ),
        }

    async_describe_event(DOMAIN, EVENT_RECHARGE, async_describe_recharge)
