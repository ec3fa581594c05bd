"""A real Home Assistant process, and the simulator as another process beside it."""

import asyncio
from pathlib import Path
import re
import time
from typing import Any

import pytest

from ..support.hass_process import HassProcess
from ..support.live import (
    PASSWORD,
    SimulatorProcess,
    add_account,
    shown_meters,
    wait_for_readings,
)

METERS = 4
# What Home Assistant takes to stop without us.
_ITSELF = 3
COMPLAINT = re.compile(r" (WARNING|ERROR|CRITICAL) ")
# Home Assistant says this once of every custom integration.
STANDARD_LINE = "We found a custom integration jrhsz which has not been tested by Home Assistant"


def interfaces(state: dict[str, Any], since: int = 0) -> list[str]:
    """Return the interfaces that were called after the call of that number."""
    return [call["interface"] for call in state["calls"] if call["number"] > since]


def complaints(log: str) -> list[str]:
    """Return warnings and errors that name this integration, and lines of its tracebacks."""
    # Folders may be named after the project; they say nothing about who complains.
    lines = [line.replace("ha-jrhsz", "") for line in log.splitlines()]
    return [
        line
        for line in lines
        if STANDARD_LINE not in line
        and (("jrhsz" in line and COMPLAINT.search(line)) or "custom_components/jrhsz" in line)
    ]


# The first start in an environment installs what Home Assistant's frontend needs.
@pytest.mark.timeout(300)
async def test_account_is_added_shown_and_kept_over_a_restart(
    socket_enabled: None, tmp_path: Path
) -> None:
    """All meters show the platform's values, also right after a restart, at the allowed pace."""
    hass = HassProcess(tmp_path / "config", log_levels={"custom_components.jrhsz": "debug"})
    async with (
        SimulatorProcess("--meters", str(METERS), "--limit", "2") as simulator,
        hass,
    ):
        entry_id = await add_account(hass, simulator.url)
        shown, wrong = await wait_for_readings(hass, simulator, entry_id, limit=40)
        assert not wrong
        assert len(shown) == METERS
        assert {meter.form("reading") for meter in shown.values()} == {
            ("energy", "kWh"),
            ("water", "m³"),
        }
        state = await simulator.state()
        assert state["early"] == 0
        assert interfaces(state).count("login") == 1
        assert interfaces(state).count("GetUserInfo") == METERS

        await hass.restart()
        before = await simulator.state()
        after_restart = await shown_meters(hass, entry_id)
        assert {
            code: (meter.value("reading"), meter.value("balance"), meter.read_at)
            for code, meter in after_restart.items()
        } == {
            code: (meter.value("reading"), meter.value("balance"), meter.read_at)
            for code, meter in shown.items()
        }
        # Payments may be read until it stops, and what that cut short again.
        assert set(interfaces(before, state["call_count"])) <= {"GetPaymentList"}

        # The next poll needs no login: the token was kept.
        entity = next(iter(after_restart.values())).sensors["reading"]["entity_id"]
        await hass.service("homeassistant", "update_entity", {"entity_id": entity})
        state = await simulator.state()
        calls = interfaces(state, before["call_count"])
        assert [name for name in calls if name != "GetPaymentList"] == ["GetUserInfo"]
        assert state["early"] == 0

        # Nobody waits for an answer that is under way.
        await simulator.control("delay", delay=30)
        refresh = asyncio.create_task(
            hass.service("homeassistant", "update_entity", {"entity_id": entity})
        )
        await asyncio.sleep(3)
        before_stop = time.monotonic()
        await hass.stop()
        assert time.monotonic() - before_stop < _ITSELF + 5
        await asyncio.gather(refresh, return_exceptions=True)

    assert STANDARD_LINE in hass.log()
    assert complaints(hass.log()) == []
    assert PASSWORD not in hass.log()
