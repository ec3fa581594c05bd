"""When a meter is polled next: shortly after its next report, as far as that can be told.

Meters report in a rhythm, mostly once an hour at the same minute and second, and what they report
reaches the platform some time later. Both follow from what was polled: from the times of readings
the rhythm, and from when each was there and when not yet, how long it takes. Seconds throughout.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

_HOUR: Final = 3600.0
# No gap between two polls is to be above 1.25 intervals, with the wait for a turn. Looking a
# little after an interval spares a look just before a report.
LONGEST_GAP: Final = 1.03
_URGENT_GAP: Final = 1.2
# Where the pace allows no whole pass within an interval, nobody waits for his turn much longer.
_FULL: Final = 0.8
_LONGEST_WAIT: Final = 0.9
# The polls that may be made in an interval on average, and those that may be made in advance.
_PER_INTERVAL: Final = 1.08
_AT_FIRST: Final = 4.0
_AT_MOST: Final = 5.0

_REMEMBERED: Final = 6
_SHORTEST_PERIOD: Final = 300.0
_TOLERANCE: Final = 60.0
_TOLERATED: Final = 0.02
_ENOUGH_STEPS: Final = 3
_SAME_SECOND: Final = 15.0

# How long a report takes is narrowed down to this; then it is followed.
_CLOSE: Final = 40.0
_CLOSER: Final = 1.0
_TRIED: Final = 0.45
_CREDIT_TO_TRY: Final = 2.0
_SAFE: Final = 30.0
_AGAIN_AFTER: Final = 45.0


class NextPoll(NamedTuple):
    """When a meter is due, and from when on its poll is expected to show something new."""

    at: float
    news_at: float | None


@dataclass(slots=True)
class Rhythm:
    """What is known of a meter's reports; times are seconds since 1970.

    `times` are those of its last readings. A report is not there yet `early` seconds after its
    time, and it is there after `late` seconds. `polled_at` is the time of the last answer, `credit`
    the number of polls that may be made without waiting for an interval.
    """

    times: list[float] = field(default_factory=list)
    early: float = 0.0
    late: float | None = None
    polled_at: float | None = None
    credit: float = _AT_FIRST
    was_odd: bool = False

    @property
    def period(self) -> float | None:
        """Return the time from report to report; nothing of a meter without a rhythm."""
        steps = [after - before for before, after in pairwise(self.times)]
        if not steps or (shortest := min(steps)) < _SHORTEST_PERIOD:
            return None
        counts = [round(step / shortest) for step in steps]
        period = sum(steps) / sum(counts)
        off = abs(period - round(period / _HOUR) * _HOUR)
        if len(steps) < _ENOUGH_STEPS and off > _SAME_SECOND:
            # So few make no rhythm, unless they are whole hours apart.
            return None
        tolerance = min(_TOLERANCE, period * _TOLERATED)
        is_regular = sum(counts) <= 2 * len(counts) and all(
            abs(step - count * period) <= tolerance
            for step, count in zip(steps, counts, strict=True)
        )
        return period if is_regular else None

    def note(self, read_time: float | None, now: float, interval: float) -> None:
        """Learn from an answer."""
        before, self.polled_at = self.polled_at, now
        if before is not None:
            earned = _PER_INTERVAL * max(0.0, now - before) / interval
            self.credit = min(_AT_MOST, self.credit + earned) - 1
        if read_time is None:
            return
        last = self.times[-1] if self.times else None
        if last is None or last > now + _HOUR:
            self.times = [read_time]
        elif read_time > last:
            if before is not None:
                self._learn(max(0.0, before - read_time), max(0.0, now - read_time))
            self.times = [*self.times, read_time][-_REMEMBERED:]

    def _learn(self, early: float, late: float) -> None:
        """Learn that a report was not there after some time, and there after some more."""
        if self.late is None:
            self.early, self.late = early, late
            return
        is_odd = early > self.late + _TOLERANCE or late < self.early - _TOLERANCE
        # One that takes another time says nothing about the next; two that do, do.
        was_odd, self.was_odd = self.was_odd, is_odd and not self.was_odd
        if is_odd:
            if was_odd:
                self.early, self.late = early, late
        elif early >= self.late:
            self.early, self.late = max(self.early, min(early, late - _CLOSE)), late
        elif self.late - self.early > _CLOSE:
            self.early, self.late = max(self.early, early), min(self.late, late)
        else:
            self.late = max(min(self.late, late) - _CLOSER, 0.0)
            self.early = max(0.0, min(self.early, self.late - _CLOSE / 2))

    def next_poll(self, interval: float) -> NextPoll:
        """Return when to poll next: after an interval, if there is no rhythm."""
        last = self.polled_at or 0.0
        if self.late is None or (period := self.period) is None:
            return NextPoll(last + interval, None)
        # A report that doesn't come is given up half a period later.
        given_up = last - self.late - period / 2 - self.times[-1]
        expected = self.times[-1] + period * max(1.0, -(-given_up // period))
        news_at = expected + self._age_to_look_at(last - expected)
        missing = max(0.0, 1.0 - self.credit)
        news_at = max(news_at, last + missing / _PER_INTERVAL * interval)
        return NextPoll(min(news_at, last + LONGEST_GAP * interval), news_at)

    def _age_to_look_at(self, looked_at: float) -> float:
        """Return how old to let a report become, which wasn't there at the last look."""
        late = self.late or 0.0
        if looked_at >= late:
            return looked_at + max(_AGAIN_AFTER, 2 * (looked_at - late))
        if self.credit < _CREDIT_TO_TRY:
            # Nobody could look again soon.
            return late + _SAFE
        early = max(self.early, looked_at)
        return late if late - early <= _CLOSE else late - (late - early) * _TRIED

    def urgent_at(self, now: float, interval: float, whole_pass: float) -> float:
        """Return from when on a poll that is due now goes before those that are not.

        `whole_pass` is how long all meters of the account take.
        """
        if whole_pass > _FULL * interval or self.polled_at is None:
            return now + _LONGEST_WAIT * whole_pass
        return self.polled_at + _URGENT_GAP * interval

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        return {
            "times": self.times,
            "early": self.early,
            "late": self.late,
            "polled_at": self.polled_at,
            "credit": self.credit,
        }

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Take over what `as_dict` gave; anything else is as good as nothing."""
        try:
            late, polled_at = kept["late"], kept["polled_at"]
            return cls(
                times=[float(time) for time in kept["times"]],
                early=float(kept["early"]),
                late=None if late is None else float(late),
                polled_at=None if polled_at is None else float(polled_at),
                credit=float(kept["credit"]),
            )
        except LookupError, TypeError, ValueError:
            return cls()
