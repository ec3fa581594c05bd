"""What was used in truth: a line through the readings. Times are seconds since 1970."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 24 * HOUR
# Meters and their users are in China; the hours of its clocks are those of UTC.
CHINA: Final = 8 * HOUR


class Line:
    """A line through points, level before the first and after the last."""

    def __init__(self, times: list[int], values: list[float]) -> None:
        """Keep the points, in the order of time."""
        self.times = times
        self.values = values

    def at(self, time: float) -> float:
        """Return the value at a time."""
        index = bisect_right(self.times, time)
        if index == 0:
            return self.values[0]
        if index == len(self.times):
            return self.values[-1]
        begin, end = self.times[index - 1], self.times[index]
        low, high = self.values[index - 1], self.values[index]
        return low + (high - low) * (time - begin) / (end - begin)

    def rise(self, begin: float, end: float) -> float:
        """Return how far the line rises in a span."""
        return self.at(end) - self.at(begin)


class Steps:
    """Amounts that come at moments, and what they add up to: whole numbers."""

    def __init__(self, steps: list[tuple[int, int]]) -> None:
        """Sort the amounts by their time."""
        steps = sorted(steps)
        self.times = [time for time, _ in steps]
        self.totals = [0, *accumulate(amount for _, amount in steps)]

    def at(self, time: float) -> int:
        """Return the sum of what came up to a time."""
        return self.totals[bisect_right(self.times, time)]

    def between(self, begin: float, end: float) -> int:
        """Return the sum of what came after the begin, up to the end."""
        return self.at(end) - self.at(begin)


def day_begin(time: float) -> int:
    """Return when the day began, in China."""
    return int((time + CHINA) // DAY * DAY - CHINA)


def clock(time: float) -> float:
    """Return the hours since midnight, in China."""
    return (time + CHINA) % DAY / HOUR


def month_of(time: float) -> tuple[int, int]:
    """Return year and month, in China."""
    local = datetime.fromtimestamp(time + CHINA, UTC)
    return local.year, local.month


def begins_month(time: float) -> bool:
    """Tell whether a month begins, in China."""
    return time == day_begin(time) and month_of(time) != month_of(time - 1)


def days(begin: float, end: float) -> Iterator[int]:
    """Yield the beginnings of the whole days in a span."""
    day = day_begin(begin + DAY - 1)
    while day + DAY <= end:
        yield day
        day += DAY


def months(begin: float, end: float) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the whole months in a span."""
    firsts = [day for day in days(begin, end + DAY) if begins_month(day) and day <= end]
    yield from pairwise(firsts)
