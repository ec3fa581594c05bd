"""Tests of the trigger for automations."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from .simulator import Fault, Simulator
from .support.accounts import set_up, state_of, wait_for
from .support.recharges import METER, OTHER, device_of


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


async def low_events(
    hass: HomeAssistant, target: dict[str, Any], **options: Any
) -> list[Event[dict[str, Any]]]:
    """Switch on an automation that tells of each run, and return what it tells."""
    told = async_capture_events(hass, "low")
    data = {key: f"{{{{ trigger.{key} }}}}" for key in ("user_code", "balance_before", "balance")}
    automation = {
        "triggers": {"trigger": "jrhsz.balance_became_low", "target": target, "options": options},
        "actions": {"event": "low", "event_data": data},
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    return told


async def set_balances(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, **balances: float
) -> None:
    """Set balances by user code, and read them one after the other."""
    for code, balance in balances.items():
        simulator.meters[code.lstrip("_")].set_balance(balance)
        await entry.runtime_data.coordinators[code.lstrip("_")].async_refresh_now()
        await hass.async_block_till_done(wait_background_tasks=True)


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
    told = await low_events(hass, target)
    simulator.add_fault(Fault(kind="html", interface="GetUserInfo", times=None))
    for _ in range(3):
        await wait_for(hass, freezer, minutes=31)
    simulator.clear_faults()
    await set_balances(hass, config_entry, simulator, **{f"_{METER}": 5})
    await set_balances(hass, config_entry, simulator, **{f"_{METER}": 4})
    assert [str(event.data["user_code"]) for event in told] == [METER]
    assert told[0].data["balance_before"] > 90
    assert 4 < told[0].data["balance"] <= 5
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [("each", [METER, OTHER, METER]), ("first", [METER]), ("all", [OTHER, METER])],
)
async def test_behavior(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    behavior: str,
    expected: list[str],
) -> None:
    """Test which of several meters counts."""
    for code in (METER, OTHER):
        simulator.meters[code].set_balance(100)
    await set_up(hass, config_entry)
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    told = await low_events(hass, {"device_id": devices}, behavior=behavior)
    for balances in ({METER: 5}, {OTHER: 5}, {METER: 60}, {METER: 3}):
        changed = {f"_{code}": balance for code, balance in balances.items()}
        await set_balances(hass, config_entry, simulator, **changed)
    assert [str(event.data["user_code"]) for event in told] == expected
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_for(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a balance that doesn't stay low so long isn't told, and an older wait ends."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    target = {"device_id": device_of(hass, config_entry)}
    told = await low_events(hass, target, **{"for": {"minutes": 10}})
    for balance in (5, 60):
        await set_balances(hass, config_entry, simulator, **{f"_{METER}": balance})
    await wait_for(hass, freezer, minutes=11)
    assert told == []
    for balance in (5, 60, 4):
        await set_balances(hass, config_entry, simulator, **{f"_{METER}": balance})
    await wait_for(hass, freezer, minutes=11)
    assert [str(event.data["user_code"]) for event in told] == [METER]
    for balance in (60, 4):
        await set_balances(hass, config_entry, simulator, **{f"_{METER}": balance})
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    await wait_for(hass, freezer, minutes=11)
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
    assert await hass.config_entries.async_unload(config_entry.entry_id)
