"""Tests of how late a list is, and of when orders are looked up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.jrhsz.recharge.delays import ListDelays, needs_whole, next_look
from custom_components.jrhsz.recharge.order import Order, Source, Status

from ..support.orders import DAY, SENT, confirmed, listed, order

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def delays(*orders: Order, has_shown: bool = True) -> ListDelays:
    """Return what orders tell."""
    return ListDelays.of(orders, has_shown=has_shown)


@pytest.mark.parametrize("code", [1002, 1005, 1006, 1007, 1008, 1009])
@pytest.mark.parametrize("has_shown", [True, False])
def test_patience_after_a_door_check(code: int, *, has_shown: bool) -> None:
    """Test that a minute is enough after an answer of the door-check."""
    assert delays(has_shown=has_shown).patience(order(code=code)) == MINUTE


@pytest.mark.parametrize(
    ("before", "has_shown", "expected"),
    [
        ([], True, 10 * MINUTE),
        ([], False, 60 * MINUTE),
        (listed(1), False, 10 * MINUTE),
        (listed(2), True, 10 * MINUTE),
        (listed(3), True, MINUTE),
        (listed(3, absent_at=None), True, MINUTE),
        (listed(3, 10 * MINUTE), True, 10 * MINUTE),
        (listed(1, 8 * HOUR), True, 8 * HOUR),
        (listed(3, 30 * HOUR), True, 26 * HOUR),
        # Only the last fifty count.
        ([*listed(1, 8 * HOUR), *listed(50)], True, MINUTE),
    ],
)
def test_patience_after_a_failure(
    before: list[Order],
    has_shown: bool,  # noqa: FBT001  parametrized
    expected: timedelta,
) -> None:
    """Test that the patience after 1001 follows what was learnt."""
    assert delays(*before, has_shown=has_shown).patience(order(code=1001)) == expected


def test_delay_is_what_a_list_lacked() -> None:
    """Test that what counts is the last whole list that lacked an order, not when it was found."""
    sent = SENT - DAY
    found = confirmed("A", sent=sent, absent_at=sent + 10 * MINUTE, listed_at=sent + 30 * MINUTE)
    known = delays(found, *listed(2))
    assert known.longest == 10 * MINUTE
    assert known.patience(order(code=1001)) == 40 * MINUTE


def test_order_that_was_looked_for_late() -> None:
    """Test that an order that was first looked for after hours doesn't pass for a quick one."""
    assert delays(*listed(3, 4 * HOUR)).patience(order(code=1001)) == 4 * HOUR


def test_order_that_is_still_missing() -> None:
    """Test that a credited order that isn't listed yet makes patient."""
    missing = confirmed("A", sent=SENT - 3 * HOUR, absent_at=SENT - HOUR)
    assert delays(*listed(3), missing).patience(order(code=1001)) == 8 * HOUR


@pytest.mark.parametrize("code", [1001, 1008])
def test_lost_order(code: int) -> None:
    """Test that absence proves nothing once a credited order was never listed."""
    lost = confirmed("A", sent=SENT - 2 * DAY, absent_at=SENT - 2 * DAY + 26 * HOUR)
    known = delays(*listed(3), lost)
    assert known.are_lost
    assert known.patience(order(code=code)) is None
    # Somebody said that it wasn't credited.
    denied = replace(lost, status=Status.REJECTED, source=Source.PERSON)
    assert delays(*listed(3), denied).patience(order(code=1001)) == MINUTE


@pytest.mark.parametrize(
    "details", [{"code": None}, {"code": 4711}, {"code": 429}, {"code": 1001, "answered": None}]
)
def test_no_patience(details: dict[str, Any]) -> None:
    """Test that nothing but an answer that may be a refusal can ever be disproved."""
    known = delays(*listed(3))
    assert known.patience(order(**details)) is None


@pytest.mark.parametrize(
    ("details", "is_needed"),
    [
        # It may be where the list goes on.
        ({}, True),
        ({"code": None}, True),
        ({"status": Status.CONFIRMED, "watch_until": SENT}, True),
        ({"status": Status.CONFIRMED}, False),
        ({"status": Status.REJECTED, "watch_until": SENT}, True),
        ({"status": Status.REJECTED}, False),
    ],
)
def test_whole_lists(details: dict[str, Any], *, is_needed: bool) -> None:
    """Test for which orders a list is read to its end."""
    assert needs_whole(order(**details)) is is_needed


def test_until_doubt() -> None:
    """Test that a credit is doubted after a day and two hours, later where lists are late."""
    assert delays(*listed(3)).until_doubt == 26 * HOUR
    assert delays(*listed(3, 10 * HOUR)).until_doubt == 26 * HOUR
    assert delays(*listed(1, 40 * HOUR)).until_doubt == 40 * HOUR
    # One that is missing itself doesn't put it off.
    missing = confirmed("A", sent=SENT - 20 * HOUR, absent_at=SENT)
    assert delays(*listed(3), missing).until_doubt == 26 * HOUR


def schedule(followed: Order, known: ListDelays, end: timedelta) -> list[int]:
    """Return the seconds after sending at which an order is looked up; the looks prove nothing."""
    looks: list[int] = []
    looked_at = None
    while (due := next_look(followed, known, looked_at)) and due <= SENT + end:
        looks.append(round((due - SENT).total_seconds()))
        looked_at = due
    return looks


def test_looks_for_an_open_order() -> None:
    """Test that what is open is looked up with growing pauses for a quarter of an hour."""
    assert schedule(order(), delays(), 2 * DAY) == [15, 45, 105, 225, 465, 900]


def test_looks_for_an_order_that_may_be_refused() -> None:
    """Test that three lists, evenly apart, are had by the time that they prove something."""
    refused = order(code=1008)
    assert next_look(refused, delays(), SENT) == SENT + 15 * SECOND
    assert next_look(refused, delays(), SENT + 15 * SECOND) == SENT + 20 * SECOND
    once = replace(refused, absences=1, counted_at=SENT + 20 * SECOND)
    assert next_look(once, delays(), SENT + 20 * SECOND) == SENT + 40 * SECOND
    twice = replace(refused, absences=2, counted_at=SENT + 40 * SECOND)
    assert next_look(twice, delays(), SENT + 45 * SECOND) == SENT + 60 * SECOND
    # Not before a minute is over, even if the second came early.
    early = replace(refused, absences=2, counted_at=SENT + 30 * SECOND)
    assert next_look(early, delays(), SENT + 45 * SECOND) == SENT + 60 * SECOND
    # One that failed is tried again, but not at once.
    assert next_look(twice, delays(), SENT + 61 * SECOND) == SENT + 81 * SECOND
    late = order(code=1001, absences=2, counted_at=SENT + 40 * MINUTE)
    unseen = delays(has_shown=False)
    assert next_look(late, unseen, SENT + 60 * MINUTE) == SENT + 65 * MINUTE
    # One that came late puts the next off by a quarter.
    unpunctual = order(code=1001, absences=1, counted_at=SENT + 7 * MINUTE)
    looked_at = SENT + 7.75 * MINUTE
    assert next_look(unpunctual, delays(), looked_at) == SENT + 9.5 * MINUTE
    # What was proven as far as it can be is left to the passes.
    assert next_look(replace(late, absences=3), unseen, SENT + 60 * MINUTE) is None


def test_looks_for_a_credited_order() -> None:
    """Test that a credited order is looked for until it is listed, then no more."""
    followed = confirmed()
    expected = [60, 180, 600, 1800, 7200, 28800, 93600, 7 * 86400]
    assert schedule(followed, delays(), 8 * DAY)[:8] == expected
    # Where our orders are listed, two of the looks are those that may lead to a doubt.
    twice = replace(followed, absences=2, counted_at=SENT + 18 * HOUR)
    assert next_look(twice, delays(*listed(1)), SENT + 18 * HOUR) == SENT + 26 * HOUR
    assert next_look(followed, delays(*listed(1)), SENT + 2 * HOUR) == SENT + 8 * HOUR
    assert next_look(replace(followed, watch_until=None), delays(), None) is None
    assert next_look(replace(followed, doubted=True), delays(), None) is None


def test_looks_where_nothing_is_ever_listed() -> None:
    """Test that a platform with numbers of its own isn't asked for ours again and again."""
    lost = confirmed("A", sent=SENT - 2 * DAY, absent_at=SENT - 2 * DAY + 26 * HOUR)
    assert schedule(confirmed(), delays(lost), 6 * DAY) == [93600]
