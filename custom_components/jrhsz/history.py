"""The platform's records of a meter → its use in every hour: exact, whatever the records' order.

A record says that the meter read `last_reading` at one time and `reading` at a later one. Both are
points of a line; the use is how far the line rises. Between two points it rises evenly if records
span the time between them. If none does, it rises in the hour of the later point. A line ends, and
another begins without any use in between, where the meter's number changes or its reading falls
for good. Computed from any part of the records, the line has the same shape as from all of them.

Times are whole seconds since 1970, so that an hour begins at a multiple of 3,600 in China too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from .api import Consumption

HOUR: Final = 3_600
DAY: Final = 86_400

# Finer than any meter reads; a float carries sums up to 10⁹ with as many digits.
EXACT: Final = Decimal("0.000001")
_ZERO: Final = Decimal(0)
_BRIEF_POINTS: Final = 3
_BRIEF_TIME: Final = DAY


class Row(NamedTuple):
    """An hour of a statistic: the reading or cost at its end, and the sum up to it."""

    start: int
    state: Decimal
    sum: Decimal


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows (state, sum) that a statistic has from some hour on, and the sum before them."""

    before: Decimal = _ZERO
    rows: Mapping[int, tuple[float | None, float | None]] = field(default_factory=dict)


class _Point(NamedTuple):
    """A reading at a time."""

    time: int
    reading: Decimal


@dataclass(slots=True)
class _Meter:
    """What records say about one meter number."""

    readings: dict[int, set[Decimal]] = field(default_factory=dict)
    last_readings: dict[int, set[Decimal]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Line:
    """The points of one meter number in the order of time, with the use up to each of them."""

    times: list[int] = field(default_factory=list)
    readings: list[Decimal] = field(default_factory=list)
    totals: list[Decimal] = field(default_factory=list)
    even: list[bool] = field(default_factory=list)
    read_times: list[int] = field(default_factory=list)

    def total(self, time: int) -> Decimal:
        """Return the use up to a time."""
        index = bisect_right(self.times, time)
        if index == 0:
            return _ZERO
        before = self.totals[index - 1]
        if index == len(self.times) or not self.even[index]:
            return before
        begin, end = self.times[index - 1], self.times[index]
        rise = (self.totals[index] - before) * (time - begin) / (end - begin)
        return before + rise.quantize(EXACT, ROUND_FLOOR)

    def reading(self, time: int) -> Decimal:
        """Return what the meter read at a time, not before its first point."""
        index = bisect_right(self.times, time) - 1
        return self.readings[index] + self.total(time) - self.totals[index]

    def fits(self, time: int, reading: Decimal) -> bool:
        """Tell whether the points before and after a time leave room for a reading between them."""
        before = bisect_left(self.times, time) - 1
        after = min(bisect_right(self.times, time), len(self.times) - 1)
        if before < 0 or after == before:
            return False
        rise = self.readings[after] - self.readings[before]
        is_whole = rise == self.totals[after] - self.totals[before]
        return is_whole and _ZERO <= reading - self.readings[before] <= rise


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of a meter, and of those that it replaced, as far as records tell."""

    lines: tuple[_Line, ...] = ()

    @property
    def begin(self) -> int:
        """Return the time of the first point."""
        return min(line.times[0] for line in self.lines)

    @property
    def end(self) -> int:
        """Return the time of the last point."""
        return max(line.times[-1] for line in self.lines)

    @property
    def first_read(self) -> int:
        """Return when the first record was read."""
        return min(line.read_times[0] if line.read_times else line.times[0] for line in self.lines)

    def total(self, time: int) -> Decimal:
        """Return the use from the beginning up to a time."""
        return sum((line.total(time) for line in self.lines), _ZERO)

    def reading(self, time: int) -> Decimal:
        """Return the reading at a time, not before the beginning, of the meter read last."""
        line = max(
            (line for line in self.lines if line.times[0] <= time),
            key=lambda line: line.times[bisect_right(line.times, time) - 1],
        )
        return line.reading(time)

    def healed(self, time: int, reading: float | None) -> Decimal:
        """Return by how much a reading stored for a time lags behind ours, as far as it may.

        The last hour of an import is known in part only; what belongs to the rest of it is told
        by its stored reading, if that lies between the readings before and after.
        """
        if reading is None or len(self.lines) > 1:
            return _ZERO
        stored = exact(reading)
        return self.reading(time) - stored if self.lines[0].fits(time, stored) else _ZERO

    def boundary(self, time: int) -> int | None:
        """Return when the record was read from which on to read again what happened since a time.

        Later records don't show it to be wrong any more. Its hour is over by then.
        """
        settled = [
            line.read_times[index - 1]
            for line in self.lines
            if (
                index := min(
                    bisect_right(line.read_times, hour_of(time)),
                    len(line.read_times) - _BRIEF_POINTS,
                )
            )
            > 0
        ]
        return max(settled, default=None)


def exact(value: float) -> Decimal:
    """Return a number as it was before it became a float."""
    return Decimal(value).quantize(EXACT)


def hour_of(time: int) -> int:
    """Return the start of the hour in which a time lies."""
    return time - time % HOUR


def next_hour(time: int) -> int:
    """Return the first start of an hour that isn't before a time."""
    return -(-time // HOUR) * HOUR


def usage_of(records: Iterable[Consumption], now: datetime) -> Usage | None:
    """Return the use that records tell of, or nothing if they tell of no reading up to now."""
    meters = _by_number(records, int(now.timestamp()))
    chains = {number: _chain(meter) for number, meter in meters.items()}
    ends = {number: chain[-1] for number, chain in chains.items() if chain}
    lines = []
    for number, meter in meters.items():
        others = [end for other, end in ends.items() if other != number]
        if points := _completed(chains[number], meter, others):
            lines.append(_line(points, meter))
    lines.sort(key=lambda line: (line.times, line.readings))
    return Usage(tuple(lines)) if lines else None


def consumption_rows(usage: Usage, stored: Stored, now: int, *, goes_on: bool) -> list[Row]:
    """Return the rows of the hours that are over, going on from the rows stored before them.

    `stored` begins with the hour of `usage.begin`. What the first record tells of the time before
    it was read is in those rows already if these records go on from earlier ones.
    """
    first = hour_of(usage.begin)
    begin, base, lag = usage.begin, stored.before, _ZERO
    known = [hour for hour in stored.rows if first <= hour < next_hour(usage.first_read)]
    if known and (goes_on or stored.before):
        state, stored_sum = stored.rows[last := max(known)]
        begin = first = last + HOUR
        base = stored.before if stored_sum is None else exact(stored_sum)
        lag = usage.healed(begin, state)
    past = base - usage.total(begin) + lag
    return [
        Row(hour, usage.reading(hour + HOUR), max(base, past + usage.total(hour + HOUR)))
        for hour in range(first, min(hour_of(now), next_hour(usage.end)), HOUR)
    ]


def changed_rows(rows: Iterable[Row], stored: Stored) -> list[Row]:
    """Return the rows that differ from those stored."""
    return [row for row in rows if stored.rows.get(row.start) != (float(row.state), float(row.sum))]


def _by_number(records: Iterable[Consumption], now: int) -> dict[str | None, _Meter]:
    """Sort what records say by meter number; a record without one belongs to the one before."""
    dated = [(_seconds(record.read_time), record) for record in records]
    dated.sort(key=lambda item: (item[0] or 0, item[1].table_no is None))
    number = next((record.table_no for _, record in dated if record.table_no is not None), None)
    meters: dict[str | None, _Meter] = {}
    for time, record in dated:
        number = record.table_no or number
        meter = meters.setdefault(number, _Meter())
        reading, last_reading = _reading(record.reading), _reading(record.last_reading)
        last_time = _seconds(record.last_read_time)
        if last_time is not None and (last_time > now or (time is not None and last_time >= time)):
            last_time = None
        if last_time is not None and last_reading is not None:
            meter.last_readings.setdefault(last_time, set()).add(last_reading)
        if time is None or time > now:
            continue
        if reading is not None:
            meter.readings.setdefault(time, set()).add(reading)
        if last_time is not None:
            meter.spans.append((last_time, time))
    return meters


def _seconds(time: datetime | None) -> int | None:
    """Return a time in seconds since 1970."""
    return None if time is None else int(time.timestamp())


def _reading(value: Decimal | None) -> Decimal | None:
    """Return a reading with as many digits as are kept; none is below zero."""
    return None if value is None or value < 0 else value.quantize(EXACT)


def _chain(meter: _Meter) -> list[_Point]:
    """Return the readings in the order of time, one for each, without those that are wrong.

    Wrong are a few readings in between that are too low or too high for what comes before and
    after, such as a single 0. A reading that falls and stays low is that of a new register.
    """
    points = _candidates(meter)
    kept: list[_Point] = []
    run = index = 0
    while index < len(points):
        point = points[index]
        if not kept or point.reading >= kept[-1].reading:
            kept.append(point)
            index += 1
            continue
        low = _brief_low(points, index, kept[-1].reading)
        high = _brief_high(kept, run, point.reading)
        if low and (not high or low <= high):
            index += low
        elif high:
            del kept[-high:]
        else:
            run = len(kept)
            kept.append(point)
            index += 1
    return kept


def _candidates(meter: _Meter) -> list[_Point]:
    """Return one reading for each time: that which the next record confirms, or that fits best."""
    points: list[_Point] = []
    for time in sorted(meter.readings):
        values = meter.readings[time]
        values = values & meter.last_readings.get(time, set()) or values
        rising = [value for value in values if not points or value >= points[-1].reading]
        points.append(_Point(time, min(rising) if rising else max(values)))
    return points


def _is_brief(points: list[_Point]) -> bool:
    """Tell whether readings are so few that all of them may be wrong."""
    return len(points) <= _BRIEF_POINTS or points[-1].time - points[0].time <= _BRIEF_TIME


def _brief_low(points: list[_Point], index: int, level: Decimal) -> int:
    """Return how many readings from an index on are wrong because they are too low."""
    end = index + 1
    while end < len(points) and _is_brief(points[index:end]):
        if points[end].reading >= level:
            return end - index
        end += 1
    return 0


def _brief_high(kept: list[_Point], run: int, level: Decimal) -> int:
    """Return how many of the last readings are wrong because they are too high."""
    begin = len(kept) - 1
    while begin > run and _is_brief(kept[begin:]):
        if kept[begin - 1].reading <= level:
            return len(kept) - begin
        begin -= 1
    return 0


def _completed(chain: list[_Point], meter: _Meter, others: list[_Point]) -> list[_Point]:
    """Add the last readings of records to the chain where there is no reading for their time.

    The first record of a new meter may repeat the last reading of the meter that it replaced.
    """
    points = list(chain)
    for time in sorted(meter.last_readings.keys() - meter.readings.keys()):
        index = bisect_left(points, time, key=lambda point: point.time)
        before = points[index - 1].reading if index else None
        after = points[index].reading if index < len(points) else None
        replaced = max((other for other in others if other.time <= time), default=None)
        values = meter.last_readings[time]
        if before is None and replaced is not None:
            values = {value for value in values if value < replaced.reading}
        fitting = [value for value in values if _fits(before, value, after)]
        if fitting:
            points.insert(index, _Point(time, min(fitting)))
    return points


def _fits(before: Decimal | None, value: Decimal, after: Decimal | None) -> bool:
    """Tell whether a reading fits between two others; where they fall it belongs to one side."""
    if before is None or after is None or before <= after:
        return (before is None or before <= value) and (after is None or value <= after)
    return value >= before or value <= after


def _line(points: list[_Point], meter: _Meter) -> _Line:
    """Return the line through points; a fall breaks it."""
    spans = _united(meter.spans)
    ends = [end for _, end in spans]
    line = _Line(
        [point.time for point in points],
        [point.reading for point in points],
        [_ZERO],
        [False],
        [point.time for point in points if point.time in meter.readings],
    )
    for before, after in pairwise(points):
        line.totals.append(line.totals[-1] + max(_ZERO, after.reading - before.reading))
        index = bisect_left(ends, after.time)
        line.even.append(index < len(spans) and spans[index][0] <= before.time)
    return line


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of time in order, those that touch as one."""
    united: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if united and begin <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((begin, end))
    return united
