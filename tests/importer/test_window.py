"""Tests of what records become on a real recorder: rows computed by hand, and random streams."""

from datetime import datetime, timedelta
from decimal import Decimal
import itertools
import random

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, assume, given, settings, strategies as st
import pytest

from custom_components.jrhsz.api import Consumption
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.readings import HOUR
from custom_components.jrhsz.history.state import Window
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from custom_components.jrhsz.importer.window import Import, async_end_of_stored

from ..support.histories import DAY, NOW, QUICK, record, risen, streams
from ..support.importing import ACCOUNT, meter_of
from ..support.statistics import stored_of

type Rows = list[tuple[float, float, float]]


async def write(
    hass: HomeAssistant,
    records: list[Consumption],
    meter: MeterCoordinator | None = None,
    now: datetime = NOW,
) -> int:
    """Import records, and return how many rows were written."""
    end = int(now.timestamp())
    window = Window(0, end, goes_on=False, reaches_present=True)
    outcome = await Import.of(hass, meter or meter_of(), window, records, listed=None).async_run()
    return len(outcome.consumption_rows)


async def rows_of(hass: HomeAssistant, code: str = "1") -> Rows:
    """Return hour of the first day (in China), state and sum of all rows."""
    return [
        ((start - DAY.timestamp()) / HOUR, state, total)
        for start, state, total in await stored_of(
            hass, statistic_id(ACCOUNT, code, Statistic.CONSUMPTION)
        )
    ]


EIGHT = record("8:00", "100", "9:00", "101")


NINE = record("9:00", "101", "10:00", "103")


TEN = record("10:00", "103", "11:00", "106")


CASES: dict[str, tuple[list[list[Consumption]], Rows]] = {
    "hourly": ([[EIGHT, NINE]], [(8, 101, 1), (9, 103, 3)]),
    "several hours": (
        [[record("8:30", "7", "11:00", "7.6")]],
        [(8, 7.12, 0.12), (9, 7.36, 0.36), (10, 7.6, 0.6)],
    ),
    "late": ([[EIGHT, TEN], [EIGHT, NINE, TEN]], [(8, 101, 1), (9, 103, 3), (10, 106, 6)]),
    "late, spread at first": (
        [
            [EIGHT, record("9:00", "101", "11:00", "106")],
            [EIGHT, NINE, record("10:00", "103", "11:00", "106")],
        ],
        [(8, 101, 1), (9, 103, 3), (10, 106, 6)],
    ),
    "corrected": (
        [
            [EIGHT, record("9:00", "101", "10:00", "105"), record("10:00", "105", "11:00", "106")],
            [EIGHT, NINE, TEN],
        ],
        [(8, 101, 1), (9, 103, 3), (10, 106, 6)],
    ),
    "corrected to less, at the end": (
        [[EIGHT, record("9:00", "101", "10:00", "9103")], [EIGHT, NINE]],
        [(8, 101, 1), (9, 103, 3)],
    ),
    "duplicated and shuffled": (
        [[TEN, EIGHT, NINE, EIGHT, TEN]],
        [(8, 101, 1), (9, 103, 3), (10, 106, 6)],
    ),
    "overlapping": (
        [[record("8:00", "100", "10:00", "102"), record("9:00", "101", "11:00", "103")]],
        [(8, 101, 1), (9, 102, 2), (10, 103, 3)],
    ),
    "gap that the next record spans": (
        [[EIGHT, record("9:00", "101", "11:00", "102")]],
        [(8, 101, 1), (9, 101.5, 1.5), (10, 102, 2)],
    ),
    "gap that nothing explains": (
        [[EIGHT, record("11:00", "105", "12:00", "106")]],
        [(8, 101, 1), (9, 101, 1), (10, 105, 5), (11, 106, 6)],
    ),
    "replaced, by number": (
        [
            [
                EIGHT,
                record("9:00", "101", "10:00", "500", "B"),
                record("10:00", "500", "11:00", "502", "B"),
            ]
        ],
        [(8, 101, 1), (9, 500, 1), (10, 502, 3)],
    ),
    "replaced, the reading falls": (
        [[EIGHT, record("9:00", "101", "10:00", "2"), record("10:00", "2", "11:00", "5")]],
        [(8, 101, 1), (9, 2, 1), (10, 5, 4)],
    ),
    "a single 0": (
        [
            [EIGHT, record("9:00", "101", "10:00", "0")],
            [EIGHT, record("9:00", "101", "10:00", "0"), record("10:00", "0", "11:00", "103")],
        ],
        [(8, 101, 1), (9, 102, 2), (10, 103, 3)],
    ),
    "missing values": (
        [[EIGHT, record("9:00", None, "10:00", "103"), record(None, None, "11:00", None), TEN]],
        [(8, 101, 1), (9, 103, 3), (10, 106, 6)],
    ),
    "several meters": (
        [
            [
                EIGHT,
                record("8:30", "7", "9:30", "9", "B"),
                NINE,
                record("9:30", "9", "10:30", "9", "B"),
            ]
        ],
        [(8, 101, 2), (9, 103, 5), (10, 9, 5)],
    ),
    "future": ([[EIGHT, record("9:00", "101", "+1 7:00", "123")]], [(8, 101, 1)]),
}


@pytest.mark.parametrize("case", CASES)
async def test_rows_computed_by_hand(
    recorder_mock: Recorder, hass: HomeAssistant, case: str
) -> None:
    """Test each way in which records come, and that the same ones change nothing again."""
    imports, expected = CASES[case]
    for records in imports:
        await write(hass, records)
    assert await rows_of(hass) == expected
    assert await write(hass, imports[-1][::-1]) == 0


async def test_the_running_hour_waits(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Test that an hour is written when it is over, whatever is known of it."""
    await write(hass, [EIGHT, NINE, TEN], now=DAY + timedelta(hours=10, minutes=59))
    assert await rows_of(hass) == [(8, 101, 1), (9, 103, 3)]
    assert await write(hass, [EIGHT, NINE, TEN], now=DAY + timedelta(hours=11)) == 1
    assert await rows_of(hass) == [(8, 101, 1), (9, 103, 3), (10, 106, 6)]


async def test_sums_go_on(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Test that a later window goes on from the row before it, also after a break."""
    await write(hass, [EIGHT, NINE])
    await write(hass, [NINE, TEN])
    assert (await rows_of(hass))[-1] == (10, 106, 6)
    await write(hass, [record("20:00", "200", "21:00", "201")])
    assert (await rows_of(hass))[-1] == (20, 201, 7)
    assert await async_end_of_stored(hass, meter_of()) == int(DAY.timestamp()) + 21 * HOUR
    assert await async_end_of_stored(hass, meter_of("2")) is None


NUMBERS = itertools.count(1000)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    streams(most=14, gaps=QUICK),
    st.randoms(use_true_random=False),
    st.integers(1, 8),
)
async def test_any_stream_gives_the_rows_of_one_import(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    records: list[Consumption],
    dice: random.Random,
    size: int,
) -> None:
    """Test random records in random batches, shuffled and repeated, against one clean import."""
    assume(records)
    end = max(item.read_time for item in records if item.read_time) + timedelta(hours=2)
    clean, torn = str(next(NUMBERS)), str(next(NUMBERS))
    await write(hass, records, meter_of(clean), end)
    expected = await rows_of(hass, clean)
    assert expected
    sums = [0.0, *(total for _, _, total in expected if total is not None)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(sums))
    assert Decimal(repr(sums[-1])) == risen(records)

    arrived: list[Consumption] = []
    for batch in itertools.batched(dice.sample(records, len(records)), size, strict=False):
        arrived += batch
        await write(hass, dice.sample(arrived + arrived, 2 * len(arrived)), meter_of(torn), end)
    assert await rows_of(hass, torn) == expected


async def test_without_recorder(hass: HomeAssistant) -> None:
    """Test that what was used is known without a recorder too."""
    assert await write(hass, [EIGHT, NINE, TEN]) == 3
    assert await async_end_of_stored(hass, meter_of()) is None
