"""A Home Assistant that has followed a large account for a while, written as files."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from yarl import URL

from tests.support.hass_process import HassProcess
from tests.support.live import PASSWORD, USERNAME, SimulatorProcess

ENTRY_ID = "01K0ESTATE0000000000000000"
INTERVAL = timedelta(minutes=30)


async def write_estate(
    hass: HassProcess,
    simulator: SimulatorProcess,
    changes: Mapping[str, Mapping[str, str]],
) -> list[Decimal]:
    """Write the account and its last values, and return the balances.

    `changes` are values of some meters, by user code.

    At two seconds per meter, polling them all would take longer than anybody waits for a test.
    """
    meters = (await simulator.state())["meters"]
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
    hass.write_store("core.config_entries", 1, 5, {"entries": [entry(simulator, meters)]})
    hass.write_store(f"jrhsz.{ENTRY_ID}", 1, 1, {"meters": kept})
    return [Decimal(meter["info"]["balance"]) for meter in kept.values()]


def list_name(truth: Mapping[str, Any]) -> str:
    """Return the name of the list that a meter is in."""
    _, building, kind = truth["lists"][0].split("-")
    return f"{building}栋{'水' if kind == 's' else '电'}"


def entry(simulator: SimulatorProcess, meters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the config entry of the account, as Home Assistant stores it."""
    created = datetime.now(UTC).isoformat()
    return {
        "created_at": created,
        "modified_at": created,
        "data": {
            "url": simulator.url,
            "username": USERNAME,
            "password": PASSWORD,
            "verify_ssl": True,
        },
        "options": {
            "meters": [
                {
                    "user_code": code,
                    "building": list_name(truth),
                    "room": truth["house_number"] or truth["user_name"],
                }
                for code, truth in meters.items()
            ],
            "known": list(meters),
            "places": {"by_building": None},
            "history_days": 0,
        },
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "jrhsz",
        "entry_id": ENTRY_ID,
        "version": 1,
        "minor_version": 1,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": USERNAME,
        "unique_id": f"{URL(simulator.url).authority}/{USERNAME}",
    }
