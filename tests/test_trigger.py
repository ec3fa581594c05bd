"""Tests of the trigger for automations."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from .simulator import Simulator
from .support.accounts import set_up, state_of
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


async def test_described(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that Home Assistant's editor offers the trigger for our meters."""
    await set_up(hass, config_entry)
    descriptions = await async_get_all_descriptions(hass)
    description = descriptions["jrhsz.balance_became_low"]
    assert description is not None
    assert description["target"]["entity"][0]["integration"] == "jrhsz"
    assert set(description["fields"]) == {"behavior", "for"}
    assert await hass.config_entries.async_unload(config_entry.entry_id)
