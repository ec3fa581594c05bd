"""Tests of single changes of a balance."""

from decimal import Decimal

import pytest

from custom_components.jrhsz.history.settlement import Change

from ..support.histories import moment


def change(
    before: str = "10:00", after: str = "11:00", cost: str = "1", limit: str | None = None
) -> Change:
    """Return a change between two polls."""
    begin, end = (int(moment(text).timestamp()) for text in (before, after))
    return Change(
        sample=1,
        poll_before=begin,
        poll=end,
        begin=begin,
        end=end,
        fall=Decimal(cost),
        use=Decimal(1),
        expected=None,
        limit=None if limit is None else Decimal(limit),
        cost=Decimal(cost),
    )


@pytest.mark.parametrize(
    ("before", "after", "booked"),
    [
        ("10:00", "11:00", "11:00"),
        ("23:30", "+1 0:30", "+1 0:00"),
        ("23:30", "+1 0:00", "+1 0:00"),
        # From the last day of a month to the second day of the next one.
        ("+29 12:00", "+31 12:00", "+30 0:00"),
    ],
)
def test_time_of_a_lump(before: str, after: str, booked: str) -> None:
    """Test that what was booked over a night or the end of a month was booked then."""
    assert change(before, after).lump_time == int(moment(booked).timestamp())


@pytest.mark.parametrize(
    ("cost", "limit", "amount", "is_possible"),
    [
        ("1", None, "1000", True),
        ("1", "5", "4", True),
        ("1", "5", "4.01", False),
        ("1", "5", "-1", True),
        ("1", None, "-1.01", False),
    ],
)
def test_where_a_credit_may_hide(
    cost: str, limit: str | None, amount: str, *, is_possible: bool
) -> None:
    """Test that a credit hides only where the use could have cost as much, never below zero."""
    assert change(cost=cost, limit=limit).may_hide(Decimal(amount)) is is_possible
