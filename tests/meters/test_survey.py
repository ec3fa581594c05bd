"""Tests of looking for meters that come and go on the platform."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, restart, set_up, wait_for
from ..support.watched import (
    METER,
    OTHER,
    absent_for_a_day,
    decide,
    device_of,
    issue_of,
    listed_account,
    shown,
)

LISTINGS = ("getBuildCode", "getUserCodeByAccount", "getAddress", "addressUserInfo")

pytestmark = pytest.mark.usefixtures("no_pace")


def listings(simulator: Simulator) -> int:
    """Return how often the platform was asked for a list."""
    return sum(len(simulator.calls_of(interface)) for interface in LISTINGS)


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


async def test_device_that_is_disabled(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that nobody is asked about a meter whose device a person has disabled."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.remove_meter(OTHER)
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "gone_meters")["count"] == "1"
    device, registry = device_of(hass, entry, OTHER), dr.async_get(hass)
    assert device is not None
    registry.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done()
    assert issue_of(hass, entry, "gone_meters") is None
    registry.async_update_device(device.id, disabled_by=None)
    await hass.async_block_till_done()
    assert shown(hass, entry, "gone_meters")["count"] == "1"


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


async def test_no_list_tells_nothing(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that without any list nothing is told, and it is tried again in the next hour."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    simulator.remove_meter(OTHER)
    fault = Fault(kind="status", interface="getBuildCode")
    refusal = Fault(kind="code", interface="getUserCodeByAccount", times=None)
    simulator.add_fault(fault)
    simulator.add_fault(refusal)
    await wait_for(hass, freezer, hours=25)
    assert (fault.hits, refusal.hits) == (1, 0)
    await wait_for(hass, freezer, hours=1, minutes=1)
    assert refusal.hits == 2 * len(simulator.world.lists)
    assert issue_of(hass, entry, "new_meters") is None
    assert issue_of(hass, entry, "gone_meters") is None
    simulator.clear_faults()
    await wait_for(hass, freezer, hours=1, minutes=1)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "gone_meters")["count"] == "1"


@pytest.mark.parametrize("kind", ["code", "status"])
@pytest.mark.parametrize("refused", [0, 1, 3])
async def test_one_list_that_always_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    refused: int,
    kind: Any,
) -> None:
    """Test that a building that is always refused doesn't hide what comes to others."""
    places = ["gzfh-1-d", "gzfh-1-s", "gzfh-3-d", "gzfh-3-s"]
    entry = listed_account(simulator, places={"by_building": places})
    await set_up(hass, entry)
    simulator.add_fault(
        Fault(
            kind=kind,
            interface="getUserCodeByAccount",
            build_code=places[refused],
            times=None,
        )
    )
    for number in (1, 3):
        simulator.add_meter(building=number)
    simulator.reset_counts()
    await wait_for(hass, freezer, hours=25)
    assert len(simulator.calls_of("getUserCodeByAccount")) == len(places) + 1
    new = [place for place in ("gzfh-1-d", "gzfh-3-d") if place != places[refused]]
    assert shown(hass, entry, "new_meters")["count"] == str(len(new))
    # What the refused building has is there as long as it answers.
    assert issue_of(hass, entry, "gone_meters") is None


async def test_list_that_fails_later(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what was found stands while its list can't be had, and a loss there is told."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=1)
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    fault = Fault(
        kind="code",
        interface="getUserCodeByAccount",
        build_code=next(iter(simulator.world.lists)),
        times=None,
    )
    simulator.add_fault(fault)
    simulator.remove_meter(OTHER)
    await wait_for(hass, freezer, hours=25)
    assert fault.hits == 2
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


async def test_not_listed_but_alive(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a meter that was given by code beside the lists, or has moved, isn't gone."""
    entry = listed_account(simulator, places={"by_building": ["gzfh-1-d"]})
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=25)
    assert len(simulator.calls_of("getUserCodeByAccount")) == 1
    assert issue_of(hass, entry, "gone_meters") is None


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
