"""What happens to an account over its life, in a real Home Assistant process."""

import asyncio
from pathlib import Path
import time
from typing import Any

import pytest

from ..support.hass_process import HassProcess
from ..support.live import (
    PASSWORD,
    USERNAME,
    ShownMeter,
    SimulatorProcess,
    expect,
    shown_meters,
    wait_for_readings,
)
from .test_end_to_end import complaints, interfaces

METERS = 5
NEW_PASSWORD = "another-password"
LIMIT = 60


def values(meter: ShownMeter) -> list[object]:
    """Return what is shown of a meter."""
    return [meter.value("reading"), meter.value("balance"), meter.read_at]


async def add_by_address(hass: HassProcess, url: str) -> str:
    """Add the account with the meters of all addresses; return the entry's id."""
    account = {"url": url, "username": USERNAME, "password": PASSWORD, "verify_ssl": True}
    step = expect(await hass.submit(await hass.start_flow("jrhsz"), account), "browse")
    step = expect(await hass.choose(step, "by_address"), "by_address")
    assert len(step.defaults["addresses"]) > 1
    step = expect(await hass.submit(step, step.defaults), "choose")
    step = await hass.choose(step, "all_meters")
    assert step.kind == "create_entry"
    return str(step.data["result"]["entry_id"])


async def keep_meters(hass: HassProcess, entry_id: str, codes: list[str]) -> None:
    """Choose meters in the options."""
    step = await hass.choose(await hass.start_options_flow(entry_id), "meters")
    step = expect(await hass.choose(expect(step, "browse"), "pick_meters"), "pick_meters")
    assert len(step.defaults["meters"]) == METERS
    step = await hass.submit(step, {"meters": codes})
    assert step.kind == "create_entry"


async def new_password(hass: HassProcess) -> None:
    """Enter the new password where Home Assistant asks for it, at the second attempt."""
    flows: list[dict[str, Any]] = await hass.command("config_entries/flow/progress")
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]
    path = f"/api/config/config_entries/flow/{flows[0]['flow_id']}"
    answer = await hass.request("POST", path, {"password": "wrong"})
    assert answer["errors"] == {"base": "invalid_auth"}
    answer = await hass.request("POST", path, {"password": NEW_PASSWORD})
    assert answer["reason"] == "reauth_successful"
    assert await hass.command("config_entries/flow/progress") == []


async def reconfigure(hass: HassProcess, entry_id: str, url: str) -> None:
    """Change the address."""
    flows = "/api/config/config_entries/flow"
    step = await hass.request("POST", flows, {"handler": "jrhsz", "entry_id": entry_id})
    account = {"url": url, "password": NEW_PASSWORD, "verify_ssl": True}
    answer = await hass.request("POST", f"{flows}/{step['flow_id']}", account)
    assert answer["reason"] == "reconfigure_successful"


async def polled(simulator: SimulatorProcess, since: int) -> set[str]:
    """Return the meters that were polled since a call."""
    return {
        call["params"]["user_code"]
        for call in (await simulator.state())["calls"]
        if call["number"] > since and call["interface"] == "GetUserInfo"
    }


async def poll_all(
    hass: HassProcess, simulator: SimulatorProcess, since: int, meters: dict[str, ShownMeter]
) -> None:
    """Refresh meters until each was polled; a reload of the account forgets who asked."""
    deadline = time.monotonic() + LIMIT
    while left := meters.keys() - await polled(simulator, since):
        assert time.monotonic() < deadline, f"{left} were not polled"
        for code in left:
            await refresh(hass, meters[code])


async def meters_left(hass: HassProcess, entry_id: str, codes: list[str]) -> dict[str, ShownMeter]:
    """Wait until these meters are shown with their values, and no others."""
    deadline = time.monotonic() + LIMIT
    while True:
        shown = await shown_meters(hass, entry_id)
        if sorted(shown) == codes and all(meter.complete for meter in shown.values()):
            return shown
        assert time.monotonic() < deadline, f"{sorted(shown)} are shown, not {codes}"
        await asyncio.sleep(0.2)


async def refresh(hass: HassProcess, meter: ShownMeter) -> None:
    """Poll a meter now."""
    entity = {"entity_id": meter.sensors["reading"]["entity_id"]}
    await hass.service("homeassistant", "update_entity", entity)


# The first start in an environment installs what Home Assistant's frontend needs.
@pytest.mark.timeout(360)
async def test_meters_go_and_password_and_address_change(
    socket_enabled: None, tmp_path: Path
) -> None:
    """Nothing of the rest is lost on the way, and no call comes early."""
    hass = HassProcess(tmp_path / "config")
    meters = f"--meters={METERS}"
    async with (
        SimulatorProcess(meters) as simulator,
        SimulatorProcess(meters, f"--account={USERNAME}:{NEW_PASSWORD}") as moved,
        hass,
    ):
        entry_id = await add_by_address(hass, simulator.url)
        shown, wrong = await wait_for_readings(hass, simulator, entry_id, limit=LIMIT)
        assert not wrong
        codes = sorted(shown)

        # Two meters are removed, and the device of a third is deleted.
        await keep_meters(hass, entry_id, codes[2:])
        rest = await meters_left(hass, entry_id, codes[2:])
        assert all(values(rest[code]) == values(shown[code]) for code in rest)
        before = (await simulator.state())["call_count"]
        device = rest[codes[2]].device["id"]
        await hass.command(
            "config/device_registry/remove_config_entry", config_entry_id=entry_id, device_id=device
        )
        rest = await meters_left(hass, entry_id, codes[3:])
        assert {code: meter.device["id"] for code, meter in rest.items()} == {
            code: shown[code].device["id"] for code in codes[3:]
        }

        # The password changes.
        await simulator.control("password", account=USERNAME, password=NEW_PASSWORD)
        for code in codes[3:]:
            await refresh(hass, rest[code])
        state = await simulator.state()
        # Logging in with a wrong password is tried once for all of them.
        assert interfaces(state, before).count("login") == 1
        await new_password(hass)
        await poll_all(hass, simulator, state["call_count"], rest)
        rest = await meters_left(hass, entry_id, codes[3:])
        assert await polled(simulator, before) == set(codes[3:])

        # The platform moves to another address.
        await reconfigure(hass, entry_id, moved.url)
        before = (await simulator.state())["call_count"]
        await poll_all(hass, moved, 0, rest)
        rest = await meters_left(hass, entry_id, codes[3:])
        assert await polled(moved, 0) == set(codes[3:])
        assert (await simulator.state())["call_count"] == before

        # All of it is there after a restart, without a login or a poll.
        calls = (await moved.state())["call_count"]
        await hass.restart()
        again = await shown_meters(hass, entry_id)
        assert {code: values(meter) for code, meter in again.items()} == {
            code: values(meter) for code, meter in rest.items()
        }
        assert (await moved.state())["call_count"] == calls
        await refresh(hass, again[codes[3]])
        state = await moved.state()
        assert interfaces(state, calls) == ["GetUserInfo"]
        assert state["early"] == (await simulator.state())["early"] == 0
        await hass.stop()

    told = [line for line in complaints(hass.log()) if "refused the password" not in line]
    assert told == []
    assert PASSWORD not in hass.log()
    assert NEW_PASSWORD not in hass.log()
