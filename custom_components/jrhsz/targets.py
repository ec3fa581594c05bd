"""Which meters a target means: those of its devices, areas, floors, labels and entities."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    SelectedEntities,
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator

# By these entities a meter is meant; another one may be in an area for another reason.
MEANT_BY: Final = ("balance", "low_balance")


@callback
def async_meters_in(
    hass: HomeAssistant, target: dict[str, Any], meant_by: Collection[str] = MEANT_BY
) -> list[MeterCoordinator]:
    """Return the meters of loaded accounts that a target means now.

    A meter is meant by its device, and by those of its entities whose keys are given.
    """
    entries: list[JrhszConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    meters = {
        meter.device_identifier[1]: meter
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
        for meter in entry.runtime_data.coordinators.values()
    }
    meant = async_meant(hass, target, meters, meant_by)
    return [meter for identifier, meter in meters.items() if identifier in meant]


@callback
def async_meant(
    hass: HomeAssistant,
    target: dict[str, Any],
    meters: Iterable[str],
    meant_by: Collection[str] = MEANT_BY,
) -> set[str]:
    """Return those of some meters, by what identifies their devices, that a target means now.

    Home Assistant resolves it, whether or not their accounts are loaded. The device of an account
    means all of its meters, but only where it is named itself: it may be in an area.
    """
    selection = TargetSelection(target)
    selected = async_extract_referenced_entity_ids(hass, selection)
    unique_ids = {entity.unique_id for entity in _ours(hass, selected)}
    devices = _identifiers(hass, selected.referenced_devices)
    named = _identifiers(hass, selected.referenced_devices & selection.device_ids)
    # A code may hold a stroke too, and begin with that of another meter.
    accounts = named & {str(entry.unique_id) for entry in hass.config_entries.async_entries(DOMAIN)}
    return {
        meter
        for meter in meters
        if meter in devices
        or any(meter.startswith(f"{account}|") for account in accounts)
        or any(f"{meter}|{key}" in unique_ids for key in meant_by)
    }


@callback
def async_balances_in(hass: HomeAssistant, target: dict[str, Any]) -> list[er.RegistryEntry]:
    """Return the *balance* entities of meters that a target means, of whatever account.

    One that is disabled isn't there for whoever names it, as for actions of entities.
    """
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(target))
    return [
        entity
        for entity in _ours(hass, selected)
        if entity.unique_id.endswith("|balance") and entity.disabled_by is None
    ]


def _identifiers(hass: HomeAssistant, device_ids: Iterable[str]) -> set[str]:
    """Return what identifies those of some devices that are ours."""
    devices = map(dr.async_get(hass).async_get, device_ids)
    return {
        identifier
        for device in devices
        if device is not None
        for domain, identifier in device.identifiers
        if domain == DOMAIN
    }


def _ours(hass: HomeAssistant, selected: SelectedEntities) -> list[er.RegistryEntry]:
    """Return those of the selected entities that are ours."""
    registry = er.async_get(hass)
    found = map(registry.async_get, selected.referenced | selected.indirectly_referenced)
    return [entity for entity in found if entity and entity.platform == DOMAIN]
