"""Buttons of the floor."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import FloorConfigEntry, FloorCoordinator, FloorEntity, async_add


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons."""
    await async_add(entry, async_add_entities, "button", FloorButton)


class FloorButton(FloorEntity, ButtonEntity):
    """A button that polls."""

    def __init__(self, coordinator: FloorCoordinator, number: int, enabled: bool) -> None:  # noqa: FBT001  parametrized
        """Take any number."""
        super().__init__(coordinator, number, enabled=enabled)

    @override
    async def async_press(self) -> None:
        """Poll."""
        await self.coordinator.async_refresh()
