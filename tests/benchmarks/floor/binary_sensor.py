"""Binary sensors of the floor."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import FloorConfigEntry, FloorCoordinator, FloorEntity, async_add


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors."""
    await async_add(entry, async_add_entities, "binary_sensor", FloorBinarySensor)


class FloorBinarySensor(FloorEntity, BinarySensorEntity):
    """Tells whether the balance is low."""

    def __init__(self, coordinator: FloorCoordinator, number: int, enabled: bool) -> None:  # noqa: FBT001  parametrized
        """Take any number."""
        super().__init__(coordinator, number, enabled=enabled)

    @property
    @override
    def is_on(self) -> bool:
        """Tell it."""
        return float(self.coordinator.data["balance"]) < 20
