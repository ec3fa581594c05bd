"""Tests of the devices of an account: which there are, and how one goes."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.jrhsz import async_remove_config_entry_device, devices
from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.kinds import KINDS

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, state_of
from .support.flows import Driver
from .support.watched import METER, OTHER, chosen, device_of

pytestmark = pytest.mark.usefixtures("no_pace")


async def test_deleted_device(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_ws_client: WebSocketGenerator,
    config_entry: MockConfigEntry,
) -> None:
    """Test that deleting a device cancels its waiting poll and disturbs nothing else."""
    await set_up(hass, config_entry)
    account = config_entry.runtime_data
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    others = {
        state.entity_id: state
        for state in hass.states.async_all("event")
        if OTHER not in state.entity_id
    }
    simulator.reset_counts()
    held = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.3))
    for coordinator in account.coordinators.values():
        hass.async_create_background_task(coordinator.async_refresh(), "poll")
    await asyncio.sleep(0.1)
    assert held.hits

    removal = {"type": "config/device_registry/remove_config_entry", "device_id": device.id}
    await client.send_json_auto_id(removal | {"config_entry_id": config_entry.entry_id})
    assert (await client.receive_json())["success"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert config_entry.runtime_data is account
    assert OTHER not in chosen(config_entry)
    assert len(chosen(config_entry)) == 7
    assert device_of(hass, config_entry, OTHER) is None
    polled = {call.params["user_code"] for call in simulator.calls_of("GetUserInfo")}
    assert polled == set(simulator.meters) - {OTHER}
    for entity_id, state in others.items():
        assert hass.states.get(entity_id) is state
    with pytest.raises(KeyError):
        state_of(hass, config_entry, OTHER, "balance")

    await restart(hass, config_entry)
    assert device_of(hass, config_entry, OTHER) is None
    assert set(config_entry.runtime_data.coordinators) == chosen(config_entry)


async def test_account_device_stays(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that the account's own device can't be deleted."""
    await set_up(hass, config_entry)
    account = device_registry.async_get_device_by_identifier(
        ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
    )
    assert account is not None
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    removal = {"type": "config/device_registry/remove_config_entry", "device_id": account.id}
    await client.send_json_auto_id(removal | {"config_entry_id": config_entry.entry_id})
    assert not (await client.receive_json())["success"]
    assert device_registry.async_get(account.id) is not None
    assert len(chosen(config_entry)) == 8


async def test_device_deleted_while_starting(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a meter that is deleted before its turn to start doesn't come back."""
    for _ in range(12):
        simulator.add_meter()
    entry = account_of(simulator)
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    code, last = list(entry.runtime_data.coordinators.items())[-1]
    assert last.introduced is None
    device = device_of(hass, entry, code)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert device_of(hass, entry, code) is None


async def test_sums_after_a_deletion(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the account's sums leave a deleted meter out at once."""
    for meter in simulator.meters.values():
        meter.set_balance("10.00")
    await set_up(hass, config_entry)
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, config_entry, device)
    await hass.async_block_till_done()
    total = er.async_get(hass).async_get_entity_id(
        "sensor", "jrhsz", f"{config_entry.unique_id}|total_balance"
    )
    state = hass.states.get(str(total))
    assert state is not None
    assert state.state == "70.0"


async def test_picked_and_deleted(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a form that was left open chooses no meter whose device was deleted since."""
    meters = [{"user_code": METER, "building": "一栋", "room": "101"}]
    entry = account_of(simulator, meters=meters)
    await set_up(hass, entry)
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("pick_meters")
    device = device_of(hass, entry, METER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    await flow.submit(meters=[METER])
    assert (flow.step, flow.error) == ("pick_meters", "nothing_chosen")


async def test_device_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a device can be deleted while the platform is down."""
    await set_up(hass, config_entry)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    device = device_of(hass, config_entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, config_entry, device)
    assert OTHER not in chosen(config_entry)
    await set_up(hass, config_entry)
    assert set(config_entry.runtime_data.coordinators) == chosen(config_entry)


async def test_deselected_meters_go(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a meter no longer chosen loses its device and entities, and no other does."""
    await set_up(hass, config_entry)
    balance = state_of(hass, config_entry, METER, "balance").state
    chosen = [m for m in config_entry.options["meters"] if m["user_code"] != OTHER]
    hass.config_entries.async_update_entry(
        config_entry, options={**config_entry.options, "meters": chosen}
    )
    simulator.reset_counts()
    assert await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    identifier = ("jrhsz", f"{config_entry.unique_id}|{OTHER}")
    assert device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id) is None
    entries = er.async_entries_for_config_entry(entity_registry, config_entry.entry_id)
    assert not [entity for entity in entries if f"|{OTHER}|" in entity.unique_id]
    assert state_of(hass, config_entry, METER, "balance").state == balance
    assert simulator.calls == []


async def test_models_are_in_the_system_language(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that the model of a device, which nobody translates later, is one of the language."""
    hass.config.language = "zh-Hans"
    await set_up(hass, config_entry)
    listed = dr.async_entries_for_config_entry(device_registry, config_entry.entry_id)
    models = {device.model for device in listed if device.serial_number}
    assert models == {"电表", "水表"}
    # The editor offers the meters by them, whatever they were called when they were added.
    services: Any = load_yaml(Path(devices.__file__).parent / "services.yaml")
    recharge = services["recharge"]["fields"]["device_id"]
    offered = {item["model"] for item in recharge["selector"]["device"]["filter"]}
    for language in ("zh-Hans", "en"):
        hass.config.language = language
        await async_get_translations(hass, language, "selector", {"jrhsz"})
        assert {devices.model_of(hass, kind) for kind in (*MeterKind, None)} <= offered
    assert len(offered) == 2 * len(KINDS)
