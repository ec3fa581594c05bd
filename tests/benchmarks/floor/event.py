"""Events of the floor."""

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import FloorConfigEntry, FloorCoordinator, FloorEntity, async_add


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events."""
    await async_add(entry, async_add_entities, "event", FloorEvent)


class FloorEvent(FloorEntity, EventEntity):
    """An event that never comes."""

    _attr_event_types = ["recharged", "reversed"]  # noqa: RUF012

    def __init__(self, coordinator: FloorCoordinator, number: int, enabled: bool) -> None:  # noqa: FBT001  parametrized
        """Take any number."""
        super().__init__(coordinator, number, enabled=enabled)
