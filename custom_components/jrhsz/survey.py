"""The daily look at which meters the platform has."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .api import Client, NotPermittedError, PlatformError, Priority, Turn
from .const import CONF_KEPT, CONF_KNOWN, CONF_METERS, CONF_PLACES, CONF_USER_CODE, DOMAIN, LOGGER
from .coordinator import JrhszConfigEntry
from .issues import UNKNOWN_METER, async_update_gone_meters, async_update_new_meters
from .listing import ACCOUNT, Listing, Meter, Place, places_of_addresses, places_of_buildings

_EVERY: Final = timedelta(days=1)
_TICK: Final = timedelta(hours=1)
_SECTION: Final = "surveyed_at"


class Survey:
    """Looks once a day for meters that came or went, where the account's meters were listed.

    An account whose meters were only ever given by code has nothing to look at.
    """

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Start to look; the flow that added the account has just done so."""
        self._hass = hass
        self._entry = entry
        self._busy = False
        account = entry.runtime_data
        self._at = _time(account.store.data.get(_SECTION)) or dt_util.utcnow()
        if not entry.options.get(CONF_PLACES):
            return
        account.store.register(_SECTION, self._kept)
        entry.async_on_unload(
            async_track_time_interval(
                hass, self._async_tick, _TICK, name=f"{DOMAIN} survey", cancel_on_shutdown=True
            )
        )

    def _kept(self) -> str:
        """Return what to keep over a restart."""
        return self._at.isoformat()

    @callback
    def _async_tick(self, _: datetime) -> None:
        """Look if that is due; a clock that was set back must not put it off."""
        age = dt_util.utcnow() - self._at
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
        self._entry.runtime_data.store.async_schedule_save()

    async def _async_compare(self) -> None:
        """Compare the platform's lists with what was seen and chosen before."""
        client = self._entry.runtime_data.client
        wanted: list[Place] = []
        for way, values in self._entry.options[CONF_PLACES].items():
            wanted += [
                place
                for place in await _places(client, way)
                if values is None or place.value in values
            ]
        listing = Listing(todo=[*wanted])
        await listing.async_go_on(client, lambda: None)
        listed = listing.meters(wanted)
        chosen: dict[str, Meter] = {
            meter[CONF_USER_CODE]: meter for meter in self._entry.options[CONF_METERS]
        }
        gone = [meter for code, meter in chosen.items() if code not in listed]
        gone = [meter for meter in gone if not await self._async_answers(meter)]
        options = self._entry.options
        kept = [code for code in options.get(CONF_KEPT, []) if code not in listed]
        if kept != options.get(CONF_KEPT, []):
            self._hass.config_entries.async_update_entry(
                self._entry, options={**options, CONF_KEPT: kept}
            )
        async_update_gone_meters(
            self._hass, self._entry, [x for x in gone if x[CONF_USER_CODE] not in kept]
        )
        seen = {*chosen, *options.get(CONF_KNOWN, [])}
        async_update_new_meters(
            self._hass, self._entry, [x for code, x in listed.items() if code not in seen]
        )

    async def _async_answers(self, meter: Meter) -> bool:
        """Tell whether a meter that isn't listed answers: then it was given by code, or moved."""
        try:
            await self._entry.runtime_data.client.get_meter(
                meter[CONF_USER_CODE], Turn(Priority.HISTORY)
            )
        except UNKNOWN_METER:
            return False
        return True


async def _places(client: Client, way: str) -> Iterable[Place]:
    """Return the lists that the account has."""
    if way == "by_building":
        places = places_of_buildings(await client.get_buildings())
    else:
        places = places_of_addresses(await client.get_addresses())
    return places or [ACCOUNT]


def _time(value: Any) -> datetime | None:
    """Return the time that was kept, if it can be read."""
    return dt_util.parse_datetime(value) if isinstance(value, str) else None
