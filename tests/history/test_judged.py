"""Tests of what is kept of a meter's readings, and of what becomes of a live one."""

from dataclasses import replace
from decimal import Decimal
import json

import pytest

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.history.judged import (
    Judged,
    Level,
    Verdict,
    judged_before,
    verdict,
)
from custom_components.jrhsz.history.readings import DAY, HOUR, Point, limit_of

NOW = 1000 * DAY
JUDGED = Judged(
    first=5 * DAY,
    last=Point(NOW, Decimal("12.50")),
    peaks=(Point(6 * DAY, Decimal(3)), Point(9 * DAY, Decimal("4.5"))),
    levels=(
        Level(7 * DAY, Decimal("5000.10"), Decimal(0), 6 * DAY),
        Level(8 * DAY, Decimal(9), Decimal(99999), 8 * DAY, 9 * DAY),
    ),
)


def test_kept_over_a_restart() -> None:
    """Test that what is kept is JSON and comes back."""
    assert Judged.from_list(json.loads(json.dumps(JUDGED.as_list()))) == JUDGED
    with pytest.raises(ValueError, match="unpack"):
        Judged.from_list([1, 2])


def test_what_was_judged_before_a_time() -> None:
    """Test that what is to be judged again is left out, with meters that are new since."""
    assert judged_before({"A": JUDGED}, 5 * DAY) == {}
    assert judged_before({"A": JUDGED}, 10 * DAY) == {"A": JUDGED}
    assert judged_before({"A": JUDGED}, 8 * DAY) == {
        "A": replace(JUDGED, peaks=JUDGED.peaks[:1], levels=JUDGED.levels[:1])
    }


def test_old_levels_are_forgotten() -> None:
    """Test that readings may go back for 400 days, and where they did that is kept for 40."""
    level = JUDGED.levels[0]
    levels = tuple(
        replaced
        for replaced in (
            level._replace(time=NOW - 401 * DAY),
            level._replace(time=NOW - 400 * DAY),
            level._replace(time=NOW - 399 * DAY, until=NOW - 41 * DAY),
            level._replace(time=NOW - 50 * DAY, until=NOW - 40 * DAY),
        )
    )
    assert replace(JUDGED, levels=levels[::-1]).pruned().levels == (levels[1], levels[3])
    many = tuple(level._replace(time=NOW - day * DAY) for day in range(100))
    peaks = tuple(Point(day * DAY, Decimal(day)) for day in range(100))
    kept = replace(JUDGED, levels=many, peaks=peaks).pruned()
    assert [(NOW - level.time) // DAY for level in kept.levels] == list(range(39, -1, -1))
    assert kept.peaks == peaks[60:]


LAST = (0, 5000)


@pytest.mark.parametrize(
    ("reading", "run", "expected"),
    [
        ((1, 5003), None, Verdict.ACCEPTED),
        ((1, 5000), None, Verdict.ACCEPTED),
        ((48, 5500), None, Verdict.ACCEPTED),
        # Nobody knows yet.
        ((1, 0), None, Verdict.HELD),
        ((1, 9000), None, Verdict.HELD),
        ((1, 4987), None, Verdict.HELD),
        # Zeros and nines never count.
        ((500, 0), (1, 0), Verdict.HELD),
        ((500, 99999), (1, 99999), Verdict.HELD),
        # A register that counts for a day is one.
        ((24, 3), (1, 0), Verdict.HELD),
        ((25, 3), (1, 0), Verdict.NEW_REGISTER),
        ((30, 9004), (1, 9000), Verdict.NEW_REGISTER),
        ((30, 4990), (1, 4987), Verdict.NEW_REGISTER),
        # Readings go back to what was before.
        ((30, 5004), (1, 0), Verdict.ACCEPTED),
        # That is another run.
        ((30, 8000), (1, 0), Verdict.HELD),
        ((30, 1), (1, 9000), Verdict.HELD),
    ],
)
def test_a_live_reading(
    reading: tuple[int, int], run: tuple[int, int] | None, expected: Verdict
) -> None:
    """Test what becomes of a reading some hours after the last one that was accepted."""

    def point(told: tuple[int, int]) -> Point:
        return Point(told[0] * HOUR, Decimal(told[1]))

    limit = limit_of(MeterKind.ELECTRICITY)
    since = None if run is None else point(run)
    assert verdict(point(LAST), point(reading), limit, peak=Decimal(0), run=since) is expected
