"""Whether the balance of a meter is low."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import JrhszConfigEntry
from .entity import JrhszEntity, async_add_for_meters

PARALLEL_UPDATES = 0

LOW_BALANCE = BinarySensorEntityDescription(
    key="low_balance",
    translation_key="low_balance",
    device_class=BinarySensorDeviceClass.PROBLEM,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of an account."""
    async_add_for_meters(entry, async_add_entities, lambda _: [LOW_BALANCE], LowBalanceSensor)


class LowBalanceSensor(JrhszEntity, BinarySensorEntity):
    """Tells that somebody should recharge soon."""

    _unrecorded_attributes = frozenset({"threshold"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the balance is low; unknown while the balance is."""
        if self.coordinator.data.balance is None:
            return None
        return self.coordinator.balance.is_low

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float]:
        """Return the threshold that holds for the meter, in yuan."""
        return {"threshold": float(self.coordinator.balance.threshold)}
