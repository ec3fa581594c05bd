"""The daily look at which meters the platform has."""

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
from .listing import Listing, Place, async_get_places

_EVERY: Final = timedelta(days=1)
_TICK: Final = timedelta(hours=1)
_SECTION: Final = "survey"


class Survey:
    """Looks once a day for meters that came or went, where the account's meters were listed.

    Of an account whose meters were only ever given by code nothing is listed: there, a meter that
    the platform no longer knows when it is polled has gone.
    """

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Prepare; nothing is looked at before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._busy = False
        self._at = dt_util.utcnow()
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
        return {"at": self._at.isoformat(), "new": kept_meters(account.new), "gone": account.gone}

    def _restore(self, kept: Any) -> None:
        """Take over what `_as_dict` gave; anything else is as good as nothing."""
        try:
            at, new, gone = datetime.fromisoformat(kept["at"]), kept["new"], kept["gone"]
            meters = [ChosenMeter.from_option(meter) for meter in new]
            self._account.new, self._account.gone = meters, [str(code) for code in gone]
            self._at = dt_util.as_utc(at)
        except LookupError, TypeError, ValueError:
            LOGGER.debug("There is no usable look of before")

    @callback
    def _async_tick(self, _: datetime) -> None:
        """Look if that is due; a clock that was set back must not put it off."""
        age = dt_util.utcnow() - self._at
        if self._entry.pref_disable_polling:
            return
        if self._busy or timedelta(0) <= age < _EVERY:
            return
        self._busy = True
        self._entry.async_create_background_task(
            self._hass, self._async_look(), f"{DOMAIN} survey of {self._entry.title}"
        )

    async def _async_look(self) -> None:
        """Look; if the lists can't be had completely, tell nothing and try in the next hour."""
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
        listed = await self._async_list() if entry.options.get(CONF_PLACES) else self._answering()
        chosen = chosen_meters(entry.options)
        missing = [code for code in chosen if code not in listed]
        account.gone = [code for code in missing if not await self._async_answers(code)]
        options = entry.options
        seen = {*options.get(CONF_KNOWN, []), *chosen}
        account.new = [meter for code, meter in listed.items() if code not in seen]
        kept = [code for code in options.get(CONF_KEPT, []) if code not in listed]
        if kept != options.get(CONF_KEPT, []):
            self._hass.config_entries.async_update_entry(
                entry, options={**options, CONF_KEPT: kept}
            )
        account.on_meters_change()

    async def _async_list(self) -> dict[str, ChosenMeter]:
        """Return the meters in the lists that the account's meters were chosen from."""
        client, wanted = self._account.client, list[Place]()
        for way, values in self._entry.options[CONF_PLACES].items():
            wanted += [
                place
                for place in await async_get_places(client, way)
                if values is None or place.value in values
            ]
        listing = Listing(todo=[*wanted])
        await listing.async_go_on(client, lambda: None)
        return listing.meters(wanted)

    def _answering(self) -> dict[str, ChosenMeter]:
        """Return the chosen meters but for those that were known and aren't any more."""
        lost = {
            code
            for code, meter in self._account.coordinators.items()
            if meter.is_known and isinstance(meter.last_error, UNKNOWN_METER)
        }
        chosen = chosen_meters(self._entry.options)
        return {code: meter for code, meter in chosen.items() if code not in lost}

    async def _async_answers(self, code: str) -> bool:
        """Tell whether a meter that isn't listed answers: then it was given by code, or moved."""
        try:
            await self._account.client.get_meter(code, Turn(Priority.HISTORY))
        except UNKNOWN_METER:
            return False
        return True
