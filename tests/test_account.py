"""Tests of what the meters of an account share."""

from decimal import Decimal

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Simulator
from .support.accounts import account_state, coordinator_of, restart, set_up, state_of, wait_for

METER, OTHER = "2022040001", "2022040002"


async def test_disabled_device(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that the meter of a disabled device is neither polled nor counted."""
    simulator.meters[METER].set_balance(-500)
    await set_up(hass, config_entry)
    device = device_registry.async_get_device_by_identifier(
        coordinator_of(config_entry, METER).device_identifier, config_entry.entry_id
    )
    assert device is not None
    totals = config_entry.runtime_data
    assert len(totals.polled) == 8
    device_registry.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert Decimal(account_state(hass, config_entry, "arrears")) == 0
    for again in (False, True):
        if again:
            await restart(hass, config_entry)
        simulator.reset_counts()
        await wait_for(hass, freezer, minutes=31)
        polled = {call.params["user_code"] for call in simulator.calls_of("GetUserInfo")}
        assert polled == set(simulator.meters) - {METER}
        assert Decimal(account_state(hass, config_entry, "arrears")) == 0
    device_registry.async_update_device(device.id, disabled_by=None)
    await hass.async_block_till_done(wait_background_tasks=True)
    await wait_for(hass, freezer, minutes=31)
    assert 500 <= Decimal(account_state(hass, config_entry, "arrears")) < 510


async def test_unknown_kind(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a type outside the document gives values without unit, and one line."""
    simulator.meters[METER].table_type = 16
    await set_up(hass, config_entry)
    for key in ("reading", "balance"):
        state = state_of(hass, config_entry, METER, key)
        assert float(state.state) > 0
        assert "unit_of_measurement" not in state.attributes
        assert "device_class" not in state.attributes
    await wait_for(hass, freezer, minutes=31)
    lines = [record for record in caplog.records if "unknown type 16" in record.getMessage()]
    assert len(lines) == 1
