"""The dialogs in which a person says what is to happen with meters, or that is permitted now."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
import json
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..api import Interface, NoApiPermissionError, PlatformError
from ..connection import client_of
from ..coordinator import JrhszConfigEntry
from ..devices import async_deselect
from ..issues import async_update_session_issues
from ..settings import (
    CONF_KEPT,
    CONF_KEPT_NAMES,
    CONF_KNOWN,
    CONF_METERS,
    MAX_METERS,
    ChosenMeter,
    chosen_meters,
    kept_meters,
)
from .listing import with_unique_names
from .newcomers import async_follow_too

_A_DAY: Final = timedelta(days=1)


class AccountFixFlow(RepairsFlow):
    """A dialog about an account, or about some of its meters."""

    choices: Sequence[str] = ()

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Let the person say what is to happen."""
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=list(self.choices),
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    @property
    def entry(self) -> JrhszConfigEntry:
        """Return the account; its issues go when it does."""
        return self.hass.config_entries.async_get_known_entry(str((self.data or {})["entry_id"]))

    def about(self, key: str) -> Any:
        """Return what the issue is about."""
        return json.loads(str((self.data or {})[key]))

    def change(self, **options: Any) -> None:
        """Change some of the account's options."""
        entry = self.entry
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


class NewMetersFlow(AccountFixFlow):
    """Asks what is to happen with meters that the platform didn't have before."""

    choices = ("add", "ignore")

    @property
    def _new(self) -> list[ChosenMeter]:
        """Return the meters that the issue is about."""
        return [ChosenMeter.from_option(meter) for meter in self.about("meters")]

    async def async_step_add(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose them, unless they are too many."""
        if not async_follow_too(self.hass, self.entry, self._new):
            return self.async_abort(
                reason="too_many_meters",
                description_placeholders={"max_meters": str(MAX_METERS)},
            )
        return await self.async_step_ignore()

    async def async_step_ignore(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remember that they were seen."""
        codes = {meter.user_code for meter in self._new}
        self.change(**{CONF_KNOWN: sorted(codes.union(self.entry.options.get(CONF_KNOWN, [])))})
        return self.async_create_entry(data={})


class LostMetersFlow(AccountFixFlow):
    """Asks what is to happen with chosen meters that the platform doesn't have."""

    choices = ("keep", "remove")

    async def async_step_keep(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Keep them, and don't ask again."""
        codes = {*self.about("codes"), *self.entry.options.get(CONF_KEPT, [])}
        self.change(**{CONF_KEPT: sorted(codes)})
        return self.async_create_entry(data={})

    async def async_step_remove(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Follow them no longer."""
        await async_deselect(self.hass, self.entry, self.about("codes"))
        return self.async_create_entry(data={})


class RenamedRoomsFlow(AccountFixFlow):
    """Asks whether meters are to be named as their rooms are on the platform now."""

    choices = ("rename", "keep")

    @property
    def _renamed(self) -> dict[str, ChosenMeter]:
        """Return the meters with their new names, as far as they are still followed."""
        chosen = chosen_meters(self.entry.options)
        renamed = map(ChosenMeter.from_option, self.about("meters"))
        return {meter.user_code: meter for meter in renamed if meter.user_code in chosen}

    async def async_step_rename(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Take the new names; a person's own name of a device stays."""
        entry, renamed = self.entry, self._renamed
        chosen = chosen_meters(entry.options)
        others = [meter for code, meter in chosen.items() if code not in renamed]
        named = {meter.user_code: meter for meter in with_unique_names(others, renamed.values())}
        self.change(**{CONF_METERS: kept_meters(named[code] for code in chosen)})
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_keep(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Keep the old names until there are others again."""
        kept = {code: meter.room for code, meter in self._renamed.items()}
        self.change(**{CONF_KEPT_NAMES: {**self.entry.options.get(CONF_KEPT_NAMES, {}), **kept}})
        return self.async_create_entry(data={})


class PermissionsFlow(AccountFixFlow):
    """Tries again what the platform didn't permit; a recharge is tried by the next one."""

    choices = ("try_again",)

    async def async_step_try_again(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Try the interfaces that only read at once, and say what isn't permitted still."""
        entry, client = self.entry, client_of(self.hass, self.entry)
        session = client.session
        interfaces = session.last_denied
        session.ask_again()
        await self._async_read(interfaces)
        denied = sorted(session.last_denied)
        if isinstance(session.refusal, NoApiPermissionError):
            denied = [Interface.LOGIN]
        async_update_session_issues(self.hass, entry, session)
        if entry.state is ConfigEntryState.SETUP_ERROR and not denied:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        if denied:
            return self.async_abort(
                reason="still_denied",
                description_placeholders={"interfaces": ", ".join(denied)},
            )
        return self.async_create_entry(data={})

    async def _async_read(self, interfaces: set[Interface]) -> None:
        """Call those that only read, for the first meter; what else goes wrong shows elsewhere."""
        client, now = client_of(self.hass, self.entry), dt_util.utcnow()
        reads: dict[Interface, Callable[[], Awaitable[object]]] = {
            Interface.BUILDINGS: client.get_buildings,
            Interface.ROOMS: client.get_rooms,
            Interface.ADDRESSES: client.get_addresses,
        }
        for code in list(chosen_meters(self.entry.options))[:1]:
            span = (code, now - _A_DAY, now)
            reads[Interface.METER] = partial(client.get_meter, code)
            reads[Interface.PAYMENTS] = partial(client.get_payments, *span)
            reads[Interface.CONSUMPTION] = partial(client.get_consumption, *span)
        with suppress(PlatformError):
            await client.session.token()
        for interface in interfaces & reads.keys():
            with suppress(PlatformError):
                await reads[interface]()
