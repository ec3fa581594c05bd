"""The daily look at which meters the platform has."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..api import UNKNOWN_METER, NotPermittedError, PlatformError, Priority, Turn
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry
from ..settings import (
    CONF_KEPT,
    CONF_KNOWN,
    CONF_PLACES,
    ChosenMeter,
    chosen_meters,
    kept_meters,
)
from .listing import Listing, Place, async_get_places, is_made_unique
from .newcomers import async_follow_too

_EVERY: Final = timedelta(days=1)
_EVERY_WHILE_ABSENT: Final = timedelta(hours=12)
_TICK: Final = timedelta(hours=1)
# Timers may fire a little early.
_LITTLE_EARLY: Final = timedelta(minutes=5)
_SECTION: Final = "survey"
_LOOKS: Final = 3
_ABSENT_FOR: Final = timedelta(days=1)
# Without other meters nothing tells a failure of the platform from one of the meter.
_ABSENT_ALONE_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Absence:
    """Since when a meter is absent, and how many looks found it so while others answered."""

    since: datetime
    looks: int


class Survey:
    """Looks once a day which meters came, went or have new names, twice while one seems absent.

    Where the account's meters were listed, a meter that is in no list and doesn't answer either is
    absent; of an account whose meters were only ever given by code nothing is listed. That a meter
    doesn't answer says something about it only if others do, at three looks over a day.
    """

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Prepare; nothing is looked at before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._busy = False
        self._at = dt_util.utcnow()
        self._absences: dict[str, Absence] = {}
        self._names: dict[str, str] = {}
        self._account = entry.runtime_data

    @callback
    def async_start(self) -> None:
        """Go on from the last look; the flow that added the account was the first."""
        store = self._account.store
        self._restore(store.data.get(_SECTION))
        store.register(_SECTION, self._as_dict)
        self._entry.async_on_unload(
            async_track_time_interval(
                self._hass,
                self._async_tick,
                _TICK,
                name=f"{DOMAIN} survey",
                cancel_on_shutdown=True,
            )
        )
        self._account.on_meters_change()

    def _as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        account = self._account
        return {
            "at": self._at.isoformat(),
            "new": kept_meters(account.new),
            "gone": account.gone,
            "renamed": kept_meters(account.renamed),
            "names": self._names,
            "absences": {
                code: [absence.since.isoformat(), absence.looks]
                for code, absence in self._absences.items()
            },
        }

    def _restore(self, kept: Any) -> None:
        """Take over what `_as_dict` gave; anything else is as good as nothing."""
        try:
            at, new, gone = datetime.fromisoformat(kept["at"]), kept["new"], kept["gone"]
            meters = [ChosenMeter.from_option(meter) for meter in new]
            absences = {
                code: Absence(dt_util.as_utc(datetime.fromisoformat(since)), int(looks))
                for code, (since, looks) in kept.get("absences", {}).items()
            }
            renamed = [ChosenMeter.from_option(meter) for meter in kept.get("renamed", [])]
            names = {str(code): str(room) for code, room in kept.get("names", {}).items()}
            self._account.new, self._account.gone = meters, [str(code) for code in gone]
            self._account.renamed, self._names = renamed, names
            self._absences = absences
            self._at = dt_util.as_utc(at)
        except AttributeError, LookupError, TypeError, ValueError:
            LOGGER.debug("There is no usable look of before")

    @callback
    def _async_tick(self, _: datetime) -> None:
        """Look if that is due; a clock that was set back must not put it off."""
        if self._entry.pref_disable_polling or self._busy:
            return
        # A person may have said so after they were found.
        if self._are_added(self._account.new):
            self._account.new = []
        every = _EVERY_WHILE_ABSENT if self._absences else _EVERY
        suspects = self._suspects()
        # If none answers, that says nothing about any.
        if suspects - self._absences.keys() and len(suspects) < len(self._account.polled):
            every = _TICK
        if timedelta(0) <= dt_util.utcnow() - self._at < every - _LITTLE_EARLY:
            return
        self._busy = True
        self._entry.async_create_background_task(
            self._hass, self._async_look(), f"{DOMAIN} survey of {self._entry.title}"
        )

    async def _async_look(self) -> None:
        """Look; if no list can be had, tell nothing and try in the next hour."""
        try:
            await self._async_compare()
        except NotPermittedError:
            pass
        except PlatformError as err:
            LOGGER.debug("The meters of an account can't be listed now (%s)", err)
            return
        finally:
            self._busy = False
        self._at = dt_util.utcnow()
        self._account.store.async_schedule_save()

    async def _async_compare(self) -> None:
        """Compare the meters that the platform has with those that were chosen."""
        account, entry = self._account, self._entry
        chosen = chosen_meters(entry.options)
        doubtful = self._suspects() | self._absences.keys()
        listed: dict[str, ChosenMeter] = {}
        is_whole = True
        if entry.options.get(CONF_PLACES):
            listed, is_whole = await self._async_list()
            self._note_names(chosen, listed, is_whole=is_whole)
            unlisted = {meter.user_code for meter in account.polled} - listed.keys()
            doubtful = unlisted if is_whole else unlisted & doubtful
        await self._async_note_absences(doubtful)
        options = entry.options
        seen = {*options.get(CONF_KNOWN, []), *chosen}
        if not is_whole:
            listed = {meter.user_code: meter for meter in account.new} | listed
        new = [meter for code, meter in listed.items() if code not in seen]
        account.new = [] if self._are_added(new) else new
        options = entry.options
        kept = [code for code in options.get(CONF_KEPT, []) if code in self._absences]
        if kept != options.get(CONF_KEPT, []):
            self._hass.config_entries.async_update_entry(
                entry, options={**options, CONF_KEPT: kept}
            )
        account.on_meters_change()

    def _note_names(
        self, chosen: dict[str, ChosenMeter], listed: dict[str, ChosenMeter], *, is_whole: bool
    ) -> None:
        """Note which rooms have other names than those that their meters were chosen with.

        A meter that was chosen by its code is called by it: only another name than at the last look
        is news of such a one. What can't be looked at now keeps the name that it had.
        """
        before = {meter.user_code: meter.room for meter in self._account.renamed}
        known = {} if is_whole else {**self._names, **before}
        renamed, nameless = list[ChosenMeter](), dict[str, str]()
        for code, meter in chosen.items():
            room = listed[code].room if code in listed else known.get(code)
            if room is None:
                continue
            is_nameless = meter.room == code
            if is_nameless:
                nameless[code] = room
            is_news = not is_nameless or code in before or self._names.get(code, room) != room
            if is_news and room not in {meter.room, code} and not is_made_unique(meter, room):
                renamed.append(replace(meter, room=room))
        self._account.renamed, self._names = renamed, nameless

    def _are_added(self, new: list[ChosenMeter]) -> bool:
        """Follow new meters where that is wanted; otherwise, or if too many, a person is asked."""
        if not new or not self._account.settings.add_new_meters:
            return False
        if not async_follow_too(self._hass, self._entry, new):
            return False
        LOGGER.info("New meters of account %s are followed: %s", self._entry.title, len(new))
        return True

    def _suspects(self) -> set[str]:
        """Return the meters whose last poll was answered as if there were no such meter."""
        return {
            meter.user_code
            for meter in self._account.polled
            if isinstance(meter.last_error, UNKNOWN_METER)
        }

    async def _async_note_absences(self, doubtful: set[str]) -> None:
        """Ask for meters that seem to be absent, and count a look for those that are.

        Gone are those that were absent at enough looks, for long enough.
        """
        now = dt_util.utcnow()
        polled = [meter.user_code for meter in self._account.polled]
        others = [code for code in polled if code not in doubtful]
        is_alone = len(polled) == 1
        if is_alone or (others and await self._async_answers(others[0])):
            asked = [code for code in polled if code in doubtful]
            absent = [code for code in asked if not await self._async_answers(code)]
            before = {code: self._absences.get(code, Absence(now, 0)) for code in absent}
            self._absences = {
                code: Absence(min(absence.since, now), absence.looks + 1)
                for code, absence in before.items()
            }
        needed = (_ABSENT_ALONE_FOR if is_alone else _ABSENT_FOR) - _LITTLE_EARLY
        self._account.gone = [
            code
            for code, absence in self._absences.items()
            if absence.looks >= _LOOKS and now - absence.since >= needed
        ]

    async def _async_list(self) -> tuple[dict[str, ChosenMeter], bool]:
        """Return the meters in the lists that the account's meters were chosen from, and if whole.

        A list that fails is asked for once more at the end, and doesn't hide the others.
        """
        client, wanted = self._account.client, list[Place]()
        for way, values in self._entry.options[CONF_PLACES].items():
            wanted += [
                place
                for place in await async_get_places(client, way)
                if values is None or place.value in values
            ]
        listing = Listing(todo=[*wanted])
        await listing.async_go_on(client, lambda: None)
        listing.todo = [*listing.failed]
        await listing.async_go_on(client, lambda: None)
        if not listing.rooms:
            for err in listing.failed.values():
                raise err
        return listing.meters(wanted), not listing.failed

    async def _async_answers(self, code: str) -> bool:
        """Tell whether a meter answers; one that isn't listed was given by code, or moved."""
        try:
            await self._account.client.get_meter(code, Turn(Priority.HISTORY))
        except UNKNOWN_METER:
            return False
        return True
