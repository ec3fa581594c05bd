"""Tests of what records say of each meter, and of how far a reading may rise."""

from dataclasses import replace
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import Consumption, MeterKind
from custom_components.jrhsz.history.readings import (
    DAY,
    HOUR,
    Limit,
    Point,
    Readings,
    by_meter,
    joined,
    limit_of,
)

from ..support.histories import NOW, moment, record

ELECTRICITY = limit_of(MeterKind.ELECTRICITY)
ZERO = Decimal(0)


def at(clock: str) -> int:
    """Return the time of a clock on the day."""
    return int(moment(clock).timestamp())


def meters(*records: Consumption, **known: Point) -> dict[str, Readings]:
    """Return what records say of each meter."""
    return by_meter(records, int(NOW.timestamp()), ELECTRICITY, known)


def told(readings: Readings) -> dict[int, list[str]]:
    """Return what a meter may have read, by the hour of the day."""
    return {
        (time - at("0:00")) // HOUR: sorted(f"{value:.2f}" for value in values)
        for time, values in readings.by_time()
    }


def test_readings_and_what_the_next_record_repeats() -> None:
    """Test that both ends of a record are readings, and the time between a span."""
    [(name, meter)] = meters(
        record("9:00", "101", "10:00", "103"), record("8:00", "100", "9:00", "101")
    ).items()
    assert name == "A"
    assert told(meter) == {8: ["100.00"], 9: ["101.00"], 10: ["103.00"]}
    assert joined(meter.spans) == [(at("8:00"), at("10:00"))]


@pytest.mark.parametrize("wrong", ["1.5", "4"])
def test_of_two_readings_the_confirmed_one_counts(wrong: str) -> None:
    """Test a record and its correction in one list: the next record knows which is right."""
    records = [
        record("8:00", "0", "9:00", "1"),
        record("9:00", "1", "10:00", wrong),
        record("9:00", "1", "10:00", "2"),
        record("10:00", "2", "11:00", "5"),
    ]
    assert told(meters(*records)["A"]) == {8: ["0.00"], 9: ["1.00"], 10: ["2.00"], 11: ["5.00"]}
    assert told(meters(*records[:3])["A"])[10] == sorted([f"{Decimal(wrong):.2f}", "2.00"])


def test_what_is_missing_or_no_reading_is_left_out() -> None:
    """Test records without times or readings, from the future, and with impossible values."""
    [meter] = meters(
        record("8:00", "100", "9:00", None),
        record("9:00", "101", None, "103"),
        record(None, None, "10:00", "104"),
        record("12:00", "1", "11:00", "-4"),
        record("12:00", "104", "+1 7:00", "123"),
    ).values()
    assert told(meter) == {8: ["100.00"], 9: ["101.00"], 10: ["104.00"], 12: ["104.00"]}
    assert meter.spans == [(at("8:00"), at("9:00"))]


def test_spans_that_touch_are_one() -> None:
    """Test spans in any order, within each other and apart."""
    assert joined([(5, 6), (1, 3), (2, 4), (1, 2), (6, 7)]) == [(1, 4), (5, 7)]
    assert joined([]) == []


def by_device(item: Consumption, device: str | None, number: str | None = None) -> Consumption:
    """Return a record of a device."""
    return replace(item, device_id=device, table_no=number)


EIGHT = record("8:00", "10", "9:00", "11")
NINE = record("9:00", "500", "10:00", "501")
TEN = record("10:00", "11", "11:00", "12")


@pytest.mark.parametrize(
    ("records", "names"),
    [
        # A record without number belongs to the meter before, the first to the one after.
        ([by_device(EIGHT, None), NINE, by_device(TEN, None)], ["A"]),
        # Without any number the devices tell them apart.
        ([by_device(EIGHT, "1"), by_device(NINE, "2"), by_device(TEN, "1")], ["1", "2"]),
        ([by_device(EIGHT, "1"), by_device(NINE, "2"), by_device(TEN, None)], ["1", "2"]),
        # A device that has a number is that meter.
        (
            [by_device(EIGHT, "1", "A"), by_device(NINE, "2", "B"), by_device(TEN, "1")],
            ["A", "B"],
        ),
        # A number tells more than a device.
        ([by_device(EIGHT, "1", "A"), by_device(NINE, "2", "A")], ["A"]),
        ([by_device(EIGHT, None), by_device(NINE, None)], [""]),
    ],
)
def test_whose_records_they_are(records: list[Consumption], names: list[str]) -> None:
    """Test the names of meters, whatever the order of the records."""
    found = meters(*records)
    assert sorted(found) == names
    assert meters(*reversed(records)) == found


OLD = record("8:00", "4999", "9:00", "5000")


@pytest.mark.parametrize(
    ("last", "reading", "first"),
    [
        # It repeats what the old one read last: a new one began at 0, a used one anywhere.
        ("5000", "3", ["0.00"]),
        ("5000", "900", None),
        ("5000", "9000", None),
        # The last record of the old one is missing.
        ("5002.5", "3", ["0.00"]),
        # The old one goes on by another number.
        ("5000", "5001", ["5000.00"]),
        # It tells its own first reading.
        ("1", "3", ["1.00"]),
        ("4000", "4003", ["4000.00"]),
        ("7000", "7009", ["7000.00"]),
        # Nobody knows whose that is.
        ("300", "3", ["300.00"]),
    ],
)
def test_where_a_new_meter_begins(last: str, reading: str, first: list[str] | None) -> None:
    """Test what the first record of a new number says of the time before it."""
    new = record("9:00", last, "10:00", reading, "B")
    later = record("10:00", reading, "11:00", reading, "B")
    assert told(meters(OLD, new, new, later)["B"]).get(9) == first
    assert told(meters(later, new, OLD)["B"]).get(9) == first
    # The old one may have been before these records; the new one, if it was, isn't new.
    ended = Point(at("9:00"), Decimal(5000))
    assert told(meters(new, A=ended)["B"]).get(9) == first
    assert told(meters(OLD, new, B=ended)["B"])[9] == [f"{Decimal(last):.2f}"]


@pytest.mark.parametrize(
    ("kind", "peak", "hours", "rise"),
    [
        (MeterKind.ELECTRICITY, 0, 0.25, 20),
        (MeterKind.ELECTRICITY, 2, 1, 20),
        (MeterKind.ELECTRICITY, 2, 24, 288),
        (MeterKind.ELECTRICITY, 30, 1, 150),
        (MeterKind.ELECTRICITY, 30, 24, 3600),
        (None, 0, 2, 24),
        (MeterKind.WATER, 0, 0.5, 2),
        (MeterKind.WATER, 0, 2, 5),
        (MeterKind.WATER, 1, 2, 10),
    ],
)
def test_how_far_a_reading_may_rise(
    kind: MeterKind | None, peak: int, hours: float, rise: int
) -> None:
    """Test the limits of both kinds, and what a high use allows."""
    limit, seconds = limit_of(kind), int(hours * HOUR)
    assert limit.rise(seconds, Decimal(peak)) == rise
    before = Point(DAY, Decimal(100))
    for after, is_allowed in ((100, True), (100 + rise, True), (101 + rise, False), (99, False)):
        point = Point(DAY + seconds, Decimal(after))
        assert limit.allows(before, point, Decimal(peak)) is is_allowed


@pytest.mark.parametrize(
    ("before", "after", "use"),
    [
        ("99999.50", "0.30", "0.80"),
        ("9999.00", "0", "1.00"),
        ("999990.00", "5.00", "15.00"),
        # That is too much for an hour, or nowhere near the end.
        ("99000", "0", "0"),
        ("95000", "0.30", "0"),
        ("99999.50", "5000", "0"),
        # No register has so few digits.
        ("999.50", "0.30", "0"),
        ("0", "0", "0"),
    ],
)
def test_a_register_turns_over(before: str, after: str, use: str) -> None:
    """Test the use where a register goes from its highest reading to 0."""
    begin, end = Point(0, Decimal(before)), Point(HOUR, Decimal(after))
    assert ELECTRICITY.turned(begin, end, ZERO) == Decimal(use)
    assert Limit(Decimal(20), Decimal(12)) == ELECTRICITY
