"""The steps in which meters are chosen from those found, the same in config and options flow."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..settings import (
    CONF_ADD_NEW_METERS,
    CONF_KNOWN,
    CONF_METERS,
    CONF_PLACES,
    MAX_METERS,
    ChosenMeter,
    kept_meters,
)
from .listing import with_unique_names
from .listing_steps import MARKED, ListingFlow, duration


class ChoosingFlow(ListingFlow):
    """A flow in which meters are found and chosen."""

    @abstractmethod
    def _async_finish(self, options: dict[str, Any]) -> ConfigFlowResult:
        """End the flow with these options for the chosen meters."""

    @property
    def _candidates(self) -> dict[str, ChosenMeter]:
        """Return the meters to choose from: those chosen before, and what was found."""
        return self._found | self._chosen

    @property
    def _offered(self) -> dict[str, ChosenMeter]:
        """Return the meters to pick from; many that were chosen before stay, and aren't shown."""
        kept = self._chosen if self._has_many else {}
        return {code: meter for code, meter in self._candidates.items() if code not in kept}

    @override
    async def async_step_choose(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say which of the meters to take; whoever typed codes has said so."""
        if self._codes:
            return self._async_take(self._candidates)
        return await self._async_show_choices("choose", ["all_meters", "pick_meters", "all_but"])

    async def async_step_all_meters(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take all meters, unless they are too many."""
        if len(codes := self._candidates) > MAX_METERS:
            return await self.async_step_too_many()
        return self._async_take(codes, with_new_ones=True)

    async def async_step_too_many(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say why not all can be taken."""
        return await self._async_show_choices("too_many", ["pick_meters", "all_but"])

    async def async_step_pick_meters(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user pick the meters to take."""
        if user_input is None:
            marked = [] if self._has_many else list(self._chosen)
            return self._show_meters("pick_meters", marked)
        marked = user_input[CONF_METERS]
        kept = self._chosen.keys() if self._has_many and marked else set[str]()
        return self._async_check("pick_meters", marked, kept | set(marked))

    async def async_step_all_but(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user pick the meters not to take."""
        if user_input is None:
            return self._show_meters("all_but", [])
        marked = user_input[CONF_METERS]
        return self._async_check("all_but", marked, self._candidates.keys() - set(marked))

    async def _async_show_choices(self, step_id: str, choices: list[str]) -> ConfigFlowResult:
        """Show the ways to choose, with the number of meters and what that number means."""
        count = len(self._candidates)
        seconds = count * self._client.session.pacer.interval
        return self.async_show_menu(
            step_id=step_id,
            menu_options=[x for x in choices if x != "pick_meters" or self._offered],
            description_placeholders={
                "count": str(count),
                "duration": duration(seconds, await self._async_units()),
                "max_meters": str(MAX_METERS),
            },
        )

    def _show_meters(
        self, step_id: str, marked: list[str], error: str | None = None
    ) -> ConfigFlowResult:
        """Show the meters in a list that can be searched."""
        shown = self._offered if step_id == "pick_meters" else self._candidates
        options = [SelectOptionDict(value=code, label=meter.label) for code, meter in shown.items()]
        selector = SelectSelectorConfig(
            options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN
        )
        field = vol.Required(CONF_METERS, default=marked)
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({field: SelectSelector(selector)}),
            errors={"base": error} if error else {},
            description_placeholders={
                "count": str(len(shown)),
                "max_meters": str(MAX_METERS),
                "many": str(MARKED),
            },
        )

    def _async_check(
        self, step_id: str, marked: list[str], codes: Collection[str]
    ) -> ConfigFlowResult:
        """Take these meters, unless there are none or too many."""
        # Meanwhile a meter may have been deselected elsewhere.
        codes = self._candidates.keys() & codes
        if not codes:
            return self._show_meters(step_id, marked, "nothing_chosen")
        if len(codes) > MAX_METERS:
            return self._show_meters(step_id, marked, "too_many_meters")
        return self._async_take(codes)

    def _async_take(
        self, codes: Collection[str], *, with_new_ones: bool = False
    ) -> ConfigFlowResult:
        """End the flow with these meters; those chosen before keep their names.

        Who takes all gets those that come later too; who picks leaves that as it is.
        """
        chosen = self._chosen
        kept = [meter for code, meter in chosen.items() if code in codes]
        newcomers = [
            meter for code, meter in self._found.items() if code in codes and code not in chosen
        ]
        watched = self._watched(chosen.keys() - codes)
        meters = kept_meters(with_unique_names(kept, newcomers))
        add_new = with_new_ones or self._old_options.get(CONF_ADD_NEW_METERS, False)
        return self._async_finish({CONF_METERS: meters, CONF_ADD_NEW_METERS: add_new, **watched})

    def _watched(self, removed: Collection[str]) -> dict[str, Any]:
        """Return where new meters are to be looked for, and which codes are not new.

        By way (`by_building`, `by_address`) the values of the places, or `None` for all of them;
        nothing of accounts whose meters were only ever given by code.
        """
        old = self._old_options
        known = {*old.get(CONF_KNOWN, []), *removed, *self._listing.meters(self._wanted)}
        if not self._wanted:
            return {CONF_KNOWN: sorted(known)} if CONF_PLACES in old else {}
        places: dict[str, list[str] | None] = dict(old.get(CONF_PLACES, {}))
        before = places.get(self._way, [])
        values = {place.value for place in self._wanted}
        if before is None or len(values) == len(self._places[self._way]):
            places[self._way] = None
        else:
            places[self._way] = sorted(values.union(before))
        return {CONF_PLACES: places, CONF_KNOWN: sorted(known)}
