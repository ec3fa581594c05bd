"""Judges use by the truth of a life: every hour, day and month to a millionth of a kWh.

It shares no code with the product. What the records don't tell, such as when something was used
between two readings that no record spans, is not judged; what was used in all is.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from .driver import Look, Told
from .lives.life import Life
from .lives.line import DAY, HOUR, day_begin, days, months
from .verdict import Rows, Verdict

# A float of the largest sum has a little more.
_EXACT: Final = 1.1e-6


class Use:
    """Judges use."""

    def __init__(self, life: Life, told: Told, verdict: Verdict) -> None:
        """Find from when to when the records tell it."""
        self.life, self.looks, self.verdict = life, told.looks, verdict
        self.rows = Rows(told.consumption)
        listed = life.meter.listed
        first = next(item for item in listed if item.time >= told.started)
        assert first.record.last_read_time is not None
        self.begin = int(first.record.last_read_time.timestamp())
        last = life.polls[-1]
        # What is listed is read within an hour, and written when the hour is over.
        self.known = max(item.time for item in listed if item.begin <= last - 2 * HOUR)
        # What is listed later may be read, if it is looked for just then.
        self.known_at_most = max(item.time for item in listed if item.begin <= last)
        self.end = min(-(-self.known // HOUR) * HOUR, (last - 2 * HOUR) // HOUR * HOUR)

    def judge(self) -> None:
        """Judge every hour, day and month."""
        hours = range(self.begin // HOUR * HOUR + HOUR, self.end + 1, HOUR)
        if missing := set(hours) - set(self.rows.ends):
            hour = min(missing)
            self.verdict.blame(
                f"{len(missing)} hours of use missing", hour - HOUR, None, self._at(hour)
            )
            return
        wrong = [end for end in hours if self._tells(end) and self._error(end) > _EXACT]
        if wrong:
            end = wrong[0]
            self.verdict.blame(f"use ({len(wrong)} h wrong)", end, self.rows.at(end), self._at(end))
        if any(later < sooner for sooner, later in pairwise(self.rows.sums)):
            self.verdict.blame("use falls", self.begin, None, 0)
        for look in self.looks:
            self._judge_look(look)
        self._note("hour", pairwise(hours))
        self._note("day", ((day, day + DAY) for day in days(self.begin, self.end)))
        self._note("month", months(self.begin, self.end))

    def _judge_look(self, look: Look) -> None:
        """Compare the use of yesterday, unless more of it is listed later."""
        today = day_begin(look.time)
        day, truth = today - DAY, self.life.use.rise(today - DAY, today)
        if look.yesterday_use is None or day < self.begin or self._waits(look.time):
            return
        # Two readings, an hour apart at least, tell that those before them were wrong.
        undecided = look.time - 2 * self.life.meter.cadence - 2 * HOUR
        if any(
            undecided <= report.time <= look.time
            for report in self.life.meter.reports
            if not report.good
        ):
            return
        if any(
            report.wrong and day - DAY < report.time and look.time < report.wrong[1] + 6 * HOUR
            for report in self.life.meter.reports
        ):
            # It is listed wrong until it is corrected, and nothing tells.
            return
        if self._tells(day) and self._tells(today) and self.known >= today:
            told = float(look.yesterday_use)
            if abs(told - truth) > 2 * _EXACT:
                self.verdict.blame("use of yesterday", day, told, truth)

    def _note(self, name: str, spans: Iterable[tuple[int, int]]) -> None:
        """Note the largest error of some spans."""
        for begin, end in spans:
            if self._tells(begin) and self._tells(end) and end <= self.known:
                rise = self.life.use.rise(begin, end)
                self.verdict.note(f"use {name}", abs(self.rows.rise(begin, end) - rise))

    def _at(self, end: int) -> float:
        """Return what was used in truth up to the end of an hour, as far as is known."""
        return self.life.use.rise(self.begin, min(end, self.known))

    def _error(self, end: int) -> float:
        """Return by how much the sum at the end of an hour is wrong."""
        told, most = self.rows.at(end), self.life.use.rise(self.begin, min(end, self.known_at_most))
        return max(self._at(end) - told, told - most)

    def _waits(self, now: int) -> bool:
        """Tell whether what was read before a time was not listed well before it."""
        return any(
            item.begin > now - 2 * HOUR and item.time < now - HOUR
            for item in self.life.meter.listed
        )

    def _tells(self, time: int) -> bool:
        """Tell whether the records tell what was used up to a time."""
        return not any(begin < time < end for begin, end in self.life.meter.uncertain)
