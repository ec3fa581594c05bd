"""Tests of which entities the meters of a vast account have."""

from collections import Counter
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.coordinator import JrhszData
from custom_components.jrhsz.entity import JrhszEntity
from custom_components.jrhsz.essentials import ESSENTIALS, USUALLY_ON, async_make_room
from custom_components.jrhsz.outage import OutageWatch
from custom_components.jrhsz.settings import Settings
from custom_components.jrhsz.store import AccountStore

from .simulator import Simulator
from .support.accounts import account_of, restart, set_up, wait_for

DOMAINS = {"low_balance": "binary_sensor", "recharge": "event", "refresh": "button"}
INTEGRATION, USER = er.RegistryEntryDisabler.INTEGRATION, er.RegistryEntryDisabler.USER


def of_meters(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, er.RegistryEntry]:
    """Return what is registered of an account's meters, by code and key."""
    prefix = f"{entry.unique_id}|"
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    named = {entity.unique_id.removeprefix(prefix): entity for entity in entities}
    return {name: entity for name, entity in named.items() if "|" in name}


def enabled(hass: HomeAssistant, entry: MockConfigEntry) -> Counter[str]:
    """Return how many of an account's meters have each entity enabled."""
    return Counter(
        name.partition("|")[2]
        for name, entity in of_meters(hass, entry).items()
        if entity.disabled_by is None
    )


async def choose(hass: HomeAssistant, entry: MockConfigEntry, codes: list[str]) -> None:
    """Choose these meters and load the account anew."""
    meters = [{"user_code": code, "building": "一栋", "room": code} for code in codes]
    hass.config_entries.async_update_entry(entry, options={**entry.options, "meters": meters})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let accounts be large from the first meter on, vast beyond 8, and Home Assistant take 60."""
    monkeypatch.setattr("custom_components.jrhsz.settings._SMALL_ACCOUNT", 0)
    monkeypatch.setattr("custom_components.jrhsz.settings._LARGE_ACCOUNT", 8)
    name = "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY"
    monkeypatch.setattr(f"homeassistant.helpers.entity_platform.{name}", 60)
    monkeypatch.setattr(f"custom_components.jrhsz.essentials.{name}", 60)
    monkeypatch.setattr("custom_components.jrhsz.essentials._SPARE", 6)


@pytest.mark.usefixtures("no_pace", "tight")
async def test_account_that_grows_and_shrinks(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that all meters have the essentials, and what a person touched stays as it is."""
    old = sorted(simulator.meters)
    entry = account_of(simulator)
    await set_up(hass, entry)
    assert enabled(hass, entry) == dict.fromkeys(ESSENTIALS | USUALLY_ON, 8)
    registered, registry = of_meters(hass, entry), er.async_get(hass)
    named = registered[f"{old[0]}|days_left"].entity_id
    registry.async_update_entity(named, name="Meter in the hall")
    registry.async_update_entity(registered[f"{old[1]}|days_left"].entity_id, disabled_by=USER)
    registry.async_update_entity(registered[f"{old[2]}|unit_price"].entity_id, disabled_by=None)

    for _ in range(8):
        simulator.add_meter()
    codes = sorted(simulator.meters)
    for count in (9, 16):
        await choose(hass, entry, codes[:count])
        expected = dict.fromkeys(ESSENTIALS, count) | {"days_left": 1, "unit_price": 1}
        assert enabled(hass, entry) == expected
        assert set(of_meters(hass, entry)) - set(registered) == {
            f"{code}|{key}" for code in codes[8:count] for key in ESSENTIALS
        }
        assert hass.states.get(named) is not None
    assert "Reached the maximum" not in caplog.text

    again = registered[f"{old[3]}|days_left"].entity_id
    registry.async_update_entity(again, disabled_by=None)
    await choose(hass, entry, codes)
    assert hass.states.get(again) is not None

    await choose(hass, entry, codes[1:9])
    usual = dict.fromkeys(ESSENTIALS | USUALLY_ON, 8)
    assert enabled(hass, entry) == usual | {"days_left": 7, "unit_price": 1}


@pytest.mark.usefixtures("no_pace", "tight")
async def test_meter_that_comes_back(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that one has all of its entities that went while there was no room for them."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    registered = of_meters(hass, entry)
    simulator.add_meter()
    codes = sorted(simulator.meters)
    back = codes[7]
    for chosen in (codes, codes[:7]):
        await choose(hass, entry, chosen)
    assert f"{back}|days_left" not in of_meters(hass, entry)
    await choose(hass, entry, codes[:8])
    assert enabled(hass, entry) == dict.fromkeys(ESSENTIALS | USUALLY_ON, 8)
    await wait_for(hass, freezer, seconds=31)
    for key in USUALLY_ON:
        entity = registered[f"{back}|{key}"]
        assert hass.states.get(entity.entity_id) is not None, key


def register(hass: HomeAssistant, entry: MockConfigEntry, code: str, keys: set[str]) -> None:
    """Register entities of a meter as their platforms do."""
    for key in keys:
        er.async_get(hass).async_get_or_create(
            DOMAINS.get(key, "sensor"), "jrhsz", f"x/demo|{code}|{key}", config_entry=entry
        )


async def make_room(hass: HomeAssistant, entry: MockConfigEntry, before: dict[str, Any]) -> int:
    """Make room for an account's meters, and return how many of its entities stay enabled."""
    store = AccountStore(hass, entry.entry_id)
    store.data = before
    entry.runtime_data = JrhszData(
        client=Mock(),
        settings=Settings.of(entry.options),
        store=store,
        history_store=store,
        device_id="",
        outage=OutageWatch(""),
    )
    await async_make_room(hass, entry)
    await store.async_save()
    registry = er.async_get(hass)
    return registry.entities.get_enabled_count_for_config_entry_id(entry.entry_id)


async def test_three_thousand_meters(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    """Test that there is room for all, also where a person enabled more than there is room for."""
    codes = [f"{number:05}" for number in range(3000)]
    entry = MockConfigEntry(domain="jrhsz", unique_id="x/demo")
    entry.add_to_hass(hass)
    kept: dict[str, Any] = {}
    now = 0
    for code in codes[:1190]:
        register(hass, entry, code, {*ESSENTIALS, *USUALLY_ON})
    for count, expected in ((1190, 5 * 1190), (1300, 3 * 1190 + 40), (3000, 3 * 1300 + 40)):
        if count == 1300:
            for code in codes[:40]:
                register(hass, entry, code, {"unit_price"})
        meters = [{"user_code": code, "building": "", "room": code} for code in codes[:count]]
        hass.config_entries.async_update_entry(entry, options={"meters": meters})
        assert await make_room(hass, entry, kept) == expected
        for code in codes[now:count]:
            register(hass, entry, code, set(ESSENTIALS))
        now = count
    registry = er.async_get(hass)
    assert registry.entities.get_enabled_count_for_config_entry_id(entry.entry_id) == 9040
    assert caplog.text.count("that were enabled are disabled") == 0

    for code in codes[:1000]:
        register(hass, entry, code, {"month_use"})
    assert await make_room(hass, entry, kept) == 9950
    assert "90 that were enabled are disabled" in caplog.text

    meters = meters[:1190]
    hass.config_entries.async_update_entry(entry, options={"meters": meters})
    await make_room(hass, entry, kept)
    on = enabled(hass, entry)
    assert {key: on[key] for key in USUALLY_ON} == dict.fromkeys(USUALLY_ON, 1190)


async def test_what_a_person_changed(hass: HomeAssistant) -> None:
    """Test that whatever a person did to an entity keeps it enabled."""
    codes = [f"{number}" for number in range(1201)]
    meters = [{"user_code": code, "building": "", "room": code} for code in codes]
    entry = MockConfigEntry(domain="jrhsz", unique_id="x/demo", options={"meters": meters})
    entry.add_to_hass(hass)
    registry = er.async_get(hass)
    changes: list[dict[str, Any]] = [
        {"name": "Hall"},
        {"icon": "mdi:door"},
        {"area_id": "hall"},
        {"labels": {"mine"}},
        {"categories": {"helpers": "mine"}},
        {"device_class": "date"},
        {"hidden_by": er.RegistryEntryHider.USER},
        {"aliases": ["hall"]},
        {"new_entity_id": "sensor.hall"},
    ]
    for code in codes[: len(changes) + 3]:
        register(hass, entry, code, {"days_left"})
    entities = of_meters(hass, entry)
    for code, change in zip(codes, changes, strict=False):
        registry.async_update_entity(entities[f"{code}|days_left"].entity_id, **change)
    precise, shown, plain = (entities[f"{code}|days_left"].entity_id for code in codes[9:12])
    registry.async_update_entity_options(precise, "sensor", {"display_precision": 1})
    registry.async_update_entity_options(shown, "conversation", {"should_expose": True})
    assert await make_room(hass, entry, {}) == len(changes) + 1
    off = [entity for entity in (shown, plain) if registry.entities[entity].disabled_by]
    assert off == [shown, plain]


async def test_disabled_entities_cost_a_restart_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that they aren't created again, except for a new name, and are when they are enabled."""
    await set_up(hass, config_entry)
    registry = er.async_get(hass)
    entities = of_meters(hass, config_entry)
    off = {name for name, entity in entities.items() if entity.disabled_by}
    price = "2022040001|unit_price"
    assert price in off
    renamed = entities["2022040002|unit_price"].entity_id
    registry.async_update_entity(renamed, original_name="Price of before")
    created, start = list[str](), JrhszEntity.add_to_platform_start

    def note(entity: JrhszEntity, *args: Any) -> None:
        """Note that an entity is created."""
        created.append(str(entity.unique_id).removeprefix(f"{config_entry.unique_id}|"))
        start(entity, *args)

    monkeypatch.setattr(JrhszEntity, "add_to_platform_start", note)
    await restart(hass, config_entry)
    assert sorted(created) == sorted({*entities} - off | {"2022040002|unit_price"})
    assert of_meters(hass, config_entry) == entities
    registry.async_update_entity(entities[price].entity_id, disabled_by=None)
    await wait_for(hass, freezer, seconds=31)
    assert hass.states.get(entities[price].entity_id) is not None
