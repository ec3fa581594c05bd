"""Numbers of the floor."""

from typing import override

from homeassistant.components.number import NumberEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import FloorConfigEntry, FloorCoordinator, FloorEntity, async_add


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers."""
    await async_add(entry, async_add_entities, "number", FloorNumber)


class FloorNumber(FloorEntity, NumberEntity):
    """A number that stays."""

    def __init__(self, coordinator: FloorCoordinator, number: int, enabled: bool) -> None:  # noqa: FBT001  parametrized
        """Take any number."""
        super().__init__(coordinator, number, enabled=enabled)
        self._attr_native_value = 20.0

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it."""
        self._attr_native_value = value
