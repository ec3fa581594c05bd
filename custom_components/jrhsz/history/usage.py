"""The platform's records of a user's meters → the use in every hour: exact, whatever their order.

The right readings of a meter are points of a line; the use is how far it rises. Between two points
it rises evenly if records span the time between them. If none does, it rises in the hour of the
later one. Several meters, one after the other or side by side, are several lines, whose use is
added up. Computed from a part of the records that begins at a `Usage.boundary`, the lines have the
same shape there as computed from all of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, Self

from ..api import Consumption, MeterKind
from .judged import Judged
from .judgement import Judgement, judge
from .readings import EXACT, HOUR, Readings, by_meter, joined, limit_of

_ZERO: Final = Decimal(0)
# A window of records begins at one that so many follow: they may show that it is wrong.
_FOLLOWING: Final = 3


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


@dataclass(slots=True)
class _Line:
    """The right readings of a meter in the order of time, with the use up to each of them.

    Its records were read from `first_read` on; `read_times` are those of the right readings.
    """

    first_read: int

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

    def read_before(self, time: int) -> int:
        """Return when the last reading was that isn't later than a time."""
        return self.times[bisect_right(self.times, time) - 1]

    def fits(self, time: int, reading: Decimal) -> bool:
        """Tell whether the points before and after a time leave room for a reading between them."""
        before = bisect_left(self.times, time) - 1
        after = min(bisect_right(self.times, time), len(self.times) - 1)
        if before < 0 or after == before:
            return False
        rise = self.readings[after] - self.readings[before]
        is_whole = rise == self.totals[after] - self.totals[before]
        return is_whole and _ZERO <= reading - self.readings[before] <= rise

    def boundary(self, time: int) -> int | None:
        """Return when the last record was read whose whole hour is told by those up to a time."""
        count = min(bisect_right(self.read_times, time), len(self.read_times) - _FOLLOWING)
        for last in reversed(self.read_times[: max(0, count)]):
            index = bisect_right(self.read_times, hour_of(last))
            if index and not self._jumps_from(found := self.read_times[index - 1]):
                return found
        return None

    def _jumps_from(self, time: int) -> bool:
        """Tell whether another register was read next in an hour, which may turn out wrong."""
        begin, end = bisect_right(self.times, time), bisect_left(self.times, next_hour(time))
        return any(
            self.totals[index] - self.totals[index - 1]
            != self.readings[index] - self.readings[index - 1]
            for index in range(begin, min(end + 1, len(self.times)))
        )


@dataclass(frozen=True)
class Usage:
    """The use of a meter, and of those that it replaced, as far as records tell.

    What is after `decided_until`, if that is known, may still turn out wrong.
    """

    lines: tuple[_Line, ...] = ()
    judged: Mapping[str, Judged] = field(default_factory=dict)
    again: int | None = None
    decided_until: int | None = None
    # The cost asks for the same times again and again.
    _totals: dict[int, Decimal] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def begin(self) -> int:
        """Return the time of the first point."""
        return min(line.times[0] for line in self.lines)

    @cached_property
    def end(self) -> int:
        """Return the time of the last point."""
        return max(line.times[-1] for line in self.lines)

    @property
    def known_until(self) -> int:
        """Return up to when it is known for good, but for records that come late."""
        return self.end if self.decided_until is None else self.decided_until

    @property
    def first_read(self) -> int:
        """Return when the first record was read."""
        return min(line.first_read for line in self.lines)

    def evened(self) -> Self:
        """Return it with use that rises evenly between any two readings."""
        lines = (replace(line, even=[True] * len(line.even)) for line in self.lines)
        return replace(self, lines=tuple(lines))

    def open_since(self, oldest: int) -> int:
        """Return when a run began that may turn out wrong, but for older ones; else the end."""
        times = (
            level.time
            for judged in self.judged.values()
            for level in judged.levels
            if level.until is None and level.time >= oldest
        )
        return min(times, default=self.end)

    def total(self, time: int) -> Decimal:
        """Return the use from the beginning up to a time."""
        if (known := self._totals.get(time)) is None:
            known = sum((line.total(time) for line in self.lines), _ZERO)
            self._totals[time] = known
        return known

    def last_reading(self, time: int) -> int | None:
        """Return when the last reading up to a time was read."""
        indexes = ((line, bisect_right(line.times, time)) for line in self.lines)
        return max((line.times[index - 1] for line, index in indexes if index), default=None)

    def before_wrong(self, time: int) -> int:
        """Return when the last reading before a run was read that was wrong at a time; else it."""
        times = (
            level.time
            for judged in self.judged.values()
            for level in judged.levels
            if level.until is not None and level.time < time < level.until
        )
        return min(times, default=time)

    def reading(self, time: int) -> Decimal:
        """Return the reading at a time, not before the beginning, of the meter read last.

        If one began when another was read last, that is the one which began.
        """
        line = max(
            (line for line in self.lines if line.times[0] <= time),
            key=lambda line: (line.read_before(time), line.times[0] if line.times[0] < time else 0),
        )
        return line.reading(time)

    def fits(self, time: int, reading: Decimal) -> bool:
        """Tell whether a reading lies between those before and after a time."""
        return len(self.lines) == 1 and self.lines[0].fits(time, reading)

    def rises_as_it_reads(self, begin: int, end: int) -> bool:
        """Tell whether what was used in a span is the difference of the readings at its ends."""
        return self.total(end) - self.total(begin) == self.reading(end) - self.reading(begin)

    def boundary(self, time: int) -> int | None:
        """Return when the record was read from which on to read again what happened since a time.

        That is longer ago if readings went back to a level that these records don't show, and
        before a run that was wrong, never within it.
        """
        boundaries = (line.boundary(time) for line in self.lines)
        found = max((found for found in boundaries if found is not None), default=None)
        if found is None:
            return self.again
        sinces = [
            level.since
            for judged in self.judged.values()
            for level in judged.levels
            if level.until is not None and level.time < found < level.until
        ]
        return min([found, *sinces, *([] if self.again is None else [self.again])])


def exact(value: float) -> Decimal:
    """Return a number as it was before it became a float."""
    return Decimal(value).quantize(EXACT)


def hour_of(time: int) -> int:
    """Return the start of the hour in which a time lies."""
    return time - time % HOUR


def next_hour(time: int) -> int:
    """Return the first start of an hour that isn't before a time."""
    return -(-time // HOUR) * HOUR


def usage_of(
    records: Iterable[Consumption],
    now: datetime,
    kind: MeterKind | None,
    judged: Mapping[str, Judged] | None = None,
) -> Usage | None:
    """Return the use that records tell of, or nothing if they tell of no reading up to now.

    `judged` is what was judged of earlier records. It is needed where a run of wrong readings
    began before these.
    """
    judged, limit = judged or {}, limit_of(kind)
    known = {name: item.last for name, item in judged.items()}
    found: dict[str, Judgement] = {}
    lines = []
    for name, readings in by_meter(records, int(now.timestamp()), limit, known).items():
        if (judgement := judge(readings, limit, judged.get(name))) is not None:
            found[name] = judgement
            lines.append(_line(judgement, readings))
    if not lines:
        return None
    lines.sort(key=lambda line: (line.times, line.readings))
    return Usage(
        tuple(lines),
        {**judged, **{name: judgement.judged for name, judgement in found.items()}},
        min((item.again for item in found.values() if item.again is not None), default=None),
        min(
            (
                item.decided_until
                for item in found.values()
                if item.decided_until < item.steps[-1].time
            ),
            default=None,
        ),
    )


def consumption_rows(usage: Usage, stored: Stored, now: int, *, goes_on: bool) -> list[Row]:
    """Return the rows of the hours that are over, going on from the rows stored before them.

    `stored` begins with the hour of `usage.begin`. What the first record tells of the time before
    it was read is in those rows already if these records go on from earlier ones.
    """
    first = hour_of(usage.begin)
    begin, base, lag = usage.begin, stored.before, _ZERO
    known = [hour for hour in stored.rows if first <= hour < next_hour(usage.first_read)]
    if known and (goes_on or stored.before) and not _begins_earlier(usage, stored, max(known)):
        _, stored_sum = stored.rows[last := max(known)]
        begin = first = last + HOUR
        base = stored.before if stored_sum is None else exact(stored_sum)
        lag = _lag(usage, stored, begin)
    past = base - usage.total(begin) + lag
    return [
        Row(hour, usage.reading(hour + HOUR), max(base, past + usage.total(hour + HOUR)))
        for hour in range(first, min(hour_of(now), next_hour(usage.end)), HOUR)
    ]


def changed_rows(rows: Iterable[Row], stored: Stored) -> list[Row]:
    """Return the rows that differ from those stored."""
    return [row for row in rows if stored.rows.get(row.start) != (float(row.state), float(row.sum))]


def _begins_earlier(usage: Usage, stored: Stored, hour: int) -> bool:
    """Tell whether the use began before the first row, whose first record came late."""
    _, total = stored.rows[hour]
    return not stored.before and usage.total(hour + HOUR) > exact(total or 0)


def _lag(usage: Usage, stored: Stored, time: int) -> Decimal:
    """Return by how much a reading stored for a time is behind ours, as far as it may be.

    The last hour of an import is known in part only: its reading lies between those before and
    after. Before records that came late, it is that of an earlier one. What is missing is added,
    so that the sum is right from where the readings agree.
    """
    state, _ = stored.rows[time - HOUR]
    if state is None:
        return _ZERO
    reading = exact(state)
    if usage.fits(time, reading) or _meets(usage, stored, time):
        return usage.reading(time) - reading
    return _ZERO


def _meets(usage: Usage, stored: Stored, time: int) -> bool:
    """Tell whether what is stored rises, as it reads, from a time to a reading that is ours."""
    first, before = stored.rows[time - HOUR]
    for hour, (state, total) in sorted(stored.rows.items()):
        end = hour + HOUR
        if not time < end <= usage.end or state is None or exact(state) != usage.reading(end):
            continue
        if first is None or before is None or total is None:
            return False
        is_whole = exact(total) - exact(before) == exact(state) - exact(first)
        return is_whole and usage.rises_as_it_reads(time, end)
    return False


def _line(judgement: Judgement, readings: Readings) -> _Line:
    """Return the line through the right readings of a meter."""
    steps = judgement.steps
    times = [step.time for step in steps]
    spans = joined(readings.spans)
    ends = [end for _, end in spans]
    line = _Line(
        min(readings.read, default=times[0]),
        times,
        [step.reading for step in steps],
        [_ZERO],
        [False],
        [time for time in times if time in readings.read],
    )
    for before, step in pairwise(steps):
        line.totals.append(line.totals[-1] + step.use)
        index = bisect_left(ends, step.time)
        line.even.append(index < len(spans) and spans[index][0] <= before.time)
    return line
