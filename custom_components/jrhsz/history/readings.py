"""The platform's records of a meter → its readings in order: one for each time, none that is wrong.

Times are whole seconds since 1970, so that an hour begins at a multiple of 3,600 in China too.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ..api import Consumption

HOUR: Final = 3_600
DAY: Final = 86_400

# Finer than any meter reads; a float carries sums up to 10⁹ with as many digits.
EXACT: Final = Decimal("0.000001")
# So few readings may all be wrong.
BRIEF_POINTS: Final = 3


class Point(NamedTuple):
    """A reading at a time."""

    time: int
    reading: Decimal


@dataclass(slots=True)
class Meter:
    """What records say about one meter number."""

    readings: dict[int, set[Decimal]] = field(default_factory=dict)
    last_readings: dict[int, set[Decimal]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)


def by_number(records: Iterable[Consumption], now: int) -> dict[str | None, Meter]:
    """Sort what records say by meter number; a record without one belongs to the one before."""
    dated = [(_seconds(record.read_time), record) for record in records]
    dated.sort(key=lambda item: (item[0] or 0, item[1].table_no is None))
    number = next((record.table_no for _, record in dated if record.table_no is not None), None)
    meters: dict[str | None, Meter] = {}
    for time, record in dated:
        number = record.table_no or number
        meter = meters.setdefault(number, Meter())
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


def chain(meter: Meter) -> list[Point]:
    """Return the readings in the order of time, one for each, without those that are wrong.

    Wrong are a few readings in between that are too low or too high for what comes before and
    after, such as a single 0. They come and go by a jump: a reading that falls and stays low, or
    climbs from there, is that of a new register.
    """
    points = _candidates(meter)
    kept: list[Point] = []
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


def _candidates(meter: Meter) -> list[Point]:
    """Return one reading for each time: that which the next record confirms, or that fits best."""
    points: list[Point] = []
    for time in sorted(meter.readings):
        values = meter.readings[time]
        values = values & meter.last_readings.get(time, set()) or values
        rising = [value for value in values if not points or value >= points[-1].reading]
        points.append(Point(time, min(rising) if rising else max(values)))
    return points


def _is_jump(rise: Decimal, fall: Decimal) -> bool:
    """Tell whether a reading that rises takes back, or made, most of a fall."""
    return 2 * rise >= fall


def _brief_low(points: list[Point], index: int, level: Decimal) -> int:
    """Return how many readings from an index on are wrong because they are too low."""
    fall = level - points[index].reading
    for end in range(index + 1, min(index + 1 + BRIEF_POINTS, len(points))):
        if points[end].reading >= level:
            rise = points[end].reading - points[end - 1].reading
            return end - index if _is_jump(rise, fall) else 0
    return 0


def _brief_high(kept: list[Point], run: int, level: Decimal) -> int:
    """Return how many of the last readings are wrong because they are too high."""
    fall = kept[-1].reading - level
    for begin in range(len(kept) - 1, max(run, len(kept) - 1 - BRIEF_POINTS), -1):
        if kept[begin - 1].reading <= level:
            rise = kept[begin].reading - kept[begin - 1].reading
            return len(kept) - begin if _is_jump(rise, fall) else 0
    return 0


def completed(chain: list[Point], meter: Meter, others: list[Point]) -> list[Point]:
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
            points.insert(index, Point(time, min(fitting)))
    return points


def _fits(before: Decimal | None, value: Decimal, after: Decimal | None) -> bool:
    """Tell whether a reading fits between two others; where they fall it belongs to one side."""
    if before is None or after is None or before <= after:
        return (before is None or before <= value) and (after is None or value <= after)
    return value >= before or value <= after


def united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of time in order, those that touch as one."""
    united: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if united and begin <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((begin, end))
    return united
