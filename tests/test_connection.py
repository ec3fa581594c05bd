"""Tests of what the accounts of a process share."""

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import ConnectError
from custom_components.jrhsz.connection import (
    async_forget_session,
    async_get_connections,
    async_get_http,
    async_get_session,
    client_of,
    session_of,
)

from .simulator import Fault, Simulator
from .support.accounts import set_up
from .support.recharges import hit


async def test_shared_connections(hass: HomeAssistant) -> None:
    """Test that accounts of one host share its pace, and each has one session."""
    one = async_get_session(hass, "http://127.0.0.1:1", "a")
    assert async_get_session(hass, "http://127.0.0.1:1", "a") is one
    other = async_get_session(hass, "http://127.0.0.1:1/path", "b")
    assert other is not one
    assert other.pacer is one.pacer
    assert async_get_session(hass, "http://127.0.0.1:2", "a").pacer is not one.pacer
    assert len(async_get_connections(hass).pacers) == 2


async def test_removed_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the password goes with the account, and the pace and count of logins stay."""
    await set_up(hass, config_entry)
    session = session_of(hass, config_entry)
    pacer, logins = session.pacer, session.as_dict()["logins"]
    known = [session.has_credentials]
    assert len(logins) == 1
    await hass.config_entries.async_remove(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    known.append(session.has_credentials)
    assert known == [True, False]
    assert async_get_session(hass, simulator.url, "demo") is session
    assert session.pacer is pacer
    assert session.as_dict()["logins"] == logins


async def test_stop(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nobody waits for an answer, or for a turn, when Home Assistant stops."""
    hangs = simulator.add_fault(Fault(kind="hang", interface="getBuildCode"))
    client = client_of(hass, config_entry)
    answer = hass.async_create_task(client.get_buildings())
    turn = hass.async_create_task(client.get_buildings())
    await hit(hangs)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    for waiting in (answer, turn, hass.async_create_task(client.get_rooms())):
        with pytest.raises(ConnectError):
            await waiting


async def test_account_that_was_never_loaded(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an account can be asked and forgotten without being loaded."""
    async_forget_session(hass, config_entry)
    assert async_get_connections(hass).sessions == {}
    client = client_of(hass, config_entry)
    assert client.session is session_of(hass, config_entry)
    assert len(await client.get_rooms()) == len(simulator.meters)
    async_forget_session(hass, config_entry)
    assert not client.session.has_credentials


async def test_one_http_session_of_each_kind(hass: HomeAssistant) -> None:
    """Test that accounts share HTTP, apart from those whose certificate isn't checked."""
    checked = async_get_http(hass, verify_ssl=True)
    assert async_get_http(hass, verify_ssl=True) is checked
    assert async_get_http(hass, verify_ssl=False) is not checked
    closed = [checked.single.closed, checked.kept.closed]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
    await hass.async_block_till_done()
    closed += [checked.single.closed, checked.kept.closed]
    assert closed == [False, False, True, True]


async def test_connections_of_an_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that polls share one connection, over a reload too, and the login has its own."""
    await set_up(hass, config_entry)
    await hass.config_entries.async_reload(config_entry.entry_id)
    await client_of(hass, config_entry).get_meter("2022040001")
    (login,) = {call.connection for call in simulator.calls_of("login")}
    reads = [call.connection for call in simulator.calls if call.interface != "login"]
    # Meters and payments are read at the same time.
    assert len(reads) > len(set(reads)) == 2
    assert login not in reads
