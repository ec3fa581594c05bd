"""What a meter shows in truth and in error, and what the platform lists of it when."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Final

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption

from .line import DAY, HOUR, MINUTE, Line, clock

NEVER: Final = 10**11
_TOO_HIGH: Final = 99_999_99


@dataclass(slots=True)
class Report:
    """A reading of a meter as it was sent, in hundredths.

    `used` is what was used in truth up to it, by this meter and those that it replaced. A reading
    is not `good` if it is not of that.
    """

    time: int
    used: int
    shown: int = 0
    number: str | None = None
    device: str | None = None
    arrived: int = 0
    listed: int = 0
    good: bool = True
    # What the record of it says came before, if that isn't the report before.
    before: tuple[int, int] | None = None
    # A wrong value, listed up to a time.
    wrong: tuple[int, int] | None = None
    twice: bool = False


@dataclass(slots=True)
class Listed:
    """A record, and from when to when the platform lists it."""

    time: int
    begin: int
    end: int
    record: Consumption
    count: int = 1


@dataclass(slots=True)
class Meter:
    """The reports of a meter, and the spans in which they don't tell when it was used."""

    is_water: bool
    cadence: int
    reports: list[Report]
    uncertain: list[tuple[int, int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)

    @property
    def use(self) -> Line:
        """Return the line through what was used in truth, in kWh or m³."""
        good = [report for report in self.reports if report.good]
        return Line([report.time for report in good], [report.used / 100 for report in good])

    def shown(self, now: int) -> Report | None:
        """Return the report that the platform got last."""
        index = bisect_right(self.reports, now, key=lambda report: report.arrived)
        return self.reports[index - 1] if index else None

    def records(self, begin: int, end: int, now: int, dice: Random) -> list[Consumption]:
        """Return the records of a span that are listed by now, in no order."""
        first = bisect_left(self.listed, begin, key=lambda listed: listed.time)
        last = bisect_right(self.listed, end, key=lambda listed: listed.time)
        found = [
            listed.record
            for listed in self.listed[first:last]
            if listed.begin <= now < listed.end
            for _ in range(listed.count)
        ]
        dice.shuffle(found)
        return found

    def list_all(self) -> None:
        """Make the records of the reports."""
        for before, report in pairwise(self.reports):
            if report.listed >= NEVER:
                continue
            changes = {report.listed, NEVER}
            changes |= {
                wrong[1]
                for wrong in (before.wrong, report.wrong)
                if wrong and wrong[1] > report.listed
            }
            moments = sorted(changes)
            for begin, end in pairwise(moments):
                last_time, last = report.before or (before.time, _value(before, begin))
                record = Consumption(
                    table_no=report.number,
                    reading=Decimal(_value(report, begin)).scaleb(-2),
                    read_time=_moment(report.time),
                    last_reading=Decimal(last).scaleb(-2),
                    last_read_time=_moment(last_time),
                    device_id=report.device,
                )
                count = 2 if report.twice else 1
                self.listed.append(Listed(report.time, begin, end, record, count))


def _value(report: Report, now: int) -> int:
    """Return what the platform lists as a report's reading at a time."""
    return report.wrong[0] if report.wrong and now < report.wrong[1] else report.shown


def _moment(time: int) -> datetime:
    """Return a time as records have it."""
    return datetime.fromtimestamp(time, CHINA_STANDARD_TIME)


def used_meter(dice: Random, begin: int, end: int, cadence: int) -> Meter:
    """Draw a meter with its use, and its reports without any error."""
    is_water = dice.random() < 0.25
    daily = dice.choice((0.05, 0.3, 0.8)) if is_water else dice.choice((0.6, 4, 12, 45))
    shape = [dice.uniform(0.1, 2.0) for _ in range(24)]
    empty = range(0)
    if dice.random() < 0.15 and end - begin > 12 * DAY:
        away = dice.randrange(begin + 2 * DAY, end - 8 * DAY)
        empty = range(away, away + dice.randrange(1, 5) * DAY)
    jitter = dice.choice((0, 0, 20, 300)) if cadence < DAY else dice.choice((0, 1800))
    first = begin - begin % cadence + dice.choice((0, 0, dice.randrange(cadence)))
    reports, used, mood = [], 0.0, 1.0
    latency = dice.choice((5, 60, 240))
    time = first
    while time < end:
        at = time + (dice.randrange(jitter) if jitter else 0)
        arrived = at + dice.randrange(latency)
        reports.append(
            Report(at, int(used * 100), arrived=arrived, listed=arrived + dice.randrange(latency))
        )
        if clock(time) < 1:
            mood = dice.uniform(0.8, 1.25)
        power = daily / DAY * shape[int(clock(time))] * mood * dice.uniform(0.5, 1.5)
        if time in empty:
            power = 0
        elif cadence == DAY:
            power = daily / DAY * mood
        used += power * cadence
        time += cadence
    return Meter(is_water, cadence, reports)


class Accidents:
    """What happens to the reports of a meter, each thing at a time of its own."""

    def __init__(self, dice: Random, meter: Meter, quiet: tuple[int, int]) -> None:
        """Leave the reports before and after some times as they are."""
        self.dice = dice
        self.meter = meter
        self._first = bisect_left(meter.reports, quiet[0], key=lambda report: report.time)
        self._last = bisect_left(meter.reports, quiet[1], key=lambda report: report.time)
        self._taken: list[range] = []
        self._runs: list[range] = []

    def happen(self, count: int) -> None:
        """Let a number of things happen."""
        reports = self.meter.reports
        self._number()
        if count and self.dice.random() < 0.2:
            self.replaced()
            count -= 1
        things = [
            self.late,
            self.very_late,
            self.corrected,
            self.missing,
            self.zeros,
            self.zeros,
            self.too_high,
            self.too_high,
            self.low,
            self.stuck,
            self.climbs,
        ]
        for thing in self.dice.sample(things, count):
            thing()
        if self.dice.random() < 0.2:
            self.first_late()
        if self.dice.random() < 0.3:
            for report in reports:
                report.twice = self.dice.random() < 0.2
        self.meter.list_all()

    def hide(self) -> None:
        """Let nobody know what was used when while wrong readings were shown."""
        for run in self._runs:
            begin, end = self.meter.reports[run.start - 1], self.meter.reports[run.stop]
            self.meter.uncertain.append((begin.time, end.time))

    def _number(self) -> None:
        """Let the meter begin at some reading, perhaps so near its end that it rolls over."""
        reports, dice = self.meter.reports, self.dice
        number = dice.choice(("A1", "A1", "A1", None))
        begin = dice.choice((0, dice.randrange(100, 9000), dice.randrange(9_000, 900_000)))
        end = NEVER
        middle = reports[(self._first + self._last) // 2]
        digits = dice.choice((4, 5, 6))
        if dice.random() < 0.1 and middle.used < 10 ** (digits + 2) // 100:
            end = 10 ** (digits + 2)
            begin = end - middle.used - 1
            self._taken.append(range(len(reports)))
            self.meter.told.append(f"rolls over at {end // 100:,}")
        for report in reports:
            report.number, report.shown = number, (begin + report.used) % end

    def _some(self, count: int) -> range:
        """Return as many reports that follow each other, nothing near; none if there are none."""
        apart = max(2, 30 * HOUR // self.meter.cadence)
        for _ in range(5):
            if self._last - self._first <= count + 2 * apart:
                break
            first = self.dice.randrange(self._first + apart, self._last - count - apart)
            found = range(first, first + count)
            if all(
                taken.stop + apart <= found.start or found.stop + apart <= taken.start
                for taken in self._taken
            ):
                self._taken.append(found)
                return found
        return range(0)

    def _tell(self, what: str, some: range) -> None:
        """Note what happened."""
        if some:
            time = _moment(self.meter.reports[some.start].time)
            self.meter.told.append(f"{what} × {len(some)} at {time:%m-%d %H:%M}")

    def late(self) -> None:
        """Let records come hours later."""
        some = self._some(self.dice.randrange(1, 6))
        for index in some:
            self.meter.reports[index].listed += self.dice.randrange(1, 48) * HOUR
        self._tell("late", some)

    def very_late(self) -> None:
        """Let a record come so late that only the weekly look back finds it."""
        reports = self.meter.reports
        some = self._some(1)
        for index in some:
            left = (reports[-1].time - reports[index].time) // DAY - 9
            if left > 4:
                reports[index].listed += self.dice.randrange(4, min(left, 20) + 1) * DAY
                self._tell("very late", some)

    def first_late(self) -> None:
        """Let the very first record come late."""
        self.meter.reports[1].listed += self.dice.randrange(1, 20) * HOUR
        self.meter.told.append("first late")

    def corrected(self) -> None:
        """List a wrong reading, and put it right later."""
        reports = self.meter.reports
        some = self._some(1)
        for index in some:
            low, high = reports[index - 1].shown, reports[index + 1].shown
            wrong = self.dice.choice((low, high, (low + high) // 2, high + 150))
            until = reports[index].listed + self.dice.randrange(1, 50) * HOUR
            reports[index].wrong = (wrong, until)
        self._tell("corrected", some)

    def missing(self) -> None:
        """Let a record never be listed: what was used meanwhile is known, but not when."""
        reports = self.meter.reports
        some = self._some(1)
        for index in some:
            reports[index].listed = NEVER
            self.meter.uncertain.append((reports[index - 1].time, reports[index].time))
        self._tell("missing", some)

    def replaced(self) -> None:
        """Replace the meter by a new or a used one, told apart by its number or its device."""
        reports, dice = self.meter.reports, self.dice
        some = self._some(1)
        for index in some:
            old, first = reports[index - 1], reports[index]
            begin = dice.choice((0, 0, dice.randrange(900_000), old.shown + 4000))
            number, device = ("B2", None) if first.number else (None, "D2")
            for report in reports[index:]:
                report.number, report.device = number, device
                report.shown = begin + report.used - old.used
            if not number:
                for report in reports[:index]:
                    report.device = "D1"
            repeats = begin == 0 and dice.random() < 0.5 and old.shown > 1000
            first.before = (old.time, old.shown if repeats else begin)
            self.meter.told.append(
                f"replaced by {begin / 100:.2f} from {old.shown / 100:.2f}"
                f"{', repeated' if repeats else ''}{'' if number else ', by device'}"
            )
            self._tell("new", some)

    def _run(self, value: int | None, longest: int = 50) -> range:
        """Show a wrong value for some time."""
        reports = self.meter.reports
        some = self._some(self.dice.choice((1, 2, 3, 4, 5, self.dice.randrange(1, longest + 1))))
        for index in some:
            report = reports[index]
            report.good = False
            if value is not None:
                report.shown = value
        if some:
            self._runs.append(some)
        return some

    def zeros(self) -> None:
        """Show nothing but zeros."""
        self._tell("zeros", self._run(0))

    def too_high(self) -> None:
        """Show nothing but nines."""
        self._tell("nines", self._run(_TOO_HIGH))

    def low(self) -> None:
        """Show some old reading."""
        some = self._run(None)
        if some:
            old = self.meter.reports[some.start - 1].shown * self.dice.randrange(2, 90) // 100
            for index in some:
                self.meter.reports[index].shown = old
        self._tell("low", some)

    def climbs(self) -> None:
        """Count from zero for some time, then go on as before."""
        reports = self.meter.reports
        some = self._run(None)
        if some:
            base = reports[some.start - 1].used
            for index in some:
                reports[index].shown = reports[index].used - base
            self.meter.uncertain.append((reports[some.start - 1].time, reports[some.stop].time))
        self._tell("climbs", some)

    def stuck(self) -> None:
        """Show the same value for some time; then all that was used meanwhile comes at once."""
        reports = self.meter.reports
        some = self._some(self.dice.randrange(1, 30))
        if not some:
            return
        before, after = reports[some.start - 1], reports[some.stop]
        if after.used - before.used > (150 if self.meter.is_water else 1500):
            return
        for index in some:
            reports[index].shown, reports[index].used = before.shown, before.used
        self._tell("stuck", some)


def quarter(dice: Random) -> int:
    """Draw how often a meter reports."""
    return dice.choices((15 * MINUTE, HOUR, DAY), (2, 6, 1))[0]
