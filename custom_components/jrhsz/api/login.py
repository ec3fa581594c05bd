"""Tokens, and how often an account may log in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .errors import ContestedError

# The platform says two hours; a call may wait for its answer for a while.
_TOKEN_LIFE: Final = timedelta(minutes=115)
_YOUNG: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_MAX_LOGINS_PER_HOUR: Final = 30
_YOUNG_ENDS_IN_A_ROW: Final = 3
_CONTEST_PAUSES: Final = (timedelta(minutes=5), timedelta(hours=1))
# While the platform is down, logins that fail must not use up those of the hour.
_FAILURES_IN_A_ROW: Final = 3
_FAILURE_PAUSES: Final = (timedelta(seconds=15), timedelta(seconds=150))


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its birth time; it contains the password, so it is never shown."""

    value: str
    born: datetime

    def __repr__(self) -> str:
        """Show nothing but the birth time."""
        return f"<Token of {self.born.isoformat()}>"

    def age(self, now: datetime) -> timedelta:
        """Return the age; negative if the clock was set back, which counts as expired."""
        return now - self.born

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the token may still be used."""
        return timedelta(0) <= self.age(now) < _TOKEN_LIFE

    def is_young(self, now: datetime) -> bool:
        """Tell whether the platform had no reason to end the token yet."""
        return timedelta(0) <= self.age(now) < _YOUNG


@dataclass(slots=True)
class Logins:
    """The logins of an account, and what tells when the next one is due.

    `young_ends` counts the tokens in a row that ended young, because somebody else logs in with
    the account; `failures` the logins in a row that failed.
    """

    times: list[datetime] = field(default_factory=list)
    young_ends: int = 0
    failures: int = 0

    @property
    def contested(self) -> bool:
        """Tell whether somebody else's logins seem to end our tokens."""
        return self.young_ends >= _YOUNG_ENDS_IN_A_ROW

    def begin(self, now: datetime) -> None:
        """Note a login; raise ContestedError if it were one too many for the hour."""
        recent = self._recent(now)
        if len(recent) >= _MAX_LOGINS_PER_HOUR:
            raise ContestedError(recent[-_MAX_LOGINS_PER_HOUR] + _HOUR)
        self.times = [*recent, now]

    def forget(self, time: datetime) -> None:
        """Take back a login that didn't take place."""
        self.times = [other for other in self.times if other is not time]

    def raise_if_none_is_due(self, now: datetime) -> None:
        """Raise ContestedError while logins pause: tokens ended young, or logins failed."""
        if not (recent := self._recent(now)):
            return
        pause = max(
            _pause(self.young_ends - _YOUNG_ENDS_IN_A_ROW, _CONTEST_PAUSES),
            _pause(self.failures - _FAILURES_IN_A_ROW, _FAILURE_PAUSES),
        )
        if (due := recent[-1] + pause) > now:
            raise ContestedError(due)

    def _recent(self, now: datetime) -> list[datetime]:
        """Return the logins of the last hour."""
        return [time for time in self.times if now - _HOUR < time <= now]


def _pause(doublings: int, pauses: tuple[timedelta, timedelta]) -> timedelta:
    """Return a pause that doubles from the first to the longest; none before it is time."""
    first, longest = pauses
    return min(first * 2 ** min(doublings, 10), longest) if doublings >= 0 else timedelta(0)
