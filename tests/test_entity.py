"""Tests of what all entities of a meter have in common."""

import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Simulator
from .support.accounts import account_of, set_up, state_of

METER = "2022040001"


async def test_long_names(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, entity_registry: er.EntityRegistry
) -> None:
    """Test that meters with very long names, or `|` in their codes, have whole ids of their own."""
    codes = [f"a|{number}" for number in range(15)]
    for code in codes:
        simulator.add_meter(user_code=code)
    names = [{"user_code": code, "building": "霜" * 100, "room": "创" * 100} for code in codes]
    entry = account_of(simulator, meters=names)
    await set_up(hass, entry)
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    ids = [entity.entity_id for entity in entities]
    assert max(map(len, ids)) < 200
    assert not any(re.search(r"_\d+$", entity_id) for entity_id in ids)
    for code in codes:
        info = simulator.meters[code].info()
        assert state_of(hass, entry, code, "reading").state == str(float(info.reading))


async def test_device(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that all entities of a meter are on its device, which is below the account's."""
    await set_up(hass, config_entry)
    account = device_registry.async_get_device_by_identifier(
        ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
    )
    meter = device_registry.async_get_device_by_identifier(
        ("jrhsz", f"{config_entry.unique_id}|{METER}"), config_entry.entry_id
    )
    assert account is not None
    assert meter is not None
    assert meter.via_device_id == account.id
    assert (meter.manufacturer, meter.model) == ("JRHSZ", "Electricity meter")
    assert meter.name == f"一栋 {METER}"
    assert meter.serial_number == simulator.meters[METER].info().table_no
    prefix = f"{config_entry.unique_id}|{METER}|"
    ours = [
        entity
        for entity in er.async_entries_for_config_entry(entity_registry, config_entry.entry_id)
        if entity.unique_id.startswith(prefix)
    ]
    assert len(ours) > 5
    assert {entity.device_id for entity in ours} == {meter.id}
    assert all(entity.has_entity_name for entity in ours)
