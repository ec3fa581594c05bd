"""Tests of which meters a target means."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.targets import async_balances_in, async_meters_in

from .simulator import Simulator
from .support.accounts import account_of, set_up, state_of
from .support.watched import METER, OTHER, device_of


def meant(hass: HomeAssistant, *meant_by: str, **target: Any) -> list[str]:
    """Return the codes of the meters that a target means."""
    meters = async_meters_in(hass, target, meant_by) if meant_by else async_meters_in(hass, target)
    return [meter.user_code for meter in meters]


async def test_devices_areas_and_labels(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
    label_registry: lr.LabelRegistry,
) -> None:
    """Test that a meter is meant by its device, wherever that was put."""
    await set_up(hass, config_entry)
    device = device_of(hass, config_entry, METER)
    assert device is not None
    area, label = area_registry.async_create("Hall"), label_registry.async_create("Rented")
    assert meant(hass, area_id=[area.id], label_id=[label.label_id]) == []
    device_registry.async_update_device(device.id, area_id=area.id, labels={label.label_id})
    assert meant(hass, device_id=[device.id]) == [METER]
    assert meant(hass, area_id=[area.id]) == [METER]
    assert meant(hass, label_id=[label.label_id]) == [METER]
    assert meant(hass) == []


async def test_account(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    """Test that all meters of an account are meant by its device, but not by where that was put."""
    await set_up(hass, config_entry)
    account = config_entry.runtime_data.device_id
    assert meant(hass, device_id=account) == list(config_entry.runtime_data.coordinators)
    area = area_registry.async_create("Office")
    device_registry.async_update_device(account, area_id=area.id)
    assert meant(hass, area_id=[area.id]) == []


async def test_stroke_in_a_code(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that a meter is not meant by another one whose code is the begin of its own."""
    codes = [f"{METER}|balance", f"{METER}|2|3"]
    for code in codes:
        simulator.add_meter(user_code=code)
    entry = account_of(simulator)
    await set_up(hass, entry)
    for code in (METER, *codes):
        device = device_of(hass, entry, code)
        assert device is not None
        assert meant(hass, device_id=[device.id]) == [code]
        balance = state_of(hass, entry, code, "balance").entity_id
        assert meant(hass, entity_id=[balance]) == [code]
    assert len(meant(hass, device_id=[entry.runtime_data.device_id])) == len(simulator.meters)


async def test_entities(
    hass: HomeAssistant, config_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Test that only the entities that stand for a meter mean it, or those that are asked for."""
    await set_up(hass, config_entry)
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    reading = state_of(hass, config_entry, OTHER, "reading").entity_id
    stranger = entity_registry.async_get_or_create(
        "sensor", "other", f"{config_entry.unique_id}|{METER}|balance"
    ).entity_id
    assert meant(hass, entity_id=[balance, reading]) == [METER]
    assert meant(hass, "reading", entity_id=[balance, reading]) == [OTHER]
    assert meant(hass, entity_id=[stranger, "sensor.nothing"]) == []


async def test_account_that_is_not_loaded(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """Test that meters of an account that is not loaded are not meant."""
    await set_up(hass, config_entry)
    device = device_of(hass, config_entry, METER)
    assert device is not None
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    assert meant(hass, device_id=[device.id]) == []


async def test_balances(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    """Test that a meter's money is meant by its balance alone, wherever its device is."""
    await set_up(hass, config_entry)
    area, other = area_registry.async_create("Hall"), area_registry.async_create("Cellar")
    for code in (METER, OTHER):
        device = device_of(hass, config_entry, code)
        assert device is not None
        device_registry.async_update_device(device.id, area_id=area.id)
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    low = state_of(hass, config_entry, OTHER, "low_balance").entity_id
    total = entity_registry.async_get_entity_id(
        "sensor", "jrhsz", f"{config_entry.unique_id}|total_balance"
    )

    def found(**target: Any) -> set[str]:
        """Return the user codes of the balances that a target means."""
        balances = async_balances_in(hass, target)
        return {entity.unique_id.split("|")[-2] for entity in balances}

    assert found(area_id=[area.id]) == {METER, OTHER}
    assert found(entity_id=[balance, low, str(total), "sensor.nothing"]) == {METER}
    entity_registry.async_update_entity(balance, area_id=other.id)
    assert found(area_id=[area.id]) == {OTHER}
    entity_registry.async_update_entity(
        state_of(hass, config_entry, OTHER, "balance").entity_id,
        hidden_by=er.RegistryEntryHider.USER,
    )
    assert found(area_id=[area.id]) == set()
    assert found() == set()


async def test_balances_by_floor_label_and_device(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test each way to mean a balance, and that what is disabled isn't meant in any."""
    await set_up(hass, config_entry)
    floor = fr.async_get(hass).async_create("Ground")
    area = ar.async_get(hass).async_create("Hall", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("Rented")
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    ids = [device.id for device in devices if device is not None]
    device_registry.async_update_device(ids[0], area_id=area.id)
    balances = [state_of(hass, config_entry, code, "balance").entity_id for code in (METER, OTHER)]
    entity_registry.async_update_entity(balances[1], labels={label.label_id})

    def found(**target: Any) -> set[str]:
        """Return the user codes of the balances that a target means."""
        return {entity.unique_id.split("|")[-2] for entity in async_balances_in(hass, target)}

    ways: list[dict[str, list[str]]] = [
        {"floor_id": [floor.floor_id]},
        {"area_id": [area.id]},
        {"device_id": [ids[0]]},
        {"entity_id": [balances[0]]},
    ]
    assert [found(**way) for way in ways] == [{METER}] * 4
    assert found(label_id=[label.label_id]) == {OTHER}
    assert found(label_id=[label.label_id], **ways[0]) == {METER, OTHER}
    assert found(device_id=[str(config_entry.runtime_data.device_id)]) == set()
    entity_registry.async_update_entity(balances[0], disabled_by=er.RegistryEntryDisabler.USER)
    device_registry.async_update_device(ids[1], disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [found(**way) for way in ways] == [set()] * 4
    assert found(label_id=[label.label_id], entity_id=balances, device_id=ids) == set()
