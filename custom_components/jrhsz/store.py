"""What an account keeps over restarts, in one file: its session, last values, times of polls."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER

_VERSION: Final = 1
_SAVE_DELAY: Final = 300
_SAVE_DELAY_LARGE: Final = 1800
_ASIDE: Final = ".unusable."


class AccountStore:
    """The sections of an account's file.

    Home Assistant's delayed save begins anew with every change, so that under steady polling it
    would never write: this one writes five minutes after the first change.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, *, delay: int = _SAVE_DELAY) -> None:
        """Prepare the file of a config entry, which is written `delay` seconds after a change."""
        self.data: dict[str, Any] = {}
        self._hass = hass
        self._delay = delay
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True
        )
        self._sources: dict[str, Callable[[], Any]] = {}
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._cancel_final_write: CALLBACK_TYPE | None = None
        self._saving = asyncio.Lock()

    async def async_load(self) -> None:
        """Read the file; one that can't be used is set aside, and the account starts afresh."""
        try:
            data = await self._store.async_load()
            if data is not None and not isinstance(data, dict):
                raise TypeError(type(data).__name__)  # noqa: TRY301  the same as any other damage
        except (HomeAssistantError, AttributeError, KeyError, TypeError, ValueError) as err:
            path = Path(self._store.path)
            aside = path.with_name(f"{path.name}{_ASIDE}{dt_util.utcnow():%Y%m%dT%H%M%S}")
            await self._hass.async_add_executor_job(path.replace, aside)
            LOGGER.warning(
                "The stored values of an account can't be used (%s) and were set aside as %s; "
                "it starts afresh",
                type(err).__name__,
                aside.name,
            )
            data = None
        self.data = data or {}

    @callback
    def register(self, section: str, source: Callable[[], Any]) -> None:
        """Save what `source` returns (JSON-ready) as a section from now on."""
        self._sources[section] = source

    @callback
    def async_schedule_save(self) -> None:
        """Save soon, within the delay."""
        if self._cancel_timer is None:
            self._cancel_timer = async_call_later(
                self._hass,
                self._delay,
                HassJob(self._async_save_now, f"{DOMAIN} save", cancel_on_shutdown=True),
            )
        if self._cancel_final_write is None:
            self._cancel_final_write = self._hass.bus.async_listen_once(
                EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write
            )

    async def _async_save_now(self, _: datetime) -> None:
        """Save when the timer fires."""
        await self.async_save()

    async def _async_final_write(self, _: Event) -> None:
        """Save when Home Assistant stops; it doesn't unload entries then."""
        self._cancel_final_write = None
        await self.async_save()

    async def async_save(self) -> None:
        """Save at once what all sources return now."""
        async with self._saving:
            self._async_cancel()
            self.data |= {name: source() for name, source in self._sources.items()}
            await self._store.async_save(self.data)

    async def async_close(self) -> None:
        """Save what is left to save, for good: nothing writes afterwards."""
        if self._cancel_timer is not None:
            await self.async_save()
        self._async_cancel()
        self._sources.clear()

    async def async_remove(self) -> None:
        """Remove the file, and those that were set aside: a token is in them too."""
        await self._store.async_remove()
        await self._hass.async_add_executor_job(self._remove_aside)

    def _remove_aside(self) -> None:
        """Remove the files that were set aside."""
        path = Path(self._store.path)
        for aside in path.parent.glob(f"{path.name}{_ASIDE}*"):
            aside.unlink()

    @callback
    def _async_cancel(self) -> None:
        """Cancel whatever would save later."""
        for cancel in (self._cancel_timer, self._cancel_final_write):
            if cancel is not None:
                cancel()
        self._cancel_timer = self._cancel_final_write = None


def history_store(hass: HomeAssistant, entry_id: str, *, is_small: bool = True) -> AccountStore:
    """Return the file of an account's history; that of a large one is written less often."""
    delay = _SAVE_DELAY if is_small else _SAVE_DELAY_LARGE
    return AccountStore(hass, f"{entry_id}.history", delay=delay)
