"""What the overview learns of rooms, and how its script gets into the frontend."""

from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.frontend import (
    DATA_EXTRA_JS_URL_ES5,
    DATA_EXTRA_MODULE_URL,
    UrlManager,
)
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.jrhsz.overview import dashboard
from custom_components.jrhsz.overview.dashboard import building_name, natural

from ..simulator import Simulator
from ..support.accounts import account_of, set_up

SCRIPTS = Path(dashboard.__file__).parent / "frontend"


@pytest.fixture
async def frontend(hass: HomeAssistant) -> None:
    """Stand in for the frontend, whose large package the tests can do without."""
    hass.config.components.add("frontend")
    for key in (DATA_EXTRA_MODULE_URL, DATA_EXTRA_JS_URL_ES5):
        hass.data[key] = UrlManager(lambda *_: None, [])
    assert await async_setup_component(hass, "http", {})


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


async def rooms_of(client: WebSocketGenerator) -> list[dict[str, Any]]:
    """Return what the script is told."""
    socket = await client()
    await socket.send_json_auto_id({"type": "jrhsz/rooms"})
    answer = await socket.receive_json()
    assert answer["success"]
    return list(answer["result"])


async def test_rooms_have_the_meters_of_both_kinds(
    hass: HomeAssistant,
    frontend: None,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Lists that differ in the last letter are one building; numbers are sorted by value."""
    await set_up(hass, account)
    rooms = await rooms_of(hass_ws_client)
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
    meters = [meter for room in rooms for meter in room["meters"]]
    assert {meter["silent_hours"] for meter in meters} == {12}
    for meter in meters:
        for key in ("balance", "reading", "last_reading", "low_balance"):
            assert hass.states.get(meter[key]), key


async def test_room_is_told_before_its_meter_is_known(
    hass: HomeAssistant,
    frontend: None,
    account: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """A meter without entities has the kind of its list, or none."""
    account.add_to_hass(hass)
    assert await async_setup_component(hass, "jrhsz", {})
    with patch(
        "custom_components.jrhsz.overview.dashboard.er.EntityRegistry.async_get_entity_id"
    ) as found:
        found.return_value = None
        rooms = await rooms_of(hass_ws_client)
    assert rooms[0]["meters"] == [{"kind": "electricity", "silent_hours": 12}]
    assert rooms[-1]["meters"] == [{"kind": None, "silent_hours": 12}]


async def test_scripts_are_served_and_loaded(
    hass: HomeAssistant, frontend: None, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Every browser loads the modules, from addresses that change with the version."""
    assert await async_setup_component(hass, "jrhsz", {})
    (first,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    # As a plain script a module would fail.
    assert hass.data[DATA_EXTRA_JS_URL_ES5].urls == set()
    version = (await async_get_integration(hass, "jrhsz")).version
    assert first == f"/jrhsz/{version}/overview.js"
    client = await hass_client_no_auth()
    found, todo = dict[str, str](), {first}
    while todo:
        url = todo.pop()
        response = await client.get(url)
        assert response.status == 200, url
        assert response.content_type == "text/javascript"
        found[url] = await response.text()
        modules = re.findall(r'from "\./([a-z_]+\.js)"', found[url])
        todo |= {f"/jrhsz/{version}/{module}" for module in modules} - set(found)
    assert 'define("ll-strategy-dashboard-jrhsz"' in found[first]
    # Nothing is delivered that nobody loads.
    assert {url.rpartition("/")[2] for url in found} == {path.name for path in SCRIPTS.iterdir()}


async def test_nothing_is_offered_without_a_frontend(hass: HomeAssistant) -> None:
    """Without frontend and web server the integration works all the same."""
    assert await async_setup_component(hass, "jrhsz", {})
    assert "http" not in hass.config.components
    assert "websocket_api" not in hass.data


@pytest.mark.parametrize(
    ("building", "others", "name"),
    [
        ("三栋电", {"三栋水"}, "三栋"),
        ("三栋水", {"三栋电"}, "三栋"),
        ("三栋 电", {"三栋 水"}, "三栋"),
        ("三栋水", {"三栋"}, "三栋"),
        ("三栋电", {"一栋水"}, "三栋电"),
        ("丽水", {"丽水电"}, "丽水"),
        ("丽水电", {"丽水"}, "丽水"),
        ("A", {"A电"}, "A"),
        ("", set(), ""),
    ],
)
def test_name_of_a_building(building: str, others: set[str], name: str) -> None:
    """The letter goes only where another list has the same name without or with the other one."""
    assert building_name(building, {building, *others}) == name


def test_names_are_sorted_by_value() -> None:
    """Chinese, full-width and plain numbers count as numbers; no name comes last."""
    names = ["二栋", "9栋", "十栋", "１１栋", "二十栋", "二十三栋", "一〇一", "A２", "A10", ""]
    assert sorted(names, key=natural) == names
