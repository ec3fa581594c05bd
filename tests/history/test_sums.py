"""Tests of sums by day and month."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
import json

import pytest

from custom_components.jrhsz.history.readings import DAY
from custom_components.jrhsz.history.sums import Sums, start_of

FIRST = date(2026, 1, 1)


def at(day: float) -> int:
    """Return the time some days after the first of January."""
    return start_of(FIRST) + round(day * DAY)


def rising(since: float, *, by: int = 24) -> Callable[[int], Decimal]:
    """Return a total that rises evenly, by so much a day."""
    return lambda time: Decimal(time - at(since)) * by / DAY


def noted(sums: Sums, begin: float, end: float, *, by: int = 24) -> Sums:
    """Return sums with those of some days."""
    return sums.noted(rising(begin, by=by), at(begin), at(end))


def days_from(first: date, number: int) -> date:
    """Return a later day."""
    return first + timedelta(days=number)


def test_days() -> None:
    """Test that the first and the last day have what is known of them."""
    sums = noted(Sums(), 0.5, 2.25)
    assert [sums.of(days_from(FIRST, day)) for day in range(-1, 4)] == [None, 12, 24, 6, None]
    assert [sums.of_whole(days_from(FIRST, day)) for day in range(2)] == [None, 24]
    assert noted(Sums(), 0, 2).of_whole(FIRST) == 24
    assert noted(sums, 0, 2).of_whole(FIRST) == 24
    assert sums.between(FIRST, date(2026, 1, 5)) is None
    assert sums.between(FIRST, date(2026, 1, 4)) == (Decimal(42), FIRST)
    assert sums.between(date(2025, 12, 1), date(2026, 1, 3)) == (Decimal(36), FIRST)
    assert sums.between(date(2026, 1, 2), date(2026, 1, 3)) == (Decimal(24), date(2026, 1, 2))


def test_a_span_that_begins_within_a_day_leaves_it() -> None:
    """Test that only the first day of all is one of which a part is known."""
    sums = noted(Sums(), 0.5, 2)
    assert noted(sums, 1.5, 3, by=240).between(FIRST, date(2026, 1, 4)) == (Decimal(276), FIRST)
    assert noted(sums, 0.75, 3, by=240).of(FIRST) == 60
    assert noted(sums, -2.5, -1).of(date(2025, 12, 29)) == 12


def test_since_a_gap() -> None:
    """Test that what lies before a day that isn't known is left out."""
    sums = noted(noted(Sums(), 0, 2), 3, 5)
    assert sums.between(FIRST, date(2026, 1, 6)) == (Decimal(48), date(2026, 1, 4))


def test_months() -> None:
    """Test that of days long ago the sum of each month stays, for a year."""
    sums = Sums()
    for month in range(14):
        sums = noted(sums, month * 30 + (0.5 if month == 0 else -3), (month + 1) * 30)
    # Up to the 24th of February 2027.
    assert len(sums.days) == 31 + 31 + 24
    assert len(sums.months) == 11
    total = 24 * 419.5
    assert sums.between(FIRST, date(2027, 2, 25)) == (Decimal(total), FIRST)
    assert sums.between(date(2027, 1, 1), date(2027, 2, 25)) == (Decimal(55 * 24), date(2027, 1, 1))
    for month in range(14, 18):
        sums = noted(sums, month * 30 - 3, (month + 1) * 30)
    assert len(sums.months) == 13


def test_a_month_of_which_a_part_is_read_again_keeps_its_sum() -> None:
    """Test that all of it has to be read again for another sum."""
    sums = noted(Sums(), 0, 150)
    assert sums.between(FIRST, date(2026, 5, 31)) == (Decimal(24 * 150), FIRST)
    again = noted(sums, 10, 150, by=48)
    assert again.between(FIRST, date(2026, 2, 1)) == (Decimal(24 * 31), FIRST)
    assert again.between(FIRST, date(2026, 5, 31)) == (Decimal(24 * 31 + 48 * 119), FIRST)
    again = noted(sums, 0, 150, by=48)
    assert again.between(FIRST, date(2026, 5, 31)) == (Decimal(48 * 150), FIRST)


def test_months_with_a_gap() -> None:
    """Test that a month counts since the day from which on all of it is known."""
    sums = noted(noted(Sums(), 0, 10), 20, 120)
    assert sums.between(FIRST, date(2026, 5, 1)) == (Decimal(100 * 24), date(2026, 1, 21))
    sums = noted(noted(Sums(), 0, 10), 31, 120)
    assert sums.between(FIRST, date(2026, 5, 1)) == (Decimal(89 * 24), date(2026, 2, 1))


def test_kept() -> None:
    """Test that sums come back from JSON, also those that were kept at first."""
    sums = noted(Sums(), 0.5, 150)
    assert Sums.from_list(json.loads(json.dumps(sums.as_list()))) == sums
    assert Sums.from_list(Sums().as_list()) == Sums()
    old = {"2026-03-02": "1.5", "2026-03-04": "0.000001"}
    sums = Sums.from_list(old)
    assert sums.of(date(2026, 3, 2)) == Decimal("1.5")
    assert sums.of(date(2026, 3, 3)) is None
    assert sums.of(date(2026, 3, 4)) == Decimal("0.000001")
    assert Sums.from_list({}) == Sums()


@pytest.mark.parametrize(
    "kept", [None, [], ["x", [], [], 0], ["2026-01-01", ["x"], [], 0], {"x": "1"}]
)
def test_damage(kept: object) -> None:
    """Test that what can't be read is an error."""
    with pytest.raises((ValueError, TypeError)):
        Sums.from_list(kept)
