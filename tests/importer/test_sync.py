"""Tests of the import of history, on a real recorder."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    list_statistic_ids,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import Client, Interface, Priority
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id

from ..simulator import Fault, Record, Simulator
from ..support.accounts import account_of, restart, set_up, state_of, wait_for
from ..support.statistics import HOUR, assert_ledger, hours, hours_of, reading_at, rows_of

ELECTRICITY, WATER = "2022040001", "2022040002"
# Ten past midnight in China, on the last days of a month.
START = "2026-11-27 16:10:00+00:00"
BEGUN = datetime(2026, 11, 27, 16, 11, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("no_pace", "known_start")
# What is about when and what is read is the same with every database.
on_sqlite = pytest.mark.parametrize("recorder_db_url", ["sqlite"], indirect=True)


def windows(simulator: Simulator, code: str = ELECTRICITY) -> list[tuple[str, str]]:
    """Return the days that records of a meter were asked for."""
    return [
        (call.params["BeginDate"][:10], call.params["EndDate"][:10])
        for call in simulator.calls_of("GetConsumenList")
        if call.params["user_code"] == code
    ]


def progress_of(hass: HomeAssistant, entry: MockConfigEntry) -> int | None:
    """Return what the sensor of the import would show."""
    progress = entry.runtime_data.import_progress
    return None if progress is None else int(progress * 100)


async def test_first_import(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that the past becomes rows that equal the meters' own ledger, without any wait."""
    entry = account_of(simulator, history_days=45)
    await set_up(hass, entry)
    assert windows(simulator) == [("2026-10-13", "2026-11-22"), ("2026-11-16", "2026-11-29")]
    assert len(simulator.calls_of("GetConsumenList")) == 4
    assert progress_of(hass, entry) == 100
    await assert_ledger(hass, entry, simulator)
    found = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    known = {item["statistic_id"]: item for item in found}
    for code, name, unit_class, unit in (
        (ELECTRICITY, "electricity", "energy", "kWh"),
        (WATER, "water", "volume", "m³"),
    ):
        item = known[statistic_id(str(entry.unique_id), code, Statistic.CONSUMPTION)]
        assert item["name"] == f"一栋 {code} {name} consumption"
        assert item["unit_class"] == unit_class
        assert item["statistics_unit_of_measurement"] == unit
        assert item["has_sum"] is True


@on_sqlite
async def test_goes_on_where_it_stopped(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a failure or a restart costs nothing of what was read before."""
    entry = account_of(simulator, history_days=75)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", skip=3))
    await set_up(hass, entry)
    assert windows(simulator, WATER) == [
        ("2026-09-13", "2026-10-23"),
        ("2026-10-17", "2026-11-26"),
    ]
    assert progress_of(hass, entry) == 73
    simulator.reset_counts()
    await restart(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    assert progress_of(hass, entry) == 100
    assert windows(simulator) == [("2026-11-21", "2026-11-29")]
    assert windows(simulator, WATER) == [("2026-10-17", "2026-11-26"), ("2026-11-21", "2026-11-29")]
    await assert_ledger(hass, entry, simulator)


@on_sqlite
async def test_import_waits_for_home_assistant(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that nothing is read while Home Assistant starts or migrates, or is in 1970."""
    entry = account_of(simulator, history_days=30)
    hass.set_state(CoreState.starting)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=2)
    assert not simulator.calls_of("GetConsumenList")
    hass.set_state(CoreState.running)
    with patch(
        "custom_components.jrhsz.importer.recorder.async_migration_in_progress", return_value=True
    ):
        await wait_for(hass, freezer, minutes=1)
    assert not simulator.calls_of("GetConsumenList")
    with patch("custom_components.jrhsz.importer.sync.seconds_now", return_value=60):
        await wait_for(hass, freezer, minutes=1)
    assert not simulator.calls_of("GetConsumenList")
    await wait_for(hass, freezer, minutes=1)
    assert progress_of(hass, entry) == 100


@on_sqlite
async def test_off(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that no days of history are none."""
    entry = account_of(simulator, history_days=0)
    await set_up(hass, entry)
    await hours(hass, freezer, 3)
    assert not simulator.calls_of("GetConsumenList")
    assert progress_of(hass, entry) is None
    assert state_of(hass, entry, ELECTRICITY, "month_use").state == STATE_UNKNOWN


async def test_life(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test three days of use and cost against the ledger, and the sensors that follow."""
    freezer.tick(timedelta(days=1))
    entry = account_of(simulator, history_days=5, scan_interval=30)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    simulator.reset_counts()
    await hours(hass, freezer, 12)
    # At most hourly, with three days of overlap.
    assert 11 <= len(windows(simulator)) <= 12
    assert windows(simulator)[-1] == ("2026-11-25", "2026-11-30")
    nightly = [
        call
        for call in simulator.calls_of("GetPaymentList")
        if call.params["user_code"] == ELECTRICITY and call.at.hour == 1
    ]
    assert len(nightly) == 1
    await hours(hass, freezer, 3 * 24 - 10)
    await assert_ledger(hass, entry, simulator)
    now = simulator.now()
    assert now.hour == 2
    for code, meter in simulator.meters.items():
        price = float(meter.price)
        used = {
            start: total
            for start, _, total in await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        }
        rows = await rows_of(hass, entry, code, Statistic.COST)
        assert len(rows) >= 3 * 24
        for start, cost, _ in rows[1:-2]:
            # The balance has two decimals.
            assert cost == pytest.approx((used[start] - used[start - HOUR]) * price, abs=0.011)
        assert rows[-1][2] == pytest.approx(sum(row[1] for row in rows), abs=1e-6)

        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        days = [
            used[midnight - timedelta(days=number) - HOUR]
            - used[midnight - timedelta(days=number + 1) - HOUR]
            for number in range(3)
        ]
        state = state_of(hass, entry, code, "yesterday_use")
        assert float(state.state) == pytest.approx(days[0], abs=1e-5)
        state = state_of(hass, entry, code, "month_use")
        month = used[max(used)] - used[midnight.replace(day=1) - HOUR]
        assert float(state.state) == pytest.approx(month, abs=1e-5)
        cost = float(state_of(hass, entry, code, "month_cost").state)
        assert cost == pytest.approx(month * price, abs=1)
        left = float(state_of(hass, entry, code, "days_left").state)
        balance = float(state_of(hass, entry, code, "balance").state)
        assert left == pytest.approx(balance / (sum(days) / 3 * price), rel=0.01)


@on_sqlite
async def test_rows_that_are_stored_are_not_written_again(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that an hour later only what is new is written, and a correction with it."""
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    with patch(
        "custom_components.jrhsz.importer.recorder.async_add_external_statistics",
        wraps=async_add_external_statistics,
    ) as written:
        await hours(hass, freezer, 2)
    rows = [
        len(call.args[2])
        for call in written.call_args_list
        if call.args[1]["unit_of_measurement"] == "kWh"
    ]
    assert len(rows) == 2
    assert max(rows) <= 2


async def test_late_records(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that records of the last days that were missing come in, and older ones in a week."""
    entry = account_of(simulator, history_days=35)
    begin = simulator.now() - timedelta(days=35)
    hidden = simulator.now() - timedelta(days=2)
    long_hidden = simulator.now() - timedelta(days=20)

    def without(records: list[Record]) -> list[Record]:
        """Leave some records out."""
        return [
            record
            for record in records
            if not timedelta(0) <= record.read_time - hidden < 5 * HOUR
            and not timedelta(0) <= record.read_time - long_hidden < 5 * HOUR
        ]

    for meter in simulator.meters.values():
        meter.record_filter = without
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    for meter in simulator.meters.values():
        meter.record_filter = None
    await hours(hass, freezer, 2)
    rows = await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    records = simulator.meters[ELECTRICITY].records(begin)
    wrong = [
        start
        for start, state, _ in rows
        if state != pytest.approx(float(reading_at(records, start + HOUR)), abs=1e-5)
    ]
    assert wrong
    assert all(-HOUR <= start + HOUR - long_hidden < 5 * HOUR for start in wrong)
    simulator.reset_counts()
    for _ in range(7 * 2):
        await wait_for(hass, freezer, hours=12)
        await wait_for(hass, freezer, minutes=2)
    # What came meanwhile is read an hour after the last time.
    await hours(hass, freezer, 1)
    await assert_ledger(hass, entry, simulator)
    months = [window for window in windows(simulator) if window[0] < "2026-11-15"]
    assert len(months) == 1


async def test_replaced_meters(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test a meter with a new number, and one whose reading falls, over a restart."""
    entry = account_of(simulator, history_days=2, scan_interval=30)
    await set_up(hass, entry)
    await hours(hass, freezer, 4)
    simulator.meters[ELECTRICITY].replace("another", reading=3)
    simulator.meters[WATER].set_reading(1, charge=False)
    await hours(hass, freezer, 2)
    await restart(hass, entry)
    await hours(hass, freezer, 6)
    for code, meter in simulator.meters.items():
        started = entry.runtime_data.coordinators[code].history.started
        records = meter.records(dt_util.utc_from_timestamp(started))
        [new] = [number for number, record in enumerate(records) if record.used < 0]
        assert len({record.table_no for record in records}) == (2 if code == ELECTRICITY else 1)
        old, first, records = records[:new], records[new], records[new + 1 :]
        if code == ELECTRICITY:
            # A meter with a new number began at 0.
            records = [replace(first, last_reading=Decimal(0)), *records]
        rows = await rows_of(hass, entry, code, Statistic.CONSUMPTION)
        expected = list(hours_of(old + records, simulator.now()))
        # The last import was at most an hour ago.
        assert [row[0] for row in rows] in (expected, expected[:-1])
        for start, state, total in rows:
            end = start + HOUR
            used = reading_at(old, end) - old[0].last_reading
            if end > records[0].last_read_time:
                used += reading_at(records, end) - records[0].last_reading
                assert state == pytest.approx(float(reading_at(records, end)), abs=1e-5)
            assert total == pytest.approx(float(used), abs=1e-5)
        cost = await rows_of(hass, entry, code, Statistic.COST)
        assert len(cost) >= 10
        spent = float(meter.price * sum(record.used for record in old + records))
        assert 0 < cost[-1][2] < spent
        assert all(later[2] >= earlier[2] for earlier, later in pairwise(cost))


@pytest.mark.parametrize("days", [40, 0])
async def test_midnight(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator, days: int
) -> None:
    """Test that the sensors know of a new day though nothing is read, also without history."""
    freezer.move_to("2026-11-30 15:50:00+00:00")
    entry = account_of(simulator, history_days=40, scan_interval=1440)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "history_days": days})
    await restart(hass, entry)
    simulator.reset_counts()
    keys = ("yesterday_use", "month_use")
    for code in simulator.meters:
        for key in keys:
            assert float(state_of(hass, entry, code, key).state) > 0
    await wait_for(hass, freezer, minutes=8)
    assert state_of(hass, entry, ELECTRICITY, "month_use").state != STATE_UNKNOWN
    await wait_for(hass, freezer, minutes=2)
    # No reading of today tells that yesterday is complete.
    for code in simulator.meters:
        assert {state_of(hass, entry, code, key).state for key in keys} == {STATE_UNKNOWN}
    assert not simulator.calls_of("GetUserInfo")


async def test_imports_come_last(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Test that whatever else asks the platform goes before an import."""
    entry = account_of(simulator, history_days=5)
    await set_up(hass, entry)
    with (
        patch.object(
            Client, "get_consumption", autospec=True, side_effect=Client.get_consumption
        ) as records,
        patch.object(
            Client, "get_payments", autospec=True, side_effect=Client.get_payments
        ) as payments,
    ):
        await hours(hass, freezer, 2)
    for calls in (records.call_args_list, payments.call_args_list):
        assert len(calls) >= 2
        assert {call.args[4].priority for call in calls} == {Priority.HISTORY}
    assert max(Priority) is Priority.HISTORY


@on_sqlite
async def test_a_meter_without_records(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that an empty list is the end of it, and that records count when they come."""
    for meter in simulator.meters.values():
        meter.record_filter = lambda _: []
    entry = account_of(simulator, history_days=45)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    assert len(windows(simulator)) == 2
    await hours(hass, freezer, 2)
    assert not await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    for meter in simulator.meters.values():
        meter.record_filter = None
    await hours(hass, freezer, 1)
    await assert_ledger(hass, entry, simulator)


@on_sqlite
async def test_unknown_kind(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that what has no unit has no statistic."""
    simulator.set_dialect(table_type_value=99)
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    assert not simulator.calls_of("GetConsumenList")
    assert progress_of(hass, entry) is None


@on_sqlite
@pytest.mark.parametrize("interface", ["GetConsumenList", "GetPaymentList"])
async def test_not_permitted(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    interface: str,
) -> None:
    """Test that one statistic is kept without the permission for the other's interface."""
    simulator.set_dialect(forbidden=(interface,))
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    await hours(hass, freezer, 5)
    # Once, and once more with a new login, as the token was old by then.
    assert len(simulator.calls_of(interface)) <= 2
    used = await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    cost = await rows_of(hass, entry, ELECTRICITY, Statistic.COST)
    if interface == "GetPaymentList":
        assert len(used) > 19 * 24
        assert not cost
        return
    assert not used
    assert len(cost) >= 4
    assert progress_of(hass, entry) is None
    meter = simulator.meters[ELECTRICITY]
    spent = meter.price * sum(record.used for record in meter.records(BEGUN))
    assert cost[-1][2] == pytest.approx(float(spent), abs=0.5)
    # A permission that comes later brings the past too.
    simulator.set_dialect(forbidden=())
    entry.runtime_data.client.session.allow(Interface(interface))
    await hours(hass, freezer, 2)
    await assert_ledger(hass, entry, simulator)


async def test_without_recorder(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Test that the sensors know use and cost without statistics."""
    freezer.tick(timedelta(days=2))
    entry = account_of(simulator, history_days=30)
    await set_up(hass, entry)
    await hours(hass, freezer, 24 + 3)
    meter = simulator.meters[ELECTRICITY]
    midnight = simulator.now().replace(hour=0, minute=0, second=0, microsecond=0)
    records = meter.records(midnight - timedelta(days=3))
    day = reading_at(records, midnight) - reading_at(records, midnight - timedelta(days=1))
    state = state_of(hass, entry, ELECTRICITY, "yesterday_use")
    assert float(state.state) == pytest.approx(float(day), abs=1e-5)
    month = records[-1].reading - reading_at(records, midnight)
    state = state_of(hass, entry, ELECTRICITY, "month_use")
    assert float(state.state) == pytest.approx(float(month), abs=1e-5)
    cost = float(state_of(hass, entry, ELECTRICITY, "month_cost").state)
    assert cost == pytest.approx(float(month * meter.price), abs=0.4)


async def test_more_days_without_recorder(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Test that more days of history are read once, where there are no statistics either."""
    entry = account_of(simulator, history_days=10)
    await set_up(hass, entry)
    await hours(hass, freezer, 1)
    options = {**entry.options, "history_days": 80}
    hass.config_entries.async_update_entry(entry, options=options)
    await restart(hass, entry)
    await hours(hass, freezer, 2)
    simulator.reset_counts()
    await restart(hass, entry)
    await wait_for(hass, freezer, minutes=2)
    assert not simulator.calls_of("GetConsumenList")


@on_sqlite
async def test_rise_without_payment(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a rise that no payment explains is said once after some days, and is no cost."""
    entry = account_of(simulator, history_days=20)
    await set_up(hass, entry)
    await hours(hass, freezer, 5)
    meter = simulator.meters[ELECTRICITY]
    balance = meter.info().balance
    assert balance is not None
    meter.set_balance(balance + 49)
    await hours(hass, freezer, 56)
    (_, _, waiting) = (await rows_of(hass, entry, ELECTRICITY, Statistic.COST))[-1]
    assert "booked as a correction" not in caplog.text
    await hours(hass, freezer, 8)
    (line,) = (line for line in caplog.messages if "booked as a correction" in line)
    # What was used up to the next reading lessens the rise.
    lacking = Decimal(line.partition("differ by ")[2].partition(" yuan")[0])
    assert 45 < lacking <= 49
    rows = await rows_of(hass, entry, ELECTRICITY, Statistic.COST)
    assert all(before[2] <= after[2] for before, after in pairwise(rows))
    used = sum(record.used for record in meter.records(BEGUN))
    assert waiting < rows[-1][2] < float(meter.price * used) + 0.05


@on_sqlite
async def test_failures_pause(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a meter that fails waits a day, and all wait if it isn't about the meter."""
    entry = account_of(simulator, history_days=20)
    simulator.add_fault(
        Fault(kind="code", interface="GetConsumenList", user_code=ELECTRICITY, times=None)
    )
    await set_up(hass, entry)
    # A refused span is asked for in other windows.
    assert windows(simulator)[:2] == [("2026-11-07", "2026-11-29"), ("2026-11-07", "2026-11-28")]
    assert 5 <= len(windows(simulator)) <= 6
    assert windows(simulator, WATER) == [("2026-11-07", "2026-11-29")]
    # So many are left that the search takes two hours.
    await hours(hass, freezer, 2)
    assert 7 <= len(windows(simulator)) <= 12
    simulator.clear_faults()
    simulator.reset_counts()
    await hours(hass, freezer, 22)
    assert windows(simulator) == []
    await hours(hass, freezer, 2)
    assert len(windows(simulator)) == 2
    await assert_ledger(hass, entry, simulator)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", times=2))
    simulator.reset_counts()
    await hours(hass, freezer, 2)
    failed = [call for call in simulator.calls_of("GetConsumenList") if call.fault]
    assert failed[1].at - failed[0].at >= timedelta(minutes=5)


@on_sqlite
async def test_rows_that_the_recorder_lost(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that a window counts as read only when its rows are stored."""
    entry = account_of(simulator, history_days=20)
    with patch("custom_components.jrhsz.importer.recorder.async_add_external_statistics"):
        await set_up(hass, entry)
    assert progress_of(hass, entry) == 0
    await hours(hass, freezer, 2)
    assert progress_of(hass, entry) == 100
    await assert_ledger(hass, entry, simulator)


@on_sqlite
async def test_clock_that_was_ahead(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Test that nothing from the future keeps history from going on."""
    entry = account_of(simulator, history_days=20)
    with patch.object(simulator.world, "_clock", return_value=BEGUN):
        freezer.move_to("2031-01-01 00:00:00+00:00")
        await set_up(hass, entry)
        await wait_for(hass, freezer, minutes=1)
    assert not await rows_of(hass, entry, ELECTRICITY, Statistic.CONSUMPTION)
    freezer.move_to(START)
    await restart(hass, entry)
    await hours(hass, freezer, 4)
    await assert_ledger(hass, entry, simulator)
    assert len(await rows_of(hass, entry, ELECTRICITY, Statistic.COST)) >= 1


async def test_removed_and_added_again(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Test that statistics stay, and go on where they ended, without a jump."""
    entry = account_of(simulator, history_days=14)
    await set_up(hass, entry)
    await wait_for(hass, freezer, minutes=1)
    begin = simulator.now() - timedelta(days=14)
    await hours(hass, freezer, 8)
    await hass.config_entries.async_unload(entry.entry_id)
    assert f"jrhsz.{entry.entry_id}.history" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert f"jrhsz.{entry.entry_id}.history" not in hass_storage
    cost = await rows_of(hass, entry, ELECTRICITY, Statistic.COST)
    freezer.tick(timedelta(days=10))
    again = account_of(simulator, history_days=14)
    await set_up(hass, again)
    await hours(hass, freezer, 5)
    await assert_ledger(hass, again, simulator, begin)
    rows = await rows_of(hass, again, ELECTRICITY, Statistic.COST)
    assert rows[: len(cost)] == cost
    assert len(rows) > len(cost)
    assert all(later[2] >= earlier[2] for earlier, later in pairwise(rows))


@on_sqlite
async def test_progress_sensor(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that the sensor is disabled by default, and shows the progress."""
    entry = account_of(simulator, history_days=20)
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList"))
    await set_up(hass, entry)
    entity_id = entity_registry.async_get_entity_id(
        "sensor", "jrhsz", f"{entry.unique_id}|history_import"
    )
    assert entity_id is not None
    entity = entity_registry.async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    entity_registry.async_update_entity(entity_id, disabled_by=None)
    await restart(hass, entry)
    state = hass.states.get(entity_id)
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"]) == ("0", "%")
    # Home Assistant loads an account anew whose entity was enabled.
    for _ in range(3):
        await wait_for(hass, freezer, minutes=1)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "100"


async def test_sensors_of_large_accounts(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry
) -> None:
    """Test that of many meters only the days left are enabled, and the price of none."""
    enabled = {}
    for size in (20, 21):
        entry = account_of(simulator)
        meters = [
            {"user_code": f"{ELECTRICITY if number == 0 else number}", "building": "", "room": "1"}
            for number in range(size)
        ]
        entry = MockConfigEntry(
            domain="jrhsz",
            title="demo",
            unique_id=f"{entry.unique_id}-{size}",
            data=dict(entry.data),
            options={"meters": meters, "history_days": 0},
        )
        await set_up(hass, entry)
        enabled[size] = {
            entity.unique_id.rpartition("|")[2]
            for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
            if entity.disabled_by is None
        }
        assert await hass.config_entries.async_unload(entry.entry_id)
    spans = ("today", "yesterday", "month", "last_month", "year")
    small = {f"{span}_{what}" for span in spans for what in ("use", "cost")}
    small |= {"energy_left", "days_left"}
    assert enabled[20] & {*small, "unit_price"} == small
    assert enabled[21] & {*small, "unit_price"} == {"days_left"}
