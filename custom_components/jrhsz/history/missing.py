"""Which of the rows that follow from what was read aren't stored: the database may be another."""

from typing import NamedTuple

from .readings import DAY, HOUR
from .state import Lacks, MeterHistory
from .sums import start_of
from .usage import hour_of, next_hour


class Stored(NamedTuple):
    """Where the rows of a statistic begin and end, and for how many hours there is one."""

    begin: int
    end: int
    hours: int

    @property
    def lacks(self) -> Lacks:
        """Return what may be missing."""
        return Lacks(self.begin, (self.end - self.begin) // HOUR - self.hours)


def missing_since(history: MeterHistory, stored: Stored | None, now: int) -> int | None:
    """Return since when rows of consumption are missing, at the earliest, if any are.

    Those that were missing too after all was read again are in no record.
    """
    if not history.complete or history.started is None or not history.used_until:
        return None
    if stored is None:
        return history.started
    known, first = history.lacks, history.use.since
    is_late = first is not None and stored.begin >= start_of(first) + DAY
    if is_late and (known is None or stored.begin > known.begin):
        return history.started
    if stored.lacks.hours > (known.hours if known else 0):
        return stored.begin
    return stored.end if stored.end < hour_of(min(history.used_until, now)) else None


def is_credit_missing(history: MeterHistory, stored: Stored | None, now: int) -> bool:
    """Tell whether rows of what was credited are missing: the first one tells since when."""
    if (since := history.credited_since) is None or now - since < DAY:
        return False
    return stored is None or stored.begin > next_hour(since)


def is_cost_missing(history: MeterHistory, stored: Stored | None) -> bool:
    """Tell whether the last rows of cost that were written are missing."""
    if not history.cost_until:
        return False
    return stored is None or stored.end < hour_of(history.cost_until)


def reread_since(history: MeterHistory, days: int, now: int) -> int | None:
    """Return since when all is to be read again, for rows are missing or more is wanted of it."""
    since = history.missing_since
    asked, wanted = history.asked_since, now - days * DAY
    if history.complete and asked is not None and wanted < asked - DAY:
        return wanted if since is None else min(since, wanted)
    return since
