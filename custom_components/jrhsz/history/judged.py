"""What was judged of a meter's readings, as it is kept, and a live reading seen in its light."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from .readings import DAY, Limit, Point

# How long readings may go back to what was before a run.
KEPT: Final = 400 * DAY
# Where they did, it matters as long as windows of records begin in the run.
_KEPT_CLOSED: Final = 40 * DAY
_MOST: Final = 40


class Level(NamedTuple):
    """The last reading before a run, the run's first one, and when readings went back, if so.

    `since` is when a reading was before it from which on its whole hour is told.
    """

    time: int
    reading: Decimal
    run: Decimal
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged of the readings of one meter, from the first to the last one that is right.

    `peaks` tell what was the highest use in an hour from when on, if it was unusual.
    """

    first: int
    last: Point
    peaks: tuple[Point, ...] = ()
    levels: tuple[Level, ...] = ()

    def before(self, time: int) -> Self:
        """Return what of it is not to be judged again with the readings from a time on."""
        return replace(
            self,
            peaks=tuple(peak for peak in self.peaks if peak.time < time),
            levels=tuple(level for level in self.levels if level.time < time),
        )

    def pruned(self) -> Self:
        """Return it without what is too old or too much to matter."""
        oldest, closed = self.last.time - KEPT, self.last.time - _KEPT_CLOSED
        levels = [
            level
            for level in self.levels
            if level.time >= oldest and (level.until is None or level.until >= closed)
        ]
        levels.sort(key=lambda level: level.time)
        return replace(self, peaks=self.peaks[-_MOST:], levels=tuple(levels[-_MOST:]))

    def as_list(self) -> list[Any]:
        """Return it JSON-ready."""
        return [
            self.first,
            _as_pair(self.last),
            [_as_pair(peak) for peak in self.peaks],
            [
                [level.time, f"{level.reading:f}", f"{level.run:f}", level.since, level.until]
                for level in self.levels
            ],
        ]

    @classmethod
    def from_list(cls, kept: Any) -> Self:
        """Take over what `as_list` gave; anything else raises an error of Python's own."""
        first, last, peaks, levels = kept
        return cls(
            int(first),
            _pair(last),
            tuple(map(_pair, peaks)),
            tuple(
                Level(
                    int(time),
                    Decimal(reading),
                    Decimal(run),
                    int(since),
                    None if until is None else int(until),
                )
                for time, reading, run, since, until in levels
            ),
        )


def judged_before(judged: Mapping[str, Judged], time: int) -> dict[str, Judged]:
    """Return what was judged of meters whose records from a time on are to be judged again."""
    return {name: item.before(time) for name, item in judged.items() if item.first < time}


class Verdict(StrEnum):
    """What becomes of a reading that a meter shows now."""

    ACCEPTED = "accepted"
    HELD = "held"
    NEW_REGISTER = "new_register"


def verdict(
    last: Point, reading: Point, limit: Limit, *, peak: Decimal, run: Point | None
) -> Verdict:
    """Tell what becomes of a reading, for the last one that was accepted.

    `run` is the first one that was not, if any was held back since. A register that was reset goes
    on counting; one that answers 0 or 99999 doesn't. So a new one is believed when it has counted
    for a day.
    """
    if limit.allows(last, reading, peak):
        return Verdict.ACCEPTED
    if (
        run is not None
        and reading.time - run.time >= DAY
        and reading.reading > run.reading
        and limit.allows(run, reading, peak)
    ):
        return Verdict.NEW_REGISTER
    return Verdict.HELD


def _as_pair(point: Point) -> list[int | str]:
    """Return a reading at a time, JSON-ready."""
    return [point.time, f"{point.reading:f}"]


def _pair(kept: Any) -> Point:
    """Take over what `_as_pair` gave."""
    time, reading = kept
    return Point(int(time), Decimal(reading))
