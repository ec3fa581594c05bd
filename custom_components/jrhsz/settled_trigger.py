"""The trigger by what comes of recharges."""

from typing import Any, Final, cast, override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import DOMAIN
from .recharge.order import Order, Status
from .recharge.outcomes import SIGNAL_OUTCOME
from .responses import float_or_none
from .targets import async_meant

CONF_STATUSES: Final = "statuses"

_ALL: Final = [status.value for status in Status]
_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
        vol.Required(CONF_OPTIONS, default={}): {
            vol.Required(CONF_STATUSES, default=_ALL): vol.All(
                cv.ensure_list, vol.Length(min=1), [vol.In(_ALL)]
            )
        },
    }
)


class RechargeSettledTrigger(Trigger):
    """Trigger with each outcome of an order of a meter that the target means, also a later one.

    It follows the journal: events of the same name can be fired by anybody, and what was settled
    while no automation was on is told later.
    """

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options."""
        return cast(ConfigType, _SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take target and options."""
        super().__init__(hass, config)
        self._target = config.target or {}
        self._statuses = set((config.options or {}).get(CONF_STATUSES, _ALL))

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Listen for outcomes."""

        @callback
        def async_note(order: Order, later: bool) -> None:  # noqa: FBT001  a signal's value
            """Run the action, in a context of its own, if the order is meant."""
            identifier = f"{order.account_id}|{order.user_code}"
            if order.status not in self._statuses:
                return
            if async_meant(self._hass, self._target, [identifier]):
                text = f"recharge of {order.meter}: {order.status}"
                run_action({**self._payload(order, identifier), "later": later}, text, Context())

        return async_dispatcher_connect(self._hass, SIGNAL_OUTCOME, async_note)

    def _payload(self, order: Order, identifier: str) -> dict[str, Any]:
        """Return what actions and templates learn of an order; amounts are in yuan."""
        entries = self._hass.config_entries
        entry = entries.async_entry_for_domain_unique_id(DOMAIN, order.account_id)
        device = entry and dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, identifier), entry.entry_id
        )
        return {
            "order_number": order.number,
            "device_id": device.id if device else order.device_id,
            "user_code": order.user_code,
            "meter": order.meter,
            "amount": float(order.amount),
            "status": order.status.value,
            "source": order.source.value,
            "message": order.message,
            "balance_before": float_or_none(order.balance_before),
            "sent": order.sent,
        }
