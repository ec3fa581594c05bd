"""A Home Assistant that has followed a large account for a while, written as files."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from yarl import URL

from tests.support.hass_process import HassProcess
from tests.support.live import PASSWORD, USERNAME, SimulatorProcess

WHOLE = {USERNAME: slice(None)}
NO_CODES: Mapping[str, str] = {}
INTERVAL = timedelta(minutes=30)


async def write_estate(
    hass: HassProcess,
    simulator: SimulatorProcess,
    changes: Mapping[str, Mapping[str, str]],
    shares: Mapping[str, slice] = WHOLE,
    *,
    disabled: Collection[str] = (),
    codes: Mapping[str, str] = NO_CODES,
) -> list[Decimal]:
    """Write the accounts and their last values, and return the balances.

    `changes` are values of some meters, by user code; `shares` tells which account has which, and
    `codes` those of buildings that share their names.

    At two seconds per meter, polling them all would take longer than anybody waits for a test.
    """
    meters = (await simulator.state())["meters"]
    entries, balances = [], list[Decimal]()
    for number, (username, share) in enumerate(shares.items()):
        entry_id = f"01K0ESTATE{number:016}"
        chosen = {
            code: meters[code] | {"building_code": codes.get(code)} for code in list(meters)[share]
        }
        disabled_by = "user" if username in disabled else None
        entries.append(entry(simulator, chosen, entry_id, username, disabled_by))
        kept = last_values(chosen, changes)
        hass.write_store(f"jrhsz.{entry_id}", 1, 1, {"meters": kept})
        balances += [Decimal(meter["info"]["balance"]) for meter in kept.values()]
    hass.write_store("core.config_entries", 1, 5, {"entries": entries})
    return balances


def last_values(
    meters: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return what is kept of meters, polled one after the other within the last interval."""
    now = datetime.now(UTC)
    kept: dict[str, Any] = {}
    for i, (code, truth) in enumerate(meters.items()):
        record = {
            "tableNo": truth["table_no"],
            "tableType": str(truth["table_type"]),
            "reading": truth["reading"],
            "readTime": str(truth["read_time"])[:19].replace("T", " "),
            "balance": truth["balance"],
        } | dict(changes.get(code, {}))
        polled_at = now - INTERVAL * i / len(meters)
        kept[code] = {"info": record, "baseline": record, "polled_at": polled_at.isoformat()}
    return kept


def list_name(truth: Mapping[str, Any]) -> str:
    """Return the name of the list that a meter is in."""
    _, building, kind = truth["lists"][0].split("-")
    return f"{building}栋{'水' if kind == 's' else '电'}"


def entry(
    simulator: SimulatorProcess,
    meters: Mapping[str, Mapping[str, Any]],
    entry_id: str,
    username: str,
    disabled_by: str | None,
) -> dict[str, Any]:
    """Return the config entry of an account, as Home Assistant stores it."""
    created = datetime.now(UTC).isoformat()
    return {
        "created_at": created,
        "modified_at": created,
        "data": {
            "url": simulator.url,
            "username": username,
            "password": PASSWORD,
            "verify_ssl": True,
        },
        "options": {
            "meters": [
                {
                    "user_code": code,
                    "building": list_name(truth),
                    "room": truth["house_number"] or truth["user_name"],
                    **({"building_code": twin} if (twin := truth["building_code"]) else {}),
                }
                for code, truth in meters.items()
            ],
            "known": list(meters),
            "places": {"by_building": None},
            "history_days": 0,
        },
        "disabled_by": disabled_by,
        "discovery_keys": {},
        "domain": "jrhsz",
        "entry_id": entry_id,
        "version": 1,
        "minor_version": 1,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": username,
        "unique_id": f"{URL(simulator.url).authority}/{username}",
    }
