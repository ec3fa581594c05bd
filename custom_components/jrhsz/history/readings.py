"""The platform's records → what they say of each meter: which readings it had at which times.

A record says that a meter read `last_reading` at one time and `reading` at a later one. The list
has them late, twice, corrected and in any order; a user may have several meters, one after the
other or side by side. Which of their readings are right is told in `judgement.py`.

Times are whole seconds since 1970, so that an hour begins at a multiple of 3,600 in China too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ..api import Consumption, MeterKind

HOUR: Final = 3_600
DAY: Final = 86_400

# Finer than any meter reads; a float carries sums up to 10⁹ with as many digits.
EXACT: Final = Decimal("0.000001")
_ZERO: Final = Decimal(0)
# By how much more than ever before a meter may be used.
_MARGIN: Final = 5
# Where a register turns over; none has fewer digits.
_LEAST_FULL: Final = 10_000
_ALMOST_FULL: Final = Decimal("0.98")
_ALMOST_EMPTY: Final = Decimal("0.02")


class Point(NamedTuple):
    """A reading at a time."""

    time: int
    reading: Decimal


class Limit(NamedTuple):
    """How far a reading may rise: always by so much, or by so much in every hour."""

    least: Decimal
    hourly: Decimal

    @property
    def usual_peak(self) -> Decimal:
        """Return how much may be used in an hour without being unusual."""
        return self.hourly / _MARGIN

    def allows(self, before: Point, after: Point, peak: Decimal) -> bool:
        """Tell whether a reading goes on from one before it, if at most so much was ever used.

        It isn't lower, and not higher than could be used meanwhile.
        """
        rise = after.reading - before.reading
        if rise <= self.least:
            return rise >= _ZERO
        return rise <= self.rise(after.time - before.time, peak)

    def rise(self, seconds: int, peak: Decimal) -> Decimal:
        """Return how far within a time, if at most so much was used in an hour."""
        return max(self.least, max(self.hourly, _MARGIN * peak) * seconds / HOUR)

    def turned(self, before: Point, after: Point, peak: Decimal) -> Decimal:
        """Return the use where a register turned over from its highest reading to 0, else 0."""
        full = Decimal(10) ** (before.reading.adjusted() + 1)
        is_turn = before.reading >= _ALMOST_FULL * full and after.reading <= _ALMOST_EMPTY * full
        over = Point(after.time, full + after.reading)
        if full < _LEAST_FULL or not is_turn or not self.allows(before, over, peak):
            return _ZERO
        return over.reading - before.reading


_ELECTRICITY: Final = Limit(Decimal(20), Decimal(12))
_WATER: Final = Limit(Decimal(2), Decimal("2.5"))


def limit_of(kind: MeterKind | None) -> Limit:
    """Return how far the reading of a kind of meter may rise."""
    return _WATER if kind is MeterKind.WATER else _ELECTRICITY


@dataclass(slots=True)
class Readings:
    """What records say about one meter: its readings by time, those that the next record repeats.

    `spans` are the times from one reading to the next, as records tell them.
    """

    read: dict[int, set[Decimal]] = field(default_factory=dict)
    repeated: dict[int, set[Decimal]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def by_time(self) -> list[tuple[int, set[Decimal]]]:
        """Return what the meter may have read at each time: what a next record confirms, if any."""
        known = self.repeated | self.read
        return [
            (time, known[time] & self.repeated.get(time, set()) or known[time])
            for time in sorted(known)
        ]

    def last_before(self, time: int) -> Point | None:
        """Return the last reading that isn't later than a time."""
        last = max((found for found in self.read if found <= time), default=None)
        return None if last is None else Point(last, min(self.read[last]))


def by_meter(
    records: Iterable[Consumption], now: int, limit: Limit, known: Mapping[str, Point]
) -> dict[str, Readings]:
    """Sort what records say by meter, named by its number, or else by its device.

    A record without either belongs to the meter before. `known` are the last readings of the
    meters that earlier records told of.
    """
    dated = [(_seconds(record.read_time), record) for record in records]
    dated.sort(key=lambda item: (item[0] or 0, item[1].table_no is None))
    names = _names([record for _, record in dated])
    meters: dict[str, Readings] = {}
    for (time, record), name in zip(dated, names, strict=True):
        meter = meters.setdefault(name, Readings())
        reading, last_reading = _reading(record.reading), _reading(record.last_reading)
        last_time = _seconds(record.last_read_time)
        if last_time is not None and (last_time > now or (time is not None and last_time >= time)):
            last_time = None
        if last_time is not None and last_reading is not None:
            meter.repeated.setdefault(last_time, set()).add(last_reading)
        if time is None or time > now:
            continue
        if reading is not None:
            meter.read.setdefault(time, set()).add(reading)
        if last_time is not None:
            meter.spans.append((last_time, time))
    for name, meter in meters.items():
        if name not in known:
            others = [other for other in meters.values() if other is not meter]
            _begin(meter, others, known.values(), limit)
    return meters


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of time in order, those that touch as one."""
    whole: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if whole and begin <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((begin, end))
    return whole


def _names(records: list[Consumption]) -> list[str]:
    """Return which meter each record is about."""
    numbers: dict[str | None, str] = {
        record.device_id: record.table_no
        for record in records
        if record.device_id is not None and record.table_no is not None
    }
    told = [
        record.table_no or numbers.get(record.device_id, record.device_id) for record in records
    ]
    name = next((name for name in told if name is not None), "")
    names = []
    for found in told:
        name = name if found is None else found
        names.append(name)
    return names


def _begin(meter: Readings, others: list[Readings], known: Iterable[Point], limit: Limit) -> None:
    """Put right what the first record of a new meter repeats of the meter before it.

    If that went on as another number, it stays. A meter that was new began at 0; where one that
    was used began isn't known.
    """
    first = min(meter.read, default=0)
    for time in [time for time in meter.repeated if time < first]:
        last = Point(time, min(meter.repeated[time]))
        ended = [point for point in known if point.time <= time]
        ended += [point for other in others if (point := other.last_before(time)) is not None]
        reading = Point(first, min(meter.read[first]))
        if limit.allows(last, reading, _ZERO) or not any(
            limit.allows(end, last, _ZERO) for end in ended
        ):
            continue
        if limit.allows(Point(time, _ZERO), reading, _ZERO):
            meter.repeated[time] = {_ZERO}
        else:
            del meter.repeated[time]


def _seconds(time: datetime | None) -> int | None:
    """Return a time in seconds since 1970."""
    return None if time is None else int(time.timestamp())


def _reading(value: Decimal | None) -> Decimal | None:
    """Return a reading with as many digits as are kept; none is below zero."""
    return None if value is None or value < 0 else value.quantize(EXACT)
