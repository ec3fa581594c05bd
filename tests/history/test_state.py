"""Tests of what follows from a meter's history, and of what is kept of it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.history.cost import Costs, Spread, costs_of
from custom_components.jrhsz.history.ledger import Credit, Follows, Ledger, Sample
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.state import Lacks, Listed, MeterHistory, Window
from custom_components.jrhsz.history.sums import Sums
from custom_components.jrhsz.history.usage import Row, Stored, Usage, usage_of

from ..support.histories import moment, record


def usage(first: str, last: str, low: str, high: str) -> Usage:
    """Return an even use between two times."""
    found = usage_of([record(first, low, last, high)], moment("+99 0:00"), MeterKind.ELECTRICITY)
    assert found is not None
    return found


def costs(first: str, last: str, cost: str) -> Costs:
    """Return an even cost between two times."""
    begin, end = (int(moment(text).timestamp()) for text in (first, last))
    sample = Sample(end, end, Decimal(0))
    return Costs(Ledger((sample,)), steps=[Spread(begin, end, Decimal(cost), 1)])


def history_of(*parts: Usage | Costs) -> MeterHistory:
    """Return a history that was told of some use and cost."""
    history = MeterHistory()
    for part in parts:
        if isinstance(part, Usage):
            history.note_usage(part)
        else:
            history.note_costs(part)
    return history


def test_progress() -> None:
    """Test that it grows with the windows that were read."""
    history = MeterHistory()
    assert history.progress(1000) == 0
    history.start(0, 0)
    assert history.progress(1000) == 0
    history.note_window(Window(0, 250, goes_on=False, reaches_present=False), 200)
    assert history.progress(1000) == 0.25
    assert history.begin == 200
    history.note_window(Window(200, 1000, goes_on=True, reaches_present=True), 900)
    assert history.progress(10_000) == 1
    assert history.renewed_at == 1000


def test_polls_that_are_no_news() -> None:
    """Test that a balance is kept when it or its reading changed."""
    history = MeterHistory()
    assert history.note_poll(10 * DAY, 10 * DAY - 60, Decimal(5))
    assert not history.note_poll(10 * DAY + HOUR, 10 * DAY - 60, Decimal("5.00"))
    assert history.note_poll(10 * DAY + 2 * HOUR, 10 * DAY, Decimal(4))
    assert [sample.poll for sample in history.ledger.samples] == [10 * DAY, 10 * DAY + 2 * HOUR]
    assert history.ledger.accounted_until == 8 * DAY


def test_whatever_changes_is_kept_anew() -> None:
    """Test that what was made to be kept is never older than the history."""
    history = history_of(usage("0:00", "+2 0:00", "0", "48.5"), costs("0:00", "+2 0:00", "5.5"))
    changes: list[Callable[[], object]] = [
        lambda: history.start(12, 10),
        lambda: history.note_reread(8, Lacks(8, 3)),
        lambda: history.note_missing(9, with_credits=True),
        lambda: history.note_window(Window(12, 34, goes_on=False, reaches_present=True), 30),
        lambda: history.note_sync(35),
        lambda: history.note_poll(10 * DAY, 10 * DAY, Decimal("-0.50")),
        lambda: history.note_poll(11 * DAY, 11 * DAY, Decimal("-1.50")),
        lambda: history.note_payments([Credit(9 * DAY, Decimal("100.00"))], 10 * DAY),
        lambda: history.note_credited(3 * DAY),
        lambda: history.note_usage(usage("+2 0:00", "+3 0:00", "48.5", "50")),
        lambda: history.note_costs(costs("+2 0:00", "+3 0:00", "1")),
    ]
    kept = history.as_dict()
    for change in changes:
        assert history.as_dict() is kept
        change()
        assert history.as_dict() != kept
        kept = history.as_dict()
        assert MeterHistory.from_dict(json.loads(json.dumps(kept))) == history


def test_lists_of_payments() -> None:
    """Test that a list goes on from a longer one, and which hours it tells all of."""
    long = Listed(5 * DAY + 7, (Credit(6 * DAY + 5, Decimal(1)), Credit(9 * DAY, Decimal(2))))
    assert Listed(8 * DAY, (Credit(10 * DAY, Decimal(3)),)).after(long) == Listed(
        5 * DAY + 7, (Credit(6 * DAY + 5, Decimal(1)), Credit(10 * DAY, Decimal(3)))
    )
    assert long.after(None) is long.after(Listed(8 * DAY, ())) is long
    # A window of the past has nothing of a list that begins later.
    ends = (5 * DAY, 5 * DAY + HOUR, 5 * DAY + 2 * HOUR)
    assert [long.begins_before(end) for end in ends] == [False, False, True]
    assert long.first_hour == 6 * DAY
    assert Listed(5 * DAY + 7, ()).first_hour == 5 * DAY + HOUR
    assert not long.is_over(9 * DAY + HOUR - 1)
    assert long.is_over(9 * DAY + HOUR)


def test_payments_before_the_first_balance() -> None:
    """Test that old payments don't wait for a place in a balance, and since when they are known."""
    history = MeterHistory()
    history.note_payments([Credit(2 * DAY, Decimal(1)), Credit(9 * DAY, Decimal(2))], 10 * DAY)
    assert history.ledger.credits == (Credit(9 * DAY, Decimal(2)),)
    for since, known in ((5 * DAY, 5 * DAY), (6 * DAY, 5 * DAY), (DAY, DAY)):
        history.note_credited(since)
        assert history.credited_since == known


def test_balances_that_come_while_the_cost_is_computed_stay() -> None:
    """Test that trimming loses nothing."""
    history = MeterHistory()
    for hour in range(120):
        history.note_poll(hour * HOUR, hour * HOUR, Decimal(1000 - hour))
    settled = costs_of(history.snapshot(), None, now=120 * HOUR)
    payments = [Credit(HOUR, Decimal(1)), Credit(119 * HOUR, Decimal(2))]
    history.note_payments(payments, 119 * HOUR)
    history.note_poll(120 * HOUR, 120 * HOUR, Decimal(1))
    history.note_costs(settled)
    # Midnight in China.
    assert history.ledger.billed_until == 40 * HOUR
    assert history.ledger.samples[0] == Sample(40 * HOUR, 40 * HOUR, Decimal(960))
    assert history.ledger.samples[-1] == Sample(120 * HOUR, 120 * HOUR, Decimal(1))
    assert history.ledger.credits == (payments[1],)
    assert history.ledger.accounted_until == 40 * HOUR
    assert history.ledger.follows is Follows.AT_ONCE


@pytest.mark.parametrize("minutes", [1, 5, 9])
def test_quick_uploads_cost_what_the_balance_lost(minutes: int) -> None:
    """Test that every hour costs the same as with all balances, of which few are kept."""
    history, everything = MeterHistory(), list[Sample]()
    balance, rows = Decimal(1000), dict[int, Row]()
    for time in range(0, 6 * DAY + 1, minutes * 60):
        balance -= Decimal(time * time % 7).scaleb(-2)
        everything.append(Sample(time + 20, time, balance))
        history.note_poll(*everything[-1])
        if time % HOUR >= minutes * 60 or time < HOUR:
            continue
        found = costs_of(history.snapshot(), None, now=time + 20)
        if not found.steps:
            continue
        before = [row.sum for row in rows.values() if row.start + HOUR <= found.begin]
        stored = Stored(before[-1] if before else Decimal(0))
        rows |= {row.start: row for row in found.rows(stored, time)}
        history.note_costs(found)
    assert len(history.ledger.samples) <= 4 * 24 * 2
    assert history.ledger.samples[0].poll <= time - 3 * DAY
    clean = costs_of(Ledger(tuple(everything), (), 0, follows=Follows.AT_ONCE), None, now=time + 20)
    assert list(rows.values()) == clean.rows(Stored(), time)
    assert rows[max(rows)].sum == clean.total(time - time % HOUR)


def test_balances_are_forgotten_from_an_hour_on_whose_cost_is_not_stored() -> None:
    """Test that after weeks without any cost no hour's cost is computed anew from a part of it."""
    history = MeterHistory(cost_until=100 * HOUR + 600)
    for number in range(251 * 3):
        history.note_poll(number * 1200 + 20, number * 1200, Decimal(-number))
    assert history.ledger.samples[0].read_time == 101 * HOUR
    assert history.ledger.samples[-1].read_time == 251 * HOUR - 1200


def test_kept_over_a_restart() -> None:
    """Test that what is kept is JSON and comes back, made anew only after a change."""
    history = history_of(usage("0:00", "+2 0:00", "0", "48.5"), costs("0:00", "+2 0:00", "5.5"))
    history.note_poll(10 * DAY, 10 * DAY, Decimal("-0.50"))
    loaded = json.loads(json.dumps(history.as_dict()))
    again = MeterHistory.from_dict(loaded)
    # Making that of a thousand meters at once would block Home Assistant.
    assert again.as_dict() is loaded
    assert again == history
    assert again.judged["A"].last.reading == Decimal("48.5")
    again.note_sync(34)
    assert again.as_dict() is not loaded


def test_what_was_kept_at_first() -> None:
    """Test that nothing of it is lost."""
    kept = {
        "window": [12, 34, None, True],
        "times": [1, 2, 3, 4],
        "until": [5 * DAY, 6 * DAY],
        "samples": [[10 * DAY, 9 * DAY, "-0.50"]],
        "payments": [[8 * DAY, "100.00"]],
        "use": {"2026-03-02": "24.000001", "2026-03-03": "24"},
        "cost": {"2026-03-03": "1.5"},
    }
    history = MeterHistory.from_dict(kept)
    assert history == MeterHistory(
        asked_since=12,
        started=12,
        cursor=34,
        complete=True,
        synced_at=1,
        renewed_at=2,
        payments_read_at=3,
        used_until=5 * DAY,
        cost_until=6 * DAY,
        ledger=Ledger(
            (Sample(10 * DAY, 9 * DAY, Decimal("-0.50")),),
            (Credit(8 * DAY, Decimal(100)),),
            4,
            9 * DAY,
        ),
        use=Sums(date(2026, 3, 2), (24_000_001, 24_000_000)),
        cost=Sums(date(2026, 3, 3), (1_500_000,)),
    )
    assert history.as_dict() != kept
    assert MeterHistory.from_dict(history.as_dict()) == history


@pytest.mark.parametrize(
    "damage",
    [
        {"window": [1, 2, 3]},
        {"times": [1, 2, 3, "x"]},
        {"until": None},
        {"samples": [[1, 2, "x"]]},
        {"payments": [[1]]},
        {"use": {"yesterday": "1"}},
        {"cost": []},
        {"billed": [1]},
        {"follows": "slowly"},
        {"charges": 3},
        {"judged": {"A": [1, 2]}},
    ],
)
def test_what_cannot_be_used_is_a_new_meter(damage: dict[str, Any]) -> None:
    """Test that damage of any kind starts afresh."""
    kept = history_of(usage("0:00", "+2 0:00", "0", "48.5")).as_dict()
    assert MeterHistory.from_dict(kept | damage) == MeterHistory()
    assert MeterHistory.from_dict(None) == MeterHistory()
