"""The base of all entities of a meter, and how a platform learns of meters."""

from collections.abc import Callable, Iterable, Sequence
import hashlib
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .api import MeterKind
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .essentials import is_created
from .kinds import KINDS

MANUFACTURER = "JRHSZ"
# A Chinese character has up to six letters in an entity ID.
_LONG_NAME: Final = 25
_SLUG: Final = 180
_SHOWN_OF_SLUG: Final = 100


@callback
def async_add_for_meters(
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entities_of: Callable[[MeterCoordinator], Iterable[Entity]],
) -> None:
    """Add the entities of every meter as soon as it is known, those that it is to have."""
    platform = async_get_current_platform()
    is_vast = entry.runtime_data.settings.is_vast_account

    @callback
    def async_add(coordinators: Sequence[MeterCoordinator]) -> None:
        """Add the entities of some meters."""
        async_add_entities(
            _with_whole_id(platform.domain, coordinator, entity)
            for coordinator in coordinators
            for entity in entities_of(coordinator)
            if is_created(platform.hass, platform.domain, entity, is_vast=is_vast)
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


def model_of(hass: HomeAssistant, kind: MeterKind | None) -> str:
    """Return the model of a kind in the system's language: of devices only names translate."""
    texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    key = f"component.{DOMAIN}.selector.model.options.{kind or 'unknown'}"
    return texts.get(key, KINDS[kind].model)


class JrhszEntity(CoordinatorEntity[MeterCoordinator]):
    """An entity of one meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: MeterCoordinator, description: EntityDescription) -> None:
        """Belong to the meter's device, below that of the account."""
        super().__init__(coordinator)
        self.entity_description = description
        domain, meter = coordinator.device_identifier
        self._attr_unique_id = f"{meter}|{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(domain, meter)},
            manufacturer=MANUFACTURER,
            model=model_of(coordinator.hass, coordinator.data.kind),
            name=coordinator.device_name,
            serial_number=coordinator.data.table_no,
            via_device_id=coordinator.config_entry.runtime_data.device_id,
        )

    @override
    async def async_update(self) -> None:
        """Poll just this meter, ahead of the queue, when a user asks for it."""
        if self.enabled:
            await self.coordinator.async_refresh_now()
