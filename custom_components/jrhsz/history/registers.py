"""The registers that a meter's readings are of: readings that go on from each other.

Most meters have one. Another begins with every run of readings that don't go on from those before,
right or wrong (see `judgement.py`). Those that led to the current one are right.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from .judged import Level
from .readings import EXACT, HOUR, Point

_ZERO: Final = Decimal(0)
_NEVER: Final = Point(0, _ZERO)


class Step(NamedTuple):
    """A reading that is right, and the use since the one before it."""

    time: int
    reading: Decimal
    use: Decimal


@dataclass(slots=True, eq=False)
class Register:
    """Readings that go on from each other, and what the register `before` it read last (`level`).

    `jump` is the use between the two, `peaks` are the highest uses in an hour so far. One that is
    tried may turn out to be another one again, its `home`. What is known of one from before the
    records is `earlier`.
    """

    points: list[Point]
    peaks: list[Point]
    before: Register | None = None
    level: Point = _NEVER
    jump: Decimal = _ZERO
    home: Register | None = None
    earlier: Level | None = None
    leaps: list[Register] = field(default_factory=list)
    believed: int = 0
    _hour_ago: int = 0

    @property
    def first(self) -> Point:
        """Return the first reading."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """Return the last reading."""
        return self.points[-1]

    @property
    def peak(self) -> Decimal:
        """Return the highest use in an hour."""
        return self.peaks[-1].reading

    @property
    def lasted(self) -> int:
        """Return the time from the first to the last reading."""
        return self.last.time - self.first.time

    def append(self, point: Point) -> None:
        """Add a reading."""
        points = self.points
        points.append(point)
        while points[self._hour_ago + 1].time <= point.time - HOUR:
            self._hour_ago += 1
        before = points[self._hour_ago]
        if (rise := point.reading - before.reading) > self.peak:
            self.note_peak(point.time, rise * HOUR / max(HOUR, point.time - before.time))

    def note_peak(self, time: int, use: Decimal) -> None:
        """Note the use in an hour, if it was never higher."""
        if use > self.peak:
            self.peaks.append(Point(time, use.quantize(EXACT)))

    def level_at(self, point: Point, run: Decimal, until: int | None = None) -> Level:
        """Return what is to be kept of a reading before a run."""
        index = bisect_right(self.points, point.time - point.time % HOUR, key=_time)
        since = self.points[index - 1].time if index else point.time
        return Level(*point, run, since, until)

    def cut(self, index: int) -> Register:
        """Take the readings from an index on off, and return them as a register of their own."""
        level, first = self.points[index - 1 : index + 1]
        peaks = [peak for peak in self.peaks[1:] if peak.time >= first.time]
        del self.peaks[len(self.peaks) - len(peaks) :]
        rest = Register(
            self.points[index:],
            [self.peaks[-1], *peaks],
            before=self,
            level=level,
            jump=first.reading - level.reading,
        )
        del self.points[index:]
        self._hour_ago = 0
        return rest


@dataclass(slots=True)
class Registers:
    """The registers of a meter: the `current` one, and those that may be instead.

    `tried` are those of readings since, one after the other; `left` counted, but turned out wrong;
    `earlier` were before the records. `laid` is how the use is spread where a register was
    followed again: by the time of the reading that goes back to it.
    """

    current: Register
    earlier: list[Register] = field(default_factory=list)
    tried: list[Register] = field(default_factory=list)
    left: list[Register] = field(default_factory=list)
    laid: dict[int, list[Step]] = field(default_factory=dict)

    @property
    def top(self) -> Register:
        """Return that of the last reading."""
        return self.tried[-1] if self.tried else self.current

    def chain(self) -> list[tuple[Register, int]]:
        """Return the registers that led to the current one, and until when each is right."""
        register, end = self.current, self.current.last.time
        chain = [(register, end)]
        while register.before is not None:
            register, end = register.before, register.level.time
            chain.insert(0, (register, end))
        return chain

    def follow(self, register: Register) -> None:
        """Make a register that was tried the current one."""
        self.current, self.tried = register, []

    def go_back(self, home: Register, register: Register) -> None:
        """Follow an earlier register again, with the readings of one that was tried."""
        run = list(self.line(since=home.last.time))
        left = [item for item, _ in self.chain() if item.last.reading > item.first.reading]
        self.laid[register.first.time] = _laid(run, home.last, register.first)
        for point in register.points:
            home.append(point)
        self.follow(home)
        right = [item for item, _ in self.chain()]
        self.left = [item for item in (*self.left, *left) if item not in right]

    def line(self, *, since: int = -1) -> Iterator[Step]:
        """Yield the right readings since a time."""
        for register, end in self.chain():
            points = register.points
            stop = bisect_right(points, end, key=_time)
            for index in range(bisect_right(points, since, key=_time), stop):
                point, use = points[index], register.jump
                if index:
                    use = point.reading - points[index - 1].reading
                    for step in self.laid.get(point.time, ()):
                        use -= step.use
                        if step.time > since:
                            yield step
                yield Step(*point, use)

    def tried_line(self) -> Iterator[Step]:
        """Yield the readings that follow, of which it isn't known yet whether they are right."""
        for register in self.tried:
            yield Step(*register.first, register.jump)
            for before, point in pairwise(register.points):
                yield Step(*point, point.reading - before.reading)


def _laid(run: list[Step], level: Point, back: Point) -> list[Step]:
    """Lay the rise over a level on the rises of the wrong run meanwhile, if it has any."""
    risen = sum((step.use for step in run[1:]), _ZERO)
    if not risen:
        return []
    rise, part, before = back.reading - level.reading, _ZERO, _ZERO
    steps = [Step(run[0].time, level.reading, _ZERO)]
    for step in run[1:]:
        part += step.use
        share = (rise * part / risen).quantize(EXACT, ROUND_FLOOR)
        steps.append(Step(step.time, level.reading + share, share - before))
        before = share
    return steps


def _time(point: Point) -> int:
    """Return the time of a reading."""
    return point.time
