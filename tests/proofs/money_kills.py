"""Kills of real processes at random steps of a recharge: nothing may be lost or sent twice."""

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from ..simulator import Simulator
from ..support.kill_child import Children

# A recharge takes some more steps than that; the last kills come too late.
_STEPS: Final = 14


async def kill(times: int) -> tuple[int, ...]:
    """Kill so often; return which kills left something that isn't right."""
    dice, wrong = Random(times), []  # noqa: S311
    simulator = Simulator(meters=times, limit=0.0, seed=1, history_days=1)
    with TemporaryDirectory() as folder:
        async with simulator:
            storage = Path(folder) / ".storage"
            storage.mkdir()
            written = json.dumps(_entries(simulator.url))
            (storage / "core.config_entries").write_text(written, encoding="utf-8")
            async with Children(Path(folder), simulator.url) as children:
                for number, code in enumerate(simulator.meters):
                    await children.run(user_code=code, kill_after=dice.randint(1, _STEPS))
                    statuses = (await children.run())["result"]
                    if not _is_right(simulator, statuses):
                        wrong.append(number)
    return tuple(wrong)


def _is_right(simulator: Simulator, statuses: dict[str, str]) -> bool:
    """Tell whether each order came in once at most, and what is booked is known to be."""
    confirmed = {number for number, status in statuses.items() if status == "confirmed"}
    ledger = {order.out_trade_no for order in simulator.ledger}
    return confirmed == ledger and all(order.times_received == 1 for order in simulator.ledger)


def _entries(url: str) -> dict[str, Any]:
    """Return what Home Assistant keeps of an account."""
    entry = {
        "entry_id": "one",
        "domain": "jrhsz",
        "title": "demo",
        "unique_id": "host/demo",
        "data": {"url": url, "username": "demo", "verify_ssl": True},
        "options": {"max_recharge_total_per_day": 10**6},
        "version": 1,
        "minor_version": 1,
        "source": "user",
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "discovery_keys": {},
        "subentries": [],
        "created_at": "2026-01-01T00:00:00+00:00",
        "modified_at": "2026-01-01T00:00:00+00:00",
    }
    data = {"entries": [entry]}
    return {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": data}
