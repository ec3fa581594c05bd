"""The trigger for automations: a meter's balance became low."""

from collections.abc import Mapping
from typing import override

from homeassistant.components.binary_sensor import (
    DOMAIN as BINARY_SENSOR_DOMAIN,
    BinarySensorDeviceClass,
)
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import EntityTransitionTriggerBase, Trigger

from .const import DOMAIN


class BalanceBecameLowTrigger(EntityTransitionTriggerBase):
    """Trigger when a meter's balance turns from sufficient to low.

    A balance that was unavailable or unknown in between doesn't count: a restart or a failed poll
    would otherwise warn, or credit, a second time.
    """

    _domain_specs: Mapping[str, DomainSpec] = {
        BINARY_SENSOR_DOMAIN: DomainSpec(device_class=BinarySensorDeviceClass.PROBLEM)
    }
    _from_states: set[str | bool] = {STATE_OFF}  # noqa: RUF012  an instance variable of the base
    _to_states: set[str | bool] = {STATE_ON}  # noqa: RUF012  the same

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave only our meters: an area has other things with problems too."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entity := registry.async_get(entity_id)) and entity.platform == DOMAIN
        }


TRIGGERS: dict[str, type[Trigger]] = {"balance_became_low": BalanceBecameLowTrigger}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
