"""Tests of what is believed of readings, and what Home Assistant's own statistic makes of them."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
import json
import logging
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import StatisticsTask, SynchronizeTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest

from custom_components.jrhsz.api import Client, MeterKind
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.readings import HOUR, Point, limit_of
from custom_components.jrhsz.reading import ReadingWatch

from .simulator import Simulator
from .support.accounts import account_of, restart, set_up, state_of

METER = "2022040001"
LIMIT = limit_of(MeterKind.ELECTRICITY)
ZERO = Decimal(0)

# Number of the meter and reading, or also for how many hours it rises by a half in each.
type Steps = list[tuple[str, float] | tuple[str, float, int]]

# What was shown at the end, and what was used after the first reading.
CASES: dict[str, tuple[Steps, float, float]] = {
    "as usual": ([("A", 5013), ("A", 5014)], 5014, 1),
    "two zeros": ([("A", 5013), ("A", 0), ("A", 0), ("A", 5014)], 5014, 1),
    "zeros for days": ([("A", 5013), *[("A", 0.0)] * 60, ("A", 5014)], 5014, 1),
    "too high": ([("A", 5013), *[("A", 99999.0)] * 40, ("A", 5014)], 5014, 1),
    "zero, too high, zero": ([("A", 5013), ("A", 0), ("A", 99999), ("A", 0), ("A", 5014)], 5014, 1),
    "less than nothing": ([("A", 5013), ("A", -1), ("A", 5014)], 5014, 1),
    "a new meter": ([("A", 5013), ("B", 0.5), ("B", 1.5)], 1.5, 1.5),
    "a used meter": ([("A", 5013), ("B", 4000), ("B", 4001)], 5014, 1),
    "a meter used more": ([("A", 5013), ("B", 9000), ("B", 9001)], 5014, 1),
    "a meter used a little less": ([("A", 5013), ("B", 4990), ("B", 4991)], 5014, 1),
    "a used meter, then a new one": ([("A", 5013), ("B", 4000), ("C", 0.5), ("C", 1)], 1, 1),
    "the number is corrected": ([("A", 5013), ("B", 5014)], 5014, 1),
    "a new meter with the same number": ([("A", 5013), ("A", 0, 30)], 14.5, 14.5),
    "corrected downwards": ([("A", 5013), ("A", 4000, 30)], 5013 + 14.5, 14.5),
    "corrected downwards a little": ([("A", 5013), ("A", 4900, 30)], 5013 + 14.5, 14.5),
    "corrected upwards": ([("A", 5013), ("A", 9000, 30)], 5013 + 14.5, 14.5),
    "too high, then a used meter": (
        [("A", 5013), *[("A", 99999.0)] * 3, ("A", 300, 30)],
        5013 + 14.5,
        14.5,
    ),
    "turned over": ([("A", 99995), ("A", 2), ("A", 3)], 100003, 8),
    "used much": ([("A", 5013 + 40 * hour) for hour in range(12)], 5013 + 440, 440),
    "a new meter that isn't used": ([("A", 5013), *[("A", 0.0)] * 50], 5013, 0),
}


def spread(steps: Steps) -> list[tuple[str, Decimal]]:
    """Return number and reading of every hour."""
    hourly = list[tuple[str, Decimal]]()
    for number, reading, *times in steps:
        hourly += [
            (number, Decimal(str(reading)) + Decimal(hour) / 2) for hour in range(*(times or [1]))
        ]
    return hourly


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_shown(name: str, kept: bool) -> None:  # noqa: FBT001  parameters are given by name
    """Test what is shown at the end of each life, also over restarts."""
    steps, shown, _ = CASES[name]
    watch, before = ReadingWatch(), ZERO
    for hour, (number, reading) in enumerate(spread(steps)):
        if reading >= 0:
            watch.believes(number, Point(hour * HOUR, reading), LIMIT, ZERO)
        assert watch.last is not None
        now = watch.last.reading + watch.offset
        # A value that falls by less would be taken for a fault of ours.
        assert now >= before or now < before * 9 / 10
        before = now
        if kept:
            again = ReadingWatch.from_dict(json.loads(json.dumps(watch.as_dict())))
            assert again == watch
            watch = again
    assert float(before) == shown


def test_history_knows_of_much_use() -> None:
    """Test that a use that is usual by the records of the past is believed at once."""
    for peak, believed in ((ZERO, False), (Decimal(10), True)):
        watch = ReadingWatch(last=Point(0, Decimal(100)))
        assert watch.believes(None, Point(HOUR, Decimal(140)), LIMIT, peak) is believed


def test_units_that_change_are_no_use() -> None:
    """Test that readings a thousand times as high are never believed, however they rise."""
    watch = ReadingWatch(last=Point(0, Decimal(100)))
    for hour in range(1, 60):
        reading = Decimal(100000 + 500 * hour)
        assert not watch.believes(None, Point(hour * HOUR, reading), LIMIT, ZERO)


@pytest.mark.parametrize("kept", [None, 5, {}, {"last": 1}, {"table_no": None, "last": [1]}])
def test_kept_by_something_else(kept: object) -> None:
    """Test that anything else is as good as nothing."""
    assert ReadingWatch.from_dict(kept) is None


async def compiled(hass: HomeAssistant, start: datetime) -> None:
    """Let the recorder make its statistic of five minutes."""
    recorder = get_instance(hass)
    recorder.queue_task(StatisticsTask(start, False))
    done = hass.loop.create_future()
    recorder.queue_task(SynchronizeTask(done))
    await done


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("is_timed", "names"),
    [(True, list(CASES)), (False, ["two zeros", "a new meter with the same number"])],
)
async def test_own_statistic(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    is_timed: bool,
    names: list[str],
) -> None:
    """Test that it counts what was used, in each life, also where the platform tells no times."""
    caplog.set_level(logging.WARNING)
    asyncio.get_running_loop().set_debug(enabled=False)
    begin = datetime(2026, 11, 1, tzinfo=dt_util.UTC)
    freezer.move_to(begin)
    entry = account_of(simulator)
    await set_up(hass, entry)
    # Only the answers of the lives count.
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await restart(hass, entry)
    meter: MeterCoordinator = entry.runtime_data.coordinators[METER]
    entity_id, now = state_of(hass, entry, METER, "reading").entity_id, begin
    used, shown = list[float](), ZERO
    for number, name in enumerate(names):
        meter.answers.readings, shown = ReadingWatch(), ZERO
        for step, (table_no, reading) in enumerate(spread(CASES[name][0])):
            now += timedelta(hours=1)
            freezer.move_to(now + timedelta(minutes=1))
            info = replace(
                meter.data,
                table_no=f"{number}{table_no}",
                reading=reading,
                read_time=now if is_timed else None,
            )
            with patch.object(Client, "get_meter", AsyncMock(return_value=info)):
                await meter.async_refresh_now()
            shown, before = (meter.data.reading or ZERO) + meter.answers.readings.offset, shown
            if shown != before:
                await compiled(hass, now)
            if step == 0:
                used.append(await sum_of(hass, entity_id))
        used[-1] = await sum_of(hass, entity_id) - used[-1]
    expected = {name: CASES[name][2] for name in names}
    assert dict(zip(names, used, strict=True)) == pytest.approx(expected)


async def sum_of(hass: HomeAssistant, entity_id: str) -> float:
    """Return the last sum of a sensor's own statistic."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {entity_id},
        "5minute",
        None,
        {"sum"},
    )
    total = found[entity_id][-1]["sum"]
    assert total is not None
    return total


@pytest.mark.usefixtures("no_pace")
async def test_number_on_the_meter(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that the sensor tells what the meter reads where it goes on from another one."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    meter: MeterCoordinator = entry.runtime_data.coordinators[METER]
    shown = float(state_of(hass, entry, METER, "reading").state)
    assert "register" not in state_of(hass, entry, METER, "reading").attributes
    used = replace(meter.data, table_no="new", reading=Decimal("77777.5"))
    with patch.object(Client, "get_meter", AsyncMock(return_value=used)):
        await meter.async_refresh_now()
        await restart(hass, entry)
    state = state_of(hass, entry, METER, "reading")
    assert float(state.state) == pytest.approx(shown)
    assert state.attributes["register"] == 77777.5
