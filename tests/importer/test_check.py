"""Tests that the database is the truth: what it lost is read again."""

from datetime import timedelta
import logging
from pathlib import Path
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from custom_components.jrhsz.importer.check import async_check_stored
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id

from ..simulator import Simulator
from ..support.accounts import account_of, restart, set_up, wait_for
from ..support.recharges import device_of
from ..support.statistics import assert_ledger, hours, rows_of

ELECTRICITY, WATER = "2022040001", "2022040002"

pytestmark = pytest.mark.usefixtures("no_pace", "known_start")
on_sqlite = pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of missing rows."""
    return [line for line in caplog.messages if "missing from the database" in line]


def names_of(entry: MockConfigEntry, *statistics: Statistic) -> list[str]:
    """Return the ids of the statistics of both meters."""
    return [
        statistic_id(str(entry.unique_id), code, statistic)
        for code in (ELECTRICITY, WATER)
        for statistic in statistics or Statistic
    ]


async def lose(hass: HomeAssistant, names: list[str], *, begin: float, end: float) -> None:
    """Delete the rows of a span, as an older database doesn't have them."""
    recorder = get_instance(hass)

    def delete_rows() -> None:
        """Delete them."""
        with session_scope(hass=hass) as session:
            known = recorder.statistics_meta_manager.get_many(session, statistic_ids=set(names))
            numbers = [number for number, _ in known.values()]
            session.execute(
                delete(Statistics).where(
                    Statistics.metadata_id.in_(numbers),
                    Statistics.start_ts >= begin,
                    Statistics.start_ts < end,
                )
            )

    await recorder.async_add_executor_job(delete_rows)


async def imported(hass: HomeAssistant, simulator: Simulator, days: int = 60) -> MockConfigEntry:
    """Return an account whose history is stored, and forget what was asked for it."""
    entry = account_of(simulator, history_days=days)
    await set_up(hass, entry)
    simulator.reset_counts()
    return entry


async def days_pass(hass: HomeAssistant, freezer: FrozenDateTimeFactory, number: int = 1) -> None:
    """Let days pass, quickly."""
    for _ in range(number * 4):
        await wait_for(hass, freezer, hours=6)
        await wait_for(hass, freezer, minutes=2)
    await hours(hass, freezer, 1)


@pytest.mark.parametrize("is_restarted", [True, False])
async def test_statistics_that_were_deleted(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    *,
    is_restarted: bool,
) -> None:
    """Test that all comes back at the next start or within a day, and is said once."""
    entry = await imported(hass, simulator)
    begin = simulator.now() - timedelta(days=60)
    names = names_of(entry)
    credited = await rows_of(hass, entry, ELECTRICITY, Statistic.CREDITED)
    get_instance(hass).async_clear_statistics(names)
    cleared = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(cleared))
    await cleared
    if is_restarted:
        await restart(hass, entry)
        await hours(hass, freezer, 1)
    else:
        await days_pass(hass, freezer)
    await assert_ledger(hass, entry, simulator, begin)
    again = await rows_of(hass, entry, ELECTRICITY, Statistic.CREDITED)
    assert [row for row in again if row[1]][: len(credited)] == [row for row in credited if row[1]]
    (line,) = said(caplog)
    assert f"2 meters ({ELECTRICITY}, {WATER})" in line
    simulator.reset_counts()
    await restart(hass, entry)
    assert not simulator.calls_of("GetConsumenList")
    assert len(said(caplog)) == 1


@on_sqlite
async def test_older_database(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that what is newer than a database that was restored comes back, and no more is read."""
    entry = await imported(hass, simulator)
    now = simulator.now()
    begin, lost = now - timedelta(days=60), now - timedelta(days=20)
    await lose(hass, names_of(entry), begin=lost.timestamp(), end=now.timestamp())
    await restart(hass, entry)
    await hours(hass, freezer, 1)
    await assert_ledger(hass, entry, simulator, begin)
    assert len(said(caplog)) == 1
    oldest = min(call.params["BeginDate"] for call in simulator.calls_of("GetConsumenList"))
    assert oldest >= f"{lost - timedelta(days=6):%Y-%m-%d}"


@on_sqlite
async def test_cost_that_was_deleted(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that lost cost is said once, and that nothing is read for it."""
    entry = await imported(hass, simulator, days=5)
    await hours(hass, freezer, 12)
    assert await rows_of(hass, entry, ELECTRICITY, Statistic.COST)
    names, told = names_of(entry, Statistic.COST), set[str]()
    meters = list(entry.runtime_data.coordinators.values())
    await lose(hass, names, begin=0, end=simulator.now().timestamp())
    simulator.reset_counts()
    for _ in range(2):
        await async_check_stored(hass, meters, told)
        (line,) = said(caplog)
    assert line.startswith("Cost of ")
    assert ELECTRICITY in line
    assert not simulator.calls_of("GetConsumenList")
    await hours(hass, freezer, 2)
    assert await rows_of(hass, entry, ELECTRICITY, Statistic.COST)
    await async_check_stored(hass, meters, told)
    assert ELECTRICITY not in told
    assert len(said(caplog)) == 1


@on_sqlite
async def test_gap(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a gap is filled; where nobody has records any more it isn't tried again."""
    entry = await imported(hass, simulator)
    now = simulator.now()
    begin = now - timedelta(days=60)
    gap = (now - timedelta(days=40), now - timedelta(days=38))
    names = names_of(entry, Statistic.CONSUMPTION)
    await lose(hass, names, begin=gap[0].timestamp(), end=gap[1].timestamp())
    await days_pass(hass, freezer)
    await assert_ledger(hass, entry, simulator, begin)
    assert len(said(caplog)) == 1

    await lose(hass, names, begin=0, end=gap[1].timestamp())
    for meter in simulator.meters.values():
        meter.record_filter = lambda records: [
            record for record in records if record.read_time > gap[1] + timedelta(hours=3)
        ]
    await days_pass(hass, freezer)
    assert len(said(caplog)) == 2
    simulator.reset_counts()
    await days_pass(hass, freezer)
    assert len(said(caplog)) == 2
    oldest = min(call.params["BeginDate"] for call in simulator.calls_of("GetConsumenList"))
    assert oldest >= f"{now - timedelta(days=32):%Y-%m-%d}"


@on_sqlite
async def test_a_database_that_cannot_be_read(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that nothing is taken for missing then."""
    entry = await imported(hass, simulator, days=5)
    error = OperationalError("", {}, Exception())
    with patch("custom_components.jrhsz.importer.check.edges_of", side_effect=error):
        await restart(hass, entry)
    assert not said(caplog)
    assert not [record for record in caplog.records if record.exc_info]


@on_sqlite
async def test_adjusted_sums(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a person's *Adjust sum* stays if it is older than what is read again."""
    entry = await imported(hass, simulator)
    (name, *_) = names_of(entry, Statistic.CONSUMPTION)
    start = simulator.now().replace(minute=0)
    rows = await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    for days, added in ((40, 100.0), (1, 7.0)):
        get_instance(hass).async_adjust_statistics(name, start - timedelta(days=days), added, "kWh")
    await days_pass(hass, freezer, 8)
    again = await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    # The last one was not over.
    for before, after in zip(rows[:-1], again[: len(rows) - 1], strict=True):
        added = 100 if before[0] >= start - timedelta(days=40) else 0
        assert after[2] == pytest.approx(before[2] + added), before[0]


async def test_a_recorder_without_database(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """Test that sensors know use without it, actions say what is wrong, and nothing is logged."""
    config = {
        "db_url": f"sqlite:///{tmp_path}/nowhere/x.db",
        "db_max_retries": 1,
        "db_retry_wait": 0,
    }
    assert not await async_setup_component(hass, "recorder", {"recorder": config})
    caplog.clear()
    entry = await imported(hass, simulator, days=5)
    await hours(hass, freezer, 2)
    assert entry.runtime_data.import_progress == 1
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            "jrhsz", "rebuild_history", {"device_id": device_of(hass, entry)}, blocking=True
        )
    assert error.value.translation_key == "no_recorder"
    ours = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not ours
