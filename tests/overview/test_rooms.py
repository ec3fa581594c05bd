"""What the dashboard is told of accounts, rooms and meters."""

from typing import Any
from unittest.mock import patch

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from ..simulator import Simulator
from ..support.accounts import account_of, coordinator_of, restart, set_up
from ..support.recharges import recharge


@pytest.fixture
def account(simulator: Simulator, no_pace: None) -> MockConfigEntry:
    """Return an account whose rooms have one or two of the simulator's eight meters."""
    places = [
        ("十一栋电", "101"),
        ("十一栋水", "101"),
        ("二栋电", "1003"),
        ("二栋水", "1003"),
        ("二栋电", "202"),
        ("", "lodge"),
        ("丽水", "1"),
        ("二栋电", "1003"),
    ]
    return account_of(
        simulator,
        meters=[
            {"user_code": code, "building": building, "room": room}
            for code, (building, room) in zip(simulator.meters, places, strict=True)
        ],
        silent_hours=12,
    )


@pytest.fixture
def tenant(hass: HomeAssistant, hass_read_only_user: MockUser) -> MockUser:
    """Return a user who may read nothing yet."""
    hass_read_only_user.mock_policy({})
    return hass_read_only_user


async def told(client: WebSocketGenerator, *arguments: Any, **message: Any) -> dict[str, Any]:
    """Return what the script is told."""
    socket = await client(*arguments)
    await socket.send_json_auto_id({"type": "jrhsz/rooms", **message})
    answer = await socket.receive_json()
    assert answer["success"]
    return dict(answer["result"])


def places_of(answer: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """Return the building, its code, the room and the number of its meters, as they are told."""
    return [
        (room["building"], room["building_code"], room["room"], len(room["meters"]))
        for room in answer["rooms"]
    ]


def other_account(account: MockConfigEntry, meters: list[dict[str, str]]) -> MockConfigEntry:
    """Return another account of the same platform."""
    return MockConfigEntry(
        domain="jrhsz",
        title="other",
        unique_id=f"{account.unique_id}-other",
        data={**account.data, "username": "other"},
        options={"meters": meters, "history_days": 0},
    )


@pytest.mark.usefixtures("frontend")
async def test_rooms_have_the_meters_of_both_kinds(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Lists that differ in the last letter are one building; numbers are sorted by value."""
    await set_up(hass, account)
    answer = await told(hass_ws_client)
    assert answer["accounts"] == [{"id": account.entry_id, "title": "demo", "state": None}]
    rooms = answer["rooms"]
    assert [
        (room["building"], room["room"], [meter["kind"] for meter in room["meters"]])
        for room in rooms
    ] == [
        ("二栋", "202", ["electricity"]),
        ("二栋", "1003", ["electricity", "water", "water"]),
        ("十一栋", "101", ["electricity", "water"]),
        ("丽水", "1", ["electricity"]),
        ("", "lodge", ["water"]),
    ]
    assert {room["account"] for room in rooms} == {account.entry_id}
    assert rooms[2]["aliases"] == ["11栋", "101"]
    meters = [meter for room in rooms for meter in room["meters"]]
    assert {meter["silent_hours"] for meter in meters} == {12}
    devices = dr.async_get(hass)
    for meter in meters:
        assert set(meter["entities"]) == {
            "balance", "reading", "low_balance", "days_left", "month_use"
        }  # fmt: skip
        for key in ("balance", "reading", "low_balance"):
            assert hass.states.get(meter["entities"][key]), key
        identifier = ("jrhsz", f"{account.unique_id}|{meter['user_code']}")
        device = devices.async_get_device_by_identifier(identifier, account.entry_id)
        assert device
        assert (meter["device_id"], meter["number"]) == (device.id, device.serial_number)
    assert [meter["list"] for meter in rooms[2]["meters"]] == ["十一栋电", "十一栋水"]


@pytest.mark.usefixtures("frontend")
async def test_room_is_told_before_its_meter_is_known(
    hass: HomeAssistant,
    account: MockConfigEntry,
    tenant: MockUser,
    hass_read_only_access_token: str,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A meter without entities has the kind of its list, or none; who can't read all isn't told."""
    account.add_to_hass(hass)
    assert await async_setup_component(hass, "jrhsz", {})
    with patch(
        "custom_components.jrhsz.overview.rooms.er.EntityRegistry.async_get_entity_id"
    ) as found:
        found.return_value = None
        rooms = (await told(hass_ws_client))["rooms"]
        assert await told(hass_ws_client, hass, hass_read_only_access_token) == {
            "accounts": [],
            "rooms": [],
        }
    (first,), (last,) = rooms[0]["meters"], rooms[-1]["meters"]
    assert (first["kind"], first["entities"]) == ("electricity", {})
    assert (last["kind"], last["entities"]) == (None, {})


@pytest.mark.usefixtures("frontend")
async def test_user_is_told_no_more_than_he_may_read(
    hass: HomeAssistant,
    account: MockConfigEntry,
    tenant: MockUser,
    hass_read_only_access_token: str,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A tenant sees the entities of his room, and no sign of another one."""
    await set_up(hass, account)
    meter = (await told(hass_ws_client))["rooms"][0]["meters"][0]
    mine = meter["entities"]["balance"]
    tenant.mock_policy({"entities": {"entity_ids": {mine: {POLICY_READ: True}}}})
    answer = await told(hass_ws_client, hass, hass_read_only_access_token)
    assert places_of(answer) == [("二栋", "", "202", 1)]
    assert answer["rooms"][0]["meters"] == [{**meter, "entities": {"balance": mine}}]
    tenant.mock_policy({"entities": {"all": {POLICY_READ: True}}})
    answer = await told(hass_ws_client, hass, hass_read_only_access_token)
    assert answer == await told(hass_ws_client)


@pytest.mark.usefixtures("frontend")
async def test_device_that_a_person_renamed(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A meter is called so in its room, in answers and in statistics, also after a restart."""
    await set_up(hass, account)
    code = "2022040005"
    device = coordinator_of(account, code).device
    assert device is not None
    assert (await told(hass_ws_client))["rooms"][0]["name"] is None
    dr.async_get(hass).async_update_device(device.id, name_by_user="李四家")
    for _ in range(2):
        room = (await told(hass_ws_client))["rooms"][0]
        assert (room["name"], room["building"], room["room"]) == ("李四家", "二栋", "202")
        assert [meter["name"] for meter in room["meters"]] == ["李四家"]
        meter = coordinator_of(account, code)
        assert (meter.shown_name, meter.statistic_name) == ("李四家", "李四家")
        answer = await recharge(hass, account, code, dry_run=True)
        assert answer["meter"] == "李四家"
        await restart(hass, account)


@pytest.mark.usefixtures("frontend")
async def test_disabled_or_broken_accounts_are_named(
    hass: HomeAssistant,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """An account without rooms on the dashboard is told as one that is disabled or broken."""
    other = other_account(account, account.options["meters"])
    await set_up(hass, account)
    other.add_to_hass(hass)
    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    account.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    answer = await told(hass_ws_client)
    assert [(item["title"], item["state"]) for item in answer["accounts"]] == [
        ("demo", "failed"),
        ("other", "disabled"),
    ]
    assert len(answer["rooms"]) == 5
    assert {room["account"] for room in answer["rooms"]} == {account.entry_id}
    # It is loaded in truth, and is to be unloaded.
    account.mock_state(hass, ConfigEntryState.LOADED)


@pytest.mark.usefixtures("frontend")
async def test_rooms_of_two_accounts_are_joined_only_if_that_is_wanted(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """One account may have a house's electricity and another one its water, or another house."""
    codes = list(simulator.meters)
    power = account_of(
        simulator, meters=[{"user_code": codes[0], "building": "一栋电", "room": "101"}]
    )
    water = other_account(
        power, meters=[{"user_code": codes[1], "building": "一栋水", "room": "101"}]
    )
    await set_up(hass, power)
    water.add_to_hass(hass)
    assert places_of(await told(hass_ws_client)) == [
        ("一栋水", "", "101", 1),
        ("一栋电", "", "101", 1),
    ]
    answer = await told(hass_ws_client, join_accounts=True)
    assert places_of(answer) == [("一栋", "", "101", 2)]
    assert answer["rooms"][0]["account"] is None


@pytest.mark.usefixtures("frontend")
async def test_buildings_of_one_name_are_known_by_their_codes(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Rooms of one name in two buildings of one name are two rooms."""
    places = [("一栋", "A1"), ("一栋", "B1"), ("二栋", ""), ("一栋", "A1")]
    account = account_of(
        simulator,
        meters=[
            {"user_code": code, "building": building, "building_code": number, "room": "101"}
            for code, (building, number) in zip(simulator.meters, places, strict=False)
        ],
    )
    account.add_to_hass(hass)
    assert await async_setup_component(hass, "jrhsz", {})
    assert places_of(await told(hass_ws_client)) == [
        ("一栋", "A1", "101", 2),
        ("一栋", "B1", "101", 1),
        ("二栋", "", "101", 1),
    ]
