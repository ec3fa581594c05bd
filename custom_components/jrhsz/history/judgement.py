"""Which of a meter's readings are right, and how much was used between them.

A reading *goes on* from one before it if it isn't lower, and not higher than could be used
meanwhile. One that goes on from none before it begins a *run*: of a register that was reset or
replaced, or of one that answers 0 or 99999 for hours. Only what comes later tells. If two readings,
an hour apart, go on from the last one before the run, the run was wrong, and the use meanwhile is
their rise over it. If that never happens, the run is that of a new register, and the jump to it is
no use, unless the old one turned over from its highest reading to 0. So every run is followed as a
register of its own; the right readings are those that led to the register read last.

Records are judged by windows. What a window doesn't show, because it was before, is in `Judged`: if
readings go back to a level of that time, all from there on has to be judged again
(`Judgement.again`).
"""

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from .judged import KEPT, Judged, Level
from .readings import DAY, HOUR, Limit, Point, Readings
from .registers import Register, Registers, Step

_ZERO: Final = Decimal(0)
# So many readings one after the other that rise by more than the limit are use, if by no more than
# so often the limit.
_LEAPS: Final = 3
_LEAP: Final = 100
# So much quicker than before is no use.
_QUICK: Final = 3
# What is over so soon may have been wrong though it fitted: a peak within the limit that is taken
# back, and a return to an old register between readings of a new one.
_BRIEF: Final = 3 * DAY
# More readings in a row that go on from nothing aren't compared with each other.
_MOST_TRIED: Final = 6


class Judgement(NamedTuple):
    """The right readings of a meter in the order of time, and what is to be kept of them.

    `again` is from when on records have to be judged again, if these don't reach back so far. What
    was read after `decided_until` isn't known yet to be right.
    """

    steps: list[Step]
    judged: Judged
    again: int | None
    decided_until: int


def judge(readings: Readings, limit: Limit, judged: Judged | None) -> Judgement | None:
    """Judge the readings of a meter, in the light of what was judged of earlier ones."""
    first_read = min(readings.read, default=0)
    levels = judged.levels if judged else ()
    # The first record may repeat a reading that was found wrong.
    wrong = [
        (level.time, level.until)
        for level in levels
        if level.until is not None and level.until <= first_read
    ]
    points = [
        (time, values)
        for time, values in readings.by_time()
        if not any(begin < time < end for begin, end in wrong)
    ]
    if not points:
        return None
    time, values = points[0]
    peaks = [Point(0, limit.usual_peak), *(judged.peaks if judged else ())]
    walk = _Walk(
        Registers(
            Register([Point(time, min(values))], peaks),
            [
                Register([Point(level.time, level.reading)], peaks[:], earlier=level)
                for level in levels
                if level.time < time and (level.until is None or level.until > first_read)
            ],
        ),
        limit,
        levels,
    )
    for time, values in points[1:]:
        walk.add(time, values)
    return Judgement(
        [*walk.registers.line(), *walk.registers.tried_line()],
        walk.judged(judged.first if judged else first_read),
        walk.again,
        walk.decided_until,
    )


class _Walk:
    """Finds for each reading, in the order of time, which register it is of."""

    def __init__(self, registers: Registers, limit: Limit, levels: Iterable[Level]) -> None:
        """Begin with a first reading, and the levels that were before it."""
        self.again: int | None = None
        self.registers = registers
        self._limit = limit
        self._since = {level.time: level.since for level in levels}
        begin = registers.current.first.time
        self._levels = [level for level in levels if level.time < begin]

    def add(self, time: int, values: set[Decimal]) -> None:
        """Add what the meter may have read at a time."""
        registers, current = self.registers, self.registers.current
        point = Point(time, self._likeliest(time, values))
        is_alone = not registers.tried and not registers.earlier and current.before is None
        if is_alone and self._limit.allows(current.last, point, current.peak):
            current.append(point)
            return
        home = self._home(point)
        if home is None:
            self._open(point)
        elif home in registers.tried or (home is registers.current and self._is_brief(point)):
            self._go_on(home, point)
        else:
            registers.tried.append(Register([point], [home.peaks[-1]], home=home))
        self._settle()

    @property
    def decided_until(self) -> int:
        """Return when the last reading was that is right, whatever comes.

        A register that another one seems to have become may be wrong until it counted for a day.
        """
        register = self.registers.current
        until = register.last.time
        while (before := register.before) is not None and not register.jump:
            if register.lasted >= DAY and register.last.reading > register.first.reading:
                break
            register, until = before, register.level.time
        return until

    def judged(self, first_read: int) -> Judged:
        """Return what is to be kept."""
        chain, current = self.registers.chain(), self.registers.current
        firsts = [register.first.reading for register, _ in chain]
        peaks, levels = list[Point](), list[Level]()
        for index, (register, end) in enumerate(chain):
            peaks += [peak for peak in register.peaks[1:] if peak.time <= end]
            if register.before is not None:
                run = _closest(register.level.reading, firsts[index:])
                levels.append(register.before.level_at(register.level, run))
        if self.registers.tried:
            levels.append(current.level_at(current.last, self.registers.tried[0].first.reading))
        for level in self._levels:
            run = _closest(level.reading, [level.run, *firsts[1:]])
            levels.append(level if level.until else level._replace(run=run))
        since = self._since
        levels = [level._replace(since=since.get(level.time, level.since)) for level in levels]
        return Judged(first_read, current.last, tuple(peaks), tuple(levels)).pruned()

    def _likeliest(self, time: int, values: set[Decimal]) -> Decimal:
        """Return which of several readings at a time goes on from those before."""
        if len(values) == 1:
            return next(iter(values))
        registers = self.registers
        for register in (registers.current, *reversed(registers.tried)):
            if fitting := [
                value
                for value in values
                if self._limit.allows(register.last, Point(time, value), register.peak)
            ]:
                return min(fitting)
        last = registers.top.last.reading
        return min((value for value in values if value >= last), default=max(values))

    def _home(self, point: Point) -> Register | None:
        """Return the register that a reading is of, if it goes on from any.

        That is the latest, unless the reading jumps to the level of another.
        """
        registers = self.registers
        registers.left = [
            register
            for register in registers.left
            if point.time - register.last.time <= min(register.lasted, _BRIEF)
        ]
        latest = [*reversed(registers.tried), registers.current]
        before = [register for register, _ in registers.chain()[-2::-1]]
        homes = [
            register
            for register in (*latest, *before, *reversed(registers.earlier), *registers.left)
            if point.time - register.last.time <= KEPT
            and self._limit.allows(register.last, point, register.peak)
        ]
        home = max(
            (
                home
                for home in homes[1:]
                if home not in registers.left and self._is_jump(homes[0], home, point)
            ),
            key=lambda register: register.last.reading,
            default=homes[0] if homes else None,
        )
        if home not in latest and (index := self._peak_before(point)) is not None:
            return self._without_peak(index, point)
        return home

    def _is_brief(self, point: Point) -> bool:
        """Tell whether only one reading, or less than an hour, was not of the current register."""
        tried = self.registers.tried
        return (
            sum(len(register.points) for register in tried) <= 1
            or point.time - tried[0].first.time < HOUR
        )

    def _is_jump(self, register: Register, home: Register, point: Point) -> bool:
        """Tell whether a reading jumps to the level of another register, and didn't climb there.

        It jumps if it takes back by what a run began after that level: half of it at least, and
        all where the run climbed above the level; and if it is quicker than the run climbed.
        """
        rise = point.reading - register.last.reading
        run = _closest(home.last.reading, self._firsts_after(home))
        share = 2 if home.last.reading > register.last.reading else 1
        if home is register.home or share * rise < abs(home.last.reading - run):
            return False
        climbed = register.last.reading - register.first.reading
        seconds = point.time - register.last.time
        return rise * register.lasted >= _QUICK * climbed * seconds

    def _firsts_after(self, home: Register) -> list[Decimal]:
        """Return with which readings runs began after a register."""
        chain = [register for register, _ in self.registers.chain()]
        known = [*self.registers.earlier, *chain, *self.registers.tried]
        place = {id(register): index for index, register in enumerate(known)}
        index = place[id(home)]
        firsts = [] if home.earlier is None else [home.earlier.run]
        # What the records begin with began before them.
        after = known[max(index, place[id(chain[0])]) + 1 :]
        return firsts + [
            register.first.reading
            for register in after
            if register.home is None or place.get(id(register.home), -1) < index
        ]

    def _peak_before(self, point: Point) -> int | None:
        """Return where a peak begins that a lower reading takes back, though it was no run."""
        points, peaks = self.registers.current.points, self.registers.current.peaks
        index = bisect_right(points, point.reading, key=lambda point: point.reading)
        if not 0 < index < len(points) or point.time - points[index].time > _BRIEF:
            return None
        before, peak = points[index - 1 : index + 1]
        rise = peak.reading - before.reading
        is_quick = rise * HOUR > peaks[0].reading * max(HOUR, peak.time - before.time)
        is_jump = is_quick and 2 * rise >= points[-1].reading - point.reading
        return index if is_jump and self._limit.allows(before, point, peaks[0].reading) else None

    def _without_peak(self, index: int, point: Point) -> Register:
        """Make a run of the current register's readings from an index on, and return the rest."""
        register = self.registers.current
        peak = register.cut(index)
        if peak.lasted >= HOUR:
            self.registers.follow(peak)
        else:
            self.registers.follow(register)
            self._levels.append(register.level_at(register.last, peak.first.reading, point.time))
        return register

    def _go_on(self, register: Register, point: Point) -> None:
        """Let a register go on, without those that were tried since."""
        tried = self.registers.tried
        count = 0 if register is self.registers.current else tried.index(register) + 1
        if wrong := tried[count:]:
            run = wrong[0].first.reading
            self._levels.append(register.level_at(register.last, run, point.time))
        self.registers.tried = tried[:count]
        register.append(point)
        if register is self.registers.current:
            self._believe(register)

    def _believe(self, register: Register) -> None:
        """Take the jump to a register for use where it can be, after a day at most.

        A platform that repeated a reading for long, and then has the true one, tells such a jump.
        """
        if register.before is None or not register.leaps or register.jump:
            return
        level, peak = register.level, register.before.peak
        rise = register.first.reading - level.reading
        if rise > self._limit.rise(register.first.time - level.time + DAY, peak):
            return
        if not self._limit.allows(level, register.last, peak):
            return
        register.believed = register.believed or register.last.time
        if register.last.time - register.believed >= HOUR:
            register.jump = rise

    def _open(self, point: Point) -> None:
        """Begin a run."""
        registers, top = self.registers, self.registers.top
        register = Register([point], [top.peaks[-1]], before=top, level=top.last)
        register.jump = self._limit.turned(top.last, point, top.peak)
        if self._is_leap(top, point):
            register.leaps = [*(top.leaps if registers.tried else ()), register]
        registers.tried = [*registers.tried, register][-_MOST_TRIED:]
        if len(register.leaps) == _LEAPS:
            self._raise(register)

    def _is_leap(self, top: Register, point: Point) -> bool:
        """Tell whether a reading rises beyond the limit, but not beyond all bounds."""
        if self.registers.tried and (len(top.points) > 1 or not top.leaps):
            return False
        rise = point.reading - top.last.reading
        return _ZERO < rise <= _LEAP * self._limit.rise(point.time - top.last.time, top.peak)

    def _raise(self, register: Register) -> None:
        """Take the last jumps for use: the meter counts so much."""
        for leap in register.leaps:
            leap.jump = leap.first.reading - leap.level.reading
            seconds = max(HOUR, leap.first.time - leap.level.time)
            register.note_peak(register.first.time, leap.jump * HOUR / seconds)
        register.leaps = []
        self.registers.follow(register)

    def _settle(self) -> None:
        """Follow the register that was tried last, if two of its readings are an hour apart."""
        register, current = self.registers.top, self.registers.current
        if register is current or register.lasted < HOUR:
            return
        home, register.home = register.home, None
        if home is not None and (since := self._since.get(home.last.time)) is not None:
            self.again = min(self.again or since, since)
        if home is not None and home.earlier is None:
            run = next(self.registers.line(since=home.last.time), self.registers.tried[0].first)
            self._levels.append(home.level_at(home.last, run.reading, register.first.time))
            self.registers.go_back(home, register)
            return
        register.before, register.level = current, current.last
        register.jump = self._limit.turned(current.last, register.first, current.peak)
        register.leaps = [register] if register.leaps else []
        self.registers.follow(register)


def _closest(level: Decimal, readings: Iterable[Decimal]) -> Decimal:
    """Return which of some readings is closest to a level."""
    return min(readings, key=lambda reading: abs(reading - level))
