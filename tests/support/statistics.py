"""What is stored of meters on a real recorder, and what their own ledgers say of it."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.importer.recorder import Statistic, statistic_id

from ..simulator import Record, Simulator
from .accounts import wait_for

HOUR = timedelta(hours=1)


async def stored_of(hass: HomeAssistant, name: str) -> list[tuple[float, float, float]]:
    """Return start, state and sum of all rows of a statistic."""
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
        rows.append((row["start"], row["state"], row["sum"]))
    return rows


async def rows_of(
    hass: HomeAssistant, entry: MockConfigEntry, user_code: str, statistic: Statistic
) -> list[tuple[datetime, float, float]]:
    """Return start, state and sum of all rows of a meter's statistic."""
    name = statistic_id(str(entry.unique_id), user_code, statistic)
    return [
        (dt_util.utc_from_timestamp(start), state, total)
        for start, state, total in await stored_of(hass, name)
    ]


def reading_at(records: list[Record], time: datetime) -> Decimal:
    """Return the reading at a time, if a meter is used evenly between its uploads."""
    index = bisect_left(records, time, key=lambda record: record.read_time)
    if index == len(records):
        return records[-1].reading
    record = records[index]
    span = (record.read_time - record.last_read_time).total_seconds()
    part = (time - record.last_read_time).total_seconds()
    return record.last_reading + record.used * Decimal(part) / Decimal(span)


def hours_of(records: list[Record], now: datetime) -> Iterable[datetime]:
    """Yield the hours that records tell of and that are over."""
    hour = records[0].last_read_time.replace(minute=0, second=0)
    while hour < records[-1].read_time and hour + HOUR <= now:
        yield hour
        hour += HOUR


async def assert_ledger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    begin: datetime | None = None,
) -> None:
    """Compare the rows of all meters with what they uploaded since the import began."""
    for code, meter in simulator.meters.items():
        started = entry.runtime_data.coordinators[code].history.started
        records = meter.records(begin or dt_util.utc_from_timestamp(started))
        rows = await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        assert [row[0] for row in rows] == list(hours_of(records, simulator.now()))
        for start, state, total in rows:
            reading = float(reading_at(records, start + HOUR))
            assert state == pytest.approx(reading, abs=1e-5)
            assert total == pytest.approx(reading - float(records[0].last_reading), abs=1e-5)


async def hours(hass: HomeAssistant, freezer: FrozenDateTimeFactory, number: int) -> None:
    """Let hours pass, and the polls and imports in them happen."""
    # Half of the time would go into the stack of every callback.
    asyncio.get_running_loop().set_debug(enabled=False)
    for _ in range(number):
        # The poll is due with the hour, the import a minute after it.
        await wait_for(hass, freezer, minutes=58)
        await wait_for(hass, freezer, minutes=2)
