"""Tests of giving an account a new password or a new address."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from aiohttp import ClientConnectorCertificateError
from aiohttp.client_reqrep import ConnectionKey
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Fault, Simulator
from .support.accounts import account_of, set_up, state_of
from .support.flows import PASSWORD, Driver

pytestmark = pytest.mark.usefixtures("no_pace")


@pytest.fixture
async def entry(hass: HomeAssistant, config_entry: MockConfigEntry) -> MockConfigEntry:
    """Return an account that is set up."""
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.LOADED
    return config_entry


@pytest.fixture
async def new_host(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run the platform at a second address."""
    async with Simulator(meters=8, limit=0.0, seed=1) as simulator:
        yield simulator


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Driver:
    """Begin to change the address or password."""
    return Driver(hass, await entry.start_reconfigure_flow(hass), options=False)


async def test_reauth(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator) -> None:
    """Test that a refused password asks for a new one, once, and that the account goes on."""
    simulator.set_password("demo", "new-password")
    hass.config_entries.async_update_entry(entry, title="de_m_o")
    for coordinator in 2 * list(entry.runtime_data.coordinators.values()):
        await coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["context"]["source"] == SOURCE_REAUTH

    flow = await Driver(hass, progress, options=False).look()
    assert flow.step == "reauth_confirm"
    # The form renders Markdown.
    assert flow.shown["name"] == r"de\_m\_o"
    await flow.submit(password="wrong")
    assert (flow.step, flow.error) == ("reauth_confirm", "invalid_auth")
    simulator.add_fault(Fault(kind="status", interface="login", status=503, times=2))
    await flow.submit(password="new-password")
    assert flow.error == "cannot_connect"
    await flow.submit(password="new-password")
    assert flow.step == "reauth_successful"
    simulator.reset_counts()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["password"] == "new-password"
    assert entry.data["url"] == simulator.url
    assert simulator.calls_of("login") == []
    assert hass.config_entries.flow.async_progress() == []


async def test_new_password(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that the password can be changed at the same address, without asking for a meter."""
    simulator.set_password("demo", "new-password")
    simulator.reset_counts()
    flow = await reconfigure(hass, entry)
    assert flow.step == "reconfigure"
    assert flow.default("url") == simulator.url
    assert not flow.default("password")
    await flow.submit(url=simulator.url, password="wrong", verify_ssl=True)
    assert (flow.step, flow.error) == ("reconfigure", "invalid_auth")
    assert simulator.calls_of("GetUserInfo") == []
    await flow.submit(url=f"{simulator.url}/user", password="new-password", verify_ssl=False)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert dict(entry.data) == {
        "url": simulator.url,
        "username": "demo",
        "password": "new-password",
        "verify_ssl": False,
    }


async def test_new_address(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, new_host: Simulator
) -> None:
    """Test that an account can move; who it is stays as it was."""
    unique_id, options = entry.unique_id, dict(entry.options)
    flow = await reconfigure(hass, entry)
    await flow.submit(url="http://user@host", password=PASSWORD, verify_ssl=True)
    assert (flow.error, flow.default("url")) == ("wrong_address", "http://user@host")
    new_host.add_fault(Fault(kind="cut", interface="GetUserInfo"))
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.error == "cannot_connect"
    new_host.reset_counts()
    simulator.reset_counts()
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.unique_id, dict(entry.options)) == (unique_id, options)
    assert entry.data["url"] == new_host.url
    assert len(new_host.calls_of("login")) == 1
    assert simulator.calls == []


async def test_another_account(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, new_host: Simulator
) -> None:
    """Test that an address that knows none of our first ten meters is refused; one is enough."""
    for meter in new_host.meters.values():
        meter.hide()
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert (flow.step, flow.error) == ("reconfigure", "wrong_account")
    assert len(new_host.calls_of("GetUserInfo")) == 8
    assert entry.data["url"] == simulator.url
    new_host.meters["2022040008"].show()
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_address_that_may_not_read(
    hass: HomeAssistant, entry: MockConfigEntry, new_host: Simulator
) -> None:
    """Test that an address where meters may not be read is refused, and said to be so."""
    new_host.set_dialect(forbidden=("GetUserInfo",))
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.error == "reading_not_permitted"
    new_host.set_dialect(forbidden=())
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_address_of_another_entry(
    hass: HomeAssistant, entry: MockConfigEntry, new_host: Simulator
) -> None:
    """Test that an account can't move to where it has been added already."""
    other: dict[str, Any] = dict(account_of(new_host).data)
    MockConfigEntry(domain="jrhsz", unique_id="other", data=other).add_to_hass(hass)
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.step == "already_configured"
    assert new_host.calls == []


async def test_account_without_meters_moves(
    hass: HomeAssistant, simulator: Simulator, new_host: Simulator
) -> None:
    """Test that an account that lost its last meter isn't stuck at its address."""
    entry = account_of(simulator, meters=[])
    await set_up(hass, entry)
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url, password=PASSWORD, verify_ssl=True)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert new_host.calls_of("GetUserInfo") == []


async def test_only_the_address(
    hass: HomeAssistant, entry: MockConfigEntry, new_host: Simulator
) -> None:
    """Test that a new address alone needs no password."""
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url)
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == {**entry.data, "url": new_host.url, "password": PASSWORD}


async def test_another_name(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that an account's name can change without losing its entities, and is checked."""
    simulator.set_password("other", "other-password")
    unique_id = entry.unique_id
    before = state_of(hass, entry, "2022040001", "balance").entity_id
    flow = await reconfigure(hass, entry)
    await flow.submit(username="nobody", password="other-password")
    assert flow.step == "reconfigure"
    await flow.submit(username="\u200bother ", password=" other-password")
    assert flow.step == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.data["username"], entry.title, entry.unique_id) == ("other", "other", unique_id)
    assert state_of(hass, entry, "2022040001", "balance").entity_id == before


async def test_a_newcomer_where_an_account_moved_away(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, new_host: Simulator
) -> None:
    """Test that an account that moved keeps its id, and doesn't block its old address."""
    flow = await reconfigure(hass, entry)
    await flow.submit(url=new_host.url)
    await hass.async_block_till_done(wait_background_tasks=True)
    added = await (await Driver.add(hass)).sign_in(simulator)
    await added.choose("by_code")
    await added.submit(codes="2022040001")
    assert added.step == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    entries = hass.config_entries.async_entries("jrhsz")
    assert [item.unique_id for item in entries] == [entry.unique_id, f"{entry.unique_id}~2"]
    assert all(item.state is ConfigEntryState.LOADED for item in entries)
    again = await (await Driver.add(hass)).sign_in(simulator)
    assert again.step == "already_configured"


async def test_invalid_certificate(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Test that a certificate that nobody vouches for is told as what it is."""
    key = SimpleNamespace(host="h", port=443, is_ssl=True, ssl=True)
    error = ClientConnectorCertificateError(cast(ConnectionKey, key), ValueError("expired"))
    flow = await reconfigure(hass, entry)
    with patch("aiohttp.ClientSession.post", side_effect=error):
        await flow.submit(url="https://h.example")
    assert flow.error == "invalid_certificate"
