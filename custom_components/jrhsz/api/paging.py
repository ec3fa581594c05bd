"""Lists in pages: where they end, whatever the platform says of them.

Nobody says whether pages are counted from 1, where a page is cut, and what `totalCount` counts. So
a list ends where an empty page or one with nothing new is seen, until it is known that pages aren't
cut at the length that came, and page 0 is asked for, until it is known whether there is one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from .errors import (
    InterfaceDeniedError,
    QuotaError,
    RateLimitError,
    ReplyError,
    TokenError,
    UnreadableReplyError,
)
from .habits import Habits
from .models import Record
from .reply import Reply

MAX_PAGE_SIZE: Final = 1000
_MAX_PAGES: Final = 200
# Some more than were asked for may be a list that knows no pages; many more fill the memory.
_MAX_RECORDS: Final = 2 * MAX_PAGE_SIZE
# Caps are mostly round numbers: without a count, a list may go on there.
_ROUND: Final = 10
# After so many lists without an answer, a question isn't asked any more.
_LOOKS: Final = 3
# A list of one page, and another one behind its end.
_WITH_ONE_BEHIND: Final = 2


@dataclass(slots=True)
class Pages[ItemT]:
    """The pages of one list, as they come.

    `ask` gets a page by its number. `from_record` returns nothing for a record that can't be read.
    `until_end` asks on until a page is empty or brings nothing new. `is_hurried` is for somebody
    who waits, or for an attempt: a count that may be right is believed. `knows_pages` is whether
    another interface is known to count its pages from 1.
    """

    ask: Callable[[int], Awaitable[Reply]]
    from_record: Callable[[Record], ItemT | None]
    habits: Habits
    until_end: bool
    is_hurried: bool = False
    knows_pages: bool = False
    items: list[ItemT] = field(default_factory=list)
    end_seen: bool = False
    unreadable: int = 0
    _seen: set[ItemT] = field(default_factory=set)
    _total: int | None = None
    _sizes: list[int] = field(default_factory=list)

    async def read(self) -> None:
        """Read all pages, trusting neither their sizes nor `totalCount`."""
        first = 1 if self.habits.first_page is None else self.habits.first_page
        for number in range(first, first + _MAX_PAGES):
            reply = await self.ask(number)
            size, new = self._take(reply)
            if self._sizes and new and self._sizes[-1] < MAX_PAGE_SIZE:
                self.habits.page_cap = self._sizes[-1]
            self._sizes.append(size)
            self.items += new
            self.end_seen = not new
            if not new or (not self.until_end and self._is_last(size, reply.total_count)):
                break
        self.habits.note_sizes(self._sizes)
        if self.habits.first_page is None:
            await self._find_first_page()

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
        if reply.total_count is not None:
            self._total = max(self._total or 0, reply.total_count)
        page = [item for record in records if (item := self.from_record(record)) is not None]
        self.unreadable += len(records) - len(page)
        # Alike on one page are two records; on two pages it is one that moved, or a page again.
        new = [item for item in page if item not in self._seen]
        self._seen.update(new)
        return len(records), new

    def _is_last(self, size: int, count: int | None) -> bool:
        """Tell whether a page ends the list because it is short."""
        habits = self.habits
        if size >= MAX_PAGE_SIZE or (count is not None and count != self._collected):
            return False
        if count is not None and (count > size or self._is_believed(size)):
            return True
        # The count, if any, may be that of this page alone, which may have been cut.
        if habits.first_page is None or size == habits.page_cap:
            return False
        return habits.is_uncut(size) and (count is not None or size % _ROUND != 0)

    def _is_believed(self, size: int) -> bool:
        """Tell whether a count that agrees with a page is believed without another look."""
        if not self.is_hurried or size == self.habits.page_cap:
            return False
        return size % _ROUND != 0 or self.habits.is_uncut(size)

    async def _find_first_page(self) -> None:
        """Ask whether there is a page 0, which was left out then, until that is known."""
        habits, most = self.habits, max(self._sizes)
        total = self._total or 0
        is_contradicted = total > self._collected
        if not is_contradicted:
            if most < total:
                # That counts the whole list, and nothing of it is missing.
                habits.first_page = 1
                return
            if len(self._sizes) == _WITH_ONE_BEHIND and all(self._sizes):
                # What is past the end is the last page again: page 0 may be this one too.
                self._note_unclear()
                return
            if self._total == self._collected and self.is_hurried:
                return
            if not most and self.knows_pages:
                return
        try:
            reply = await self.ask(0)
        except RateLimitError, QuotaError, TokenError, InterfaceDeniedError:
            raise
        except ReplyError:
            # It may have failed like any other call.
            self._note_unclear()
            return
        size, new = self._take(reply)
        self.items[:0] = new
        if size and len(new) == size:
            habits.first_page = 0
        elif most:
            habits.first_page = 1

    def _note_unclear(self) -> None:
        """Note that a list didn't tell whether there is a page 0; some are enough."""
        self.habits.unclear_lists += 1
        if self.habits.unclear_lists >= _LOOKS:
            self.habits.first_page = 1
