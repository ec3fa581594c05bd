"""Tests of what is learnt of how a platform lists records, and of when it is believed."""

from datetime import UTC, date, datetime, timedelta
import json

import pytest

from custom_components.jrhsz.api import FailedError
from custom_components.jrhsz.api.habits import Habits
from custom_components.jrhsz.api.window import Dates, QueryDays, QueryForm

NOW = datetime(2026, 11, 2, 4, tzinfo=UTC)
DAY = timedelta(days=1)
LONG = QueryDays(date(2026, 10, 1), date(2026, 11, 3), date(2026, 11, 2))
SHORT = QueryDays(date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 2))
WEEK, MONTH = QueryForm(days=7), QueryForm(days=31)


def test_two_meters() -> None:
    """What one meter shows holds for it, what two show for all."""
    habits = Habits()
    habits.learn(WEEK, "a", NOW)
    habits.learn(WEEK, "a", NOW)
    assert [habits.window_for(code) for code in "abc"] == [WEEK, None, None]
    habits.learn(WEEK, "b", NOW)
    assert [habits.window_for(code) for code in "abc"] == [WEEK, WEEK, WEEK]
    assert (habits.candidate, habits.witness) == (None, None)


def test_meters_that_differ() -> None:
    """One meter alone changes nothing for the others, until another one agrees."""
    habits = Habits(window=MONTH)
    habits.learn(WEEK, "a", NOW)
    assert [habits.window_for(code) for code in "abc"] == [WEEK, MONTH, MONTH]
    habits.learn(QueryForm(days=1), "b", NOW)
    assert [habits.window_for(code) for code in "abc"] == [MONTH, QueryForm(days=1), MONTH]
    habits.learn(MONTH, "c", NOW)
    assert [habits.window_for(code) for code in "abc"] == [MONTH, MONTH, MONTH]


def test_trial() -> None:
    """A week later, something wider is tried, with a span that shows whether it works."""
    habits = Habits()
    habits.learn(WEEK, "a", NOW)
    assert habits.trial(LONG, WEEK, NOW + 7 * DAY - timedelta(seconds=1)) is None
    assert habits.trial(LONG, WEEK, NOW + 7 * DAY) == MONTH
    assert habits.trial(LONG, WEEK, NOW - DAY) == MONTH
    assert habits.trial(SHORT, WEEK, NOW + 7 * DAY) is None
    assert habits.trial(SHORT, QueryForm(days=7, to_today=True), NOW + 7 * DAY) == QueryForm()
    assert habits.trial(LONG, QueryForm(), NOW + 7 * DAY) is None
    for _ in range(5):
        habits.note_refusal(NOW + 7 * DAY)
    assert habits.trial(LONG, WEEK, NOW + 7 * DAY) is None


def test_widening() -> None:
    """What is wider replaces what was known, for one meter or for all."""
    habits = Habits(window=MONTH)
    habits.learn(WEEK, "a", NOW)
    habits.widen(WEEK, MONTH, NOW + 7 * DAY)
    assert [habits.window_for(code) for code in "ab"] == [MONTH, MONTH]
    assert habits.trial(LONG, MONTH, NOW + 8 * DAY) is None
    habits.widen(MONTH, QueryForm(days=38), NOW + 14 * DAY)
    assert [habits.window_for(code) for code in "ab"] == [QueryForm(days=38)] * 2
    habits = Habits(window=QueryForm(to_today=True))
    habits.learn(QueryForm(Dates.DAYS), "a", NOW)
    habits.widen(QueryForm(Dates.DAYS), QueryForm(), NOW)
    habits.widen(QueryForm(to_today=True), QueryForm(), NOW)
    assert [habits.window_for(code) for code in "ab"] == [None, None]
    assert habits.witness is None


def test_refusals_of_an_hour() -> None:
    """Six attempts an hour may fail; a clock that is set back doesn't count against them."""
    habits = Habits()
    for minute in range(6):
        habits.note_refusal(NOW + timedelta(minutes=minute))
    assert habits.attempts_left(NOW + timedelta(minutes=6)) == 0
    assert habits.attempts_left(NOW + timedelta(minutes=61)) == 2
    assert Habits(_refusals=[NOW + DAY]).attempts_left(NOW) == 6


def test_meter_that_is_left_alone() -> None:
    """For a day it is told what the platform said last."""
    habits = Habits()
    habits.leave_alone("a", FailedError(1001, "系统异常"), NOW, is_over=True)
    habits.raise_if_left_alone("b", NOW)
    errors = []
    for seconds in (0, 86399):
        with pytest.raises(FailedError, match="系统异常") as caught:
            habits.raise_if_left_alone("a", NOW + timedelta(seconds=seconds))
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    habits.raise_if_left_alone("a", NOW + DAY)
    habits.raise_if_left_alone("a", NOW - DAY)
    habits.leave_alone("b", FailedError(1001, ""), NOW + DAY, is_over=False)
    assert [*habits._left_alone] == ["b"]
    with pytest.raises(FailedError):
        habits.raise_if_left_alone("b", NOW + DAY + timedelta(minutes=59))
    habits.raise_if_left_alone("b", NOW + DAY + timedelta(minutes=60))


def test_search_that_goes_on() -> None:
    """What was refused for a meter isn't tried again in the next hours, unless that is over."""
    habits = Habits()
    habits.note_tried("a", WEEK, NOW)
    habits.note_tried("a", MONTH, NOW + DAY)
    hours = [timedelta(hours=hours) for hours in (1, 3, 24, 26, 27)]
    assert [len(habits.tried("a", NOW + time)) for time in hours] == [1, 0, 1, 1, 0]
    assert habits.tried("b", NOW) == set()
    habits.end_search("a")
    assert habits.tried("a", NOW + DAY) == set()
    habits.end_search("a")


def test_search_that_had_no_attempt_left() -> None:
    """What is wider than what it found is tried at once, not after a week."""
    habits = Habits()
    habits.learn(WEEK, "a", NOW)
    habits.is_open = True
    assert habits.trial(LONG, WEEK, NOW) == MONTH
    assert habits.trial(SHORT, WEEK, NOW) is None
    assert Habits.from_dict(habits.as_dict()).is_open


def test_kept() -> None:
    """What is learnt is kept; what somebody just tried isn't."""
    habits = Habits(window=MONTH, shown={Dates.DAYS}, page_cap=100, longest_page=99, first_page=0)
    habits.learn(QueryForm(Dates.DAYS, 7, to_today=True), "a", NOW)
    kept = json.loads(json.dumps(habits.as_dict()))
    assert kept == {
        "window": {"dates": "%Y-%m-%d %H:%M:%S", "days": 31, "to_today": False},
        "candidate": {"dates": "%Y-%m-%d", "days": 7, "to_today": True},
        "witness": "a",
        "searched_at": "2026-11-02T04:00:00+00:00",
        "is_open": False,
        "shown": ["%Y-%m-%d"],
        "page_cap": 100,
        "longest_page": 99,
        "first_page": 0,
    }
    older = {name: value for name, value in kept.items() if name != "is_open"}
    assert Habits.from_dict(older).as_dict() == kept
    restored = Habits.from_dict(kept)
    assert restored.as_dict() == kept
    assert restored.window_for("a") == QueryForm(Dates.DAYS, 7, to_today=True)
