"""Prepaid water and electricity meters of the JRHSZ platform."""

import asyncio
from itertools import batched
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .api import (
    AuthenticationError,
    Client,
    NoApiPermissionError,
    NotPermittedError,
    PlatformError,
    Session,
)
from .connection import async_get_connections, async_get_http, async_get_session
from .const import CONF_METERS, CONF_USER_CODE, DOMAIN, LOGGER
from .coordinator import JrhszConfigEntry, JrhszData, MeterCoordinator
from .entity import MANUFACTURER
from .exceptions import translation
from .store import AccountStore

PLATFORMS: Final = [Platform.SENSOR]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_AT_ONCE: Final = 10


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all accounts share."""
    async_get_connections(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> bool:
    """Set up an account: log in if there is no valid token; the meters are polled later."""
    store = AccountStore(hass, entry.entry_id)
    await store.async_load()
    session = await _async_session(hass, entry, store)
    entry.runtime_data = account = JrhszData(Client(session), store)
    meters = {meter[CONF_USER_CODE]: meter for meter in entry.options[CONF_METERS]}
    kept = store.data.get("meters")
    account.coordinators.update(
        (code, MeterCoordinator(hass, entry, meter, _kept(kept, code)))
        for code, meter in meters.items()
    )
    store.register(
        "meters", lambda: {code: meter.as_dict() for code, meter in account.coordinators.items()}
    )
    _async_update_devices(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_create_background_task(
        hass, _async_start_meters(account), f"{DOMAIN} start of {entry.title}"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> bool:
    """Unload an account; nothing is saved after it."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    account = entry.runtime_data
    for coordinator in account.coordinators.values():
        await coordinator.async_stop()
    account.client.session.on_change = lambda new_token: None  # noqa: ARG005
    await account.store.async_close()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Remove what was kept of an account."""
    await AccountStore(hass, entry.entry_id).async_remove()


async def _async_session(
    hass: HomeAssistant, entry: JrhszConfigEntry, store: AccountStore
) -> Session:
    """Return the account's session with a valid token."""
    session = async_get_session(hass, entry.data[CONF_URL], entry.data[CONF_USERNAME])
    http = async_get_http(hass, verify_ssl=entry.data[CONF_VERIFY_SSL])
    session.use(entry.data[CONF_PASSWORD], http)
    if "session" in store.data:
        try:
            session.restore(store.data["session"])
        except (AttributeError, KeyError, TypeError, ValueError) as err:
            LOGGER.warning("The stored session can't be used (%s)", type(err).__name__)

    @callback
    def async_save(new_token: bool) -> None:  # noqa: FBT001  the session's own signature
        """Save a new token at once: the next start would cost a login without it."""
        store.async_schedule_save()
        if new_token:
            hass.async_create_task(store.async_save(), f"{DOMAIN} save token")

    store.register("session", session.as_dict)
    session.on_change = async_save
    store.async_schedule_save()
    try:
        session.raise_if_denied("GetUserInfo")
        await session.token()
    except AuthenticationError as err:
        raise ConfigEntryAuthFailed(**translation(err)) from err
    except (NoApiPermissionError, NotPermittedError) as err:
        raise ConfigEntryError(**translation(err)) from err
    except PlatformError as err:
        raise ConfigEntryNotReady(**translation(err)) from err
    return session


def _kept(kept: Any, code: str) -> Any:
    """Return what was kept of a meter."""
    return kept.get(code) if isinstance(kept, dict) else None


@callback
def _async_update_devices(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Add the account's device; remove those of meters that are no longer chosen."""
    registry = dr.async_get(hass)
    account = (DOMAIN, str(entry.unique_id))
    registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        entry_type=dr.DeviceEntryType.SERVICE,
        identifiers={account},
        manufacturer=MANUFACTURER,
        name=entry.title,
    )
    chosen = {meter.device_identifier for meter in entry.runtime_data.coordinators.values()}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if device.identifiers.isdisjoint(chosen | {account}):
            registry.async_remove_device(device.id)


async def _async_start_meters(account: JrhszData) -> None:
    """Begin to poll, those longest overdue first, and introduce the meters that are known."""
    meters = sorted(account.coordinators.values(), key=lambda meter: meter.due_in)
    for batch in batched(meters, _AT_ONCE, strict=False):
        for meter in batch:
            meter.async_start()
        account.async_introduce([meter for meter in batch if meter.is_known])
        # Without a pause, entities are added for seconds.
        await asyncio.sleep(0)
