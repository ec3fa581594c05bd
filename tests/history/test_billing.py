"""Tests of the days and months by which a balance is billed."""

from datetime import datetime, timedelta

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.history.billing import first_of_month, midnight


def seconds(text: str) -> int:
    """Return a time in China in seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA_STANDARD_TIME).timestamp())


@pytest.mark.parametrize(
    ("time", "day", "month"),
    [
        ("2026-03-02 00:00:00", "2026-03-02", "2026-03-01"),
        ("2026-03-02 23:59:59", "2026-03-02", "2026-03-01"),
        ("2026-03-01 00:00:00", "2026-03-01", "2026-03-01"),
        ("2026-02-28 23:59:59", "2026-02-28", "2026-02-01"),
        ("2028-02-29 07:59:59", "2028-02-29", "2028-02-01"),
        ("2027-01-01 08:00:00", "2027-01-01", "2027-01-01"),
    ],
)
def test_periods_are_those_of_china(time: str, day: str, month: str) -> None:
    """Test that a day and a month begin at midnight in China, and at no other place's."""
    assert midnight(seconds(time)) == seconds(day)
    assert first_of_month(seconds(time)) == seconds(month)


def test_every_hour_has_its_midnight() -> None:
    """Test that midnight is never after a time, and less than a day before it."""
    start = seconds("2026-12-30")
    for hour in range(96):
        time = start + hour * 3_600
        assert timedelta(0) <= timedelta(seconds=time - midnight(time)) < timedelta(days=1)
        assert midnight(midnight(time)) == midnight(time)
