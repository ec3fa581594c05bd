"""Tests of what a person decides about meters that came or went."""

from decimal import Decimal

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import NotPermittedError, PlatformError

from ..simulator import Fault, Simulator
from ..support.accounts import restart, set_up, state_of, wait_for
from ..support.calls import READS
from ..support.watched import (
    METER,
    OTHER,
    absent_for_a_day,
    chosen,
    decide,
    device_of,
    issue_of,
    listed_account,
    shown,
)

pytestmark = pytest.mark.usefixtures("no_pace")


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
    monkeypatch.setattr("custom_components.jrhsz.meters.newcomers.MAX_METERS", 8)
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter()
    await wait_for(hass, freezer, hours=25)
    result = await decide(hass, entry, "new_meters", "add")
    assert (result["type"], result["reason"]) == ("abort", "too_many_meters")
    assert result["description_placeholders"]["max_meters"] == "3000"
    assert len(chosen(entry)) == 8
    assert issue_of(hass, entry, "new_meters") is not None


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


@pytest.mark.parametrize(
    "interface",
    ["getBuildCode", "getUserCodeByAccount", "getAddress", "GetPaymentList", "GetConsumenList"],
)
async def test_permission_is_tried_again_now(
    hass: HomeAssistant, simulator: Simulator, interface: str
) -> None:
    """Test that a person who says so has what isn't permitted tried at once, and is told."""
    simulator.set_dialect(forbidden=(interface,))
    entry = listed_account(simulator)
    await set_up(hass, entry)
    client = entry.runtime_data.client
    with pytest.raises(NotPermittedError):
        await READS[interface](client)
    simulator.reset_counts()
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert (result["type"], result["reason"]) == ("abort", "still_denied")
    assert result["description_placeholders"] == {"interfaces": interface}
    assert issue_of(hass, entry, "missing_permissions") is not None
    assert len(simulator.calls_of(interface)) == 1

    simulator.set_dialect(forbidden=())
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert result["type"] == "create_entry"
    assert issue_of(hass, entry, "missing_permissions") is None
    await READS[interface](client)


async def test_recharges_are_tried_again_now(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a denied recharge may be tried again, which sends nothing by itself."""
    simulator.set_dialect(forbidden=("Prestore",))
    entry = listed_account(simulator)
    await set_up(hass, entry)
    client = entry.runtime_data.client
    for _ in range(2):
        with pytest.raises(PlatformError):
            await client.prestore(METER, "HA1", Decimal(1))
    assert len(simulator.calls_of("Prestore")) == 1
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert result["type"] == "create_entry"
    assert issue_of(hass, entry, "missing_permissions") is None
    assert len(simulator.calls_of("Prestore")) == 1
    simulator.set_dialect(forbidden=())
    await client.prestore(METER, "HA2", Decimal(1))
    assert issue_of(hass, entry, "missing_permissions") is None


@pytest.mark.parametrize("interface", ["GetUserInfo", "login"])
async def test_account_is_tried_again_now(
    hass: HomeAssistant, simulator: Simulator, interface: str
) -> None:
    """Test that an account that couldn't be set up for want of a permission is set up at once."""
    simulator.set_dialect(forbidden=(interface,))
    entry = listed_account(simulator)
    await set_up(hass, entry)
    assert entry.state.value == "setup_error"
    simulator.reset_counts()
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert (result["type"], result["reason"]) == ("abort", "still_denied")
    assert result["description_placeholders"] == {"interfaces": interface}
    assert len(simulator.calls_of(interface)) == 1
    assert entry.state.value == "setup_error"
    simulator.set_dialect(forbidden=())
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert result["type"] == "create_entry"
    assert issue_of(hass, entry, "missing_permissions") is None
    assert entry.state.value == "loaded"
    assert state_of(hass, entry, METER, "balance").state != STATE_UNAVAILABLE


async def test_permission_of_an_account_without_meters(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Test that an account without a meter can have its lists tried again."""
    simulator.set_dialect(forbidden=("getBuildCode", "GetPaymentList"))
    entry = listed_account(simulator, meters=[])
    await set_up(hass, entry)
    client = entry.runtime_data.client
    for interface in ("getBuildCode", "GetPaymentList"):
        with pytest.raises(NotPermittedError):
            await READS[interface](client)
    result = await decide(hass, entry, "missing_permissions", "try_again")
    assert result["description_placeholders"] == {"interfaces": "getBuildCode"}


def named(entry: MockConfigEntry) -> dict[str, str]:
    """Return the rooms of the chosen meters, by code."""
    return {meter["user_code"]: meter["room"] for meter in entry.options["meters"]}


def of_rooms(simulator: Simulator) -> MockConfigEntry:
    """Return an account whose meters were chosen from lists, by the names of their rooms."""
    meters = [
        {
            "user_code": code,
            "building": simulator.world.lists[meter.lists[0]],
            "room": meter.house_number or meter.user_name,
        }
        for code, meter in simulator.meters.items()
    ]
    return listed_account(simulator, meters=meters)


@pytest.mark.parametrize("choice", ["rename", "keep"])
async def test_renamed_rooms(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, choice: str
) -> None:
    """Test that a room of a new tenant is offered with its new name, once for each name."""
    entry = of_rooms(simulator)
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "renamed_rooms") is None
    before = named(entry)
    entity_id = state_of(hass, entry, METER, "balance").entity_id
    simulator.meters[METER].house_number = "张三"
    await wait_for(hass, freezer, hours=25)
    placeholders = shown(hass, entry, "renamed_rooms")
    assert placeholders == {
        "account": "demo",
        "count": "1",
        "meters": f"- 一栋电 · {before[METER]} · {METER} → 张三",
    }
    await restart(hass, entry)
    assert shown(hass, entry, "renamed_rooms") == placeholders
    fault = Fault(kind="code", interface="getUserCodeByAccount", build_code="gzfh-1-d", times=None)
    simulator.add_fault(fault)
    await wait_for(hass, freezer, hours=25)
    assert fault.hits > 1
    simulator.clear_faults()
    assert shown(hass, entry, "renamed_rooms") == placeholders
    assert (await decide(hass, entry, "renamed_rooms", choice))["type"] == "create_entry"
    assert issue_of(hass, entry, "renamed_rooms") is None
    new = "张三" if choice == "rename" else before[METER]
    assert named(entry) == before | {METER: new}
    assert list(named(entry)) == list(before)
    device = device_of(hass, entry, METER)
    assert device is not None
    assert device.name == f"一栋电 {new}"
    assert state_of(hass, entry, METER, "balance").entity_id == entity_id

    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "renamed_rooms") is None
    simulator.meters[METER].house_number = "李四"
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "renamed_rooms")["meters"].endswith(f"{new} · {METER} → 李四")
    simulator.meters[METER].house_number = new
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "renamed_rooms") is None


async def test_renamed_to_a_name_that_is_taken(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that no two meters of a building get one name, and a person's own name is shown."""
    entry = of_rooms(simulator)
    await set_up(hass, entry)
    device = device_of(hass, entry, METER)
    assert device is not None
    dr.async_get(hass).async_update_device(device.id, name_by_user="Cellar")
    other = simulator.meters["2022040003"]
    simulator.meters[METER].house_number = other.house_number or other.user_name
    await wait_for(hass, freezer, hours=25)
    room = named(entry)["2022040003"]
    assert shown(hass, entry, "renamed_rooms")["meters"] == f"- Cellar · {METER} → {room}"
    await decide(hass, entry, "renamed_rooms", "rename")
    assert named(entry)[METER] == f"{room} ({METER})"
    assert named(entry)["2022040003"] == room
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "renamed_rooms") is None


async def test_new_names_of_meters_by_code(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a meter that is called by its code is offered a name only when that is new."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "renamed_rooms") is None
    simulator.meters[OTHER].house_number = "李四"
    for _ in range(2):
        await wait_for(hass, freezer, hours=25)
        assert shown(hass, entry, "renamed_rooms")["meters"].endswith(f"{OTHER} → 李四")
    await restart(hass, entry)
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "renamed_rooms")["count"] == "1"
