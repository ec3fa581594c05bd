"""Tests of the warning that a balance is low."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, state_of, wait_for
from .support.platform_snapshot import assert_platform, newest_only

ELECTRICITY, WATER = "2022040001", "2022040002"


async def test_states(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the sensor follows the platform, and is unknown while the balance is."""
    meter = simulator.meters[ELECTRICITY]
    meter.set_balance("20.00")
    await set_up(hass, config_entry)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_ON
    for balance, state in (("20.99", STATE_ON), ("21.00", STATE_OFF), ("20.01", STATE_OFF)):
        freezer.tick(1860)
        meter.set_balance(balance)
        await wait_for(hass, freezer, seconds=0)
        assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == state

    meter.set_balance("3")
    await wait_for(hass, freezer, minutes=31)
    simulator.set_dialect(numbers="empty", numbers_only="GetUserInfo")
    await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_UNKNOWN
    assert state_of(hass, config_entry, ELECTRICITY, "balance").state == STATE_UNKNOWN
    simulator.set_dialect(numbers="string")
    await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_ON

    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", times=None))
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_UNAVAILABLE


async def test_water_has_its_own_threshold(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that each kind of meter has its own threshold."""
    for meter in simulator.meters.values():
        meter.set_balance("10")
    entry = account_of(simulator, low_balance=20.0, low_balance_water=9.5)
    await set_up(hass, entry)
    assert state_of(hass, entry, ELECTRICITY, "low_balance").state == STATE_ON
    assert state_of(hass, entry, WATER, "low_balance").state == STATE_OFF


async def test_it_is_remembered(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that between the two thresholds a restart changes nothing, and asks nothing."""
    low, not_low = simulator.meters[ELECTRICITY], simulator.meters[WATER]
    low.set_balance("19")
    not_low.set_balance("30")
    await set_up(hass, config_entry)
    freezer.tick(1860)
    low.set_balance("20.50")
    not_low.set_balance("20.50")
    await wait_for(hass, freezer, seconds=0)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_ON
    assert state_of(hass, config_entry, WATER, "low_balance").state == STATE_OFF

    simulator.reset_counts()
    await restart(hass, config_entry)
    assert simulator.calls_of("GetUserInfo") == []
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_ON
    assert state_of(hass, config_entry, WATER, "low_balance").state == STATE_OFF

    options = {**config_entry.options, "low_balance": 20.4, "low_balance_water": 20.6}
    hass.config_entries.async_update_entry(config_entry, options=options)
    await restart(hass, config_entry)
    assert state_of(hass, config_entry, ELECTRICITY, "low_balance").state == STATE_OFF
    assert state_of(hass, config_entry, WATER, "low_balance").state == STATE_ON


@newest_only
async def test_snapshot(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """Test the entities as users see them."""
    await assert_platform(hass, freezer, simulator, snapshot, Platform.BINARY_SENSOR)
