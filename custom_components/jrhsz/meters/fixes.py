"""The dialogs in which a person says what is to happen with meters that came or went."""

from collections.abc import Sequence
import json
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers import issue_registry as ir

from ..devices import async_deselect
from ..settings import (
    CONF_KEPT,
    CONF_KNOWN,
    CONF_METERS,
    MAX_METERS,
    ChosenMeter,
    chosen_meters,
    kept_meters,
)
from .listing import with_unique_names


class MetersFixFlow(RepairsFlow):
    """A dialog about some meters of an account."""

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
    def entry(self) -> ConfigEntry:
        """Return the account; its issues go when it does."""
        return self.hass.config_entries.async_get_known_entry(str((self.data or {})["entry_id"]))

    def about(self, key: str) -> Any:
        """Return what the issue is about."""
        return json.loads(str((self.data or {})[key]))

    def change(self, **options: Any) -> None:
        """Change some of the account's options."""
        entry = self.entry
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


class NewMetersFlow(MetersFixFlow):
    """Asks what is to happen with meters that the platform didn't have before."""

    choices = ("add", "ignore")

    @property
    def _new(self) -> list[ChosenMeter]:
        """Return the meters that the issue is about."""
        return [ChosenMeter.from_option(meter) for meter in self.about("meters")]

    async def async_step_add(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose them, unless they are too many."""
        entry = self.entry
        chosen = chosen_meters(entry.options)
        new = [meter for meter in self._new if meter.user_code not in chosen]
        if len(chosen) + len(new) > MAX_METERS:
            return self.async_abort(
                reason="too_many_meters",
                description_placeholders={"max_meters": str(MAX_METERS)},
            )
        meters = with_unique_names(chosen.values(), new)
        self.change(**{CONF_METERS: kept_meters(meters)})
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return await self.async_step_ignore()

    async def async_step_ignore(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remember that they were seen."""
        codes = {meter.user_code for meter in self._new}
        self.change(**{CONF_KNOWN: sorted(codes.union(self.entry.options.get(CONF_KNOWN, [])))})
        return self.async_create_entry(data={})


class LostMetersFlow(MetersFixFlow):
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
