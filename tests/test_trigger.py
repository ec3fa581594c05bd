"""Tests of the triggers for automations."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from .simulator import Fault, Simulator
from .support.accounts import restart, set_up, state_of, wait_for
from .support.recharges import METER, OTHER, device_of
from .support.triggers import codes_of, runs_of, set_balances


async def test_balance_became_low(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that meters of an area trigger, from sufficient to low, and nothing else there."""
    for code in (METER, OTHER):
        simulator.meters[code].set_balance(100)
    await set_up(hass, config_entry)
    area = ar.async_get(hass).async_create("101")
    dr.async_get(hass).async_update_device(device_of(hass, config_entry), area_id=area.id)
    other = er.async_get(hass).async_get_or_create(
        "binary_sensor", "test", "smoke", original_device_class="problem"
    )
    er.async_get(hass).async_update_entity(other.entity_id, area_id=area.id)
    hass.states.async_set(other.entity_id, "off", {"device_class": "problem"})
    low = async_capture_events(hass, "low")
    automation = {
        "triggers": {"trigger": "jrhsz.balance_became_low", "target": {"area_id": area.id}},
        "actions": {"event": "low", "event_data": {"entity_id": "{{ trigger.entity_id }}"}},
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})

    hass.states.async_set(other.entity_id, "on", {"device_class": "problem"})
    for code, balance in ((OTHER, 1), (METER, 3), (METER, 2), (METER, 30), (METER, 1)):
        simulator.meters[code].set_balance(balance)
        await config_entry.runtime_data.coordinators[code].async_refresh_now()
        await hass.async_block_till_done(wait_background_tasks=True)
    entity_id = state_of(hass, config_entry, METER, "low_balance").entity_id
    assert [event.data["entity_id"] for event in low] == [entity_id, entity_id]
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize("meant_by", ["device", "balance", "low_balance"])
async def test_over_an_outage_with_disabled_entities(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    meant_by: str,
) -> None:
    """Test that a fall behind failed polls is told, whichever way a meter is meant."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    target = {"device_id": device_of(hass, config_entry)}
    if meant_by != "device":
        target = {"entity_id": state_of(hass, config_entry, METER, meant_by).entity_id}
    registry = er.async_get(hass)
    for key in {"balance", "low_balance"} - {meant_by}:
        entity_id = state_of(hass, config_entry, METER, key).entity_id
        registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    told = await runs_of(hass, "balance_became_low", target, keys=("balance_before", "balance"))
    simulator.add_fault(Fault(kind="html", interface="GetUserInfo", times=None))
    for _ in range(3):
        await wait_for(hass, freezer, minutes=31)
    simulator.clear_faults()
    await set_balances(hass, config_entry, simulator, **{METER: 5})
    await set_balances(hass, config_entry, simulator, **{METER: 4})
    assert codes_of(told) == [METER]
    assert told[0].data["balance_before"] > 90
    assert 4 < told[0].data["balance"] <= 5
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_meter_became_silent(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that old readings are told once, over restarts, and again after the meter was heard."""
    await set_up(hass, config_entry)
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    told = await runs_of(
        hass, "meter_became_silent", {"device_id": devices}, keys=("last_reading", "entity_id")
    )
    meter = simulator.meters[METER]
    last = meter.info()
    with monkeypatch.context() as stopped:
        stopped.setattr(meter, "info", lambda **_: last)
        await wait_for(hass, freezer, hours=47)
        assert told == []
        for _ in range(3):
            await wait_for(hass, freezer, minutes=61)
            await restart(hass, config_entry)
    assert codes_of(told) == [METER]
    assert str(told[0].data["last_reading"]) == str(last.read_time)
    entity_id = state_of(hass, config_entry, METER, "reading").entity_id
    assert told[0].data["entity_id"] == entity_id
    await wait_for(hass, freezer, minutes=61)
    assert len(told) == 1
    last = meter.info()
    monkeypatch.setattr(meter, "info", lambda **_: last)
    await wait_for(hass, freezer, hours=49)
    assert codes_of(told) == [METER, METER]
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_silent_alone(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a meter that fails while others answer is silent, and that an outage is not."""
    await set_up(hass, config_entry)
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    told = await runs_of(hass, "meter_became_silent", {"device_id": devices})
    simulator.add_fault(Fault(kind="html", interface="GetUserInfo", times=None))
    for _ in range(4):
        await wait_for(hass, freezer, minutes=31)
    simulator.clear_faults()
    await wait_for(hass, freezer, minutes=31)
    assert told == []
    fault = Fault(kind="code", interface="GetUserInfo", user_code=METER, times=None)
    simulator.add_fault(fault)
    for _ in range(4):
        await wait_for(hass, freezer, minutes=31)
    assert codes_of(told) == [METER]
    await restart(hass, config_entry)
    for _ in range(4):
        await wait_for(hass, freezer, minutes=31)
    assert len(told) == 1
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_described(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that Home Assistant's editor offers the trigger for our meters."""
    await set_up(hass, config_entry)
    descriptions = await async_get_all_descriptions(hass)
    description = descriptions["jrhsz.balance_became_low"]
    assert description is not None
    assert description["target"]["entity"][0]["integration"] == "jrhsz"
    assert set(description["fields"]) == {"behavior", "for"}
    fields = {key: set(value["fields"]) for key, value in descriptions.items() if value}
    for key in ("balance_crossed", "days_left_crossed"):
        assert fields[f"jrhsz.{key}"] == {"behavior", "for", "threshold"}
    assert fields["jrhsz.meter_became_silent"] == {"behavior", "for"}
    assert await hass.config_entries.async_unload(config_entry.entry_id)
