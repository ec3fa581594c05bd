"""A meter's records of a span: asked for in the windows that the account's platform takes."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from .errors import FailedError, IncompleteListError, MissingParameterError
from .habits import Habits
from .models import Record
from .paging import MAX_PAGE_SIZE, Pages
from .reply import Reply
from .window import Dates, Ends, QueryDays, QueryForm, search

_ATTEMPTS: Final = 6
_URGENT_ATTEMPTS: Final = 3
# So many empty lists of the last days, in a form of dates that never showed a record.
_SUSPICIOUS: Final = frozenset({3, 30, 300})

type Ask = Callable[[Mapping[str, str | int], bool], Awaitable[Reply]]


class Timed(Protocol):
    """A record that stands at a time in its list."""

    @property
    def time(self) -> datetime | None:
        """Return the time."""


@dataclass(slots=True, kw_only=True)
class SpanReader[ItemT: Timed]:
    """Reads the records of a meter from an interface that has `habits`.

    `ask` sends the fields that tell window and page, and is told whether that is an attempt only.
    `urgent` is for somebody who waits: there are fewer attempts, but also for a meter that is left
    alone. `whole` is for a list that is to prove that something is absent. `today` is by our clock
    or the platform's, whichever is ahead. `proven` are the forms of dates that have shown records
    of the account, `knows_pages` is whether pages of another interface are counted from 1.
    `expected` is for a list that can't be empty: the platform told of a reading within its span.
    """

    habits: Habits
    ask: Ask
    from_record: Callable[[Record], ItemT | None]
    user_code: str
    now: datetime
    today: datetime
    urgent: bool
    proven: Collection[Dates]
    knows_pages: bool = False
    whole: bool = False
    expected: bool = False
    _attempted: dict[QueryForm, Pages[ItemT]] = field(default_factory=dict)

    async def read(self, begin: datetime, end: datetime) -> list[ItemT]:
        """Return what lies within a span, both ends included."""
        habits, code = self.habits, self.user_code
        if not self.urgent:
            habits.raise_if_left_alone(code, self.now)
        span = QueryDays.around(begin, end, self.today)
        known = habits.window_for(code) or QueryForm()
        trial = None if self.urgent else habits.trial(span, known, self.now)
        window, items = await self._read(span, trial or known, known)
        if window == trial:
            habits.widen(known, trial, self.now)
        if not items and window.dates not in self.proven and self._may_be_unread(span):
            other = QueryForm(window.dates.other)
            with suppress(FailedError, MissingParameterError):
                items = (await self._pages(span.parts(other)[0], other)).items
            if items:
                habits.learn(other, code, self.now)
        return _within(items, begin, end)

    async def read_whole(self, begin: datetime, end: datetime) -> list[ItemT]:
        """Return what lies within a span, if it is proven that nothing is missing.

        A form of dates that the platform doesn't read may be answered with an empty list: one that
        has shown records is used, or both. Raises IncompleteListError.
        """
        span = QueryDays.around(begin, end, self.today)
        known = self.habits.window_for(self.user_code) or QueryForm()
        windows = [known, QueryForm(known.dates.other)]
        if known.dates is Dates.DAYS:
            windows[0] = replace(known, to_today=False)
        if self.proven:
            windows = [window for window in windows if window.dates in self.proven][:1]
        lists = [(await self._read(span, window))[1] for window in windows]
        whole = next(filter(None, lists), [])
        if any(set(items) - set(whole) for items in lists):
            msg = "The list differs with the form of dates"
            raise IncompleteListError(msg)
        return _within(whole, begin, end)

    def _may_be_unread(self, span: QueryDays) -> bool:
        """Tell whether an empty list may be one whose dates weren't understood.

        Of long ago there may be nothing, which in another form would tell no more.
        """
        if self.proven or span.last < span.today:
            return bool(self.proven)
        self.habits.empty_lists += 1
        is_first = self.habits.empty_lists == 1
        return (self.expected and is_first) or self.habits.empty_lists in _SUSPICIOUS

    async def _read(
        self, span: QueryDays, asked: QueryForm, known: QueryForm | None = None
    ) -> tuple[QueryForm, list[ItemT]]:
        """Return a window that works for a span, and the records of all its parts."""
        if not (parts := span.parts(asked)):
            return asked, []
        window = asked
        try:
            # If it is taken for the newest part, which may end in the future, it is for the others.
            newest = await self._pages(parts[0], asked)
        except (FailedError, MissingParameterError) as refused:
            async with self.habits.lock:
                found = await self._search(span, asked, known, refused)
            if found is None:
                raise
            window = found
            newest = self._attempted[window]
        others = [await self._pages(ends, window) for ends in span.parts(window)[1:]]
        lists = [newest, *others]
        if self.whole and not all(pages.is_whole for pages in lists):
            msg = "The end of the list was not seen, or not every record could be read"
            raise IncompleteListError(msg)
        return window, _united(pages.items for pages in reversed(lists))

    async def _search(
        self,
        span: QueryDays,
        asked: QueryForm,
        known: QueryForm | None,
        refused: FailedError | MissingParameterError,
    ) -> QueryForm | None:
        """Return a window that works after one was refused, and remember it."""
        habits, code, now = self.habits, self.user_code, self.now
        is_trial = known is not None and known != asked
        if not is_trial:
            known = habits.candidate or habits.window
        # The refused one was an attempt, or two: in both encodings.
        count = 2 if isinstance(refused, MissingParameterError) else 1
        attempts = (_URGENT_ATTEMPTS if self.urgent else _ATTEMPTS) - count
        if span.first > span.today or not (known or habits.attempts_left(now)):
            return None
        habits.note_refusal(now)
        tried = habits.tried(code, now)
        windows = search(span, asked, known, attempts, whole=self.whole, tried=tried)
        found: QueryForm | None
        works: bool | None = None
        while True:
            try:
                window = windows.send(works)
            except StopIteration as end:
                found, is_over = end.value
                break
            if window != known and not habits.attempts_left(now):
                found, is_over = None, False
                break
            works = await self._attempt(span, window)
        if found and (is_over or not self.urgent):
            if is_trial or found != known:
                habits.is_open = not (is_trial or is_over)
            habits.learn(found, code, now)
        if not found and not self.whole and (is_over or not self.urgent):
            habits.leave_alone(code, refused, now, is_over=is_over)
        if is_over or found:
            habits.end_search(code)
        return found

    async def _attempt(self, span: QueryDays, window: QueryForm) -> bool:
        """Tell whether a window works."""
        try:
            pages = await self._pages(span.parts(window)[0], window, is_attempt=True)
        except FailedError, MissingParameterError:
            self.habits.note_refusal(self.now)
            self.habits.note_tried(self.user_code, window, self.now)
            return False
        self._attempted[window] = pages
        return True

    async def _pages(
        self, ends: Ends, window: QueryForm, *, is_attempt: bool = False
    ) -> Pages[ItemT]:
        """Return all pages of a part."""
        begin, end = ends

        def ask(number: int) -> Awaitable[Reply]:
            """Ask for a page."""
            paging = {"pageNo": number, "pageSize": MAX_PAGE_SIZE}
            return self.ask({"BeginDate": begin, "EndDate": end, **paging}, is_attempt)

        pages = Pages(
            ask,
            self.from_record,
            self.habits,
            until_end=self.whole,
            is_hurried=is_attempt or (self.urgent and not self.whole),
            knows_pages=self.knows_pages,
        )
        await pages.read()
        if pages.items:
            self.habits.shown.add(window.dates)
            self.habits.untimed = all(item.time is None for item in pages.items)
        return pages


def _united[ItemT](lists: Iterable[list[ItemT]]) -> list[ItemT]:
    """Return the records of lists that may overlap."""
    items: list[ItemT] = []
    seen: set[ItemT] = set()
    for part in lists:
        items += [item for item in part if item not in seen]
        seen.update(part)
    return items


def _within[ItemT: Timed](items: Iterable[ItemT], begin: datetime, end: datetime) -> list[ItemT]:
    """Return what lies within a span, or may do so."""
    return [item for item in items if item.time is None or begin <= item.time <= end]
