"""Tests of the import of history, on a real recorder."""

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.statistics import Statistic, statistic_id

from .common import account_of, set_up, wait_for
from .simulator import Record, Simulator

ELECTRICITY, WATER = "2022040001", "2022040002"
HOUR = timedelta(hours=1)


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with two meters, that answers as fast as it is asked."""
    async with Simulator(meters=2, limit=0.0, seed=1) as simulator:
        yield simulator


async def rows_of(
    hass: HomeAssistant, entry: MockConfigEntry, user_code: str, statistic: Statistic
) -> list[tuple[datetime, float, float]]:
    """Return start, state and sum of all rows of a meter's statistic."""
    name = statistic_id(str(entry.unique_id), user_code, statistic)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {name},
        "hour",
        None,
        {"state", "sum"},
    )
    rows = []
    for row in found.get(name, []):
        assert row["state"] is not None
        assert row["sum"] is not None
        rows.append((dt_util.utc_from_timestamp(row["start"]), row["state"], row["sum"]))
    return rows


def reading_at(records: list[Record], time: datetime) -> Decimal:
    """Return the reading at a time, if a meter is used evenly between its uploads."""
    for record in records:
        if record.last_read_time <= time <= record.read_time:
            span = (record.read_time - record.last_read_time).total_seconds()
            part = (time - record.last_read_time).total_seconds()
            return record.last_reading + record.used * Decimal(part) / Decimal(span)
    return records[-1].reading


def hours_of(records: list[Record], now: datetime) -> Iterable[datetime]:
    """Yield the hours that records tell of and that are over."""
    hour = records[0].last_read_time.replace(minute=0, second=0)
    while hour < records[-1].read_time and hour + HOUR <= now:
        yield hour
        hour += HOUR


async def test_first_import(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    no_pace: None,
) -> None:
    """Test that the past becomes rows that equal the meter's own ledger."""
    freezer.move_to("2026-11-23 04:20:00+00:00")
    entry = account_of(simulator, history_days=45)
    await set_up(hass, entry)
    assert not simulator.calls_of("GetConsumenList")
    await wait_for(hass, freezer, minutes=1)
    assert len(simulator.calls_of("GetConsumenList")) == 2 * len(simulator.meters)
    begin = simulator.now() - timedelta(days=45, minutes=1)
    for code, meter in simulator.meters.items():
        records = meter.records(begin)
        rows = await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        assert [row[0] for row in rows] == list(hours_of(records, simulator.now()))
        for start, state, total in rows:
            reading = float(reading_at(records, start + HOUR))
            assert state == pytest.approx(reading, abs=1e-5)
            assert total == pytest.approx(reading - float(records[0].last_reading), abs=1e-5)
    known = {
        item["statistic_id"]: item
        for item in await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    }
    item = known[statistic_id(str(entry.unique_id), ELECTRICITY, Statistic.CONSUMPTION)]
    assert item["name"] == f"一栋 {ELECTRICITY} electricity consumption"
    assert item["unit_class"] == "energy"
    assert item["statistics_unit_of_measurement"] == "kWh"
    assert item["has_sum"] is True
    item = known[statistic_id(str(entry.unique_id), WATER, Statistic.CONSUMPTION)]
    assert item["name"] == f"一栋 {WATER} water consumption"
    assert item["unit_class"] == "volume"
    assert item["statistics_unit_of_measurement"] == "m³"
