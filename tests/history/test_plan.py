"""Tests of when what of a meter's history is read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.jrhsz.history.billing import needed_since
from custom_components.jrhsz.history.ledger import Follows, Ledger, Sample
from custom_components.jrhsz.history.plan import (
    are_payments_due,
    first_begin,
    is_renewal_due,
    is_sync_due,
    next_window,
    payments_begin,
    rebuilt_window,
)
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.state import MeterHistory, Window

NOW = int(datetime(2026, 3, 12, 1, tzinfo=UTC).timestamp())


def test_the_first_import_goes_on_where_what_is_stored_ended() -> None:
    """Test that it reads three days of it again, and never begins in the future."""
    assert first_begin(30, None, NOW) == NOW - 30 * DAY
    assert first_begin(30, NOW - 40 * DAY, NOW) == NOW - 30 * DAY
    assert first_begin(30, NOW - 10 * DAY, NOW) == NOW - 13 * DAY
    assert first_begin(30, NOW + 10 * DAY, NOW) == NOW


@pytest.mark.parametrize(
    ("history", "since", "seam", "begin", "goes_on"),
    [
        # Nothing is stored.
        (MeterHistory(), 5, None, 5, False),
        # An older installation stored something.
        (MeterHistory(), 5, 8, 8, True),
        # An import is complete.
        (MeterHistory(started=30, begin=3, complete=True), 5, 8, 8, True),
        (MeterHistory(started=30, begin=3, complete=True), 1, 4, 4, True),
        (MeterHistory(started=30, begin=3, complete=True), 40, None, 40, False),
        # One isn't.
        (MeterHistory(started=30), 5, None, 30, False),
        (MeterHistory(started=30, begin=20), 5, None, 20, True),
        (MeterHistory(started=30, begin=20), 25, 28, 28, True),
    ],
)
def test_a_rebuild_leaves_no_gap(
    history: MeterHistory, since: int, seam: int | None, begin: int, *, goes_on: bool
) -> None:
    """Test where it begins, in days before now, and whether what is stored there is kept."""
    history = MeterHistory(
        started=None if history.started is None else NOW - history.started * DAY,
        begin=None if history.begin is None else NOW - history.begin * DAY,
        complete=history.complete,
    )
    kept_until = None if seam is None else NOW - seam * DAY
    window = rebuilt_window(history, NOW - since * DAY, kept_until, NOW)
    assert window == Window(NOW - begin * DAY, NOW, goes_on=goes_on, reaches_present=True)


@pytest.mark.parametrize(
    ("read", "synced", "hours"),
    [
        # The last record was read at half past, ten minutes before it came.
        (30, 40, 1),
        # When it came its hour was over.
        (30, 65, 24),
        (60, 65, 24),
        # Nothing was ever read.
        (None, 40, 24),
    ],
)
def test_the_last_hour_is_written_when_it_is_over(
    read: int | None, synced: int, hours: int
) -> None:
    """Test when records are read again though no newer reading comes."""
    history = MeterHistory(complete=True, synced_at=NOW + synced * 60)
    if read is not None:
        history.used_until = NOW + read * 60
    read_time = datetime.fromtimestamp(history.used_until, UTC)
    due = NOW + synced * 60 + hours * HOUR
    assert [is_sync_due(history, read_time, time) for time in (due - 60, due)] == [False, True]


def test_payments_of_the_past_are_read_once() -> None:
    """Test that they are read back to where records begin, then those of a month."""
    now = 100 * DAY
    history = MeterHistory(started=10 * DAY, payments_read_at=now)
    assert are_payments_due(history, now)
    assert payments_begin(history, now) == 10 * DAY
    history.note_credited(10 * DAY)
    assert not are_payments_due(history, now)
    assert payments_begin(history, now) == 70 * DAY
    # More of the past is read later.
    history.started = 5 * DAY
    assert are_payments_due(history, now)
    assert payments_begin(history, now) == 5 * DAY


def test_a_renewal_reads_what_the_cost_needs() -> None:
    """Test that it begins with the month that isn't billed yet, if that began before its days."""
    begin = NOW - 60 * DAY
    history = MeterHistory(started=NOW - 90 * DAY, begin=NOW - 2 * DAY, complete=True)
    usual = next_window(history, NOW, is_renewal=True)
    sample = Sample(begin, begin, Decimal(10))
    history.ledger = Ledger(samples=(sample,), follows=Follows.MONTHLY)
    needed = needed_since(history.ledger)
    assert needed < usual.begin
    assert next_window(history, NOW, is_renewal=True) == usual._replace(begin=needed)


def test_a_renewal_from_the_future_is_none() -> None:
    """Test that a clock that was ahead puts the weekly renewal off by a week at most."""
    history = MeterHistory(complete=True, renewed_at=NOW + 400 * DAY)
    assert is_renewal_due(history, "1", NOW)
    history.note_window(Window(NOW - DAY, NOW, goes_on=True, reaches_present=True, renews=True), 1)
    assert [is_renewal_due(history, "1", NOW + day * DAY) for day in (0, 8)] == [False, True]
