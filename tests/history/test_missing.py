"""Tests of which rows are missing, by what is remembered of them."""

from datetime import date
from decimal import Decimal

import pytest

from custom_components.jrhsz.history.missing import (
    Stored,
    is_cost_missing,
    is_credit_missing,
    missing_since,
    reread_since,
)
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.state import Lacks, MeterHistory
from custom_components.jrhsz.history.sums import Sums, start_of

BEGIN = start_of(date(2026, 3, 1))
NOW = BEGIN + 40 * DAY
WHOLE = Stored(BEGIN + 5 * HOUR, NOW - HOUR, (40 * DAY - 6 * HOUR) // HOUR)


def history_of(lacks: Lacks | None = None) -> MeterHistory:
    """Return a history of forty days."""
    return MeterHistory(
        started=BEGIN - DAY,
        asked_since=BEGIN - DAY,
        complete=True,
        used_until=NOW - 1800,
        use=Sums.of_days({date(2026, 3, 1): Decimal(1), date(2026, 4, 9): Decimal(1)}),
        lacks=lacks,
    )


@pytest.mark.parametrize(
    ("stored", "lacks", "since"),
    [
        (WHOLE, None, None),
        (None, None, BEGIN - DAY),
        (WHOLE._replace(end=NOW - 3 * DAY, hours=WHOLE.hours - 71), None, NOW - 3 * DAY),
        (WHOLE._replace(begin=NOW - 3 * DAY, hours=71), None, BEGIN - DAY),
        (WHOLE._replace(begin=NOW - 3 * DAY, hours=71), Lacks(NOW - 3 * DAY, 0), None),
        (WHOLE._replace(begin=NOW - 2 * DAY, hours=47), Lacks(NOW - 3 * DAY, 0), BEGIN - DAY),
        (WHOLE._replace(hours=WHOLE.hours - 1), None, WHOLE.begin),
        (WHOLE._replace(hours=WHOLE.hours - 5), Lacks(WHOLE.begin, 5), None),
        (WHOLE._replace(hours=WHOLE.hours - 6), Lacks(WHOLE.begin, 5), WHOLE.begin),
        (WHOLE._replace(begin=BEGIN - 9 * DAY, hours=WHOLE.hours + 221), None, None),
    ],
)
def test_missing(stored: Stored | None, lacks: Lacks | None, since: int | None) -> None:
    """Test rows that end early, begin late or have a gap, unless nobody has them any more."""
    assert missing_since(history_of(lacks), stored, NOW) == since


def test_nothing_is_missing_before_it_was_read() -> None:
    """Test an import that isn't complete, or found nothing."""
    for name, value in (("complete", False), ("used_until", 0), ("started", None)):
        history = history_of()
        setattr(history, name, value)
        assert missing_since(history, None, NOW) is None


def test_credits() -> None:
    """Test that the first row tells since when payments are known."""
    history = history_of()
    assert not is_credit_missing(history, None, NOW)
    history.note_credited(BEGIN + 5)
    assert is_credit_missing(history, None, NOW)
    assert not is_credit_missing(history, Stored(BEGIN + HOUR, NOW, 3), NOW)
    assert is_credit_missing(history, Stored(BEGIN + 2 * HOUR, NOW, 3), NOW)
    assert not is_credit_missing(history, None, BEGIN + HOUR)


def test_reread() -> None:
    """Test that what is missing is read again, and what is wanted of an earlier time, once."""
    history = history_of()
    assert reread_since(history, 41, NOW) is None
    history.note_missing(NOW - 3 * DAY, with_credits=False)
    assert reread_since(history, 41, NOW) == NOW - 3 * DAY
    assert reread_since(history, 60, NOW) == NOW - 60 * DAY
    history.note_reread(NOW - 60 * DAY, None)
    assert reread_since(history, 60, NOW) is None
    assert reread_since(history, 30, NOW) is None


@pytest.mark.parametrize(
    ("until", "end", "is_missing"),
    [
        (0, None, False),
        (NOW - 1800, None, True),
        (NOW - 1800, NOW - HOUR, False),
        (NOW - 1800, NOW - 2 * HOUR, True),
        (NOW - 3 * HOUR, NOW - 2 * HOUR, False),
    ],
)
def test_cost(until: int, end: int | None, *, is_missing: bool) -> None:
    """Test that rows up to the hour in which cost ends are expected."""
    history = MeterHistory(cost_until=until)
    stored = None if end is None else Stored(BEGIN, end, 1)
    assert is_cost_missing(history, stored) is is_missing
