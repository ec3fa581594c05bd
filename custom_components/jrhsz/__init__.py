"""Prepaid water and electricity meters of the JRHSZ platform."""

import asyncio
from datetime import datetime
from itertools import batched
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL, Platform
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .api import (
    DENIAL_LIFE,
    AuthenticationError,
    Client,
    Interface,
    NoApiPermissionError,
    NotPermittedError,
    PlatformError,
    Session,
)
from .connection import (
    async_forget_session,
    async_get_connections,
    async_get_http,
    async_get_session,
)
from .const import DOMAIN, LOGGER
from .coordinator import JrhszConfigEntry, JrhszData, MeterCoordinator
from .devices import (
    async_deselect,
    async_follow_devices,
    async_update_devices,
    user_code_of,
)
from .essentials import async_follow_returns, async_make_room
from .exceptions import translation
from .history.state import MeterHistory
from .importer.sync import HistoryImport
from .issues import (
    async_delete_issues,
    async_update_meter_issues,
    async_update_session_issues,
)
from .meters.survey import Survey
from .outage import OutageWatch
from .overview.dashboard import async_setup_overview
from .recharge.follow import DATA_FOLLOWER, async_setup_orders
from .recharge.orders import DATA_ORDERS
from .services import async_setup_services
from .settings import Settings, chosen_meters
from .store import AccountStore, history_store

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SENSOR,
]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_AT_ONCE: Final = 10


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all accounts share."""
    async_get_connections(hass)
    await async_setup_orders(hass)
    async_setup_services(hass)
    await async_setup_overview(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> bool:
    """Set up an account: log in if there is no valid token; the meters are polled later.

    First what was kept, and the login; then the meters as they were known; then who watches them:
    survey, orders and import take part in what the meters tell from their first poll on. Entities
    come before polls, which tell them.
    """
    store = AccountStore(hass, entry.entry_id)
    await store.async_load()
    session = _async_session(hass, entry, store)
    try:
        await _async_ensure_token(hass, entry, session)
    except HomeAssistantError:
        await _async_let_go(session, store)
        raise
    settings = Settings.of(entry.options)
    kept_history = history_store(hass, entry.entry_id, is_small=settings.is_small_account)
    entry.runtime_data = account = JrhszData(
        client=Client(session),
        settings=settings,
        store=store,
        history_store=kept_history,
        device_id=async_update_devices(hass, entry),
        outage=OutageWatch(entry.title),
    )
    await _async_load_meters(hass, entry)
    async_follow_devices(hass, entry)
    account.on_meters_change = lambda: async_update_meter_issues(hass, entry)
    Survey(hass, entry).async_start()
    await async_make_room(hass, entry)
    async_follow_returns(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    hass.data[DATA_FOLLOWER].async_watch(entry)
    HistoryImport(hass, entry).async_start()
    entry.async_create_background_task(
        hass, _async_start_meters(account), f"{DOMAIN} start of {entry.title}"
    )
    return True


async def _async_load_meters(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Make the coordinators of the chosen meters, with all that was kept of them."""
    account, meters = entry.runtime_data, chosen_meters(entry.options)
    await account.history_store.async_load()
    kept = _section(account.store)
    kept_histories = _section(account.history_store)
    histories = await hass.async_add_executor_job(
        lambda: {code: MeterHistory.from_dict(kept_histories.get(code)) for code in meters}
    )
    coordinators = account.coordinators
    coordinators.update(
        (code, MeterCoordinator(hass, entry, meter, kept.get(code), histories[code]))
        for code, meter in meters.items()
    )
    account.store.register(
        "meters", lambda: {code: meter.as_dict() for code, meter in coordinators.items()}
    )
    account.history_store.register(
        "meters", lambda: {code: meter.history.as_dict() for code, meter in coordinators.items()}
    )


async def async_unload_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> bool:
    """Unload an account; nothing is saved after it."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    account = entry.runtime_data
    for coordinator in account.coordinators.values():
        await coordinator.async_stop()
    if account.stop_import is not None:
        await account.stop_import()
    await account.history_store.async_close()
    await _async_let_go(account.client.session, account.store)
    if entry.disabled_by:
        async_delete_issues(hass, entry)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Remove what was kept of an account."""
    async_delete_issues(hass, entry)
    await AccountStore(hass, entry.entry_id).async_remove()
    await history_store(hass, entry.entry_id).async_remove()
    async_forget_session(hass, entry)
    if (orders := hass.data.get(DATA_ORDERS)) is not None:
        for account_id in orders.journal.accounts:
            orders.async_update_issue(account_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: JrhszConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Deselect a meter whose device a person deletes; the account's device stays."""
    if (code := user_code_of(entry, device)) is None:
        return False
    await async_deselect(hass, entry, [code])
    return True


@callback
def _async_session(hass: HomeAssistant, entry: JrhszConfigEntry, store: AccountStore) -> Session:
    """Return the account's session, as it was kept."""
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
        if entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.async_poll_stranded(new_token=new_token)
        async_update_session_issues(hass, entry, session)
        if _is_shut_out(session) and entry.state is ConfigEntryState.LOADED:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    store.register("session", session.as_dict)
    session.on_change = async_save
    kept, token = store.data.get("session"), session.as_dict()["token"]
    is_kept = isinstance(kept, dict) and kept.get("token") == token
    async_save(token is not None and not is_kept)
    return session


async def _async_ensure_token(
    hass: HomeAssistant, entry: JrhszConfigEntry, session: Session
) -> None:
    """See that the account can be polled, logging in only if there is no valid token.

    With one the account is loaded though the platform may be down: its entities have their last
    values then, history and recharges go on as soon as it answers, and a poll of one meter would
    prove no more than the next poll does anyway.
    """
    try:
        session.raise_if_denied(Interface.METER)
        await session.token()
    except AuthenticationError as err:
        raise ConfigEntryAuthFailed(**translation(err)) from err
    except (NoApiPermissionError, NotPermittedError) as err:
        until = err.until if isinstance(err, NotPermittedError) else session.now() + DENIAL_LIFE
        _async_try_again(hass, entry, until)
        raise ConfigEntryError(**translation(err)) from err
    except PlatformError as err:
        raise ConfigEntryNotReady(**translation(err)) from err


def _is_shut_out(session: Session) -> bool:
    """Tell whether the account may not even read its meters."""
    return Interface.METER in session.denied or isinstance(session.refusal, NoApiPermissionError)


@callback
def _async_try_again(hass: HomeAssistant, entry: JrhszConfigEntry, at: datetime) -> None:
    """Set the account up again when the operator may have given the permission."""

    @callback
    def async_try(_: datetime) -> None:
        """Set it up, if it is still there and nobody did so before."""
        if entry.state is ConfigEntryState.SETUP_ERROR:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    async_call_later(
        hass,
        at - dt_util.utcnow(),
        HassJob(async_try, f"{DOMAIN} try again", cancel_on_shutdown=True),
    )


async def _async_let_go(session: Session, store: AccountStore) -> None:
    """Save for the last time; what the session learns later is saved by the next set-up."""
    session.on_change = lambda _: None
    await store.async_close()


def _section(store: AccountStore) -> dict[str, Any]:
    """Return what was kept of meters, by their codes."""
    kept = store.data.get("meters")
    return kept if isinstance(kept, dict) else {}


async def _async_start_meters(account: JrhszData) -> None:
    """Begin to poll, those longest overdue first, and introduce the meters that are known."""
    meters = sorted(account.coordinators.values(), key=lambda meter: meter.due_in)
    for batch in batched(meters, _AT_ONCE, strict=False):
        # Meanwhile a person may have deleted a meter's device.
        chosen = [meter for meter in batch if meter.user_code in account.coordinators]
        for meter in chosen:
            meter.async_start()
        account.async_introduce([meter for meter in chosen if meter.is_known])
        # Without a pause, entities are added for seconds.
        await asyncio.sleep(0)
