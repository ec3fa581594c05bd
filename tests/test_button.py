"""Tests of polling one meter now."""

import asyncio

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from .simulator import Fault, Simulator
from .support.accounts import account_of, set_up, state_of, wait_for
from .support.platform_snapshot import assert_platform, newest_only

METER = "2022040006"


async def press(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Press the meter's button."""
    entity_id = state_of(hass, entry, METER, "refresh").entity_id
    await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)


async def update(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Update an entity of the meter."""
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": state_of(hass, entry, METER, "balance").entity_id},
        blocking=True,
    )


@pytest.mark.parametrize("ask", [press, update])
async def test_polls_just_this_meter(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, ask: object
) -> None:
    """Test that both ways poll the one meter, and that its entities show it when they return."""
    assert callable(ask)
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("12.34")
    simulator.reset_counts()
    await ask(hass, config_entry)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert polled == [METER]
    assert state_of(hass, config_entry, METER, "balance").state == "12.34"


@pytest.mark.parametrize("ask", [press, update])
async def test_goes_ahead_of_the_queue(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    ask: object,
) -> None:
    """Test that with all meters waiting it is the next one but the one under way."""
    assert callable(ask)
    await set_up(hass, config_entry)
    simulator.reset_counts()
    held = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.2))
    for coordinator in config_entry.runtime_data.coordinators.values():
        hass.async_create_background_task(coordinator.async_refresh(), "poll")
    await asyncio.sleep(0.1)
    assert held.hits
    await ask(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert polled.index(METER) == 1
    assert len(set(polled)) == len(simulator.meters)


async def test_failure_is_told(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that whoever presses learns why it failed, at the first failure."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="status", status=503, interface="GetUserInfo"))
    with pytest.raises(HomeAssistantError, match="HTTP status 503") as error:
        await press(hass, config_entry)
    assert error.value.translation_domain == "jrhsz"
    assert error.value.translation_key == "http_status"
    await press(hass, config_entry)


async def test_revives_a_meter(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a meter that is unavailable can be tried again."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="code", interface="GetUserInfo", user_code=METER, times=2))
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    assert state_of(hass, config_entry, METER, "balance").state == STATE_UNAVAILABLE
    assert state_of(hass, config_entry, METER, "refresh").state == STATE_UNKNOWN
    await press(hass, config_entry)
    assert state_of(hass, config_entry, METER, "balance").state != STATE_UNAVAILABLE


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("count", [20, 21])
async def test_enabled_in_small_accounts(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry, count: int
) -> None:
    """Test that hundreds of buttons have to be asked for."""
    for _ in range(count - len(simulator.meters)):
        simulator.add_meter()
    entry = account_of(simulator)
    await set_up(hass, entry)
    buttons = [
        entity
        for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if entity.domain == "button"
    ]
    assert len(buttons) == count
    assert {button.disabled_by is None for button in buttons} == {count == 20}


@newest_only
async def test_snapshot(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """Test the entities as users see them."""
    await assert_platform(hass, freezer, simulator, snapshot, Platform.BUTTON)
