"""The base of all entities of a meter, and how a platform learns of meters."""

from collections.abc import Callable, Iterable, Sequence
import hashlib
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .coordinator import JrhszConfigEntry, MeterCoordinator
from .essentials import async_needed

# A Chinese character has up to six letters in an entity ID.
_LONG_NAME: Final = 25
_SLUG: Final = 180
_SHOWN_OF_SLUG: Final = 100


@callback
def async_add_for_meters[Described: EntityDescription](
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions_of: Callable[[MeterCoordinator], Iterable[Described]],
    entity_of: Callable[[MeterCoordinator, Described], Entity],
) -> None:
    """Add the entities of every meter as soon as it is known, those that it is to have."""
    platform = async_get_current_platform()
    is_vast = entry.runtime_data.settings.is_vast_account

    @callback
    def async_add(coordinators: Sequence[MeterCoordinator]) -> None:
        """Add the entities of some meters."""
        needed = async_needed(
            platform.hass,
            platform.domain,
            ((meter, described) for meter in coordinators for described in descriptions_of(meter)),
            is_vast=is_vast,
        )
        async_add_entities(
            _with_whole_id(platform.domain, meter, entity_of(meter, described))
            for meter, described in needed
        )

    entry.runtime_data.adders.append(async_add)


def _with_whole_id(domain: str, meter: MeterCoordinator, entity: Entity) -> Entity:
    """Give an entity of a meter with a very long name an entity ID that is not cut off.

    Home Assistant cuts those of over 255 letters, and counts those that are the same then.
    """
    if len(meter.device_name) <= _LONG_NAME or len(slug := slugify(meter.device_name)) <= _SLUG:
        return entity
    digest = hashlib.sha256(meter.device_identifier[1].encode()).hexdigest()[:10]
    key = entity.entity_description.key
    entity.entity_id = f"{domain}.{slug[:_SHOWN_OF_SLUG].strip('_')}_{digest}_{key}"
    return entity


class JrhszEntity(CoordinatorEntity[MeterCoordinator]):
    """An entity of one meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: MeterCoordinator, description: EntityDescription) -> None:
        """Belong to the meter's device, which is there before its entities."""
        super().__init__(coordinator)
        self.entity_description = description
        self.device_entry = coordinator.device
        self._attr_unique_id = coordinator.unique_id_of(description.key)

    @override
    async def async_update(self) -> None:
        """Poll just this meter, ahead of the queue, when a user asks for it."""
        if self.enabled:
            await self.coordinator.async_refresh_now()
