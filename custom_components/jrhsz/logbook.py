"""Lines of the logbook: what came of recharges; who asked for them stands in their context."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .recharge.orders import EVENT_RECHARGE


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
        """Return which meter it was, how much, and what came of it."""
        data = event.data
        device = dr.async_get(hass).async_get(data["device_id"])
        texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
        text = texts.get(f"component.{DOMAIN}.selector.logbook.options.{data['status']}", "")
        return {
            LOGBOOK_ENTRY_NAME: (device.name_by_user or device.name) if device else DOMAIN,
            LOGBOOK_ENTRY_MESSAGE: text.format(
                amount=f"{data['amount']:.2f}", order_number=data["order_number"]
            ),
        }

    async_describe_event(DOMAIN, EVENT_RECHARGE, async_describe_recharge)
