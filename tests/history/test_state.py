"""Tests of what follows from a meter's history, and of what is kept of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.history.cost import Costs, Paid, Sample, costs_of
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.state import MeterHistory, Window
from custom_components.jrhsz.history.usage import Row, Stored, Usage, usage_of

from ..support.histories import moment, record

# The 12th of March, 9 o'clock in China.
NOW = datetime(2026, 3, 12, 9, tzinfo=CHINA_STANDARD_TIME)


def usage(first: str, last: str, low: str, high: str) -> Usage:
    """Return an even use between two times."""
    found = usage_of([record(first, low, last, high)], moment("+99 0:00"))
    assert found is not None
    return found


def costs(first: str, last: str, high: str, low: str) -> Costs:
    """Return the cost of an even use between two times, from the balances then."""
    times = [int(moment(text).timestamp()) for text in (first, last)]
    samples = [
        Sample(time, time, Decimal(balance))
        for time, balance in zip(times, (high, low), strict=True)
    ]
    return costs_of(samples, [], None, since=0, now=times[-1])


def history_of(*parts: Usage | Costs) -> MeterHistory:
    """Return a history that was told of some use and cost."""
    history = MeterHistory()
    for part in parts:
        if isinstance(part, Usage):
            history.note_usage(part)
        else:
            history.note_costs(part)
    return history


def test_yesterday() -> None:
    """Test that yesterday's use is known once a reading of today shows that it is complete."""
    # 2.4 a day, from the 2nd of March on.
    assert history_of(usage("0:00", "+10 6:00", "0", "24.6")).yesterday_use(NOW) == Decimal("2.4")
    assert history_of(usage("0:00", "+9 23:59", "0", "24")).yesterday_use(NOW) is None
    assert history_of(usage("+9 1:00", "+10 6:00", "0", "24.6")).yesterday_use(NOW) is None
    assert MeterHistory().yesterday_use(NOW) is None


def test_days_are_those_of_china() -> None:
    """Test that the day changes at 16:00 UTC."""
    history = history_of(
        usage("0:00", "+2 0:00", "0", "48"), usage("+2 0:00", "+3 0:00", "0", "72")
    )
    before = datetime(2026, 3, 4, 15, 59, tzinfo=UTC)
    assert history.yesterday_use(before) == 24
    assert history.yesterday_use(before + timedelta(minutes=1)) == 72


def test_month() -> None:
    """Test that the month is unknown while a day of it is missing, and never 0 instead."""
    first = usage("-2 0:00", "+10 6:00", "0", "29.4")
    assert history_of(first).month_use(NOW) == Decimal("27.0")
    assert history_of(usage("0:00", "+10 6:00", "0", "24.6")).month_use(NOW) is None
    assert MeterHistory().month_use(NOW) is None
    april = datetime(2026, 4, 1, 0, 10, tzinfo=CHINA_STANDARD_TIME)
    history = history_of(first)
    assert history.month_use(april) is None
    history.note_usage(usage("+29 0:00", "+30 1:00", "0", "25"))
    assert history.month_use(april) == 1


def test_month_of_cost() -> None:
    """Test that the cost of the month of the installation stays unknown."""
    assert history_of(costs("-1 0:00", "+9 0:00", "500", "400")).month_cost(NOW) == 100
    assert history_of(costs("0:00", "+9 0:00", "500", "400")).month_cost(NOW) is None
    assert MeterHistory().month_cost(NOW) is None


def test_days_left() -> None:
    """Test the balance by the cost of the last full days."""
    # 12 a day.
    history = history_of(costs("0:00", "+9 0:00", "500", "392"))
    assert history.days_left(Decimal(120), NOW) == 10
    assert history.days_left(Decimal(0), NOW) == 0
    assert history.days_left(Decimal(-5), NOW) == 0
    assert history.days_left(None, NOW) is None
    assert history.days_left(Decimal(120), NOW + timedelta(days=3)) == 10
    assert history.days_left(Decimal(120), NOW + timedelta(days=4)) is None


@pytest.mark.parametrize(
    ("days", "expected"), [("+8 12:00", None), ("+7 12:00", None), ("+7 0:00", 10)]
)
def test_days_left_need_three_full_days(days: str, expected: int | None) -> None:
    """Test that two days and two halves are not three."""
    history = history_of(costs(days, "+10 1:00", "500", "500"))
    assert history.days_left(Decimal(10), NOW) is None
    hours = (moment("+10 1:00") - moment(days)) / timedelta(hours=1)
    history = history_of(costs(days, "+10 1:00", "500", str(Decimal(500) - Decimal(hours) / 2)))
    assert history.days_left(Decimal(120), NOW) == expected


def test_nothing_used_lasts_no_number_of_days() -> None:
    """Test that no cost is unknown, but a negative balance lasts no day."""
    history = history_of(costs("0:00", "+9 0:00", "500", "500"))
    assert history.days_left(Decimal(120), NOW) is None
    assert history.days_left(Decimal(-1), NOW) == 0


def test_unit_price() -> None:
    """Test cost by use of the same days."""
    cost = costs("0:00", "+10 0:00", "500", "400")
    assert history_of(cost).unit_price(NOW) is None
    assert history_of(cost, usage("0:00", "+10 0:00", "0", "200")).unit_price(NOW) == Decimal("0.5")
    assert history_of(cost, usage("+8 0:00", "+10 0:00", "0", "20")).unit_price(NOW) == 1
    assert history_of(cost, usage("0:00", "+10 0:00", "7", "7")).unit_price(NOW) is None


def test_a_later_import_replaces_whole_days_only() -> None:
    """Test that a day of which a window tells the end only keeps its value."""
    history = history_of(usage("0:00", "+2 0:00", "0", "48"))
    history.note_usage(usage("+1 12:00", "+3 0:00", "0", "360"))
    assert list(history.use.values()) == [24, 24, 240]


def test_old_days_are_forgotten() -> None:
    """Test that forty days are kept."""
    history = history_of(usage("0:00", "+90 0:00", "0", "90"))
    assert len(history.use) == 40
    history.note_usage(usage("+90 0:00", "+120 0:00", "0", "30"))
    assert len(history.use) == 40


def test_progress() -> None:
    """Test that it grows with the windows that were read."""
    history = MeterHistory()
    assert history.progress(1000) == 0
    history.start(0)
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
    assert [sample.poll for sample in history.samples] == [10 * DAY, 10 * DAY + 2 * HOUR]
    assert history.paid_since == 8 * DAY


def test_the_clock_goes_back() -> None:
    """Test that balances from the future are forgotten, and what is kept of them too."""
    history = MeterHistory()
    for day in (10, 11, 30):
        history.note_poll(day * DAY, 10 * DAY, Decimal(day))
        history.as_dict()
    history.note_poll(12 * DAY, 11 * DAY, Decimal(12))
    assert [sample[2] for sample in history.as_dict()["samples"]] == ["10", "11", "12"]


def test_balances_that_come_while_the_cost_is_computed_stay() -> None:
    """Test that trimming loses nothing."""
    history = MeterHistory()
    for hour in range(120):
        history.note_poll(hour * HOUR, hour * HOUR, Decimal(1000 - hour))
    settled = costs_of(history.samples, [], None, since=0, now=120 * HOUR)
    history.note_payments([Paid(HOUR, Decimal(1)), Paid(100 * HOUR, Decimal(2))], 119 * HOUR)
    history.note_poll(120 * HOUR, 120 * HOUR, Decimal(1))
    history.note_costs(settled)
    assert history.samples[0] == Sample(47 * HOUR, 47 * HOUR, Decimal(953))
    assert history.samples[-1] == Sample(120 * HOUR, 120 * HOUR, Decimal(1))
    assert history.payments == [Paid(100 * HOUR, Decimal(2))]
    assert history.paid_since == 47 * HOUR


@pytest.mark.parametrize("minutes", [1, 5, 7])
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
        found = costs_of(history.samples, [], None, since=history.paid_since, now=time)
        before = [row.sum for row in rows.values() if row.start + HOUR <= found.begin]
        stored = Stored(before[-1] if before else Decimal(0))
        rows |= {row.start: row for row in found.rows(stored, time)}
        history.note_costs(found)
    assert len(history.samples) <= 4 * 24 * 2
    assert history.samples[0].read_time <= time - 3 * DAY
    clean = costs_of(everything, [], None, since=0, now=time)
    assert list(rows.values()) == clean.rows(Stored(), time)
    assert rows[max(rows)].sum == clean.total(time - time % HOUR)


def test_balances_are_forgotten_from_an_hour_on_whose_cost_is_not_stored() -> None:
    """Test that after weeks without any cost no hour's cost is computed anew from a part of it."""
    history = MeterHistory(cost_until=100 * HOUR + 600)
    for number in range(251 * 3):
        history.note_poll(number * 1200 + 20, number * 1200, Decimal(-number))
        history.as_dict()
    assert history.samples[0].read_time == 101 * HOUR
    assert history.samples[-1].read_time == 251 * HOUR - 1200
    assert len(history.as_dict()["samples"]) == len(history.samples)


def test_kept_over_a_restart() -> None:
    """Test that what is kept is JSON and comes back, made anew only after a change."""
    history = history_of(
        usage("0:00", "+2 0:00", "0", "48.5"), costs("0:00", "+2 0:00", "9.5", "4")
    )
    history.start(12)
    history.note_window(Window(12, 34, goes_on=False, reaches_present=True), 30)
    history.note_poll(10 * DAY, 10 * DAY, Decimal("-0.50"))
    history.note_payments([Paid(9 * DAY, Decimal("100.00"))], 10 * DAY)
    history.as_dict()
    history.note_poll(11 * DAY, 11 * DAY, Decimal("-1.50"))
    kept = history.as_dict()
    assert history.as_dict() is kept
    assert [sample[2] for sample in kept["samples"]] == ["-0.50", "-1.50"]
    loaded = json.loads(json.dumps(kept))
    again = MeterHistory.from_dict(loaded)
    # Making that of a thousand meters at once would block Home Assistant.
    assert again.as_dict() is loaded
    assert again == history
    assert again.as_dict() == kept
    again.note_sync(34)
    assert again.as_dict() == kept
    assert again.use == history.use
    assert again.samples == history.samples
    assert again.payments == history.payments
    history.note_sync(35)
    assert history.as_dict() is not kept


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
    ],
)
def test_what_cannot_be_used_is_a_new_meter(damage: dict[str, Any]) -> None:
    """Test that damage of any kind starts afresh."""
    kept = history_of(usage("0:00", "+2 0:00", "0", "48.5")).as_dict()
    assert MeterHistory.from_dict(kept | damage) == MeterHistory()
    assert MeterHistory.from_dict(None) == MeterHistory()
