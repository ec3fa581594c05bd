"""A Home Assistant core in this process: its real registries and files, no integration but ours."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from functools import cache
import gc
from pathlib import Path
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import CoreState, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.util import dt as dt_util
from yarl import URL

from tests.simulator import Simulator

PASSWORD = "demo-password"
ENTRY_ID = "benchmark"
_Cache = type(cache(int))
# What runs in the same loop for the simulator's connections.
_SERVERS = ("BaseSelectorEventLoop._accept_connection", "RequestHandler.")


class KilledError(Exception):
    """Raised where the process is to end without being stopped."""


@asynccontextmanager
async def home(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant whose files are in a folder, and stop it in order or kill it."""
    time_zone = dt_util.get_default_time_zone()
    hass = HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    hass.config_entries = ConfigEntries(hass, {})
    await loader.async_get_custom_components(hass)
    await async_load_base_functionality(hass)
    # Addresses are numbers here; Home Assistant's own resolver needs the network integration.
    data: dict[Any, Any] = hass.data
    data[DATA_RESOLVER] = aiohttp.ThreadedResolver()
    await hass.config.async_set_time_zone("Asia/Shanghai")
    hass.set_state(CoreState.running)
    try:
        yield hass
    except KilledError:
        await _end_all()
        # Its connections end with a process; nothing else of it hears of this.
        hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
        await asyncio.sleep(0.1)
    except BaseException:
        await hass.async_stop(force=True)
        raise
    else:
        await hass.async_stop(force=True)
    finally:
        await _end_all()
        dt_util.set_default_time_zone(time_zone)


async def _end_all() -> None:
    """End what is left of a Home Assistant, as the end of its process does, not the simulator."""
    scheduled: Iterable[asyncio.TimerHandle] = vars(asyncio.get_running_loop())["_scheduled"]
    for handle in scheduled:
        if str(getattr(getattr(handle, "_callback", None), "__module__", "")).startswith(
            "homeassistant."
        ):
            handle.cancel()
    left = [
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task()
        and not getattr(task.get_coro(), "__qualname__", "").startswith(_SERVERS)
    ]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    # Many of Home Assistant's own caches are by the instance, which they would keep.
    for found in gc.get_objects():
        if isinstance(found, _Cache):
            found.cache_clear()


async def set_up_all(hass: HomeAssistant) -> None:
    """Set up the accounts that are there from an earlier start."""
    for entry in hass.config_entries.async_entries():
        if entry.state is ConfigEntryState.NOT_LOADED:
            await hass.config_entries.async_setup(entry.entry_id)


def states_of(
    hass: HomeAssistant, entry: ConfigEntry[Any], user_code: str
) -> dict[str, State | None]:
    """Return the states of a meter by the keys of their entities."""
    return {
        entity.unique_id.rpartition("|")[2]: hass.states.get(entity.entity_id)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if f"|{user_code}|" in entity.unique_id
    }


def entry_of(
    simulator: Simulator, *, username: str = "demo", domain: str = "jrhsz", **options: Any
) -> ConfigEntry[Any]:
    """Return an entry for an account of the simulator with all of its meters."""
    codes = sorted(simulator.meters)
    return make_entry(simulator.url, codes, username=username, domain=domain, **options)


def make_entry(
    url: str,
    codes: list[str],
    *,
    username: str = "demo",
    domain: str = "jrhsz",
    **options: Any,
) -> ConfigEntry[Any]:
    """Return an entry with meters, as the flow makes it."""
    meters = [{"user_code": code, "building": "一栋", "room": code} for code in codes]
    return ConfigEntry(
        data={"url": url, "username": username, "password": PASSWORD, "verify_ssl": True},
        discovery_keys={},  # type: ignore[arg-type]
        domain=domain,
        entry_id=f"{ENTRY_ID}_{username}",
        minor_version=1,
        options={"meters": meters, **options},
        source=SOURCE_USER,
        subentries_data=(),
        title=username,
        unique_id=f"{URL(url).authority}/{username}",
        version=1,
    )
