"""What tests of the integration share."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from yarl import URL

from custom_components.jrhsz.connection import DATA_CONNECTIONS
from custom_components.jrhsz.coordinator import MeterCoordinator

from ..simulator import Fault, Simulator


def account_of(simulator: Simulator, **options: Any) -> MockConfigEntry:
    """Return an entry for the simulator's account with all of its meters."""
    meters = [
        {"user_code": code, "building": "一栋", "room": code} for code in sorted(simulator.meters)
    ]
    return MockConfigEntry(
        domain="jrhsz",
        title="demo",
        unique_id=f"{URL(simulator.url).authority}/demo",
        data={
            "url": simulator.url,
            "username": "demo",
            "password": "demo-password",
            "verify_ssl": True,
        },
        options={"meters": meters, "history_days": 0, **options},
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an account up and poll all meters that are due."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def answer_once(simulator: Simulator, user_code: str, record: dict[str, Any]) -> None:
    """Let the next answer about a meter be this record."""
    reply = {"code": 200, "data": record}
    simulator.add_fault(
        Fault(kind="wrong", interface="GetUserInfo", user_code=user_code, reply=reply)
    )


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload an account, forget what the process shares, and set the account up again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.data.pop(DATA_CONNECTIONS, None)
    await set_up(hass, entry)


async def wait_for(hass: HomeAssistant, freezer: FrozenDateTimeFactory, **delta: float) -> None:
    """Let time pass, and all that is due happen."""
    freezer.tick(timedelta(**delta))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def state_of(hass: HomeAssistant, entry: MockConfigEntry, user_code: str, key: str) -> State:
    """Return the state of an entity of a meter, whatever its entity id is."""
    registry = er.async_get(hass)
    unique_id = f"{entry.unique_id}|{user_code}|{key}"
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id == unique_id:
            state = hass.states.get(entity.entity_id)
            assert state is not None
            return state
    raise KeyError(unique_id)


def account_state(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> str:
    """Return the state of a sensor of the account."""
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", "jrhsz", f"{entry.unique_id}|{key}"
    )
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


def coordinator_of(entry: MockConfigEntry, user_code: str) -> MeterCoordinator:
    """Return the coordinator of a meter."""
    coordinator: MeterCoordinator = entry.runtime_data.coordinators[user_code]
    return coordinator
