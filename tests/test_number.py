"""Tests of the threshold of one meter."""

from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from .simulator import Simulator
from .support.accounts import restart, set_up, state_of, wait_for
from .support.platform_snapshot import assert_platform, newest_only

METER, OTHER = "2022040001", "2022040003"
KEY = "low_balance_threshold"


async def set_threshold(hass: HomeAssistant, entry: MockConfigEntry, value: float) -> None:
    """Set the threshold of the meter as a user does."""
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": state_of(hass, entry, METER, KEY).entity_id, "value": value},
        blocking=True,
    )
    await hass.async_block_till_done()


async def test_disabled_by_default(
    hass: HomeAssistant, config_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Test that only those see the numbers who look for them."""
    await set_up(hass, config_entry)
    numbers = [
        entity
        for entity in er.async_entries_for_config_entry(entity_registry, config_entry.entry_id)
        if entity.domain == "number"
    ]
    assert len(numbers) == 8
    assert {number.disabled_by for number in numbers} == {er.RegistryEntryDisabler.INTEGRATION}


@pytest.mark.usefixtures("all_enabled")
async def test_override(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Test that it overrides the account's threshold at once, for this meter, over restarts."""
    simulator.meters[METER].set_balance("50.20")
    simulator.meters[OTHER].set_balance("50.20")
    await set_up(hass, config_entry)
    assert state_of(hass, config_entry, METER, KEY).state == "20.0"
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_OFF

    simulator.reset_counts()
    await set_threshold(hass, config_entry, 50.2)
    assert state_of(hass, config_entry, METER, KEY).state == "50.2"
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_ON
    assert state_of(hass, config_entry, OTHER, KEY).state == "20.0"
    assert state_of(hass, config_entry, OTHER, "low_balance").state == STATE_OFF
    assert simulator.calls == []
    kept = hass_storage[f"jrhsz.{config_entry.entry_id}"]["data"]["meters"]
    assert kept[METER]["balance"]["override"] == "50.2"
    assert kept[OTHER]["balance"]["override"] is None

    await restart(hass, config_entry)
    assert state_of(hass, config_entry, METER, KEY).state == "50.2"
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_ON
    freezer.tick(1860)
    simulator.meters[METER].set_balance("52.71")
    await wait_for(hass, freezer, seconds=0)
    assert state_of(hass, config_entry, METER, "low_balance").state == STATE_OFF


@pytest.mark.usefixtures("all_enabled")
async def test_back_to_the_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the account's own value ends the override, so that the option rules again."""
    await set_up(hass, config_entry)
    await set_threshold(hass, config_entry, 33)
    coordinator = config_entry.runtime_data.coordinators[METER]
    assert coordinator.balance.override == Decimal(33)
    await set_threshold(hass, config_entry, 20)
    assert coordinator.balance.override is None

    options = {**config_entry.options, "low_balance": 12.5}
    hass.config_entries.async_update_entry(config_entry, options=options)
    await restart(hass, config_entry)
    assert state_of(hass, config_entry, METER, KEY).state == "12.5"


@pytest.mark.usefixtures("all_enabled")
async def test_limits_and_a_platform_that_is_down(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that nonsense is refused, and that a setting can be made at any time."""
    await set_up(hass, config_entry)
    for value in (-1, 10_001):
        with pytest.raises(ServiceValidationError):
            await set_threshold(hass, config_entry, value)
    await simulator.stop()
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    assert state_of(hass, config_entry, METER, "balance").state == "unavailable"
    await set_threshold(hass, config_entry, 7.5)
    assert state_of(hass, config_entry, METER, KEY).state == "7.5"


@newest_only
@pytest.mark.usefixtures("all_enabled")
async def test_snapshot(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    freezer: FrozenDateTimeFactory,
    snapshot: SnapshotAssertion,
) -> None:
    """Test the entities as users see them."""
    await assert_platform(hass, freezer, simulator, snapshot, Platform.NUMBER)
