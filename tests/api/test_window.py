"""Tests of the windows that a span is asked for in, and of the search for one that works."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
import itertools
from typing import Any

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.api.window import SPANS, Dates, QueryDays, QueryForm, search

TODAY = date(2026, 11, 2)
DAY = timedelta(days=1)
WINDOWS = [
    QueryForm(dates, days, to_today)
    for dates, days, to_today in itertools.product(Dates, (None, *SPANS), (False, True))
]


def span(before: int, after: int = 1) -> QueryDays:
    """Return the span of so many days before and after today."""
    return QueryDays(TODAY - before * DAY, TODAY + after * DAY, TODAY)


def test_around() -> None:
    """The span is a day wider at both sides than what is wanted, in Chinese days."""
    begin = datetime(2026, 10, 31, 23, 59, tzinfo=CHINA_STANDARD_TIME)
    end = datetime(2026, 11, 1, 16, 0, tzinfo=CHINA_STANDARD_TIME)
    now = datetime(2026, 11, 1, 16, 0, tzinfo=CHINA_STANDARD_TIME)
    assert QueryDays.around(begin, end, now) == QueryDays(
        date(2026, 10, 30), date(2026, 11, 2), date(2026, 11, 1)
    )


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("before", [0, 1, 5, 6, 7, 8, 30, 39, 400])
def test_parts_are_the_span(window: QueryForm, before: int) -> None:
    """Every moment is in a part, no part is too long, and none is for nothing."""
    asked = span(before)
    parts = [
        tuple(datetime.strptime(end, window.dates).astimezone() for end in ends)
        for ends in asked.parts(window)
    ]
    last = TODAY if window.to_today else TODAY + DAY
    assert parts[0][1].date() == last
    assert parts[-1][0].date() == asked.first
    for (begin, _), (_, older) in itertools.pairwise(parts):
        if window.dates is Dates.TIMES:
            assert begin - older == timedelta(seconds=1)
        else:
            assert begin == older
    for begin, end in parts:
        assert end - begin <= (window.days or 500) * DAY
        assert begin < end or before == 0 or window.dates is Dates.DAYS
    shared = 0 if window.dates is Dates.TIMES else 1
    step = max((window.days or 500) - shared, 1)
    assert len(parts) == max(-(-((last - asked.first).days + 1 - shared) // step), 1)


def test_parts_of_the_future() -> None:
    """A window that ends today has nothing of the days to come."""
    asked = QueryDays(TODAY + DAY, TODAY + 3 * DAY, TODAY)
    assert asked.parts(QueryForm(to_today=True)) == []
    assert asked.shortened(QueryForm()) is None
    assert asked.parts(QueryForm()) == [("2026-11-03 00:00:00", "2026-11-05 23:59:59")]


def test_wider() -> None:
    """One step at a time, to where any window works."""
    windows = [QueryForm(Dates.DAYS, 1, to_today=True)]
    while windows[-1] != QueryForm():
        windows.append(windows[-1].wider)
    assert [window.days for window in windows] == [1, 7, 31, 38, None, None, None]
    assert [window.to_today for window in windows] == [True] * 5 + [False] * 2
    assert QueryForm().wider == QueryForm()


def platform(
    limit: int | None, dates: str, *, future: bool, whole_days: bool = False
) -> Callable[[QueryDays, QueryForm], bool]:
    """Return a platform with its own idea of windows."""

    def takes(asked: QueryDays, window: QueryForm) -> bool:
        """Tell whether it takes the newest part."""
        begin, end = asked.parts(window)[0]
        if dates not in ("any", window.dates):
            return False
        first, last = (datetime.strptime(x, window.dates).astimezone() for x in (begin, end))
        if whole_days and window.dates is Dates.DAYS:
            last += DAY - timedelta(seconds=1)
        if limit is not None and last - first > limit * DAY:
            return False
        return future or last.date() <= TODAY

    return takes


def found(
    takes: Callable[[QueryDays, QueryForm], bool], asked: QueryDays, attempts: int = 5, **more: Any
) -> tuple[QueryForm | None, bool, int]:
    """Return what a search finds, whether it came to its end, and how often it asked."""
    tried: set[QueryForm] = more.get("tried", set())
    windows = search(
        asked, QueryForm(), more.pop("known", None), attempts, whole=False, tried=tried
    )
    count, works = 0, None
    while True:
        try:
            window = windows.send(works)
        except StopIteration as end:
            return *end.value, count
        count += 1
        works = takes(asked, window)
        if not works:
            tried.add(window)


@pytest.mark.parametrize("whole_days", [True, False])
@pytest.mark.parametrize("future", [True, False])
@pytest.mark.parametrize("dates", ["any", Dates.TIMES, Dates.DAYS])
@pytest.mark.parametrize("limit", [None, 38, 31, 7, 1])
@pytest.mark.parametrize("before", [4, 39, 400])
def test_search(
    limit: int | None,
    dates: str,
    before: int,
    *,
    future: bool,
    whole_days: bool,
) -> None:
    """Whatever the platform takes, something is found in two goes of five attempts."""
    takes = platform(limit, dates, future=future, whole_days=whole_days)
    asked, tried = span(before), set[QueryForm]()
    if takes(asked, QueryForm()):
        return
    window, is_over, count = found(takes, asked, tried=tried)
    assert count <= 5
    if window is None:
        assert not is_over
        window, _, count = found(takes, asked, tried=tried)
        assert count <= 3
    assert window is not None
    assert takes(asked, window)
    # What wasn't tried for want of attempts is tried with the next lists.
    while not is_over and (wider := asked.wider(window)) and takes(asked, wider):
        window = wider
    shown = (window.days or 500) if limit is not None and limit < before else limit
    assert shown == limit or (limit == 38 and window.days == 31) or window.days == 0


def test_search_of_nothing() -> None:
    """Where nothing works, that is known after a few attempts, in two goes."""
    tried = set[QueryForm]()
    assert found(lambda *_: False, span(39), tried=tried) == (None, False, 5)
    assert found(lambda *_: False, span(39), tried=tried) == (None, True, 2)
    assert found(lambda *_: False, span(39), attempts=2) == (None, False, 2)
    past = QueryDays(TODAY - 9 * DAY, TODAY, TODAY)
    assert found(lambda *_: False, past, attempts=4) == (None, True, 4)
    assert found(lambda *_: False, QueryDays(TODAY, TODAY, TODAY)) == (None, True, 3)


def test_search_begins_with_what_is_known() -> None:
    """What worked for another meter is tried first."""
    takes = platform(7, "any", future=True)
    known = QueryForm(days=7, to_today=True)
    assert found(takes, span(39), known=known) == (known, False, 1)
    assert found(takes, span(39), known=QueryForm(days=31))[0] == known
    known = QueryForm(days=1)
    assert found(takes, span(39), known=known) == (known, False, 1)


def test_search_that_is_cut_short() -> None:
    """What may not be the widest isn't told as found."""
    takes = platform(7, "any", future=True)
    narrow = QueryForm(days=1, to_today=True)
    assert found(takes, span(39), attempts=2) == (narrow, False, 2)
    assert found(takes, span(39), attempts=3) == (QueryForm(days=7, to_today=True), False, 3)
    assert found(takes, span(39), attempts=4) == (QueryForm(days=7, to_today=True), True, 4)
    assert found(platform(1, "any", future=True), span(39), attempts=3) == (narrow, True, 3)


@pytest.mark.parametrize("dates", Dates)
def test_search_for_a_whole_list(dates: Dates) -> None:
    """The form of dates stays, and where it has no times, a window ends tomorrow."""
    asked = span(39)
    windows = search(asked, QueryForm(dates), QueryForm(dates.other), 5, whole=True)
    tried = [*windows]
    assert {window.dates for window in tried} == {dates}
    assert {window.to_today for window in tried} == {dates is Dates.TIMES}
