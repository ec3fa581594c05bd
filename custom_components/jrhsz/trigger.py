"""The trigger for automations: a meter's balance became low."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast, override

from homeassistant.const import CONF_FOR
from homeassistant.core import CALLBACK_TYPE, Context, HassJob, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_EACH,
    BEHAVIOR_FIRST,
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from .balance import BecameLow
from .const import DOMAIN
from .coordinator import SIGNAL_BECAME_LOW, MeterCoordinator
from .targets import async_meters_in


class BalanceBecameLowTrigger(Trigger):
    """Trigger when the balance of a meter becomes low, once for each fall.

    It follows what was read, not what is shown: an outage, a restart or a disabled entity in
    between changes nothing. Which meters its target means is looked up at each fall. With the
    behavior `first` only the first of them counts until none is low any more, with `all` the one
    by which all are low; with `for` it has to be low for so long.
    """

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate target and options as those of Home Assistant's own triggers."""
        return cast(ConfigType, ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take target and options."""
        super().__init__(hass, config)
        options = config.options or {}
        self._target = config.target or {}
        self._behavior: str = options.get(ATTR_BEHAVIOR, BEHAVIOR_EACH)
        self._for: timedelta = options.get(CONF_FOR) or timedelta(0)

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Listen for falls."""
        waiting: dict[tuple[str, str], CALLBACK_TYPE] = {}

        @callback
        def async_run(meter: MeterCoordinator, fall: BecameLow) -> None:
            """Run the action, in a context of its own, as a change of a state would."""
            text = f"balance of {meter.device_name} became low"
            run_action(self._payload(meter, fall), text, Context())

        @callback
        def async_note(meter: MeterCoordinator, fall: BecameLow) -> None:
            """Run the action if the meter is meant, at once or later."""
            meters = async_meters_in(self._hass, self._target)
            if meter not in meters or not self._is_due(meter, meters):
                return
            if not self._for:
                async_run(meter, fall)
                return

            @callback
            def async_later(_: datetime) -> None:
                """Run the action if the balance is low still, of the meter as it is now."""
                del waiting[meter.device_identifier]
                now = next(
                    (
                        other
                        for other in async_meters_in(self._hass, self._target)
                        if other.device_identifier == meter.device_identifier
                    ),
                    None,
                )
                if now is not None and now.balance.is_low:
                    async_run(now, fall)

            if (cancel := waiting.pop(meter.device_identifier, None)) is not None:
                cancel()
            waiting[meter.device_identifier] = async_call_later(
                self._hass, self._for, HassJob(async_later, cancel_on_shutdown=True)
            )

        disconnect = async_dispatcher_connect(self._hass, SIGNAL_BECAME_LOW, async_note)

        @callback
        def async_detach() -> None:
            """Listen no longer."""
            disconnect()
            for cancel in waiting.values():
                cancel()

        return async_detach

    def _is_due(self, meter: MeterCoordinator, meters: Sequence[MeterCoordinator]) -> bool:
        """Tell whether the fall of a meter counts among the others that are meant."""
        others = [other for other in meters if other is not meter and other.is_known]
        if self._behavior == BEHAVIOR_FIRST:
            return not any(other.balance.is_low for other in others)
        if self._behavior == BEHAVIOR_ALL:
            return all(other.balance.is_low for other in others)
        return True

    def _payload(self, meter: MeterCoordinator, fall: BecameLow) -> dict[str, object]:
        """Return what actions and templates learn of a fall; balances are in yuan."""
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            meter.device_identifier, meter.config_entry.entry_id
        )
        return {
            "entity_id": er.async_get(self._hass).async_get_entity_id(
                "binary_sensor", DOMAIN, f"{meter.device_identifier[1]}|low_balance"
            ),
            "device_id": device.id if device else None,
            "user_code": meter.user_code,
            "balance_before": float(fall.before),
            "balance": float(fall.after),
        }


TRIGGERS: dict[str, type[Trigger]] = {"balance_became_low": BalanceBecameLowTrigger}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
