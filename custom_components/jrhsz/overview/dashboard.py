"""The landlord's overview: which meters are in which room, and the script that shows them."""

from collections.abc import Container, Iterable
from datetime import timedelta
from pathlib import Path
import re
from typing import Any, Final, Literal
import unicodedata

from homeassistant.components import frontend, websocket_api
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import async_get_integration

from ..const import DOMAIN
from ..settings import Settings, chosen_meters

type Kind = Literal["electricity", "water"]

_SCRIPTS: Final = Path(__file__).parent / "frontend"
_KINDS: Final[dict[str | None, Kind]] = {"energy": "electricity", "water": "water"}
_KINDS_BY_SUFFIX: Final[dict[str, Kind]] = {"电": "electricity", "水": "water"}
_DIGITS: Final = "零一二三四五六七八九"
_CHINESE: Final = re.compile(
    r"[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二三四五六七八九]+"
)
_SHOWN: Final = (
    ("sensor", "balance"),
    ("sensor", "reading"),
    ("sensor", "last_reading"),
    ("binary_sensor", "low_balance"),
)


async def async_setup_overview(hass: HomeAssistant) -> None:
    """Offer the overview as a dashboard, if there is a frontend."""
    if frontend.DOMAIN not in hass.config.components:
        return
    integration = await async_get_integration(hass, DOMAIN)
    # Browsers keep what they load for a month: another version has to have other addresses.
    base = f"/{DOMAIN}/{integration.version}"
    await hass.http.async_register_static_paths([StaticPathConfig(base, str(_SCRIPTS))])
    frontend.add_extra_js_url(hass, f"{base}/overview.js")
    websocket_api.async_register_command(hass, _async_send_rooms)


@callback
@websocket_command({"type": f"{DOMAIN}/rooms"})
def _async_send_rooms(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send which entities show the meters of which room."""
    registry = er.async_get(hass)
    rooms = [
        room
        for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        for room in _rooms(registry, entry)
    ]
    rooms.sort(key=lambda room: (natural(room["building"]), natural(room["room"])))
    connection.send_result(msg["id"], rooms)


def _rooms(registry: er.EntityRegistry, entry: ConfigEntry[Any]) -> Iterable[dict[str, Any]]:
    """Return the rooms of an account, each with its meters."""
    meters = chosen_meters(entry.options).values()
    buildings = {meter.building for meter in meters}
    silent_hours = Settings.of(entry.options).silent_after / timedelta(hours=1)
    rooms: dict[tuple[str, str], dict[str, Any]] = {}
    for meter in meters:
        key = building_name(meter.building, buildings), meter.room
        room = rooms.setdefault(key, {"building": key[0], "room": key[1], "meters": []})
        entities = _entities(registry, f"{entry.unique_id}|{meter.user_code}")
        room["meters"].append(
            {
                "kind": _kind(registry, entities) or _KINDS_BY_SUFFIX.get(meter.building[-1:]),
                "silent_hours": silent_hours,
                **entities,
            }
        )
    return rooms.values()


def building_name(building: str, buildings: Container[str]) -> str:
    """Return the name of the building behind a list of meters.

    The platform lists the meters of one building as 一栋电 and 一栋水. The letter is dropped only
    where that joins two lists: a place may be called 丽水.
    """
    name, letter = building[:-1], building[-1:]
    other = {"电": "水", "水": "电"}.get(letter)
    joins = other is not None and (name in buildings or f"{name}{other}" in buildings)
    return (name if joins else building).strip()


def natural(name: str) -> tuple[bool, list[int | str]]:
    """Return what to sort a name by: numbers by value, 二栋 before 十一栋; no name comes last."""
    numbered = _CHINESE.sub(
        lambda match: str(_value(match[0])), unicodedata.normalize("NFKC", name).replace("〇", "零")
    )
    return not name, [
        int(part) if i % 2 else part for i, part in enumerate(re.split(r"([0-9]+)", numbered))
    ]


def _value(number: str) -> int:
    """Return the value of a Chinese number below 100, or of a row of digits."""
    tens, ten, ones = number.partition("十")
    if not ten:
        return int("".join(str(_DIGITS.index(digit)) for digit in number))
    return (_DIGITS.index(tens) if tens else 1) * 10 + (_DIGITS.index(ones) if ones else 0)


def _entities(registry: er.EntityRegistry, meter: str) -> dict[str, str]:
    """Return the ids of the entities that the overview shows of a meter."""
    return {
        key: entity_id
        for domain, key in _SHOWN
        if (entity_id := registry.async_get_entity_id(domain, DOMAIN, f"{meter}|{key}"))
    }


def _kind(registry: er.EntityRegistry, entities: dict[str, str]) -> Kind | None:
    """Return the kind of a meter, if its reading has one."""
    reading = registry.async_get(entities.get("reading", ""))
    return _KINDS.get(reading.original_device_class) if reading else None
