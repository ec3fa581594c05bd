"""Tests of the warning that a balance is low."""

from decimal import Decimal

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.jrhsz.api import MeterInfo
from custom_components.jrhsz.balance import BalanceWatch
from custom_components.jrhsz.settings import Settings

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, state_of, wait_for
from .support.platform_snapshot import assert_platform, newest_only

ELECTRICITY, WATER = "2022040001", "2022040002"


def answer(balance: str | None, meter_type: int = 3) -> MeterInfo:
    """Return an answer with this balance."""
    return MeterInfo(
        table_no="1",
        meter_type=meter_type,
        reading=None,
        read_time=None,
        balance=None if balance is None else Decimal(balance),
    )


@pytest.mark.parametrize(
    ("threshold", "steps"),
    [
        (20.0, {"20.01": False, "20.00": True, "20.99": True, "21.00": False, "20.01 ": False}),
        (5.0, {"5.00": True, "5.49": True, "5.50": False}),
        (0.0, {"0.01": False, "0.00": True, "-3": True, "0.49": True, "0.50": False}),
        (1000.0, {"1000": True, "1049.99": True, "1050": False}),
    ],
)
def test_hysteresis(threshold: float, steps: dict[str, bool]) -> None:
    """Test that it is on at the threshold, and off from 5 %, at least 0.50, above it."""
    watch = BalanceWatch(Settings.of({"low_balance": threshold}))
    for balance, low in steps.items():
        watch.note(answer(balance.strip()))
        assert watch.is_low is low, balance


def test_a_missing_balance_changes_nothing() -> None:
    """Test that an answer without a balance keeps what was known."""
    watch = BalanceWatch(Settings.of({}))
    watch.note(answer(None))
    assert (watch.last, watch.is_low) == (None, False)
    watch.note(answer("19"))
    watch.note(answer(None))
    assert (watch.last, watch.is_low) == (Decimal(19), True)
    watch.note(answer("20.50"))
    assert watch.is_low


def test_a_file_without_this_memory() -> None:
    """Test that values that were kept without it are looked at anew."""
    watch = BalanceWatch(Settings.of({"low_balance_water": 5}))
    watch.restore(None, answer("4.99", meter_type=2))
    assert (watch.last, watch.is_low) == (Decimal("4.99"), True)


@pytest.mark.parametrize("kept", [None, 3, {}, {"last": 4, "low": "yes", "threshold": []}])
def test_damaged_memory(kept: object) -> None:
    """Test that a memory that can't be read is as good as none."""
    watch = BalanceWatch(Settings.of({}))
    watch.restore(kept, None)
    assert (watch.last, watch.is_low, watch.threshold) == (None, False, Decimal(20))


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
