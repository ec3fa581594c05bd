"""The steps in which an account's meters are listed, the same in config and options flow."""

from abc import ABC, abstractmethod
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
import math
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from ..api import UNKNOWN_METER, Client, Interface, NotPermittedError, PlatformError
from ..const import DOMAIN
from ..exceptions import translation
from ..settings import MAX_METERS, ChosenMeter, chosen_meters
from ..texts import plain
from .listing import ACCOUNT, Listing, Place, async_get_places, meter_of_code, split_codes

_CHECKED_CODES: Final = 20
_NAMED: Final = 5
# A list in which more are marked can't be read.
MARKED: Final = 20
_TWO_MINUTES: Final = 120


class ListingFlow(ConfigEntryBaseFlow, ABC):
    """A flow in which meters are found: in lists of the platform, or by their codes.

    A step may be called again at any time without input, since the frontend asks for the current
    state of a flow: what a step shows depends on what is kept here alone.
    """

    def __init__(self) -> None:
        """Start with nothing listed."""
        self._listing = Listing()
        self._places: dict[str, list[Place]] = {}
        self._way = ""
        self._wanted: list[Place] = []
        self._codes: list[str] = []
        self._error: PlatformError | None = None
        self._task: asyncio.Task[None] | None = None
        self._total = 0
        self._seconds_per_call = 0.0

    @property
    @abstractmethod
    def _client(self) -> Client:
        """Return the account's client."""

    @property
    @abstractmethod
    def _old_options(self) -> Mapping[str, Any]:
        """Return the options that the entry has."""

    @abstractmethod
    async def async_step_choose(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say which of the meters to take."""

    @property
    def _chosen(self) -> dict[str, ChosenMeter]:
        """Return the meters that were chosen before this flow."""
        return chosen_meters(self._old_options)

    @property
    def _has_many(self) -> bool:
        """Tell whether so many were chosen that they can't be shown marked."""
        return len(self._chosen) > MARKED

    @property
    def _found(self) -> dict[str, ChosenMeter]:
        """Return the meters that this flow has found."""
        codes = (self._listing.codes.get(code) for code in self._codes)
        return self._listing.meters(self._wanted) | {
            code: meter_of_code(code) for code in codes if code
        }

    async def async_step_browse(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say how to list the meters."""
        self._wanted, self._codes, self._error = [], [], None
        self._listing.todo.clear()
        self._listing.failed.clear()
        ways = ["by_building", "by_address", "by_code"]
        if self._chosen:
            ways += ["all_but", "remove_codes"] if self._has_many else ["pick_meters"]
        return self.async_show_menu(
            step_id="browse",
            menu_options=ways,
            description_placeholders={"count": str(len(self._chosen))},
        )

    async def async_step_by_building(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user choose buildings; an account without any is listed as a whole."""
        return await self._async_step_places("by_building", "buildings", user_input)

    async def async_step_by_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user choose addresses; an account without any is listed as a whole."""
        return await self._async_step_places("by_address", "addresses", user_input)

    async def _async_step_places(
        self, way: str, key: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Let the user choose from the lists that the account has."""
        self._way = way
        if way not in self._places:
            try:
                self._places[way] = await async_get_places(self._client, way)
            except PlatformError as err:
                self._error = err
                return await self._async_go_to(self._step_after_error(err))
        places = self._places[way]
        wanted = places
        if places != [ACCOUNT]:
            is_long = len(places) > MARKED
            if user_input is None or not (is_long or user_input.get(key)):
                errors = {} if user_input is None else {"base": "nothing_chosen"}
                return self._show_places(way, key, errors)
            wanted = [place for place in places if place.value in user_input[key]] or places
        self._wanted, self._codes = wanted, []
        return await self._async_ask([x for x in wanted if x not in self._listing.rooms])

    def _show_places(self, way: str, key: str, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the lists that the account has, all of them marked; of many none, to be searched."""
        places = self._places[way]
        is_long = len(places) > MARKED
        uses = Counter(place.name for place in places)
        options = [
            SelectOptionDict(
                value=place.value,
                label=place.name if uses[place.name] == 1 else f"{place.name} ({place.value})",
            )
            for place in places
        ]
        field = vol.Required(key, default=[] if is_long else [place.value for place in places])
        selector = SelectSelectorConfig(
            options=options,
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN if is_long else SelectSelectorMode.LIST,
        )
        return self.async_show_form(
            step_id=way,
            data_schema=vol.Schema({field: SelectSelector(selector)}),
            errors=errors,
            description_placeholders={"many": str(MARKED)},
            last_step=False,
        )

    async def async_step_by_code(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user type codes; a few of them are checked."""
        errors: dict[str, str] = {}
        known = self._listing.codes
        if user_input is not None:
            self._error = None
            self._wanted, self._codes = [], split_codes(user_input["codes"])
            self._listing.failed.clear()
            if not self._codes:
                errors["base"] = "nothing_chosen"
            elif not self._are_too_many:
                known.update({code: code for code in self._codes if code in self._chosen})
                unchecked = [code for code in self._codes if code not in known]
                known.update({code: code for code in unchecked[_CHECKED_CODES:]})
                return await self._async_ask(unchecked[:_CHECKED_CODES])
        unknown = [code for code in self._codes if code in self._listing.failed]
        if isinstance(self._error, NotPermittedError):
            unknown.clear()
            reading = self._error.interface == Interface.METER
            errors["base"] = "reading_not_permitted" if reading else "listing_not_permitted"
        elif self._are_too_many:
            errors["base"] = "too_many_meters"
        elif unknown:
            errors["base"] = "unknown_codes"
        kept = "\n".join(code for code in self._codes if code not in unknown)
        field = vol.Required("codes", description={"suggested_value": kept})
        return self.async_show_form(
            step_id="by_code",
            data_schema=vol.Schema({field: TextSelector(TextSelectorConfig(multiline=True))}),
            errors=errors,
            description_placeholders={
                "codes": ", ".join(unknown),
                "checked": str(_CHECKED_CODES),
                "max_meters": str(MAX_METERS),
            },
            last_step=False,
        )

    @property
    def _are_too_many(self) -> bool:
        """Tell whether more codes were typed than an account can take."""
        return len(self._chosen.keys() | set(self._codes)) > MAX_METERS

    async def _async_ask(self, todo: Sequence[Place | str]) -> ConfigFlowResult:
        """Ask the platform about these, if there are any, and go on."""
        self._listing.todo, self._error = [*todo], None
        self._total = len(todo)
        if todo:
            return await self.async_step_listing()
        return await self._async_go_to(self._step_after_listing())

    async def async_step_listing(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show how far the listing is; it ends with the flow, and can be continued."""
        units = await self._async_units()
        if self._task is None:
            self._task = self.hass.async_create_task(self._async_listing(), f"{DOMAIN} listing")
        if self._task.done():
            self._task = None
            return self.async_show_progress_done(next_step_id=self._step_after_listing())
        left = len(self._listing.todo)
        seconds = left * max(self._client.session.pacer.interval, self._seconds_per_call)
        # The frontend forgets the bar when the text changes, which it hears of after this step.
        self.hass.loop.call_soon(self.async_update_progress, 1 - left / self._total)
        return self.async_show_progress(
            step_id="listing",
            progress_action="listing",
            description_placeholders={
                "done": str(self._total - left),
                "total": str(self._total),
                "left": duration(seconds, units),
            },
            progress_task=self._task,
        )

    async def _async_listing(self) -> None:
        """Ask the platform, moving the bar and the time left with each answer."""
        started, before = self.hass.loop.time(), len(self._listing.todo)

        def progressed() -> None:
            """Show an answer that came."""
            left = len(self._listing.todo)
            self._seconds_per_call = (self.hass.loop.time() - started) / (before - left)
            self.async_notify_flow_changed()
            self.async_update_progress(1 - left / self._total)

        self._error = None
        try:
            await self._listing.async_go_on(self._client, progressed)
        except PlatformError as err:
            self._error = err

    def _step_after_listing(self) -> str:
        """Return what is shown once the platform was asked."""
        if self._error is not None:
            return self._step_after_error(self._error)
        failed = self._listing.failed
        if self._codes and failed and all(isinstance(e, UNKNOWN_METER) for e in failed.values()):
            # Only if others are known does a failure say anything about a code.
            return "by_code" if len(failed) < len(self._codes) else "codes_refused"
        if failed:
            return "listing_failed"
        return "choose" if self._found else "nothing_found"

    def _step_after_error(self, err: PlatformError) -> str:
        """Return what is shown after an error: what isn't permitted can't be tried again."""
        return "by_code" if isinstance(err, NotPermittedError) else "listing_failed"

    async def _async_go_to(self, step_id: str) -> ConfigFlowResult:
        """Show another step."""
        step: Callable[[], Awaitable[ConfigFlowResult]] = getattr(self, f"async_step_{step_id}")
        return await step()

    async def async_step_listing_failed(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user try again from where it stopped, or go on with what is there."""
        listing = self._listing
        listing.todo = list(dict.fromkeys([*listing.failed, *listing.todo]))
        retry = "listing" if listing.todo else self._way
        found = self._found
        return self.async_show_menu(
            step_id="listing_failed",
            menu_options=[retry, "choose", "browse"] if found else [retry, "browse"],
            description_placeholders={
                "error": plain(await self._async_describe()),
                "count": str(len(found)),
            },
        )

    async def async_step_codes_refused(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the platform says of all the codes: that needn't be about them."""
        self._listing.todo = [code for code in self._codes if code in self._listing.failed]
        return self.async_show_menu(
            step_id="codes_refused",
            menu_options=["listing", "add_anyway", "by_code"],
            description_placeholders={
                "error": plain(await self._async_describe()),
                # Beside a choice, where nothing is Markdown.
                "codes": ", ".join(self._codes),
            },
        )

    async def async_step_add_anyway(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take codes as they were typed."""
        self._listing.codes.update({code: code for code in self._codes})
        self._listing.todo.clear()
        self._listing.failed.clear()
        return await self.async_step_choose()

    async def _async_describe(self) -> str:
        """Say what happened in Home Assistant's language; a menu has no errors to show.

        What failed by itself is named, the first ones of many.
        """
        language = self.hass.config.language
        messages = await async_get_translations(self.hass, language, "exceptions", {DOMAIN})

        def described(err: PlatformError) -> str:
            """Return what happened."""
            what = translation(err)
            message = messages[f"component.{DOMAIN}.exceptions.{what['translation_key']}.message"]
            return message.format(**what["translation_placeholders"])

        failed = self._listing.failed
        if self._error is not None or not failed:
            return described(self._error or PlatformError())
        lines = [
            f"{item.name or item.value if isinstance(item, Place) else item}: {described(err)}"
            for item, err in list(failed.items())[:_NAMED]
        ]
        return "\n".join([*lines, "…"] if len(failed) > _NAMED else lines)

    async def _async_units(self) -> dict[str, str]:
        """Return the units of times in words of Home Assistant's language."""
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})
        prefix = f"component.{DOMAIN}.selector.unit.unit_of_measurement"
        return {unit: texts[f"{prefix}.{unit}"] for unit in ("seconds", "minutes")}

    async def async_step_nothing_found(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that the lists are empty."""
        return self.async_show_menu(step_id="nothing_found", menu_options=["browse", "by_code"])


def duration(seconds: float, units: Mapping[str, str]) -> str:
    """Return a time for people, with these words for its units."""
    if seconds < _TWO_MINUTES:
        return f"{seconds:.0f} {units['seconds']}"
    return f"{math.ceil(seconds / 60)} {units['minutes']}"
