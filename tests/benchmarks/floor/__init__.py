"""The floor of the benchmarks: what any integration with these meters and entities must do.

One coordinator per meter, a device and static entities for each, the last values in a file, a
login, and each poll one request after the other. Nothing that could go wrong is cared for.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
import json
import logging
from pathlib import Path
from typing import Any, override

import aiohttp
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator
from homeassistant.loader import Integration, async_get_custom_components

DOMAIN = "jrhsz_floor"
LOGGER = logging.getLogger(__package__)
SAVE_DELAY = 300

type FloorConfigEntry = ConfigEntry[FloorData]
type Record = dict[str, Any]


async def async_offer(hass: HomeAssistant) -> None:
    """Let Home Assistant find the floor.

    A file with its manifest would make this repository one of two integrations.
    """
    folder = Path(__file__).parent
    integration = Integration(
        hass,
        __name__,
        folder,
        {
            "domain": DOMAIN,
            "name": "Floor of the benchmarks",
            "codeowners": [],
            "dependencies": [],
            "requirements": [],
            "version": "0.0.0",
        },
        {path.name for path in folder.iterdir()},
    )
    (await async_get_custom_components(hass))[DOMAIN] = integration


@dataclass(slots=True)
class FloorData:
    """What an account consists of."""

    coordinators: dict[str, FloorCoordinator]
    added: asyncio.Event


class Platform:
    """The platform, as simply as it can be asked."""

    def __init__(self, http: aiohttp.ClientSession, entry: FloorConfigEntry) -> None:
        """Start without a token."""
        self._http = http
        self._url = f"{entry.data['url']}/user/"
        self._account = {"admin_user_name": entry.data["username"]}
        self._password = {"api_password": entry.data["password"]}
        self._token: dict[str, str] = {}
        self._one_by_one = asyncio.Lock()

    async def get_meter(self, user_code: str) -> Record:
        """Return what a meter shows."""
        async with self._one_by_one:
            if not self._token:
                reply = await self._post("login", self._account | self._password)
                self._token = {"token": reply["data"]}
            fields = {**self._token, **self._account, "user_code": user_code}
            reply = await self._post("GetUserInfo", fields)
        record: Record = json.loads(reply["data"])
        return record

    async def _post(self, interface: str, fields: dict[str, str]) -> Any:
        """Send one request."""
        async with self._http.post(self._url + interface, data=fields) as response:
            return json.loads(await response.text())


class FloorCoordinator(DataUpdateCoordinator[Record]):
    """Polls one meter."""

    config_entry: FloorConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FloorConfigEntry,
        user_code: str,
        platform: Platform,
        on_answer: Callable[[], None],
    ) -> None:
        """Prepare."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=user_code,
            update_interval=timedelta(minutes=30),
        )
        self.user_code = user_code
        self._platform = platform
        self._on_answer = on_answer

    @override
    async def _async_update_data(self) -> Record:
        """Poll."""
        self._on_answer()
        return await self._platform.get_meter(self.user_code)


class FloorEntity(CoordinatorEntity[FloorCoordinator]):
    """An entity of a meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: FloorCoordinator, number: int, *, enabled: bool) -> None:
        """Belong to the meter's device."""
        super().__init__(coordinator)
        code = coordinator.user_code
        self._attr_name = f"value {number}"
        self._attr_unique_id = f"{code}_{number}"
        self._attr_entity_registry_enabled_default = enabled
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, code)},
            manufacturer="floor",
            model="meter",
            name=code,
            serial_number=coordinator.data["tableNo"],
        )


async def async_setup_entry(hass: HomeAssistant, entry: FloorConfigEntry) -> bool:
    """Set up an account, and poll what was never polled."""
    store: Store[dict[str, Record]] = Store(hass, 1, f"{DOMAIN}.{entry.entry_id}")
    kept = await store.async_load() or {}
    coordinators: dict[str, FloorCoordinator] = {}

    def save() -> None:
        """Save all values soon."""
        store.async_delay_save(
            lambda: {code: meter.data for code, meter in coordinators.items()}, SAVE_DELAY
        )

    platform = Platform(async_get_clientsession(hass), entry)
    for meter in entry.options["meters"]:
        code = meter["user_code"]
        coordinators[code] = FloorCoordinator(hass, entry, code, platform, save)
        if code in kept:
            coordinators[code].data = kept[code]
    entry.runtime_data = FloorData(coordinators, asyncio.Event())
    if not kept:
        for coordinator in coordinators.values():
            await coordinator.async_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, entry.options["shape"])
    return True


async def async_unload_entry(hass: HomeAssistant, entry: FloorConfigEntry) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(entry, entry.options["shape"])


async def async_add(
    entry: FloorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kind: str,
    make: Callable[[FloorCoordinator, int, bool], Entity],
) -> None:
    """Add the entities of one platform, as many per meter as the shape tells."""
    enabled, disabled = entry.options["shape"][kind]

    def entities_of(meters: Iterable[FloorCoordinator]) -> Iterable[Entity]:
        """Yield the entities of some meters."""
        for meter in meters:
            for number in range(enabled + disabled):
                yield make(meter, number, number < enabled)

    meters = entry.runtime_data.coordinators.values()
    at_once = entry.options["at_once"] or len(meters)
    for batch in batched(meters, at_once, strict=False):
        async_add_entities(entities_of(batch))
        await asyncio.sleep(0)
