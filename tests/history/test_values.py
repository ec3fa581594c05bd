"""Tests of the values that follow from a meter's history."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, MeterKind
from custom_components.jrhsz.history.cost import Costs, Lump, Spread
from custom_components.jrhsz.history.ledger import Ledger, Sample
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.history.usage import Usage, usage_of
from custom_components.jrhsz.history.values import (
    Period,
    Value,
    What,
    days_left,
    energy_left,
    unit_price,
    value_of,
)

from ..support.histories import moment, record

# The 12th of March, 9 o'clock in China.
NOW = datetime(2026, 3, 12, 9, tzinfo=CHINA_STANDARD_TIME)


def usage(first: str, last: str, low: str, high: str) -> Usage:
    """Return an even use between two times."""
    found = usage_of([record(first, low, last, high)], moment("+99 0:00"), MeterKind.ELECTRICITY)
    assert found is not None
    return found


def at(text: str) -> int:
    """Return a time in seconds."""
    return int(moment(text).timestamp())


def costs(
    first: str, last: str, cost: str, used: Usage | None = None, *charges: tuple[str, str]
) -> Costs:
    """Return the cost of a span, even or as the use in it."""
    return Costs(
        Ledger((Sample(at(last), at(last), Decimal(0)),)),
        used,
        steps=[Spread(at(first), at(last), Decimal(cost), 1)],
        lumps=[Lump(at(time), Decimal(amount), True, 1) for time, amount in charges],
    )


def history_of(*parts: Usage | Costs) -> MeterHistory:
    """Return a history that was told of some use and cost."""
    history = MeterHistory()
    for part in parts:
        if isinstance(part, Usage):
            history.note_usage(part)
        else:
            history.note_costs(part)
    return history


def use_of(history: MeterHistory, span: Period, now: datetime = NOW) -> Value | None:
    """Return the use of a span."""
    return value_of(history, span, What.USE, now)


def cost_of(history: MeterHistory, span: Period, now: datetime = NOW) -> Value | None:
    """Return the cost of a span."""
    return value_of(history, span, What.COST, now)


def test_use() -> None:
    """Test each span, of 2.4 a day since the 20th of February."""
    history = history_of(usage("-10 0:00", "+10 6:00", "0", "48.6"))
    since = date(2026, 2, 20)
    assert use_of(history, Period.TODAY) == Value(Decimal("0.6"))
    assert use_of(history, Period.YESTERDAY) == Value(Decimal("2.4"))
    assert use_of(history, Period.MONTH) == Value(Decimal("27.0"))
    assert use_of(history, Period.LAST_MONTH) == Value(Decimal("21.6"), since)
    assert use_of(history, Period.YEAR) == Value(Decimal("48.6"), since)
    for span in Period:
        assert use_of(MeterHistory(), span) is None
        assert cost_of(MeterHistory(), span) is None
        assert cost_of(history, span) is None


def test_yesterday_is_known_when_a_reading_of_today_shows_that_it_is_complete() -> None:
    """Test the last reading before midnight, and that at midnight."""
    assert use_of(history_of(usage("0:00", "+9 23:59", "0", "24")), Period.YESTERDAY) is None
    history = history_of(usage("0:00", "+10 0:00", "0", "24"))
    assert use_of(history, Period.YESTERDAY) == Value(Decimal("2.4"))
    assert use_of(history, Period.TODAY) is None


def test_days_are_those_of_china() -> None:
    """Test that the day changes at 16:00 UTC."""
    history = history_of(
        usage("0:00", "+2 0:00", "0", "48"), usage("+2 0:00", "+3 0:00", "0", "72")
    )
    before = datetime(2026, 3, 4, 15, 59, tzinfo=UTC)
    assert use_of(history, Period.YESTERDAY, before) == Value(Decimal(24))
    assert use_of(history, Period.YESTERDAY, before + timedelta(minutes=1)) == Value(Decimal(72))


def test_month_since_a_gap() -> None:
    """Test that what is known since a day within the month says so."""
    history = history_of(
        usage("-2 0:00", "0:00", "0", "4.8"), usage("+4 0:00", "+10 0:00", "0", "6")
    )
    assert use_of(history, Period.MONTH) == Value(Decimal(6), date(2026, 3, 6))
    april = datetime(2026, 4, 1, 0, 10, tzinfo=CHINA_STANDARD_TIME)
    assert use_of(history, Period.MONTH, april) is None
    assert use_of(history, Period.LAST_MONTH, april) is None
    history.note_usage(usage("+10 0:00", "+30 1:00", "0", "481"))
    assert use_of(history, Period.MONTH, april) == Value(Decimal(1))
    assert use_of(history, Period.LAST_MONTH, april) == Value(Decimal(486), date(2026, 3, 6))


def test_cost_of_the_first_month() -> None:
    """Test that it is known since the installation, and says so."""
    history = history_of(costs("+2 12:00", "+10 0:00", "75"))
    assert cost_of(history, Period.MONTH) == Value(Decimal(75), date(2026, 3, 4))
    assert cost_of(history, Period.YEAR) == Value(Decimal(75), date(2026, 3, 4))
    assert cost_of(history, Period.YESTERDAY) == Value(Decimal(10))
    assert cost_of(history, Period.TODAY) is None
    assert cost_of(history, Period.LAST_MONTH) is None


def test_charges_are_in_the_cost_of_their_day() -> None:
    """Test that a fee counts, and that days left and price are without it."""
    used = usage("-1 0:00", "+10 0:00", "0", "220")
    history = history_of(used, costs("-1 0:00", "+10 0:00", "110", used, ("+9 0:00", "30")))
    assert cost_of(history, Period.MONTH) == Value(Decimal(140))
    assert cost_of(history, Period.YESTERDAY) == Value(Decimal(40))
    assert days_left(history, Decimal(100), NOW) == Value(Decimal(10))
    assert unit_price(history, NOW) == Value(Decimal("0.5"))
    assert energy_left(history, Decimal(100), NOW) == Value(Decimal(200))


def test_use_without_a_cost_as_yet_is_estimated() -> None:
    """Test that what was used since the last cost counts at the price of late."""
    used = usage("-1 0:00", "+10 6:00", "0", "225")
    history = history_of(used, costs("-1 0:00", "+9 12:00", "105", used))
    assert cost_of(history, Period.TODAY) == Value(Decimal("2.5"), estimated=True)
    assert cost_of(history, Period.YESTERDAY) == Value(Decimal(10), estimated=True)
    assert cost_of(history, Period.MONTH) == Value(Decimal("112.5"), estimated=True)
    history.note_costs(costs("-1 0:00", "+10 6:00", "113", used))
    found = cost_of(history, Period.MONTH)
    assert found == Value(Decimal(113))


def test_without_a_price_nothing_is_estimated() -> None:
    """Test that days of which no cost is known stay unknown."""
    history = history_of(usage("0:00", "+10 6:00", "0", "205"), costs("0:00", "+9 12:00", "95"))
    assert cost_of(history, Period.TODAY) is None
    assert cost_of(history, Period.YESTERDAY) is None


def test_days_left() -> None:
    """Test the balance by the cost of the last full days, of 12 a day."""
    history = history_of(costs("0:00", "+9 0:00", "108"))
    assert days_left(history, Decimal(120), NOW) == Value(Decimal(10))
    assert days_left(history, Decimal(0), NOW) == Value(Decimal(0))
    assert days_left(history, Decimal(-5), NOW) == Value(Decimal(0))
    assert days_left(history, None, NOW) is None
    assert days_left(history, Decimal(120), NOW + timedelta(days=3)) == Value(Decimal(10))
    few = Value(Decimal(10), estimated=True)
    assert days_left(history, Decimal(120), NOW + timedelta(days=4)) == few
    assert days_left(history, Decimal(120), NOW + timedelta(days=6)) is None
    assert days_left(MeterHistory(), Decimal(120), NOW) is None


def test_days_left_follows_the_cost_of_the_same_day() -> None:
    """Test that what was worked out of the cost is worked out again when there is more of it."""
    history = history_of(costs("0:00", "+9 0:00", "108"))
    assert days_left(history, Decimal(120), NOW) == Value(Decimal(10))
    history.note_costs(costs("+3 0:00", "+10 0:00", "168"))
    assert days_left(history, Decimal(120), NOW) == Value(Decimal(5))


@pytest.mark.parametrize("use", ["0:00", "+8 12:00"])
def test_days_left_from_the_first_days_on(use: str) -> None:
    """Test that the price of a few hours is enough, where the use of days is known."""
    used = usage(use, "+10 6:00", "0", str((moment("+10 6:00") - moment(use)) / timedelta(hours=1)))
    history = history_of(used, costs("+10 1:00", "+10 6:00", "2.5", used))
    assert unit_price(history, NOW) == Value(Decimal("0.5"), estimated=True)
    assert days_left(history, Decimal(120), NOW) == Value(Decimal(10), estimated=True)
    assert energy_left(history, Decimal(120), NOW) == Value(Decimal(240), estimated=True)


@pytest.mark.parametrize(("cost", "is_estimated"), [("8", False), ("6", True)])
def test_a_day_that_was_much_too_cheap_makes_an_estimate(cost: str, *, is_estimated: bool) -> None:
    """Test that a price is no known one if a credit that nothing lists may be in it."""
    used = usage("0:00", "+10 6:00", "0", "246")
    history = history_of(
        used,
        costs("0:00", "+8 0:00", "96", used),
        costs("+8 0:00", "+9 0:00", cost, used),
        costs("+9 0:00", "+10 6:00", "15", used),
    )
    price = unit_price(history, NOW)
    left = days_left(history, Decimal(120), NOW)
    assert price is not None
    assert left is not None
    assert (price.estimated, left.estimated) == (is_estimated, is_estimated)


def test_nothing_used_lasts_no_number_of_days() -> None:
    """Test that no cost is unknown, but a negative balance lasts no day."""
    used = usage("0:00", "+9 0:00", "5", "5")
    history = history_of(used, costs("0:00", "+9 0:00", "0", used))
    assert days_left(history, Decimal(120), NOW) is None
    assert days_left(history, Decimal(-1), NOW) == Value(Decimal(0))
    assert unit_price(history, NOW) is None
    assert energy_left(history, Decimal(120), NOW) is None
    assert cost_of(history, Period.MONTH) == Value(Decimal(0), date(2026, 3, 2))


def test_what_is_undecided_is_unknown() -> None:
    """Test that days of a register that doesn't count are unknown, not 0, until it is decided."""
    steady = [
        record(f"+8 {hour:02}:00", f"{1000 + hour}", f"+8 {hour + 1:02}:00", f"{1001 + hour}")
        for hour in range(22)
    ]
    zeros = [
        record("+8 22:00", "1022", "+8 23:00", "0"),
        record("+8 23:00", "0", "+9 00:00", "0"),
        *(record(f"+9 {hour:02}:00", "0", f"+9 {hour + 1:02}:00", "0") for hour in range(23)),
    ]
    history = MeterHistory()
    used = usage_of([*steady, *zeros], NOW, MeterKind.ELECTRICITY)
    assert used is not None
    assert used.known_until == at("+8 22:00") < used.end
    history.note_usage(used)
    assert value_of(history, Period.YESTERDAY, What.USE, NOW) is None
    assert value_of(history, Period.YESTERDAY, What.COST, NOW) is None
    history.note_costs(costs("+8 20:00", "+9 23:00", "3", used))
    assert history.cost_until == at("+8 22:00")
    assert value_of(history, Period.YESTERDAY, What.COST, NOW) is None
    back = [
        record("+9 23:00", "0", "+10 01:00", "1049"),
        record("+10 01:00", "1049", "+10 02:00", "1050"),
    ]
    used = usage_of([*steady, *zeros, *back], NOW, MeterKind.ELECTRICITY)
    assert used is not None
    assert used.known_until == used.end
    history.note_usage(used)
    assert value_of(history, Period.YESTERDAY, What.USE, NOW) == Value(Decimal(24))
