"""Lists in pages: where they end, whatever the platform says of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from .errors import FailedError, MissingParameterError, UnreadableReplyError
from .habits import Habits
from .models import Record
from .reply import Reply

MAX_PAGE_SIZE: Final = 1000
_MAX_PAGES: Final = 200
# Some more than were asked for may be a list that knows no pages; many more fill the memory.
_MAX_RECORDS: Final = 2 * MAX_PAGE_SIZE
# Where a page is cut short, it is at a round number: there the list may go on.
_ROUND: Final = 10
_USUAL_CAPS: Final = frozenset({10, 20, 30, 50, 100, 200, 500})


@dataclass(slots=True)
class Pages[ItemT]:
    """The pages of one list, as they come.

    `ask` gets a page by its number. `from_record` returns nothing for a record that can't be read.
    `until_end` asks on until a page is empty or brings nothing new.
    """

    ask: Callable[[int], Awaitable[Reply]]
    from_record: Callable[[Record], ItemT | None]
    habits: Habits
    until_end: bool
    items: list[ItemT] = field(default_factory=list)
    end_seen: bool = False
    unreadable: int = 0
    _seen: set[ItemT] = field(default_factory=set)
    _total: int = 0

    async def read(self) -> None:
        """Read all pages, trusting neither their sizes nor `totalCount`."""
        first = 1 if self.habits.first_page is None else self.habits.first_page
        before = 0
        for number in range(first, first + _MAX_PAGES):
            reply = await self.ask(number)
            size, new = self._take(reply)
            if before and new and before < MAX_PAGE_SIZE:
                self.habits.page_cap = before
            self.items += new
            self.end_seen = not new
            is_last = not self.until_end and self._is_last(size, reply, before)
            self.habits.longest_page = max(self.habits.longest_page, size)
            if not new or is_last:
                break
            before = size
        if self.habits.first_page is None and self._total > self._collected:
            await self._read_page_zero()

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing of the list was left out."""
        return self.end_seen and not self.unreadable

    @property
    def _collected(self) -> int:
        """Return how many records there were, once each."""
        return len(self.items) + self.unreadable

    def _take(self, reply: Reply) -> tuple[int, list[ItemT]]:
        """Return how many records a page has, and what is new on it."""
        records = reply.records()
        if len(records) > _MAX_RECORDS:
            msg = "A page holds far more records than were asked for"
            raise UnreadableReplyError(msg)
        self._total = max(self._total, reply.total_count or 0)
        page = [item for record in records if (item := self.from_record(record)) is not None]
        self.unreadable += len(records) - len(page)
        # Alike on one page are two records; on two pages it is one that moved, or a page again.
        new = [item for item in page if item not in self._seen]
        self._seen.update(new)
        return len(records), new

    def _is_last(self, size: int, reply: Reply, before: int) -> bool:
        """Tell whether a page ends the list because it is short."""
        if size >= MAX_PAGE_SIZE:
            return False
        cap = self.habits.page_cap
        if reply.total_count is None:
            return size % _ROUND != 0 and size != cap
        # The count may be that of the page alone, which may have been cut short.
        is_cut = size == cap or (size in _USUAL_CAPS and size > self.habits.longest_page)
        return reply.total_count == self._collected and (bool(before) or not is_cut)

    async def _read_page_zero(self) -> None:
        """Ask once whether pages are counted from 0: then one was left out."""
        try:
            _, new = self._take(await self.ask(0))
        except FailedError, MissingParameterError:
            new = []
        self.items[:0] = new
        self.habits.first_page = 0 if new else 1
