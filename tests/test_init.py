"""Tests of setting up, restarting and unloading an account."""

import asyncio
from collections import Counter
from datetime import datetime
from decimal import Decimal
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.connection import (
    async_get_http,
    async_get_session,
)

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, state_of, wait_for

ELECTRICITY, WATER = "2022040001", "2022040002"


async def hit(fault: Fault) -> None:
    """Wait until a fault of the simulator has hit a call."""
    while not fault.hits:  # noqa: ASYNC110  the simulator has no event for it
        await asyncio.sleep(0.01)


async def test_values_units_and_devices(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that all meters show the platform's values with the right units and devices."""
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.LOADED
    assert len(simulator.calls_of("login")) == 1
    assert len(simulator.calls_of("GetUserInfo")) == len(simulator.meters)
    for code, meter in simulator.meters.items():
        info = meter.info()
        assert Decimal(state_of(hass, config_entry, code, "reading").state) == info.reading
        assert Decimal(state_of(hass, config_entry, code, "balance").state) == info.balance
        read_at = state_of(hass, config_entry, code, "reading").attributes["read_at"]
        assert datetime.fromisoformat(read_at) == info.read_time

    for code, device_class, unit, model in (
        (ELECTRICITY, "energy", "kWh", "Electricity meter"),
        (WATER, "water", "m³", "Water meter"),
    ):
        reading = state_of(hass, config_entry, code, "reading").attributes
        assert reading["device_class"] == device_class
        assert reading["unit_of_measurement"] == unit
        assert reading["state_class"] == "total_increasing"
        balance = state_of(hass, config_entry, code, "balance").attributes
        assert balance["device_class"] == "monetary"
        assert balance["unit_of_measurement"] == "CNY"
        assert balance["state_class"] == "total"
        device = device_registry.async_get_device_by_identifier(
            ("jrhsz", f"{config_entry.unique_id}|{code}"), config_entry.entry_id
        )
        assert device is not None
        assert device.name == f"一栋 {code}"
        assert device.model == model
        assert device.serial_number == simulator.meters[code].table_no
        account = device_registry.async_get_device_by_identifier(
            ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
        )
        assert account is not None
        assert device.via_device_id == account.id
        assert account.entry_type is dr.DeviceEntryType.SERVICE
    assert simulator.early == 0


async def test_restart_shows_all_before_any_call(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a restart needs neither a login nor a poll to show the last values."""
    await set_up(hass, config_entry)
    before = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    assert len(before) >= 3 * len(simulator.meters)
    simulator.reset_counts()

    await restart(hass, config_entry)
    after = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    assert after == before
    assert simulator.calls == []

    await wait_for(hass, freezer, minutes=29)
    assert simulator.calls == []
    await wait_for(hass, freezer, minutes=2)
    assert len(simulator.calls_of("GetUserInfo")) == len(simulator.meters)
    assert simulator.calls_of("login") == []


async def test_reloads_begin_no_pass_anew(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
) -> None:
    """Test that reloads in the middle of a pass lose nothing, and begin with no meter anew."""
    codes = sorted(simulator.meters)
    held = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", skip=4, seconds=0.2))
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    await hit(held)
    for _ in range(3):
        assert await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert polled[:4] == codes[:4]
    # Polls that were under way at a reload are repeated, and nothing else.
    times = Counter(polled)
    assert set(times) == set(codes)
    assert [times[code] for code in codes[:4]] == [1] * 4
    assert 1 <= len(polled) - len(codes) <= 3
    assert len(simulator.calls_of("login")) == 1
    for code in codes:
        assert state_of(hass, config_entry, code, "reading").state != STATE_UNAVAILABLE


@pytest.mark.usefixtures("no_pace")
async def test_what_a_crash_loses(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that values are on disk five minutes after their poll, and a token at once."""
    entry = account_of(simulator, scan_interval=1)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    key = f"jrhsz.{entry.entry_id}"
    assert hass_storage[key]["data"]["session"]["token"]

    for _ in range(6):
        await wait_for(hass, freezer, seconds=61)
    kept = hass_storage[key]["data"]["meters"]
    assert set(kept) == set(simulator.meters)
    for values in kept.values():
        age = datetime.now().astimezone() - datetime.fromisoformat(values["polled_at"])
        assert age.total_seconds() <= 300


async def test_platform_down(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that setup is retried while the platform is down, and asks for no password."""
    simulator.add_fault(Fault(kind="status", status=503, interface="login"))
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.SETUP_RETRY
    assert config_entry.reason == "The platform answered with HTTP status 503"
    assert hass.config_entries.flow.async_progress() == []


async def test_wrong_password(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a refused password asks for a new one, once, with one login."""
    simulator.set_password("demo", "another")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.SETUP_ERROR
    assert config_entry.reason == "The platform refused the password"
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    assert len(simulator.calls_of("login")) == 1


async def test_password_changed_while_running(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a password changed elsewhere costs one login and one line, for all meters."""
    await set_up(hass, config_entry)
    simulator.set_password("demo", "another")
    simulator.expire_tokens()
    simulator.reset_counts()
    caplog.clear()
    await wait_for(hass, freezer, minutes=31)
    assert len(simulator.calls_of("login")) == 1
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    loud = [record for record in ours if record.levelno >= logging.WARNING]
    assert len(loud) == 1
    for code in simulator.meters:
        assert state_of(hass, config_entry, code, "balance").state == STATE_UNAVAILABLE


async def test_no_api_permission(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an account without API permission is told so and not asked for a password."""
    simulator.deny_api("demo")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.SETUP_ERROR
    assert "ask the operator to enable the API" in str(config_entry.reason)
    assert hass.config_entries.flow.async_progress() == []


async def test_unload_while_polling(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an account can be unloaded while a poll is under way and others wait."""
    fault = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.3))
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    await hit(fault)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.NOT_LOADED
    session = async_get_session(hass, simulator.url, "demo")
    assert session.pacer.queue_lengths()["GetUserInfo"] == 0
    await asyncio.sleep(0.4)
    assert len(simulator.calls_of("GetUserInfo")) == 1


async def test_token_of_a_flow_is_saved_at_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """Test that a crash right after an account was added costs no login."""
    session = async_get_session(hass, simulator.url, "demo")
    await session.sign_in("demo-password", async_get_http(hass, verify_ssl=True))
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    kept = hass_storage[f"jrhsz.{config_entry.entry_id}"]["data"]["session"]
    assert kept["token"] == session.as_dict()["token"] is not None
    assert len(simulator.calls_of("login")) == 1
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_removal_leaves_no_file(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """Test that removing an account removes its file and asks nothing of the platform."""
    await set_up(hass, config_entry)
    key = f"jrhsz.{config_entry.entry_id}"
    assert key in hass_storage
    simulator.reset_counts()
    await hass.config_entries.async_remove(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [name for name in hass_storage if name.startswith("jrhsz.")] == []
    assert simulator.calls == []


@pytest.mark.parametrize("session", [None, [], {"token": 3}, {"token": "x", "token_born": "x"}])
async def test_damaged_session(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    session: Any,
) -> None:
    """Test that a damaged part of the file costs a login, and nothing else."""
    hass_storage[f"jrhsz.{config_entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"jrhsz.{config_entry.entry_id}",
        "data": {"session": session, "meters": {ELECTRICITY: 3, WATER: {"info": 4}}},
    }
    await set_up(hass, config_entry)
    assert config_entry.state is ConfigEntryState.LOADED
    assert len(simulator.calls_of("login")) == 1
    assert len(simulator.calls_of("GetUserInfo")) == len(simulator.meters)
