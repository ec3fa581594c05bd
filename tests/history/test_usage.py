"""Test how the platform's records become the use of every hour."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
import random

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.jrhsz.api import Consumption, MeterKind
from custom_components.jrhsz.history.judged import Judged, judged_before
from custom_components.jrhsz.history.readings import HOUR
from custom_components.jrhsz.history.usage import (
    Row,
    Stored,
    Usage,
    changed_rows,
    consumption_rows,
    usage_of,
)

from ..support.histories import DAY, NOW, QUICK, moment, record, risen, streams
from ..support.registers import life

DAY_LENGTH = 24 * HOUR
MISTAKES = st.decimals(-100, 100, places=2)


class Table(dict[int, tuple[float | None, float | None]]):
    """Stored rows, as a database keeps them, and what is kept beside them."""

    begin = 0
    judged: Mapping[str, Judged] = {}

    def write(
        self, records: Iterable[Consumption], now: datetime = NOW, *, goes_on: bool = False
    ) -> list[Row]:
        """Import records as the integration does, and return the rows that were written."""
        return self._write(usage_of(records, now, MeterKind.ELECTRICITY), now, goes_on=goes_on)

    def sync(self, listed: Iterable[Consumption], now: datetime, *, days: int = 0) -> Usage | None:
        """Import the last of the records that are listed, as the integration does, or some days."""
        begin = min(self.begin, int(now.timestamp()) - days * DAY_LENGTH) if days else self.begin
        window = [item for item in listed if seconds(item) >= begin]
        judged = judged_before(self.judged, begin)
        usage = usage_of(window, now, MeterKind.ELECTRICITY, judged)
        self._write(usage, now, goes_on=begin > 0)
        if usage is not None:
            self.judged = usage.judged
            self.begin = usage.boundary(usage.end - 3 * DAY_LENGTH) or self.begin
        return usage

    def _write(self, usage: Usage | None, now: datetime, *, goes_on: bool) -> list[Row]:
        """Write the rows that differ, and return them."""
        if usage is None:
            return []
        start = usage.begin - usage.begin % HOUR
        before = [sums for hour, (_, sums) in sorted(self.items()) if hour < start]
        stored = Stored(
            Decimal(str(before[-1])) if before and before[-1] is not None else Decimal(0),
            {hour: row for hour, row in self.items() if hour >= start},
        )
        rows = consumption_rows(usage, stored, int(now.timestamp()), goes_on=goes_on)
        written = changed_rows(rows, stored)
        self.update({row.start: (float(row.state), float(row.sum)) for row in written})
        return written

    @property
    def shown(self) -> list[tuple[int, float | None, float | None]]:
        """Return hour of the first day (in China), state and sum."""
        return [
            ((start - int(DAY.timestamp())) // HOUR, state, total)
            for start, (state, total) in sorted(self.items())
        ]

    @property
    def uses(self) -> dict[int, float]:
        """Return the use by hour, without the hours without any."""
        uses, last = {}, 0.0
        for hour, _, total in self.shown:
            assert total is not None
            if total != last:
                uses[hour] = round(total - last, 6)
            last = total
        return uses


def seconds(record: Consumption) -> float:
    """Return when a record was read."""
    assert record.read_time is not None
    return record.read_time.timestamp()


def table_of(*records: Consumption, now: datetime = NOW) -> Table:
    """Return a database after one import."""
    table = Table()
    table.write(records, now)
    return table


def test_hourly_records_become_rows() -> None:
    """What was used from 8 to 9 is in the hour that begins at 8."""
    table = table_of(
        record("8:00", "100.00", "9:00", "100.50"),
        record("9:00", "100.50", "10:00", "101.75"),
    )
    assert table.shown == [(8, 100.5, 0.5), (9, 101.75, 1.75)]


def test_a_record_is_spread_over_the_hours_that_it_spans() -> None:
    """From 8:30 to 11:00 six tenths are used: a fifth before 9, two fifths in each hour after."""
    table = table_of(record("8:30", "7.00", "11:00", "7.60"))
    assert table.shown == [(8, 7.12, 0.12), (9, 7.36, 0.36), (10, 7.6, 0.6)]


def test_what_comes_out_is_what_went_in() -> None:
    """A third of 0.01 has no end, but three of them have: 0.01."""
    table = table_of(
        record("8:00", "1.00", "11:00", "1.01"), record("11:00", "1.01", "14:00", "1.02")
    )
    assert table.shown == [
        (8, 1.003333, 0.003333),
        (9, 1.006666, 0.006666),
        (10, 1.01, 0.01),
        (11, 1.013333, 0.013333),
        (12, 1.016666, 0.016666),
        (13, 1.02, 0.02),
    ]


def test_the_running_hour_is_not_written() -> None:
    """The hour of 9 is over at 10:00 and not before; what is known of it is written then."""
    records = [record("8:00", "1", "9:00", "2"), record("9:00", "2", "9:50", "3")]
    assert table_of(*records, now=moment("9:59")).shown == [(8, 2.0, 1.0)]
    assert table_of(*records, now=moment("10:00")).shown == [(8, 2.0, 1.0), (9, 3.0, 2.0)]


def test_a_late_record_takes_its_place() -> None:
    """Until it comes, the next reading tells the use of both; afterwards each hour has its own."""
    first = record("8:00", "0", "9:00", "1")
    late = record("9:00", "1", "10:00", "3")
    last = record("10:00", "3", "11:00", "6")
    table = table_of(first, last)
    assert table.uses == {8: 1.0, 9: 2.0, 10: 3.0}
    assert table.write([first, late, last]) == []
    table = table_of(first)
    table.write([first, late, last])
    assert table == table_of(first, late, last)


def test_a_corrected_record_is_written_again() -> None:
    """Only the rows that differ are written."""
    records = [
        record("8:00", "0", "9:00", "1"),
        record("9:00", "1", "10:00", "9"),
        record("10:00", "9", "11:00", "10"),
    ]
    table = table_of(*records)
    records[1:] = [record("9:00", "1", "10:00", "2"), record("10:00", "2", "11:00", "10")]
    assert [(row.start - int(DAY.timestamp())) // HOUR for row in table.write(records)] == [9]
    assert table.shown == [(8, 1.0, 1.0), (9, 2.0, 2.0), (10, 10.0, 10.0)]
    assert table.write(records) == []


def test_duplicates_and_order_change_nothing() -> None:
    """The same records, doubled and shuffled, give the same rows."""
    records = [
        record(f"{hour}:10", f"{hour}", f"{hour + 1}:10", f"{hour + 1}") for hour in range(8, 20)
    ]
    expected = table_of(*records)
    many = records * 3
    many = many[::-2] + many[::2]
    assert table_of(*many) == expected
    assert expected.uses[8] == 0.833333
    assert sum(expected.uses.values()) == 12.0


def test_overlapping_records_count_once() -> None:
    """Where two records tell of the same time the readings decide."""
    table = table_of(
        record("8:00", "100", "12:00", "104"),
        record("10:00", "102", "14:00", "106"),
        record("10:00", "102", "11:00", "103.5"),
    )
    assert table.uses == {8: 1.0, 9: 1.0, 10: 1.5, 11: 0.5, 12: 1.0, 13: 1.0}


def test_a_gap_that_a_record_spans_is_spread() -> None:
    """A record that reaches back over a gap tells the use in it."""
    table = table_of(record("8:00", "0", "9:00", "1"), record("9:00", "1", "13:00", "3"))
    assert table.uses == {8: 1.0, 9: 0.5, 10: 0.5, 11: 0.5, 12: 0.5}


def test_an_unexplained_gap_counts_at_the_next_reading() -> None:
    """Nobody knows when 8 kWh were used; the next reading is the one at 19:00."""
    table = table_of(record("7:00", "99", "8:00", "100"), record("19:00", "108", "20:00", "110"))
    assert table.uses == {7: 1.0, 18: 8.0, 19: 2.0}
    assert [row[0] for row in table.shown] == list(range(7, 20))


@pytest.mark.parametrize(("last", "low"), [(None, "100"), ("8:00", None), (None, None)])
def test_a_record_without_last_reading_counts_at_its_hour_or_over_its_time(
    last: str | None, low: str | None
) -> None:
    """A reading alone still tells the use since the one before it."""
    table = table_of(record("7:00", "99", "8:00", "100"), record(last, low, "10:00", "104"))
    assert table.uses == {7: 1.0} | ({8: 2.0, 9: 2.0} if last else {9: 4.0})


def test_a_record_without_reading_or_time_spoils_nothing() -> None:
    """What is missing is not 0."""
    table = table_of(
        record("7:00", "99", "8:00", "100"),
        record("8:00", "100", "9:00", None),
        record("9:00", "101", None, "103"),
        record("9:00", "101", "10:00", "103"),
        record(None, None, None, None),
        record("12:00", "1", "11:00", "-4"),
    )
    assert table.uses == {7: 1.0, 8: 1.0, 9: 2.0}


def test_a_single_zero_is_no_reading() -> None:
    """A 0 in between adds neither thousands nor anything negative."""
    records = [
        record("8:00", "5000", "9:00", "5001"),
        record("9:00", "5001", "10:00", "0"),
    ]
    table = table_of(*records)
    assert table.uses == {8: 1.0}
    records.append(record("10:00", "0", "11:00", "5003"))
    table.write(records)
    assert table.uses == {8: 1.0, 9: 1.0, 10: 1.0}
    assert table == table_of(*records)


def test_a_single_peak_is_no_reading() -> None:
    """A reading that the next ones take back was none."""
    records = [
        record("8:00", "100", "9:00", "101"),
        record("9:00", "101", "10:00", "99999"),
        record("10:00", "99999", "11:00", "103"),
    ]
    table = table_of(*records[:2])
    table.write(records)
    assert table.uses == {8: 1.0, 9: 1.0, 10: 1.0}


def test_readings_of_zero_are_readings() -> None:
    """A new meter reads 0 until something is used."""
    table = table_of(record("8:00", "0", "9:00", "0"), record("9:00", "0", "10:00", "0.20"))
    assert table.shown == [(8, 0.0, 0.0), (9, 0.2, 0.2)]


@pytest.mark.parametrize(
    ("number", "first", "then"), [("B", "6000", "6001"), ("B", "3", "4"), ("A", "3", "4")]
)
def test_a_replaced_meter_goes_on(number: str, first: str, then: str) -> None:
    """A new number or a reading that falls begins a new meter: the sum goes on from there."""
    records = [
        record("8:00", "5000", "9:00", "5000.5"),
        record("9:00", "5000.5", "10:00", first, number),
        record("10:00", first, "11:00", then, number),
    ]
    table = table_of(*records)
    # A meter with a new number began at 0, and its first record tells the use since.
    own = 3 if (number, first) == ("B", "3") else 0
    assert table.shown == [
        (8, 5000.5, 0.5),
        (9, float(first), own + 0.5),
        (10, float(then), own + 1.5),
    ]
    assert table_of(*reversed(records)) == table


def test_a_new_meter_may_say_what_it_read_first() -> None:
    """The first record of a new meter may begin with its own reading, or with the old one's."""
    old = record("8:00", "5000", "9:00", "5000.5")
    assert table_of(old, record("9:00", "1", "10:00", "3", "B")).uses == {8: 0.5, 9: 2.0}
    assert table_of(old, record("9:00", "5000.5", "10:00", "6000", "B")).uses == {8: 0.5}
    assert table_of(old, record("9:00", "5000.5", "10:00", "3", "B")).uses == {8: 0.5, 9: 3.0}
    assert table_of(old, record("9:00", "6000", "10:00", "6009", "B")).uses == {8: 0.5, 9: 9.0}


def test_several_meters_in_one_reply_are_added_up() -> None:
    """A user may have two meters that are read in turn."""
    records = [
        record("8:00", "10", "9:00", "11", "A"),
        record("8:30", "500", "9:30", "502", "B"),
        record("9:00", "11", "10:00", "13", "A"),
        record("9:30", "502", "10:30", "504", "B"),
    ]
    table = table_of(*records)
    assert table.shown == [(8, 11.0, 2.0), (9, 13.0, 6.0), (10, 504.0, 7.0)]
    assert table_of(*reversed(records)) == table


def test_a_reading_in_the_future_is_left_out_for_now() -> None:
    """It counts when its time has come."""
    records = [record("8:00", "0", "9:00", "1"), record("9:00", "1", "10:00", "2")]
    table = table_of(*records, now=moment("9:30"))
    assert table.uses == {8: 1.0}
    table.write(records, moment("10:00"))
    assert table.uses == {8: 1.0, 9: 1.0}
    assert usage_of(records, datetime(1970, 1, 1, 0, 1, tzinfo=UTC), MeterKind.ELECTRICITY) is None


def test_a_window_goes_on_from_the_row_before_it() -> None:
    """A later import needs the records of its window only."""
    records = [
        record(f"{hour}:20", f"{hour}.00", f"{hour + 1}:20", f"{hour + 1}.00")
        for hour in range(4, 22)
    ]
    table = table_of(*records[:12])
    written = table.write(records[6:])
    assert [(row.start - int(DAY.timestamp())) // HOUR for row in written] == list(range(16, 23))
    assert table == table_of(*records)


def test_an_hour_that_was_known_in_part_is_completed() -> None:
    """Nothing is lost if the row before a window lacks the end of its hour."""
    known = [record("6:00", "0", "8:00", "4"), record("8:00", "4", "9:20", "6")]
    table = table_of(*known)
    later = record("9:20", "6", "11:20", "9")
    table.write([known[1], later])
    assert table.uses == {6: 2.0, 7: 2.0, 8: 1.5, 9: 0.5, 10: 2.5, 11: 0.5}
    table.write([*known, later])
    assert table.uses == {6: 2.0, 7: 2.0, 8: 1.5, 9: 1.5, 10: 1.5, 11: 0.5}


def hourly(*readings: int) -> list[Consumption]:
    """Return the records of a meter that is read at twenty past, from 0:20 on."""
    return [
        record(f"{hour}:20", str(low), f"{hour + 1}:20", str(high))
        for hour, (low, high) in enumerate(pairwise(readings))
    ]


@pytest.mark.parametrize("number", ["A", "B"])
@pytest.mark.parametrize("start", range(4, 15))
def test_a_window_that_begins_in_what_came_late_loses_nothing(start: int, number: str) -> None:
    """The total is what it was: from where the readings agree, so do the sums."""
    records = hourly(*range(0, 60, 3))
    records += [record("19:20", "57", "20:20", "5", number), record("20:20", "5", "21:20", "7")]
    records[-1] = replace(records[-1], table_no=number)
    for gap in (records[:5] + records[10:], [*records[:5], spanning(records[5:11]), *records[11:]]):
        table = table_of(*gap)
        table.write(records[start:], goes_on=True)
        assert table.shown[-1] == table_of(*records).shown[-1]
        assert all(use > 0 for use in table.uses.values())


def spanning(records: list[Consumption]) -> Consumption:
    """Return one record instead of several."""
    first = records[0]
    return replace(
        records[-1], last_reading=first.last_reading, last_read_time=first.last_read_time
    )


@pytest.mark.parametrize("wrong", ["0", "40", "9999"])
def test_a_window_that_begins_with_a_wrong_reading_changes_nothing(wrong: str) -> None:
    """Nothing in it shows that its first reading is wrong, but what is stored may."""
    records = hourly(*range(30, 60, 3))
    records[4] = replace(records[4], reading=Decimal(wrong))
    records[5] = replace(records[5], last_reading=Decimal(wrong))
    table = table_of(*records)
    assert table.shown[-1] == (9, 57.0, 27.0)
    table.write(records[4:], goes_on=True)
    assert table.shown[-1] == (9, 57.0, 27.0)


def test_what_is_stored_is_no_guide_across_a_break() -> None:
    """Where nobody imported, the readings agree again, but the sums tell nothing."""
    records = hourly(*range(0, 60, 3))
    table = table_of(*records[:5])
    last = max(table)
    table[last] = (10.0, 10.0)
    table.write(records[12:])
    assert table.shown[-1] == (19, 57.0, 31.0)
    table.write(records[4:], goes_on=True)
    assert table.shown[-1] == (19, 57.0, 50.0)


@pytest.mark.parametrize("gap", [10, 25, 60, 360, 1500])
@pytest.mark.parametrize("first", [0, 20])
def test_a_correction_at_the_edge_of_the_overlap_comes_in_whole(gap: int, first: int) -> None:
    """The first record that may be corrected begins in an hour that is written again."""
    times = [DAY + timedelta(minutes=first + number * gap) for number in range(9000 // gap + 5)]
    records = [
        Consumption(
            table_no="A",
            reading=Decimal(number + 1),
            read_time=after,
            last_reading=Decimal(number),
            last_read_time=before,
            device_id=None,
        )
        for number, (before, after) in enumerate(pairwise(times))
    ]
    edge = times[-1] - timedelta(days=3)
    index = next(number for number, time in enumerate(times) if time > edge)
    now = times[-1] + timedelta(hours=1)
    wrong = replace(records[index - 1], reading=Decimal(index) - Decimal("0.5"))
    after = replace(records[index], last_reading=wrong.reading)
    listed = [*records[: index - 1], wrong, after, *records[index + 1 :]]
    table = table_of(*listed, now=now)
    usage = usage_of(listed, now, MeterKind.ELECTRICITY)
    assert usage is not None
    begin = usage.boundary(int(edge.timestamp()))
    assert begin is not None
    window = [item for item in records if seconds(item) >= begin]
    table.write(window, now, goes_on=True)
    assert table == table_of(*records, now=now)


def test_a_wrong_run_that_climbs_stays_wrong_when_windows_begin_within_it() -> None:
    """Test each hour of the days after it: every other one had lost what was used at its begin."""
    shown = [Decimal(5000) + number for number in range(130)]
    shown[20:54] = [Decimal(number) for number in range(1, 35)]
    records = [
        record(
            f"+{hour // 24} {hour % 24}:00",
            str(before),
            f"+{(hour + 1) // 24} {(hour + 1) % 24}:00",
            str(after),
        )
        for hour, (before, after) in enumerate(pairwise(shown))
    ]
    table = Table()
    for count in range(1, len(records) + 1):
        read_time = records[count - 1].read_time
        assert read_time is not None
        now = read_time + timedelta(minutes=5)
        table.sync(records[:count], now)
        if count > 56:
            assert table == table_of(*records[:count], now=now)


def test_a_register_of_less_than_an_hour_is_none() -> None:
    """Test that of two falls in an hour only the last is a new register: it may have been wrong."""
    records = [
        record("8:00", "500", "9:00", "501"),
        record("9:00", "501", "9:10", "36.66"),
        record("9:10", "36.66", "9:20", "38.27"),
        record("9:20", "38.27", "10:00", "7.41"),
        record("10:00", "7.41", "11:00", "8.41"),
    ]
    assert table_of(*records).uses == {8: 1.0, 10: 1.0}


@pytest.mark.parametrize("first", ["8:20", "9:05"])
def test_the_very_first_record_comes_late(first: str) -> None:
    """All rows were written from a later one on, which seems to go on from earlier ones."""
    late = record(first, "100", "9:20", "103")
    records = [record("9:20", "103", "10:20", "106"), record("10:20", "106", "11:20", "108")]
    table = table_of(*records)
    table.write([late, *records], goes_on=True)
    assert table == table_of(late, *records)
    # If there were earlier ones, what they told stays.
    known = [record("6:20", "99", "7:20", "100"), record("7:20", "100", "9:20", "103"), *records]
    table = table_of(*known)
    assert table.write([late, *records], goes_on=True) == []


def test_after_a_break_the_sum_goes_on_without_a_jump() -> None:
    """What was used while nobody imported is missing; the next row does not make up for it."""
    table = table_of(record("1:00", "10", "2:00", "11"))
    table.write([record("10:00", "30", "11:00", "31")])
    assert table.uses == {1: 1.0, 10: 1.0}
    everything = [
        record("1:00", "10", "2:00", "11"),
        record("2:00", "11", "10:00", "30"),
        record("10:00", "30", "11:00", "31"),
    ]
    table.write(everything)
    assert table == table_of(*everything)


@settings(max_examples=150, deadline=None)
@given(streams() | streams(gaps=QUICK), st.randoms(use_true_random=False), st.data())
def test_any_stream_in_any_order_gives_the_rows_of_one_import(
    records: list[Consumption], dice: random.Random, data: st.DataObject
) -> None:
    """The total is last − first of each meter, no hour is negative, and the order is nothing."""
    assume(records)
    end = max(item.read_time for item in records if item.read_time) + timedelta(hours=2)
    clean = table_of(*records, now=end)
    # A record that doesn't tell of the one before it is a point, and no use.
    assume(clean)
    uses = [use for use in clean.uses.values() if use]
    assert all(use > 0 for use in uses)
    assert Decimal(repr(clean.shown[-1][2])) == risen(records)

    table, arrived = Table(), list[Consumption]()
    shuffled = dice.sample(records, len(records))
    while shuffled:
        size = data.draw(st.integers(1, 20), label="batch")
        batch, shuffled = shuffled[:size], shuffled[size:]
        arrived += batch
        for _ in range(data.draw(st.integers(1, 2), label="times")):
            table.write(dice.sample(arrived + batch, len(arrived) + len(batch)), end)
    assert table == clean
    assert table.write(records, end) == []


@settings(max_examples=150, deadline=None)
@given(streams() | streams(gaps=QUICK), st.data())
def test_windows_with_an_overlap_give_the_rows_of_one_import(
    records: list[Consumption], data: st.DataObject
) -> None:
    """Late and corrected records find their place, though only the last days are read again."""
    assume(records)
    delays = st.integers(0, 40 * HOUR)
    arrivals: list[tuple[datetime, int, Consumption]] = []
    for index, item in enumerate(records):
        assert item.read_time is not None
        assert item.reading is not None
        delay = timedelta(seconds=data.draw(delays, label="delay"))
        arrivals.append((item.read_time + delay, index, item))
        # Nothing is cleared: a row before all others, made by a mistake in the first record, stays.
        if index and data.draw(st.integers(0, 9), label="corrected") == 0:
            wrong = replace(item, reading=max(Decimal(0), item.reading + data.draw(MISTAKES)))
            arrivals.append((item.read_time, index, wrong))
    arrivals.sort(key=lambda arrival: (arrival[0], arrival[2] in records))
    table, listed = Table(), dict[int, Consumption]()
    for count, (now, index, item) in enumerate(arrivals, 1):
        listed[index] = item
        if count < len(arrivals) and data.draw(st.booleans(), label="asleep"):
            continue
        end = now + timedelta(hours=1) * (count == len(arrivals))
        table.sync(listed.values(), end)
    assert table == table_of(*records, now=arrivals[-1][0] + timedelta(hours=1))


@pytest.mark.parametrize("seed", range(12))
def test_windows_of_any_life_give_the_rows_of_one_import(seed: int) -> None:
    """Wrong readings, however many, new registers and what comes late: nothing depends on windows.

    Readings may go back to a level that a window doesn't show. Then the next one does.
    """
    dice = random.Random(seed)  # noqa: S311  no secrets
    made = life(dice, 300)
    arrivals = [(item, item.read_time) for item in made.records if item.read_time is not None]
    arrivals.sort(key=lambda arrival: arrival[1] + dice.choice((0, 0, 0, 30)) * timedelta(hours=1))
    table, listed = Table(), list[Consumption]()
    for count, (item, time) in enumerate(arrivals):
        listed.append(item)
        if dice.random() < 0.7 and count < len(arrivals) - 1:
            continue
        now = max(time, *(known.read_time or time for known in listed)) + timedelta(hours=1)
        usage = table.sync(listed, now, days=30 if count % 50 == 0 else 0)
        if usage is not None and usage.again is not None:
            usage = table.sync(listed, now)
            assert usage is not None
            assert usage.again is None
    whole = table_of(*made.records, now=now)
    assert table == whole
