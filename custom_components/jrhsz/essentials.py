"""Which entities meters have; of vast accounts few: Home Assistant drops those beyond 10,000."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Final

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, LOGGER
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .settings import chosen_meters

ESSENTIALS: Final = frozenset({"reading", "balance", "low_balance"})
# What else is enabled in an account that isn't vast, however large it is.
USUALLY_ON: Final = frozenset({"days_left", "recharge"})
# For the entities of the account itself.
_SPARE: Final = 50
_AT_ONCE: Final = 100
_SECTION: Final = "essentials_only"
_SET_BY_A_PERSON: Final = frozenset({"display_precision", "unit_of_measurement"})


async def async_make_room(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Disable what would leave no room for the meters of a vast account, before they are added.

    When an account becomes vast that is what no person touched; when it no longer is, that is
    enabled again.
    """
    store, is_vast = entry.runtime_data.store, entry.runtime_data.settings.is_vast_account
    was_vast = store.data.get(_SECTION) is True
    store.register(_SECTION, lambda: is_vast)
    registry = er.async_get(hass)
    others = list(_others(registry, entry))
    if not is_vast:
        away = [entity for entity in others if _is_away(entity)]
        await _async_set_disabled(registry, away, None)
        return
    enabled = [entity for entity in others if entity.disabled_by is None]
    kept = enabled if was_vast else [x for x in enabled if _is_touched(registry, x)]
    essentials = len(ESSENTIALS) * len(chosen_meters(entry.options))
    room = MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - _SPARE - essentials
    if len(kept) > room:
        LOGGER.warning(
            "Home Assistant takes %s entities of an account: %s that were enabled are disabled, "
            "so that each meter has its reading, balance and low balance",
            MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY,
            len(kept) - room,
        )
    remaining = {entity.entity_id for entity in kept[:room]}
    await _async_set_disabled(
        registry,
        [entity for entity in enabled if entity.entity_id not in remaining],
        er.RegistryEntryDisabler.INTEGRATION,
    )


@callback
def async_follow_returns(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Enable again what was disabled for want of room where a meter comes back to an account.

    Home Assistant remembers of deleted entities who disabled them. It loads the account anew then.
    """
    if entry.runtime_data.settings.is_vast_account:
        return
    registry = er.async_get(hass)

    @callback
    def async_created(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Look at an entity that is new, or back."""
        entity = registry.async_get(event.data["entity_id"])
        if entity is not None and entity.config_entry_id == entry.entry_id and _is_away(entity):
            registry.async_update_entity(entity.entity_id, disabled_by=None)

    @callback
    def is_creation(data: er.EventEntityRegistryUpdatedData) -> bool:
        """Tell whether an entity was registered."""
        return data["action"] == "create"

    entry.async_on_unload(
        hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED, async_created, event_filter=is_creation
        )
    )


@callback
def async_needed[Described: EntityDescription](
    hass: HomeAssistant,
    domain: str,
    offered: Iterable[tuple[MeterCoordinator, Described]],
    *,
    is_vast: bool,
) -> Iterator[tuple[MeterCoordinator, Described]]:
    """Yield the entities that meters get: none that is disabled, unless its name is out of date.

    One that a person enables is created then: Home Assistant loads the account anew. Creating what
    is disabled would be a third of the work of a start. Of a vast account only essential ones are
    registered.
    """
    registry = er.async_get(hass)
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    for meter, described in offered:
        unique_id = meter.unique_id_of(described.key)
        entity_id = registry.async_get_entity_id(domain, DOMAIN, unique_id)
        registered = registry.async_get(entity_id) if entity_id else None
        if registered is None:
            is_created = not is_vast or described.key in ESSENTIALS
        elif registered.disabled_by is None:
            is_created = True
        else:
            name = f"component.{DOMAIN}.entity.{domain}.{described.translation_key}.name"
            is_created = not is_vast and registered.original_name != texts.get(name)
        if is_created:
            yield meter, described


def _others(registry: er.EntityRegistry, entry: JrhszConfigEntry) -> Iterator[er.RegistryEntry]:
    """Yield what is registered of the account's meters beside the essentials."""
    prefix = f"{entry.unique_id}|"
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        is_of_meter = "|" in entity.unique_id.removeprefix(prefix)
        if is_of_meter and _key(entity) not in ESSENTIALS:
            yield entity


def _key(entity: er.RegistryEntry) -> str:
    """Return which of a meter's entities it is."""
    return entity.unique_id.rpartition("|")[2]


def _is_away(entity: er.RegistryEntry) -> bool:
    """Tell whether an entity was disabled for want of room."""
    ours = er.RegistryEntryDisabler.INTEGRATION
    return entity.disabled_by is ours and _key(entity) in USUALLY_ON


def _is_touched(registry: er.EntityRegistry, entity: er.RegistryEntry) -> bool:
    """Tell whether a person enabled, named, placed or changed an entity."""
    return bool(
        _key(entity) not in USUALLY_ON
        or entity.name
        or entity.icon
        or entity.area_id
        or entity.labels
        or entity.categories
        or entity.device_class
        or entity.hidden_by is er.RegistryEntryHider.USER
        or any(isinstance(alias, str) for alias in entity.aliases)
        or _SET_BY_A_PERSON & entity.options.get(entity.domain, {}).keys()
        or registry.async_regenerate_entity_id(entity) != entity.entity_id
    )


async def _async_set_disabled(
    registry: er.EntityRegistry,
    entities: list[er.RegistryEntry],
    disabled_by: er.RegistryEntryDisabler | None,
) -> None:
    """Disable entities, or enable them; thousands at once would block Home Assistant."""
    for batch in batched(entities, _AT_ONCE, strict=False):
        for entity in batch:
            registry.async_update_entity(entity.entity_id, disabled_by=disabled_by)
        await asyncio.sleep(0)
