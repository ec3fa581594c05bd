"""Tests of what a person may publish."""

from datetime import timedelta
from http import HTTPStatus
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, wait_for

METER, OTHER = "2022040001", "2022040002"


async def download(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    device: dr.DeviceEntry | None = None,
) -> dict[str, Any]:
    """Return what we add to a download."""
    data: dict[str, Any] = (await whole_download(hass, hass_client, entry, device))["data"]
    return data


async def whole_download(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    device: dr.DeviceEntry | None = None,
) -> dict[str, Any]:
    """Return what the user interface lets one download."""
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()
    path = f"/api/diagnostics/config_entry/{entry.entry_id}"
    response = await client.get(f"{path}/device/{device.id}" if device else path)
    assert response.status == HTTPStatus.OK
    whole: dict[str, Any] = await response.json()
    return whole


def device_of(
    registry: dr.DeviceRegistry, entry: MockConfigEntry, code: str = ""
) -> dr.DeviceEntry:
    """Return the device of a meter, or the account's."""
    identifier = f"{entry.unique_id}|{code}" if code else str(entry.unique_id)
    device = registry.async_get_device_by_identifier(("jrhsz", identifier), entry.entry_id)
    assert device is not None
    return device


async def test_what_is_in_it(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that settings, states, errors, queues and calls are in it."""
    entry = account_of(
        simulator, low_balance=33.5, places={"by_building": ["gzfh-1-d"]}, known=[METER]
    )
    await set_up(hass, entry)
    simulator.meters[METER].set_balance("12.00")
    simulator.add_fault(
        Fault(kind="code", interface="GetUserInfo", user_code=OTHER, msg=f"用户{OTHER}张三")
    )
    freezer.tick(60)
    for coordinator in entry.runtime_data.coordinators.values():
        await coordinator.async_refresh()
    data = await download(hass, hass_client, entry)

    assert data["settings"]["low_balance"] == 33.5
    assert "meters" not in data["settings"]
    account = data["account"]
    assert account["state"] == "loaded"
    assert account["chosen_meters"] == 8
    assert account["listed_by"] == ["by_building"]
    assert account["token_age"] == 60
    assert account["contested"] is False
    assert account["not_permitted"] == []
    assert account["encoding"] == "form"
    assert account["orders"] == {"listed": 0, "longest_delay": 0, "are_lost": False}
    assert account["vendors_address"] is False
    assert account["encrypted"] is False

    interfaces = {item["interface"]: item for item in data["interfaces"]}
    assert interfaces["GetUserInfo"]["waiting"] == 0
    assert len(interfaces["GetUserInfo"]["last_calls"]) == 16
    assert sorted({x["outcome"] for x in interfaces["GetUserInfo"]["last_calls"]}) == [
        "1001",
        "200",
    ]
    assert interfaces["login"]["last_calls"][0]["outcome"] == "200"
    assert interfaces["login"]["last_calls"][0]["seconds_ago"] >= 60
    assert set(interfaces["login"]["last_calls"][0]) == {"seconds_ago", "seconds", "outcome"}

    assert isinstance(data["meters"], list)
    assert len(data["meters"]) == 8
    first, second = data["meters"][:2]
    info = simulator.meters[METER].info()
    assert first["reading"] == f"{info.reading:f}"
    assert first["balance"] == f"{info.balance:f}"
    assert first["type"] == 3
    assert first["times_can_be_read"] is True
    assert first["heard_at"] == first["read_time"]
    assert {item["untimed"] for item in account["lists"].values()} == {False}
    assert first["low"] is True
    assert first["threshold"] == "33.5"
    assert first["available"] is True
    assert first["last_error"] is None
    assert second["last_error"] == "FailedError"
    assert second["last_error_code"] == 1001


@pytest.mark.usefixtures("no_pace")
async def test_what_is_not_in_it(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_client: ClientSessionGenerator,
    device_registry: dr.DeviceRegistry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that no secret, name, code or address is in it, in any form."""
    # The user's own token is from now, and lasts for half an hour.
    freezer.tick(-timedelta(hours=51))
    entry = account_of(
        simulator,
        known=["2022049999"],
        kept=["2022049998"],
        places={"by_address": ['["gzfh-1", "一栋一层"]'], "by_building": None},
    )
    await set_up(hass, entry)
    simulator.add_meter(building=1, floor=1, user_name="李四")
    simulator.remove_meter(OTHER)
    # A meter is gone after three looks.
    for hours in (25, 13, 13):
        await wait_for(hass, freezer, hours=hours)
    simulator.add_fault(
        Fault(kind="code", interface="GetUserInfo", user_code=METER, msg=f"用户{METER}张三")
    )
    for coordinator in entry.runtime_data.coordinators.values():
        await coordinator.async_refresh()
    issues = [issue.translation_key for issue in ir.async_get(hass).issues.values()]
    assert sorted(map(str, issues)) == ["gone_meters", "new_meters"]
    session = entry.runtime_data.client.session
    secrets = {
        "demo",
        "demo-password",
        session.as_dict()["token"],
        "127.0.0.1",
        "一栋",
        "张三",
        "李四",
        "gzfh",
        "20220499",
        *simulator.meters,
        *(meter.table_no for meter in simulator.meters.values()),
    }
    for device in (None, device_of(device_registry, entry, METER)):
        whole = await whole_download(hass, hass_client, entry, device)
        assert whole["issues"]
        text = json.dumps(whole, ensure_ascii=False)
        assert [secret for secret in secrets if secret in text] == []


async def test_hashes_are_keyed_and_stay(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_storage: dict[str, Any],
) -> None:
    """Test that a meter keeps its hash over restarts, and that nobody can compute it."""
    await set_up(hass, config_entry)
    before = [
        meter["meter"] for meter in (await download(hass, hass_client, config_entry))["meters"]
    ]
    assert len(set(before)) == 8
    await restart(hass, config_entry)
    after = [
        meter["meter"] for meter in (await download(hass, hass_client, config_entry))["meters"]
    ]
    assert after == before
    kept = hass_storage[f"jrhsz.{config_entry.entry_id}"]["data"]
    assert len(kept["diagnostics_key"]) == 64

    config_entry.runtime_data.store.data["diagnostics_key"] = None
    another = await download(hass, hass_client, config_entry)
    assert not {meter["meter"] for meter in another["meters"]} & set(before)


async def test_device(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a meter's device tells of this meter only, the account's of all."""
    await set_up(hass, config_entry)
    whole = await download(hass, hass_client, config_entry)
    meter = await download(
        hass, hass_client, config_entry, device_of(device_registry, config_entry, OTHER)
    )
    assert meter["meters"] == [whole["meters"][1]]
    assert meter["settings"] == whole["settings"]
    account = await download(
        hass, hass_client, config_entry, device_of(device_registry, config_entry)
    )
    assert account["meters"] == whole["meters"]


@pytest.mark.parametrize("fault", ["status", "code"])
async def test_not_loaded(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    fault: Any,
) -> None:
    """Test that an account that can't be set up has diagnostics, when they are needed most."""
    simulator.add_fault(Fault(kind=fault, code=1002, interface="login", times=None))
    await set_up(hass, config_entry)
    data = await download(hass, hass_client, config_entry)
    assert data["account"]["state"] == {"status": "setup_retry", "code": "setup_error"}[fault]
    assert data["account"]["refusal"] == {"status": None, "code": 1002}[fault]
    assert data["account"]["token_age"] is None
    assert data["interfaces"][0]["interface"] == "login"
    assert "meters" not in data
