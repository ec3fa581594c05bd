"""Tests of meters that come and go on the platform, and of what a person decides about them."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.jrhsz import async_remove_config_entry_device

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, restart, set_up, state_of, wait_for
from ..support.flows import Driver

METER, OTHER = "2022040001", "2022040002"
LISTINGS = ("getBuildCode", "getUserCodeByAccount", "getAddress", "addressUserInfo")

pytestmark = pytest.mark.usefixtures("no_pace")


def listed_account(simulator: Simulator, **options: Any) -> MockConfigEntry:
    """Return an account that was set up with all buildings."""
    watched = {"places": {"by_building": None}, "known": sorted(simulator.meters)}
    return account_of(simulator, **{**watched, **options})


def issue_of(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> ir.IssueEntry | None:
    """Return an issue of an account."""
    return ir.async_get(hass).async_get_issue("jrhsz", f"{key}_{entry.entry_id}")


def shown(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dict[str, str]:
    """Return what an issue of an account tells."""
    issue = issue_of(hass, entry, key)
    assert issue is not None
    assert issue.translation_key == key
    assert issue.is_fixable
    return dict(issue.translation_placeholders or {})


def listings(simulator: Simulator) -> int:
    """Return how often the platform was asked for a list."""
    return sum(len(simulator.calls_of(interface)) for interface in LISTINGS)


def chosen(entry: MockConfigEntry) -> set[str]:
    """Return the codes of the chosen meters."""
    return {meter["user_code"] for meter in entry.options["meters"]}


def device_of(hass: HomeAssistant, entry: MockConfigEntry, code: str) -> dr.DeviceEntry | None:
    """Return the device of a meter."""
    return dr.async_get(hass).async_get_device_by_identifier(
        ("jrhsz", f"{entry.unique_id}|{code}"), entry.entry_id
    )


async def choose(hass: HomeAssistant, entry: MockConfigEntry, codes: set[str]) -> None:
    """Choose meters in the options."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("pick_meters")
    await flow.submit(meters=sorted(codes))
    assert flow.step == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)


async def decide(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, choice: str
) -> dict[str, Any]:
    """Choose from an issue's menu, as a person does."""
    assert await async_setup_component(hass, "repairs", {})
    flows = hass.data["repairs"]["flow_manager"]
    menu = await flows.async_init("jrhsz", data={"issue_id": f"{key}_{entry.entry_id}"})
    assert menu["step_id"] == "init"
    assert menu["description_placeholders"] == shown(hass, entry, key)
    assert choice in menu["menu_options"]
    result = await flows.async_configure(menu["flow_id"], {"next_step_id": choice})
    await hass.async_block_till_done(wait_background_tasks=True)
    return dict(result)


async def absent_for_a_day(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let three looks find that a meter is absent, over a day."""
    for hours in (25, 13, 13):
        await wait_for(hass, freezer, hours=hours)


async def test_looks_once_a_day(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that the lists are asked for once a day, whatever restarts there are."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.reset_counts()
    await wait_for(hass, freezer, hours=23)
    assert listings(simulator) == 0
    await restart(hass, entry)
    await wait_for(hass, freezer, hours=1, minutes=5)
    once = listings(simulator)
    assert once == 1 + len(simulator.world.lists)
    for _ in range(3):
        await restart(hass, entry)
        await wait_for(hass, freezer, hours=7)
    assert listings(simulator) == once
    await wait_for(hass, freezer, hours=4)
    assert listings(simulator) == 2 * once
    assert issue_of(hass, entry, "new_meters") is None
    assert issue_of(hass, entry, "gone_meters") is None


async def test_new_meters_are_added(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that new rooms are told with their building, and added when a person wants that."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    before = state_of(hass, entry, METER, "reading").state
    new = [simulator.add_meter(building=2, user_name=name) for name in ("201", "202", "203")]
    await wait_for(hass, freezer, hours=25)
    placeholders = shown(hass, entry, "new_meters")
    assert placeholders["account"] == "demo"
    assert placeholders["count"] == "3"
    assert placeholders["places"] == "二栋电"
    assert placeholders["meters"].splitlines()[0] == f"- 二栋电 · 201 · {new[0].user_code}"

    await restart(hass, entry)
    assert shown(hass, entry, "new_meters") == placeholders
    simulator.reset_counts()
    assert (await decide(hass, entry, "new_meters", "add"))["type"] == "create_entry"
    assert issue_of(hass, entry, "new_meters") is None
    assert entry.state is ConfigEntryState.LOADED
    assert chosen(entry) == set(simulator.meters)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert sorted(polled) == sorted(meter.user_code for meter in new)
    device = device_of(hass, entry, new[0].user_code)
    assert device is not None
    assert device.name == "二栋电 201"
    assert state_of(hass, entry, METER, "reading").state >= before

    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "new_meters") is None


@pytest.mark.parametrize(
    ("language", "places"),
    [("en", "二栋电 (1), 二栋水 (1)"), ("zh-Hans", "二栋电 1、二栋水 1")],
)
async def test_new_meters_are_ignored(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    language: str,
    places: str,
) -> None:
    """Test that what was ignored is never told again, and what comes later is."""
    hass.config.language = language
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    simulator.add_meter(building=2, kind="water")
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["places"] == places
    before = chosen(entry)
    await decide(hass, entry, "new_meters", "ignore")
    assert chosen(entry) == before
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "new_meters") is None

    simulator.add_meter(building=1)
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    simulator.remove_meter(max(simulator.meters))
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "new_meters") is None


async def test_too_many_are_not_added(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that the limit of meters holds here too, and the issue stays."""
    monkeypatch.setattr("custom_components.jrhsz.meters.fixes.MAX_METERS", 8)
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter()
    await wait_for(hass, freezer, hours=25)
    result = await decide(hass, entry, "new_meters", "add")
    assert (result["type"], result["reason"]) == ("abort", "too_many_meters")
    assert result["description_placeholders"]["max_meters"] == "8"
    assert len(chosen(entry)) == 8
    assert issue_of(hass, entry, "new_meters") is not None


async def test_seen_before_is_not_new(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that meters that were not chosen on purpose are not offered, nor other buildings'."""
    entry = listed_account(simulator, places={"by_building": ["gzfh-1-d"]})
    meters = [meter for meter in entry.options["meters"] if meter["user_code"] == METER]
    entry = listed_account(simulator, places={"by_building": ["gzfh-1-d"]}, meters=meters)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    simulator.reset_counts()
    await wait_for(hass, freezer, hours=25)
    assert len(simulator.calls_of("getUserCodeByAccount")) == 1
    assert issue_of(hass, entry, "new_meters") is None
    simulator.add_meter(building=1)
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["places"] == "一栋电"


async def test_addresses(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that an account that was set up by address looks there."""
    entry = listed_account(simulator, places={"by_address": None})
    await set_up(hass, entry)
    simulator.add_meter(building=1, floor=9)
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["places"] == "一栋九层"
    assert simulator.calls_of("getBuildCode") == []


async def test_account_without_buildings(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that an account without buildings is looked at as a whole."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.world.lists.clear()
    for meter in simulator.meters.values():
        meter.lists = ()
    simulator.add_meter().lists = ()
    simulator.world.lists.clear()
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["places"] == "demo"


async def test_codes_only(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that of an account that was set up by code nothing is listed, but a loss is told."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    simulator.add_meter()
    simulator.meters[OTHER].hide()
    for _ in range(2):
        await wait_for(hass, freezer, minutes=31)
    await absent_for_a_day(hass, freezer)
    assert listings(simulator) == 0
    assert issue_of(hass, entry, "new_meters") is None
    assert shown(hass, entry, "gone_meters")["meters"] == f"- 一栋 · {OTHER}"
    await decide(hass, entry, "gone_meters", "keep")
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "gone_meters") is None
    simulator.meters[OTHER].show()
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, hours=25)
    assert entry.options["kept"] == []


@pytest.mark.parametrize("interface", ["getBuildCode", "getUserCodeByAccount"])
async def test_incomplete_lists_tell_nothing(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, interface: str
) -> None:
    """Test that a list that breaks off tells nothing, and is tried again in the next hour."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    simulator.remove_meter(OTHER)
    fault = Fault(kind="status", interface=interface, skip=0 if interface == "getBuildCode" else 2)
    simulator.add_fault(fault)
    await wait_for(hass, freezer, hours=25)
    assert fault.hits == 1
    assert issue_of(hass, entry, "new_meters") is None
    assert issue_of(hass, entry, "gone_meters") is None
    await wait_for(hass, freezer, hours=1, minutes=1)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "gone_meters")["count"] == "1"


async def test_lists_not_permitted(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that lists that aren't permitted are asked for once a day at most."""
    simulator.set_dialect(forbidden=("getBuildCode",))
    entry = listed_account(simulator)
    await set_up(hass, entry)
    for _ in range(48):
        await wait_for(hass, freezer, hours=1)
    assert len(simulator.calls_of("getBuildCode")) <= 3
    assert issue_of(hass, entry, "missing_permissions") is not None


async def test_gone_meters_are_kept(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a meter that is gone is told, never removed by itself, and asked about once."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.meters[OTHER].hide()
    await absent_for_a_day(hass, freezer)
    placeholders = shown(hass, entry, "gone_meters")
    assert placeholders["count"] == "1"
    assert placeholders["meters"] == f"- 一栋 · {OTHER}"
    assert OTHER in chosen(entry)
    assert device_of(hass, entry, OTHER) is not None

    await decide(hass, entry, "gone_meters", "keep")
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "gone_meters") is None
    assert OTHER in chosen(entry)

    # Once it was back, it is told when it goes again.
    simulator.meters[OTHER].show()
    await wait_for(hass, freezer, hours=25)
    assert entry.options["kept"] == []
    simulator.meters[OTHER].hide()
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "gone_meters")["count"] == "1"
    simulator.meters[OTHER].show()
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "gone_meters") is None


async def test_gone_meters_are_removed(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a person's choice removes device and entities, without a reload."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.remove_meter(OTHER)
    await absent_for_a_day(hass, freezer)
    account = entry.runtime_data
    assert (await decide(hass, entry, "gone_meters", "remove"))["type"] == "create_entry"
    assert entry.runtime_data is account
    assert issue_of(hass, entry, "gone_meters") is None
    assert OTHER not in chosen(entry)
    assert device_of(hass, entry, OTHER) is None
    with pytest.raises(KeyError):
        state_of(hass, entry, OTHER, "balance")
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=31)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert sorted(polled) == sorted(simulator.meters)


async def test_not_listed_but_alive(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a meter that was given by code beside the lists, or has moved, isn't gone."""
    entry = listed_account(simulator, places={"by_building": ["gzfh-1-d"]})
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=25)
    assert len(simulator.calls_of("getUserCodeByAccount")) == 1
    assert issue_of(hass, entry, "gone_meters") is None


@pytest.mark.parametrize("choice", ["keep", "remove"])
async def test_unknown_codes(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, choice: str
) -> None:
    """Test that codes that never answer while others do are told after a day."""
    for _ in range(14):
        simulator.add_meter()
    codes = [*simulator.meters, "9", "１２３"]
    meters = [{"user_code": code, "building": "", "room": code} for code in codes]
    entry = account_of(simulator, meters=meters)
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=23)
    assert issue_of(hass, entry, "unknown_codes") is None
    await absent_for_a_day(hass, freezer)
    placeholders = shown(hass, entry, "unknown_codes")
    assert placeholders == {"account": "demo", "count": "2", "meters": "- 9\n- １２３"}

    await restart(hass, entry)
    assert shown(hass, entry, "unknown_codes") == placeholders
    await decide(hass, entry, "unknown_codes", choice)
    assert chosen(entry) == set(codes if choice == "keep" else simulator.meters)
    await restart(hass, entry)
    await absent_for_a_day(hass, freezer)
    assert issue_of(hass, entry, "unknown_codes") is None


async def test_unknown_code_that_becomes_known(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that nothing is told any more when a code is known, without waiting for a look."""
    simulator.meters[OTHER].hide()
    entry = account_of(simulator)
    await set_up(hass, entry)
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "unknown_codes")["meters"] == f"- {OTHER}"
    simulator.meters[OTHER].show()
    await wait_for(hass, freezer, minutes=31)
    assert issue_of(hass, entry, "unknown_codes") is None
    assert device_of(hass, entry, OTHER) is not None


@pytest.mark.parametrize("message", ["系统异常", "系统维护中"])
async def test_a_failure_of_all_is_none_of_one(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, message: str
) -> None:
    """Test that 1001 for all meters, for days, never means that meters are gone or unknown."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    simulator.add_fault(Fault(kind="code", msg=message, interface="GetUserInfo", times=None))
    for _ in range(3):
        await absent_for_a_day(hass, freezer)
    assert issue_of(hass, entry, "gone_meters") is None
    assert issue_of(hass, entry, "unknown_codes") is None


async def test_the_only_meter(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that where there is no other meter to compare with, it takes a week."""
    entry = account_of(simulator)
    options = {**entry.options, "meters": entry.options["meters"][1:2]}
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options=options)
    await set_up(hass, entry)
    simulator.meters[OTHER].hide()
    for _ in range(3):
        await absent_for_a_day(hass, freezer)
        assert issue_of(hass, entry, "gone_meters") is None
    for _ in range(3):
        await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "gone_meters")["count"] == "1"


async def test_unusable_memory_of_absences(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a look that was found absent before a restart counts, and a fault begins anew."""
    entry = account_of(simulator)
    simulator.meters[OTHER].hide()
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=25)
    await wait_for(hass, freezer, hours=13)
    await restart(hass, entry)
    await wait_for(hass, freezer, hours=13)
    assert shown(hass, entry, "unknown_codes")["count"] == "1"


async def test_decided_elsewhere(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that issues go when meters are added in the options, or a device is deleted."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    new = simulator.add_meter(building=2).user_code
    simulator.meters[OTHER].hide()
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    assert shown(hass, entry, "gone_meters")["count"] == "1"
    await restart(hass, entry)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    device = device_of(hass, entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    assert issue_of(hass, entry, "gone_meters") is None

    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_code")
    await flow.submit(codes=new)
    await flow.choose("all_meters")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert new in chosen(entry)
    assert issue_of(hass, entry, "new_meters") is None

    # What was chosen once isn't new, however it was chosen.
    await choose(hass, entry, chosen(entry) - {new})
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "new_meters") is None


async def test_more_than_was_ignored(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that an ignored issue stays so for its meters, and is told again for others."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    await wait_for(hass, freezer, hours=25)
    ir.async_ignore_issue(hass, "jrhsz", f"new_meters_{entry.entry_id}", True)
    await wait_for(hass, freezer, hours=25)
    issue = issue_of(hass, entry, "new_meters")
    assert issue is not None
    assert issue.dismissed_version
    simulator.add_meter(building=1)
    await wait_for(hass, freezer, hours=25)
    issue = issue_of(hass, entry, "new_meters")
    assert issue is not None
    assert issue.dismissed_version is None


async def test_unusable_memory_of_a_look(
    hass: HomeAssistant, simulator: Simulator, hass_storage: dict[str, Any]
) -> None:
    """Test that what was kept of the last look is forgotten if it can't be read."""
    entry = listed_account(simulator)
    for damaged in ({"at": "yesterday"}, {"at": "2026-01-01T00:00:00+00:00", "new": [1]}, [1]):
        hass_storage[f"jrhsz.{entry.entry_id}"] = {"version": 1, "data": {"survey": damaged}}
        await set_up(hass, entry)
        assert issue_of(hass, entry, "new_meters") is None
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_deleted_device(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_ws_client: WebSocketGenerator,
    config_entry: MockConfigEntry,
) -> None:
    """Test that deleting a device cancels its waiting poll and disturbs nothing else."""
    await set_up(hass, config_entry)
    account = config_entry.runtime_data
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    others = {
        state.entity_id: state
        for state in hass.states.async_all("event")
        if OTHER not in state.entity_id
    }
    simulator.reset_counts()
    held = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.3))
    for coordinator in account.coordinators.values():
        hass.async_create_background_task(coordinator.async_refresh(), "poll")
    await asyncio.sleep(0.1)
    assert held.hits

    removal = {"type": "config/device_registry/remove_config_entry", "device_id": device.id}
    await client.send_json_auto_id(removal | {"config_entry_id": config_entry.entry_id})
    assert (await client.receive_json())["success"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert config_entry.runtime_data is account
    assert OTHER not in chosen(config_entry)
    assert len(chosen(config_entry)) == 7
    assert device_of(hass, config_entry, OTHER) is None
    polled = {call.params["user_code"] for call in simulator.calls_of("GetUserInfo")}
    assert polled == set(simulator.meters) - {OTHER}
    for entity_id, state in others.items():
        assert hass.states.get(entity_id) is state
    with pytest.raises(KeyError):
        state_of(hass, config_entry, OTHER, "balance")

    await restart(hass, config_entry)
    assert device_of(hass, config_entry, OTHER) is None
    assert set(config_entry.runtime_data.coordinators) == chosen(config_entry)


async def test_account_device_stays(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that the account's own device can't be deleted."""
    await set_up(hass, config_entry)
    account = device_registry.async_get_device_by_identifier(
        ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
    )
    assert account is not None
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    removal = {"type": "config/device_registry/remove_config_entry", "device_id": account.id}
    await client.send_json_auto_id(removal | {"config_entry_id": config_entry.entry_id})
    assert not (await client.receive_json())["success"]
    assert device_registry.async_get(account.id) is not None
    assert len(chosen(config_entry)) == 8


async def test_device_deleted_while_starting(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a meter that is deleted before its turn to start doesn't come back."""
    for _ in range(12):
        simulator.add_meter()
    entry = account_of(simulator)
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    code, last = list(entry.runtime_data.coordinators.items())[-1]
    assert last.introduced is None
    device = device_of(hass, entry, code)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert device_of(hass, entry, code) is None


async def test_sums_after_a_deletion(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the account's sums leave a deleted meter out at once."""
    for meter in simulator.meters.values():
        meter.set_balance("10.00")
    await set_up(hass, config_entry)
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, config_entry, device)
    await hass.async_block_till_done()
    total = er.async_get(hass).async_get_entity_id(
        "sensor", "jrhsz", f"{config_entry.unique_id}|total_balance"
    )
    state = hass.states.get(str(total))
    assert state is not None
    assert state.state == "70.0"


async def test_picked_and_deleted(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a form that was left open chooses no meter whose device was deleted since."""
    meters = [{"user_code": METER, "building": "一栋", "room": "101"}]
    entry = account_of(simulator, meters=meters)
    await set_up(hass, entry)
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("pick_meters")
    device = device_of(hass, entry, METER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    await flow.submit(meters=[METER])
    assert (flow.step, flow.error) == ("pick_meters", "nothing_chosen")


async def test_device_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a device can be deleted while the platform is down."""
    await set_up(hass, config_entry)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, config_entry, device)
    assert OTHER not in chosen(config_entry)
    await set_up(hass, config_entry)
    assert set(config_entry.runtime_data.coordinators) == chosen(config_entry)
