"""What the dashboard is told of accounts, rooms and meters: no more than its user may read."""

from collections.abc import Container, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import DOMAIN
from ..coordinator import JrhszConfigEntry
from ..settings import ChosenMeter, Settings, chosen_meters
from .names import building_name, natural, numbered

type Measured = Literal["electricity", "water"]
type _Told = tuple[ChosenMeter, dict[str, Any]]

_PLACE: Final = ("building", "building_code", "room")
_KINDS: Final[dict[str | None, Measured]] = {"energy": "electricity", "water": "water"}
_KINDS_BY_SUFFIX: Final[dict[str, Measured]] = {"电": "electricity", "水": "water"}
_SHOWN: Final = (
    ("sensor", "balance"),
    ("sensor", "reading"),
    ("binary_sensor", "low_balance"),
    ("sensor", "days_left"),
    ("sensor", "month_use"),
)
_FAILED: Final = {
    ConfigEntryState.SETUP_ERROR,
    ConfigEntryState.SETUP_RETRY,
    ConfigEntryState.MIGRATION_ERROR,
    ConfigEntryState.FAILED_UNLOAD,
}


@callback
def async_rooms(hass: HomeAssistant, user: User, *, join_accounts: bool) -> dict[str, Any]:
    """Return the accounts, and the rooms of those that aren't disabled in the order of their names.

    Rooms of two accounts are never one unless they are to be joined: then rooms that have the same
    names are.
    """
    accounts, rooms = list[dict[str, Any]](), list[dict[str, Any]]()
    joined, lists = list[_Told](), set[str]()
    for entry in hass.config_entries.async_entries(DOMAIN):
        meters = _meters(hass, entry, user)
        if not meters and not user.is_admin:
            continue
        state = "disabled" if entry.disabled_by else "failed" if entry.state in _FAILED else None
        accounts.append({"id": entry.entry_id, "title": entry.title, "state": state})
        if entry.disabled_by:
            continue
        # The name of a building is the same for all users, whatever they may read of it.
        of_account = {meter.building for meter in chosen_meters(entry.options).values()}
        if join_accounts:
            joined += meters
            lists |= of_account
        else:
            rooms += _rooms(meters, of_account, entry.entry_id)
    rooms += _rooms(joined, lists, None)
    rooms.sort(key=lambda room: [natural(room[key]) for key in _PLACE])
    return {"accounts": accounts, "rooms": rooms}


def _meters(hass: HomeAssistant, entry: JrhszConfigEntry, user: User) -> list[_Told]:
    """Return the meters of an account that the user may read anything of."""
    silent_hours = Settings.of(entry.options).silent_after / timedelta(hours=1)
    registry, devices = er.async_get(hass), dr.async_get(hass)
    everything = user.is_admin or user.permissions.access_all_entities(POLICY_READ)
    meters = list[_Told]()
    for meter in chosen_meters(entry.options).values():
        identifier = f"{entry.unique_id}|{meter.user_code}"
        entities = {
            key: entity_id
            for domain, key in _SHOWN
            if (entity_id := registry.async_get_entity_id(domain, DOMAIN, f"{identifier}|{key}"))
        }
        readable = {
            key: entity_id
            for key, entity_id in entities.items()
            if everything or user.permissions.check_entity(entity_id, POLICY_READ)
        }
        if not readable and not everything:
            continue
        device = devices.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
        told = {
            "kind": _kind(registry, entities) or _KINDS_BY_SUFFIX.get(meter.building[-1:]),
            "user_code": meter.user_code,
            "list": meter.building,
            "device_id": device.id if device else None,
            "number": device.serial_number if device else None,
            "name": device.name_by_user if device else None,
            "silent_hours": silent_hours,
            "entities": readable,
        }
        meters.append((meter, told))
    return meters


def _rooms(
    meters: Iterable[_Told], lists: Container[str], account: str | None
) -> Iterable[dict[str, Any]]:
    """Return the rooms that have these meters; two buildings of one name stay two."""
    rooms: dict[tuple[str, ...], dict[str, Any]] = {}
    for meter, told in meters:
        code = meter.building_code
        building = meter.building if code else building_name(meter.building, lists)
        place = dict(zip(_PLACE, (building, code, meter.room), strict=True))
        room = rooms.setdefault(
            tuple(place.values()),
            place
            | {
                "account": account,
                "aliases": [numbered(building), numbered(meter.room)],
                "meters": [],
            },
        )
        room["meters"].append(told)
    for room in rooms.values():
        names = dict.fromkeys(meter["name"] for meter in room["meters"] if meter["name"])
        room["name"] = " / ".join(names) or None
    return rooms.values()


def _kind(registry: er.EntityRegistry, entities: Mapping[str, str]) -> Measured | None:
    """Return the kind of a meter, if its reading has one."""
    reading = registry.async_get(entities.get("reading", ""))
    return _KINDS.get(reading.original_device_class) if reading else None
