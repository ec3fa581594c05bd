"""Tests of adding an account."""

from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from .simulator import Fault, Simulator
from .support.accounts import account_of
from .support.flows import LISTS, PASSWORD, Driver, asked, entry_of

pytestmark = pytest.mark.usefixtures("no_pace")


async def test_add_by_building(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that an account is added with all its meters, and that its login serves the entry."""
    flow = await Driver.add(hass)
    assert (flow.step, flow.error) == ("user", None)
    assert flow.default("url") == "http://imrapi.jrhsz.com"
    assert flow.default("verify_ssl") is True
    await flow.sign_in(simulator)
    await flow.choose("by_building")
    assert flow.step == "by_building"
    assert sorted(flow.default("buildings")) == LISTS
    assert flow.labels("buildings")["gzfh-3-s"] == "三栋水"
    await flow.submit()
    assert (flow.step, flow.menu) == ("choose", ["all_meters", "pick_meters", "all_but"])
    assert flow.shown["count"] == "8"
    await flow.choose("all_meters")
    entry = entry_of(flow)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "demo"
    assert entry.unique_id == f"{URL(simulator.url).authority}/demo"
    assert dict(entry.data) == {
        "url": simulator.url,
        "username": "demo",
        "password": PASSWORD,
        "verify_ssl": True,
    }
    assert entry.options["meters"][:3] == [
        {"user_code": "2022040001", "building": "一栋电", "room": "101"},
        {"user_code": "2022040003", "building": "一栋电", "room": "102"},
        {"user_code": "2022040002", "building": "一栋水", "room": "101"},
    ]
    assert entry.options["known"] == sorted(simulator.meters)
    assert entry.options["places"] == {"by_building": None}
    assert len(simulator.calls_of("login")) == 1
    assert len(simulator.calls_of("getBuildCode")) == 1
    assert sorted(map(str, asked(simulator, "getUserCodeByAccount", "build_code"))) == LISTS
    assert hass.states.get("sensor.yi_dong_dian_101_balance")


@pytest.mark.parametrize(
    ("fault", "error", "answer"),
    [
        ({"kind": "code", "code": 1005}, "invalid_auth", ""),
        ({"kind": "code", "code": 1002}, "no_api_permission", ""),
        ({"kind": "code", "code": 1001}, "unknown", ""),
        ({"kind": "code", "code": 4711}, "unknown", ""),
        ({"kind": "code", "code": 1001, "msg": "访问频繁"}, "rate_limited", ""),
        ({"kind": "status", "status": 429}, "rate_limited", ""),
        ({"kind": "status", "status": 404}, "wrong_address", "HTTP 404"),
        ({"kind": "status", "status": 502}, "cannot_connect", ""),
        ({"kind": "html"}, "wrong_address", "≠ JSON"),
        ({"kind": "truncated"}, "wrong_address", "≠ JSON"),
        (
            {"kind": "redirect", "status": 307, "location": "https://new.example/user/login"},
            "wrong_address",
            "HTTP 307 → new.example",
        ),
        ({"kind": "cut"}, "cannot_connect", ""),
    ],
)
async def test_login_errors(
    *,
    hass: HomeAssistant,
    simulator: Simulator,
    mock_setup_entry: AsyncMock,
    fault: dict[str, Any],
    error: str,
    answer: str,
) -> None:
    """Test that the user learns what went wrong with the login, and can go on."""
    simulator.add_fault(Fault(interface="login", times=None, **fault))
    flow = await Driver.add(hass)
    await flow.sign_in(simulator, verify_ssl=False)
    assert (flow.step, flow.error, flow.shown["answer"]) == ("user", error, answer)
    assert flow.default("username") == "demo"
    assert flow.default("verify_ssl") is False
    simulator.clear_faults()
    await flow.sign_in(simulator)
    assert flow.step == "browse"
    assert simulator.strays == []


async def test_wrong_addresses(
    hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock
) -> None:
    """Test an address that is none, one where nothing listens, and one typed carelessly."""
    flow = await Driver.add(hass)
    await flow.sign_in(simulator, url="ftp://somewhere")
    assert (flow.error, flow.default("url")) == ("wrong_address", "ftp://somewhere")
    await flow.sign_in(simulator, url=f"{simulator.url}?x=1")
    assert flow.error == "wrong_address"
    await flow.sign_in(simulator, url="127.0.0.1:1")
    assert flow.error == "cannot_connect"
    assert simulator.calls == []
    await flow.sign_in(simulator, url=f" {URL(simulator.url).authority}/user/ ")
    await flow.choose("by_building")
    await flow.submit()
    await flow.choose("all_meters")
    assert entry_of(flow).data["url"] == simulator.url


async def test_the_same_account_twice(
    hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock
) -> None:
    """Test that an account that is there is refused before logging in."""
    account_of(simulator).add_to_hass(hass)
    flow = await Driver.add(hass)
    await flow.sign_in(simulator, url=f"{simulator.url.upper()}/")
    assert flow.step == "already_configured"
    assert simulator.calls == []


async def test_a_flow_that_was_left_open(
    hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock
) -> None:
    """Test that one can begin anew after the page was reloaded, and that the old flow ends."""
    left = await Driver.add(hass)
    await left.sign_in(simulator)
    flow = await Driver.add(hass)
    await flow.sign_in(simulator)
    assert flow.step == "browse"
    await flow.choose("by_building")
    await flow.submit()
    await flow.choose("all_meters")
    assert flow.step == "create_entry"
    assert hass.config_entries.flow.async_progress() == []


async def test_too_many_logins(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that an account that was tried too often has to wait, and is told so."""
    flow = await Driver.add(hass)
    for _ in range(30):
        await flow.sign_in(simulator, password="wrong")
        assert flow.error == "invalid_auth"
    await flow.sign_in(simulator)
    assert flow.error == "rate_limited"
    assert len(simulator.calls_of("login")) == 30


async def test_an_account_that_moved_here(
    hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock
) -> None:
    """Test that an account is the same if its entry was moved to this address."""
    there = account_of(simulator)
    moved = MockConfigEntry(domain="jrhsz", unique_id="elsewhere/demo", data=there.data)
    moved.add_to_hass(hass)
    flow = await Driver.add(hass)
    await flow.sign_in(simulator)
    assert flow.step == "already_configured"
    assert simulator.calls == []


async def test_two_accounts_of_a_host(
    hass: HomeAssistant, simulator: Simulator, mock_setup_entry: AsyncMock
) -> None:
    """Test that another account of the same host can be added."""
    account_of(simulator).add_to_hass(hass)
    simulator.set_password("other", "other-password")
    flow = await Driver.add(hass)
    await flow.sign_in(simulator, username="other", password="other-password")
    await flow.choose("by_building")
    await flow.submit()
    await flow.choose("all_meters")
    assert entry_of(flow).unique_id == f"{URL(simulator.url).authority}/other"
