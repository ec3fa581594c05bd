"""Tests of the conditions for automations."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.condition import (
    async_from_config,
    async_get_all_descriptions,
    async_validate_condition_config,
)
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from .simulator import Fault, Simulator
from .support.accounts import set_up, state_of, wait_for
from .support.recharges import METER, OTHER, device_of

BELOW_10 = {"threshold": {"type": "below", "value": {"number": 10}}}


async def holds(
    hass: HomeAssistant, condition: str, target: dict[str, Any], **options: Any
) -> bool | None:
    """Tell whether a condition holds, as an automation would find."""
    config = {"condition": f"jrhsz.{condition}", "target": target, "options": options}
    valid = await async_validate_condition_config(hass, cv.CONDITION_SCHEMA(config))
    checker = await async_from_config(hass, valid)
    result = checker.async_check()
    checker.async_unload()
    return result


async def by_balances(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, *balances: float | str
) -> None:
    """Set an account up whose first meters have these balances; the others have 100."""
    for meter in simulator.meters.values():
        meter.set_balance(100)
    for code, balance in zip((METER, OTHER), balances, strict=False):
        simulator.meters[code].set_balance(balance)
    await set_up(hass, entry)


@pytest.mark.parametrize("meant_by", ["device", "balance", "low_balance"])
async def test_meant_by(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, meant_by: str
) -> None:
    """Test that each condition takes a meter by its device, its balance or its low balance."""
    await by_balances(hass, config_entry, simulator, 3)
    days_left = state_of(hass, config_entry, METER, "days_left").entity_id
    hass.states.async_set(days_left, "2", {"unit_of_measurement": "d"})
    config_entry.runtime_data.coordinators[METER].last_update_success = False
    for code, expected in ((METER, True), (OTHER, False)):
        target = {"device_id": device_of(hass, config_entry, code)}
        if meant_by != "device":
            target = {"entity_id": state_of(hass, config_entry, code, meant_by).entity_id}
        week = {"type": "below", "value": {"number": 1, "unit_of_measurement": "w"}}
        assert await holds(hass, "balance_is_low", target) is expected
        assert await holds(hass, "balance_is_value", target, **BELOW_10) is expected
        assert await holds(hass, "days_left_is_value", target, threshold=week) is expected
        assert await holds(hass, "meter_is_silent", target) is expected
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize(
    ("condition", "options"),
    [("balance_is_low", {}), ("balance_is_value", BELOW_10), ("meter_is_silent", {})],
)
async def test_any_and_all(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    condition: str,
    options: dict[str, Any],
) -> None:
    """Test the behaviors, and that nothing holds of meters of which nothing is known."""
    await by_balances(hass, config_entry, simulator, 3, 100)
    meters = config_entry.runtime_data.coordinators
    meters[METER].data = replace(
        meters[METER].data, read_time=dt_util.utcnow() - timedelta(hours=49)
    )
    both = {"device_id": [device_of(hass, config_entry, code) for code in (METER, OTHER)]}
    one = {"device_id": device_of(hass, config_entry)}
    account = {"entity_id": "sensor.demo_total_balance"}
    assert await holds(hass, condition, both, behavior="any", **options) is True
    assert await holds(hass, condition, both, behavior="all", **options) is False
    assert await holds(hass, condition, one, behavior="all", **options) is True
    assert await holds(hass, condition, account, behavior="all", **options) is False
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    assert await holds(hass, condition, one, behavior="all", **options) is False


async def test_balance(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test the kinds of thresholds on balances, below zero too, and other amounts of yuan."""
    await by_balances(hass, config_entry, simulator, "-3.25")
    target = {"device_id": device_of(hass, config_entry)}
    balance = float(state_of(hass, config_entry, METER, "balance").state)
    hass.states.async_set("input_number.limit", str(balance - 1), {"unit_of_measurement": "CNY"})
    hass.states.async_set("input_number.plain", str(balance - 1))
    hass.states.async_set("input_number.euro", str(balance - 1), {"unit_of_measurement": "EUR"})
    between = {"value_min": {"number": balance - 1}, "value_max": {"number": 0}}
    for threshold, expected in (
        ({"type": "below", "value": {"number": 0}}, True),
        ({"type": "below", "value": {"number": balance}}, False),
        ({"type": "above", "value": {"number": balance}}, False),
        ({"type": "above", "value": {"entity": "input_number.limit"}}, True),
        ({"type": "above", "value": {"entity": "input_number.plain"}}, True),
        ({"type": "above", "value": {"entity": "input_number.euro"}}, False),
        ({"type": "above", "value": {"entity": "input_number.none"}}, False),
        ({"type": "between", **between}, True),
        ({"type": "outside", **between}, False),
    ):
        assert await holds(hass, "balance_is_value", target, threshold=threshold) is expected
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_days_left_in_any_unit(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that days are compared as such if a user shows hours, and a threshold has a unit."""
    await by_balances(hass, config_entry, simulator)
    days_left = state_of(hass, config_entry, METER, "days_left").entity_id
    target = {"entity_id": days_left}
    for state, unit in (("3", "d"), ("72", "h")):
        hass.states.async_set(days_left, state, {"unit_of_measurement": unit})
        for number, expected in ((2, False), (4, True)):
            value = {"number": number, "unit_of_measurement": "d"}
            threshold = {"type": "below", "value": value}
            assert await holds(hass, "days_left_is_value", target, threshold=threshold) is expected
    with pytest.raises(vol.Invalid, match="unit"):
        await holds(hass, "days_left_is_value", target, **BELOW_10)
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_for(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a condition may have to hold for a while."""
    await by_balances(hass, config_entry, simulator, 3)
    target = {"entity_id": state_of(hass, config_entry, METER, "balance").entity_id}
    ten_minutes = {"for": {"minutes": 10}}
    assert await holds(hass, "balance_is_low", target, **ten_minutes) is False
    await wait_for(hass, freezer, minutes=11)
    assert await holds(hass, "balance_is_low", target, **ten_minutes) is True
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_what_is_not_known(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that nothing is claimed of a meter that can't be read, but that it is silent."""
    await by_balances(hass, config_entry, simulator, 3)
    target = {"device_id": device_of(hass, config_entry)}
    simulator.add_fault(Fault(kind="html", interface="GetUserInfo", times=None))
    for _ in range(3):
        await wait_for(hass, freezer, minutes=31)
    assert await holds(hass, "balance_is_low", target, behavior="all") is False
    assert await holds(hass, "balance_is_value", target, behavior="all", **BELOW_10) is False
    assert await holds(hass, "meter_is_silent", target) is True
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_low_balance_that_is_hidden(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that entities that a user hides decide still, and those of others never do."""
    await by_balances(hass, config_entry, simulator, 3)
    registry = er.async_get(hass)
    for key in ("low_balance", "balance"):
        entity_id = state_of(hass, config_entry, METER, key).entity_id
        registry.async_update_entity(entity_id, hidden_by=er.RegistryEntryHider.USER)
    hass.states.async_set("binary_sensor.smoke", "on", {"device_class": "problem"})
    assert await holds(hass, "balance_is_low", {"device_id": device_of(hass, config_entry)}) is True
    assert await holds(hass, "balance_is_low", {"entity_id": "binary_sensor.smoke"}) is False
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_described(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that Home Assistant's editor offers the conditions for our meters."""
    await set_up(hass, config_entry)
    descriptions = await async_get_all_descriptions(hass)
    ours = {key: value for key, value in descriptions.items() if key.startswith("jrhsz.")}
    assert {key: set(value["fields"]) for key, value in ours.items() if value} == {
        "jrhsz.balance_is_low": {"behavior", "for"},
        "jrhsz.balance_is_value": {"behavior", "for", "threshold"},
        "jrhsz.days_left_is_value": {"behavior", "for", "threshold"},
        "jrhsz.meter_is_silent": {"behavior"},
    }
    assert await hass.config_entries.async_unload(config_entry.entry_id)
