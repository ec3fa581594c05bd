"""Tests of what is believed of strange answers."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import Client

from .simulator import Simulator
from .support.accounts import answer_once, coordinator_of, restart, set_up, state_of, wait_for

METER, OTHER = "2022040001", "2022040002"


async def test_an_older_answer_changes_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a copy of the platform that lags takes nothing back; a wrong time does no harm."""
    await set_up(hass, config_entry)
    meter = coordinator_of(config_entry, METER)
    now = dt_util.utcnow()
    new = replace(meter.data, read_time=now, balance=Decimal(40))
    old = replace(new, read_time=now - timedelta(hours=1), balance=Decimal(4))
    with patch.object(Client, "get_meter", AsyncMock(side_effect=[new, old, new])):
        for _ in range(3):
            await meter.async_refresh_now()
            assert (meter.data, meter.balance.last) == (new, Decimal(40))
    future = replace(new, read_time=now + timedelta(days=400))
    with patch.object(Client, "get_meter", AsyncMock(side_effect=[future, new])):
        await meter.async_refresh_now()
        await meter.async_refresh_now()
    assert meter.data == new


async def test_falling_reading_waits_until_it_counts(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that low readings are held back, said once, until they have counted for a day."""
    await set_up(hass, config_entry)
    before = state_of(hass, config_entry, METER, "reading").state
    read_at = state_of(hass, config_entry, METER, "reading").attributes["read_at"]
    meter = simulator.meters[METER]
    low = {"tableNo": meter.table_no, "balance": "12.30", "tableType": "3"}
    for reading in ("0.00", "0.10"):
        # Times in the future don't count as later.
        record = low | {"readTime": "2099-01-01 10:00:00", "reading": reading}
        answer_once(simulator, METER, record)
        await wait_for(hass, freezer, minutes=31)
        assert state_of(hass, config_entry, METER, "reading").state == before
        assert state_of(hass, config_entry, METER, "reading").attributes["read_at"] == read_at
        assert state_of(hass, config_entry, METER, "balance").state == "12.3"
    held_back = [record for record in caplog.records if "held back" in record.getMessage()]
    assert len(held_back) == 1

    freezer.tick(timedelta(days=1))
    record = low | {"readTime": "2099-01-01 11:00:00", "reading": "0.30"}
    answer_once(simulator, METER, record)
    await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, METER, "reading").state == "0.3"


async def test_low_reading_after_an_unreadable_one_is_held_back(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that an unreadable reading in between, or a restart, forgets no last reading."""
    await set_up(hass, config_entry)
    before = state_of(hass, config_entry, METER, "reading").state
    meter = simulator.meters[METER]
    known = {"tableNo": meter.table_no, "readTime": "2099-01-01 10:00:00", "tableType": "3"}
    for reading, shown in (("--", STATE_UNKNOWN), ("0", before)):
        answer_once(simulator, METER, known | {"reading": reading, "balance": ""})
        await wait_for(hass, freezer, minutes=31)
        assert state_of(hass, config_entry, METER, "reading").state == shown
        assert state_of(hass, config_entry, METER, "balance").state == STATE_UNKNOWN
        await restart(hass, config_entry)
        assert state_of(hass, config_entry, METER, "reading").state == shown


async def test_replaced_meter(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a new meter number is the same device, and its low reading is believed."""
    await set_up(hass, config_entry)
    identifier = ("jrhsz", f"{config_entry.unique_id}|{METER}")
    before = device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id)
    assert before is not None
    simulator.meters[METER].replace("999", "0.5")
    await wait_for(hass, freezer, minutes=31)
    reading = simulator.meters[METER].info().reading
    assert reading < 1
    assert Decimal(state_of(hass, config_entry, METER, "reading").state) == reading
    after = device_registry.async_get_device_by_identifier(identifier, config_entry.entry_id)
    assert after is not None
    assert (after.id, after.serial_number) == (before.id, "999")


@pytest.mark.parametrize("table_type", ["", None, "16", "x"])
async def test_kind_is_kept(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    table_type: str | None,
) -> None:
    """Test that a later missing or unreadable type changes nothing."""
    await set_up(hass, config_entry)
    reading = Decimal(state_of(hass, config_entry, OTHER, "reading").state) + 1
    answer_once(simulator, OTHER, {"tableType": table_type, "reading": f"{reading:f}"})
    await wait_for(hass, freezer, minutes=31)
    state = state_of(hass, config_entry, OTHER, "reading")
    assert (Decimal(state.state), state.attributes["unit_of_measurement"]) == (reading, "m³")
