"""What is learnt of how an account's platform lists the records of one interface."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

from .errors import ReturnCodeError
from .window import Dates, QueryDays, QueryForm

_HOUR: Final = timedelta(hours=1)
_REFUSALS_PER_HOUR: Final = 6
_TRIED_AGAIN_AFTER: Final = timedelta(days=7)
_LEFT_ALONE: Final = timedelta(hours=24)
_GOES_ON: Final = timedelta(hours=3)
# A list is as long as a page may be by chance, but hardly so often.
_OFTEN: Final = 3


@dataclass(slots=True)
class Habits:
    """The habits of one interface, as far as they are known.

    `window` was found with two meters; `candidate` with one, the `witness`, for which it holds
    until another one confirms it. `shown` are the forms of dates that have shown records: in
    another one, an empty list may be one that wasn't understood. While a search `is_open`, because
    it found something but had no attempt left, what is wider is tried with the next lists.
    `untimed` are lists of which no record has a time that can be read. `page_cap` is the length at
    which pages are cut short, `longest_page` the longest that came, `seen_whole` how many lists of
    that length were the whole; `first_page` is the number of the first, which `unclear_lists` did
    not tell.
    """

    window: QueryForm | None = None
    candidate: QueryForm | None = None
    witness: str | None = None
    searched_at: datetime | None = None
    is_open: bool = False
    untimed: bool = False
    shown: set[Dates] = field(default_factory=set)
    page_cap: int | None = None
    longest_page: int = 0
    seen_whole: int = 0
    first_page: int | None = None
    unclear_lists: int = 0
    empty_lists: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refusals: list[datetime] = field(default_factory=list)
    _left_alone: dict[str, tuple[datetime, ReturnCodeError]] = field(default_factory=dict)
    _tried: dict[str, dict[QueryForm, datetime]] = field(default_factory=dict)

    def window_for(self, user_code: str) -> QueryForm | None:
        """Return the window that is known to work for a meter; nothing if any may work."""
        return self.candidate if user_code == self.witness else self.window

    def trial(self, span: QueryDays, known: QueryForm, now: datetime) -> QueryForm | None:
        """Return the wider window that is to be tried instead of a known one, if that is due."""
        at = self.searched_at
        is_recent = at is not None and timedelta(0) <= now - at < _TRIED_AGAIN_AFTER
        if (is_recent and not self.is_open) or self.attempts_left(now) <= 1:
            return None
        return span.wider(known)

    def attempts_left(self, now: datetime) -> int:
        """Return how many refusals a search may still get in this hour."""
        self._refusals = [time for time in self._refusals if timedelta(0) <= now - time < _HOUR]
        return max(_REFUSALS_PER_HOUR - len(self._refusals), 0)

    def note_refusal(self, now: datetime) -> None:
        """Note a refusal of a search."""
        self._refusals.append(now)

    def note_tried(self, user_code: str, window: QueryForm, now: datetime) -> None:
        """Note that a window was refused for a meter: a search that goes on is for others."""
        self._tried.setdefault(user_code, {})[window] = now

    def tried(self, user_code: str, now: datetime) -> set[QueryForm]:
        """Return the windows that a search for a meter that isn't over tried before."""
        tried = self._tried.get(user_code, {})
        return {form for form, time in tried.items() if timedelta(0) <= now - time < _GOES_ON}

    def end_search(self, user_code: str) -> None:
        """Note that a search for a meter is over."""
        self._tried.pop(user_code, None)

    def learn(self, window: QueryForm, user_code: str, now: datetime) -> None:
        """Note what works for a meter, right after something wider was refused."""
        self.searched_at = now
        if window == self.candidate and user_code != self.witness:
            self.window = window
        elif window != self.window:
            self.candidate, self.witness = window, user_code
            return
        self.candidate = self.witness = None

    def widen(self, known: QueryForm, wider: QueryForm, now: datetime) -> None:
        """Note that a wider window than a known one works."""
        self.searched_at = now
        learnt = None if wider == QueryForm() else wider
        if known == self.candidate:
            self.candidate = learnt
        else:
            self.window = learnt
        if self.candidate in (None, self.window):
            self.candidate = self.witness = None

    def leave_alone(
        self, user_code: str, refused: ReturnCodeError, now: datetime, *, is_over: bool
    ) -> None:
        """Note that all was refused for a meter, or all that a search could try by now."""
        alone = self._left_alone.items()
        self._left_alone = {code: kept for code, kept in alone if _is_left_alone(kept[0], now)}
        self._left_alone[user_code] = now + (_LEFT_ALONE if is_over else _HOUR), refused

    def raise_if_left_alone(self, user_code: str, now: datetime) -> None:
        """Raise what was told when a meter was left alone, while it is."""
        if (kept := self._left_alone.get(user_code)) and _is_left_alone(kept[0], now):
            # The traceback of a shared error would grow with every raise.
            raise type(kept[1])(kept[1].code, kept[1].message)

    def note_sizes(self, sizes: list[int]) -> None:
        """Note how long the pages of a list were, read in this order."""
        longest = max(sizes)
        if longest > self.longest_page:
            self.longest_page, self.seen_whole = longest, 0
        # Behind it was looked, and nothing was there.
        if sizes[1:] and longest == self.longest_page == sum(sizes):
            self.seen_whole += 1

    def is_uncut(self, size: int) -> bool:
        """Tell whether pages of this length aren't cut there: longer ones came, or whole lists."""
        if size == self.longest_page:
            return self.seen_whole >= _OFTEN
        return size < self.longest_page

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {
            "window": self.window.as_dict() if self.window else None,
            "candidate": self.candidate.as_dict() if self.candidate else None,
            "witness": self.witness,
            "searched_at": self.searched_at.isoformat() if self.searched_at else None,
            "is_open": self.is_open,
            "shown": sorted(form.value for form in self.shown),
            "page_cap": self.page_cap,
            "longest_page": self.longest_page,
            "first_page": self.first_page,
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read what `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
        habits = cls(
            witness=_optional(str, kept["witness"]),
            is_open=kept.get("is_open") is True,
            shown=set(map(Dates, kept["shown"])),
            page_cap=_optional(int, kept["page_cap"]),
            longest_page=_optional(int, kept["longest_page"]) or 0,
            first_page=_optional(int, kept["first_page"]),
        )
        if kept["window"] is not None:
            habits.window = QueryForm.from_dict(kept["window"])
        if kept["candidate"] is not None:
            habits.candidate = QueryForm.from_dict(kept["candidate"])
        if kept["searched_at"] is not None:
            habits.searched_at = datetime.fromisoformat(kept["searched_at"]).astimezone()
        return habits


def _is_left_alone(until: datetime, now: datetime) -> bool:
    """Tell whether a meter is still left alone; a clock that was set back puts nothing off."""
    return now < until <= now + _LEFT_ALONE


def _optional[ValueT](kind: type[ValueT], value: Any) -> ValueT | None:
    """Return a value of the kind that it must have, if it has one."""
    if value is not None and type(value) is not kind:
        raise TypeError(kind)
    return value
