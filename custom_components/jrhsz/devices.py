"""The devices of an account: which there are, and how one goes."""

from collections.abc import Collection, Sequence
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .api import MeterKind
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .kinds import KINDS
from .settings import CONF_KNOWN, CONF_METERS, chosen_meters, kept_meters

_MANUFACTURER: Final = "JRHSZ"


@callback
def async_update_devices(hass: HomeAssistant, entry: JrhszConfigEntry) -> str:
    """Remove the devices of meters that are no longer chosen; return the id of the account's."""
    registry = dr.async_get(hass)
    service_device = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=dr.DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, str(entry.unique_id))},
        manufacturer=_MANUFACTURER,
        name=entry.title,
    )
    chosen = chosen_meters(entry.options)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        code = user_code_of(entry, device)
        if code is not None and code not in chosen:
            registry.async_remove_device(device.id)
    return service_device.id


@callback
def async_follow_devices(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Add the devices of meters that become known; don't poll those whose devices are disabled."""
    registry, account = dr.async_get(hass), entry.runtime_data

    @callback
    def async_add(meters: Sequence[MeterCoordinator]) -> None:
        """Add the devices of some meters, once for all their entities."""
        for meter in meters:
            registry.async_get_or_create(
                config_entry_id=entry.entry_id,
                identifiers={meter.device_identifier},
                manufacturer=_MANUFACTURER,
                model=model_of(hass, meter.data.kind),
                name=meter.device_name,
                serial_number=meter.data.table_no,
                via_device_id=account.device_id,
            )

    account.adders.append(async_add)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        code = user_code_of(entry, device)
        if device.disabled_by is not None and code in account.coordinators:
            account.coordinators[code].is_disabled = True

    @callback
    def async_updated(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Follow a change of a meter's device."""
        if event.data["action"] != "update" or "disabled_by" not in event.data["changes"]:
            return
        device = registry.async_get(event.data["device_id"])
        if not isinstance(device, dr.DeviceEntry):
            return
        code = user_code_of(entry, device)
        if code is not None and (coordinator := account.coordinators.get(code)) is not None:
            coordinator.async_set_disabled(disabled=device.disabled_by is not None)

    entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, async_updated))


def model_of(hass: HomeAssistant, kind: MeterKind | None) -> str:
    """Return the model of a kind in the system's language: of devices only names translate."""
    texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    key = f"component.{DOMAIN}.selector.model.options.{kind or 'unknown'}"
    return texts.get(key, KINDS[kind].model)


def user_code_of(entry: JrhszConfigEntry, device: dr.DeviceEntry) -> str | None:
    """Return the code of the meter that a device stands for; none for the account's."""
    prefix = f"{entry.unique_id}|"
    for domain, identifier in device.identifiers:
        if domain == DOMAIN and identifier.startswith(prefix):
            return identifier.removeprefix(prefix)
    return None


async def async_deselect(
    hass: HomeAssistant, entry: JrhszConfigEntry, codes: Collection[str]
) -> None:
    """Follow these meters no longer; nothing else of the account is disturbed."""
    meters = chosen_meters(entry.options)
    kept = [meter for code, meter in meters.items() if code not in codes]
    options = {**entry.options, CONF_METERS: kept_meters(kept)}
    if CONF_KNOWN in options:
        options[CONF_KNOWN] = sorted({*options[CONF_KNOWN], *codes})
    hass.config_entries.async_update_entry(entry, options=options)
    if entry.state is ConfigEntryState.LOADED:
        account = entry.runtime_data
        for code in codes:
            if coordinator := account.coordinators.pop(code, None):
                await coordinator.async_stop()
        account.store.async_schedule_save()
        account.on_meters_change()
        account.on_update()
    async_update_devices(hass, entry)
