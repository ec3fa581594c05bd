"""A meter's records of a span: which dates are asked for, and in which form.

Neither the format nor the ends of the platform's window are documented: it is asked for a day more
at both sides, with times or, if it refuses that, with dates.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from .errors import FailedError, IncompleteListError, MissingParameterError
from .habits import Dates, Habits
from .models import CHINA_STANDARD_TIME, Record
from .paging import MAX_PAGE_SIZE, Pages
from .reply import Reply

_DAY: Final = timedelta(days=1)

type Ask = Callable[[Mapping[str, str | int]], Awaitable[Reply]]


class Timed(Protocol):
    """A record that stands at a time in its list."""

    @property
    def time(self) -> datetime | None:
        """Return the time."""


@dataclass(slots=True)
class SpanReader[ItemT: Timed]:
    """Reads the records of a meter from an interface that has `habits`.

    `ask` sends the fields that tell span and page. `until_end` asks on until the end was seen.
    """

    habits: Habits
    ask: Ask
    from_record: Callable[[Record], ItemT | None]
    until_end: bool

    async def read(self, begin: datetime, end: datetime) -> list[ItemT]:
        """Return what lies within a span, both ends included."""
        habits = self.habits
        try:
            pages = await self._pages(begin, end, habits.dates)
        except (FailedError, MissingParameterError) as refused:
            try:
                pages = await self._pages(begin, end, habits.dates.other)
            except FailedError, MissingParameterError:
                raise refused from None
            habits.dates = habits.dates.other
        return _within(pages.items, begin, end)

    async def read_whole(
        self, begin: datetime, end: datetime, proven: Collection[Dates]
    ) -> list[ItemT]:
        """Return what lies within a span, if it is proven that nothing is missing.

        A form of dates that the platform doesn't read may be answered with an empty list: one that
        has shown records is used, or both. Raises IncompleteListError.
        """
        usual = self.habits.dates
        forms = [usual, usual.other]
        if proven:
            forms = [form for form in forms if form in proven][:1]
        lists = [await self._pages(begin, end, form) for form in forms]
        if not all(pages.is_whole for pages in lists):
            msg = "The end of the list was not seen, or not every record could be read"
            raise IncompleteListError(msg)
        whole = next((pages.items for pages in lists if pages.items), [])
        if any(set(pages.items) - set(whole) for pages in lists):
            msg = "The list differs with the form of dates"
            raise IncompleteListError(msg)
        return _within(whole, begin, end)

    async def _pages(self, begin: datetime, end: datetime, dates: Dates) -> Pages[ItemT]:
        """Return all pages of the wider window."""
        span = {
            "BeginDate": _first_moment(begin - _DAY).strftime(dates),
            "EndDate": _last_moment(end + _DAY).strftime(dates),
        }

        def ask(number: int) -> Awaitable[Reply]:
            """Ask for a page."""
            return self.ask({**span, "pageNo": number, "pageSize": MAX_PAGE_SIZE})

        pages = Pages(ask, self.from_record, self.habits, until_end=self.until_end)
        await pages.read()
        if pages.items:
            self.habits.shown.add(dates)
        return pages


def _within[ItemT: Timed](items: Iterable[ItemT], begin: datetime, end: datetime) -> list[ItemT]:
    """Return what lies within a span, or may do so."""
    return [item for item in items if item.time is None or begin <= item.time <= end]


def _first_moment(time: datetime) -> datetime:
    """Return the start of a time's day, in China Standard Time."""
    local = time.astimezone(CHINA_STANDARD_TIME)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _last_moment(time: datetime) -> datetime:
    """Return the last second of a time's day, in China Standard Time."""
    return _first_moment(time) + _DAY - timedelta(seconds=1)
