"""Tests of which credits are in which balances."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.history.ledger import Follows
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.settlement import Correction
from custom_components.jrhsz.history.values import unit_price

from ..support.prepaid import (
    INSTALLED,
    Prepaid,
    assert_days,
    at,
    evening,
    month_begin,
    night,
)

NEAR = Decimal("0.011")


def test_the_cost_of_a_day_is_in_that_day() -> None:
    """Test a balance that falls once a day, from the day of the installation on."""
    meter = Prepaid(use=evening, settled=night)
    meter.live(12)
    assert_days(meter, "03-20", 11, "0.01")
    assert meter.dearest < 2
    assert len(meter.history.ledger.samples) < 40


def test_the_cost_of_a_month_is_in_that_month() -> None:
    """Test a balance that falls once a month, from the month of the installation on."""
    meter = Prepaid(use=evening, settled=lambda time: month_begin(time - 1200))
    meter.live(50, apart=HOUR)
    assert meter.history.ledger.follows is Follows.MONTHLY
    month = sum(
        (row.state for hour, row in meter.rows.items() if at("03-01") <= hour < at("04-01")),
        Decimal(0),
    )
    begin, end = (bisect_right(meter.times, at(day)) - 1 for day in ("03-01", "04-01"))
    assert month == pytest.approx(meter.costs[end] - meter.costs[begin], rel=Decimal("0.005"))
    assert max(meter.rows) >= at("04-30 22:00")
    assert len(meter.history.ledger.samples) < 20


@pytest.mark.parametrize("day", ["03-29", "03-31"])
def test_the_first_bill_of_a_month_tells_the_price(day: str) -> None:
    """Test that it is found in the first days, and that its use is that of the month before."""
    meter = Prepaid(use=evening, settled=lambda time: month_begin(time - 1200))
    meter.next_poll = at(f"{day} 12:45")
    meter.live(14.5, apart=HOUR)
    assert meter.history.ledger.follows is Follows.MONTHLY
    now = datetime.fromtimestamp(meter.next_poll, CHINA_STANDARD_TIME)
    price = unit_price(meter.history, now)
    assert price is not None
    assert price.amount == pytest.approx(Decimal("0.4"), rel=Decimal("0.01"))


def test_what_falls_once_in_the_middle_of_a_month_has_no_price() -> None:
    """Test a balance that is taken on moving out, before any bill: no use of a month cost that."""
    meter = Prepaid(settled=lambda time: month_begin(time - 1200), lost={at("03-22 12:00"): "300"})
    for days in (5, 11):
        meter.live(days, apart=HOUR)
        now = datetime.fromtimestamp(meter.next_poll, CHINA_STANDARD_TIME)
        assert unit_price(meter.history, now) is None
    meter.live(14, apart=HOUR)
    assert meter.total == pytest.approx(300 + cost_of_march(meter), abs=NEAR)
    assert [charge.amount for charge in meter.history.charges] == [Decimal("300.00")]


def cost_of_march(meter: Prepaid) -> Decimal:
    """Return what the use of March cost."""
    begin, end = (bisect_right(meter.times, at(day)) - 1 for day in ("03-01 00:00", "04-01 00:00"))
    return meter.costs[end] - meter.costs[begin]


@pytest.mark.parametrize("settled", [lambda time: time, night], ids=["at once", "daily"])
def test_cost_goes_on_without_the_list_of_consumption(settled: Callable[[int], int]) -> None:
    """Test that it needs balances and payments only, for ever."""
    meter = Prepaid(has_list=False, settled=settled, paid=[(at("03-24 12:00"), "100")])
    meter.live(40)
    assert max(meter.rows) > INSTALLED + 38 * DAY
    assert_days(meter, "03-21", 35, "0.001")


def test_a_payment_of_before_the_installation_explains_no_other_rise() -> None:
    """Test 200 paid the day before, and 50 + 50 between two readings: one hour had 100.40."""
    meter = Prepaid(
        paid=[
            (INSTALLED - DAY, "200"),
            (at("03-21 15:00"), "50"),
            (at("03-21 15:05"), "50"),
        ],
        late={INSTALLED - DAY: -2 * DAY},
    )
    meter.first_balance -= 200
    meter.live(6)
    assert meter.dearest == pytest.approx(Decimal("0.4"), abs=NEAR)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert not meter.last.corrections


def test_a_payment_of_before_the_installation_that_enters_after_it() -> None:
    """Test that a rise that nothing else explains has it."""
    meter = Prepaid(paid=[(INSTALLED - HOUR, "200")], late={INSTALLED - HOUR: 20 * HOUR})
    meter.live(6)
    assert meter.dearest == pytest.approx(Decimal("0.4"), abs=NEAR)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert not meter.last.corrections


def test_payments_of_before_the_installation_explain_no_debt_that_is_forgiven() -> None:
    """Test two of 40, where no list tells of use: they would leave 25 for one hour."""
    before = [INSTALLED - 20 * HOUR, INSTALLED - 2 * HOUR]
    meter = Prepaid(
        has_list=False,
        paid=[(time, "40") for time in before],
        late=dict.fromkeys(before, -DAY),
        lost={at("03-23 12:00"): "-54.48"},
    )
    meter.first_balance -= 80
    meter.live(9)
    assert meter.dearest <= Decimal("0.6")
    meter.lost.clear()
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)


@pytest.mark.parametrize(
    "paid",
    [
        [("03-23 12:00", "50"), ("03-23 12:01", "50")],
        [("03-23 12:00", "50"), ("03-23 15:00", "50")],
        [("03-23 12:00", "100"), ("03-23 12:05", "-100")],
        [("03-23 12:00", "100"), ("03-24 12:05", "-100")],
        [("03-23 12:00", "100"), ("03-23 12:05", "20"), ("03-23 12:06", "50")],
    ],
)
@pytest.mark.parametrize("late", [0, 20 * HOUR, 80 * HOUR])
def test_no_hour_costs_more_than_its_use(paid: list[tuple[str, str]], late: int) -> None:
    """Test equal payments, refunds, small ones, several at once; at once and late."""
    meter = Prepaid(paid=[(at(time), amount) for time, amount in paid])
    meter.late = dict.fromkeys((time for time, _ in meter.paid), late)
    meter.live(14)
    assert min(row.state for row in meter.rows.values()) >= 0
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.dearest <= Decimal("0.91")
    assert max(meter.rows) >= INSTALLED + 13 * DAY


def test_small_payments() -> None:
    """Test those that are smaller than the cost of an hour, of which one is twice that."""
    meter = Prepaid(paid=[(at("03-23 12:00"), "0.10"), (at("03-24 12:05"), "0.90")])
    meter.live(8)
    assert min(row.state for row in meter.rows.values()) >= 0
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.dearest <= Decimal("0.51")


def test_a_payment_that_was_in_the_first_balance_enters_no_later_one() -> None:
    """Test a subsidy a week after the installation that a payment of the day before might be."""
    meter = Prepaid(paid=[(at("03-20 08:00"), "100.90")], lost={at("03-27 12:00"): "-100"})
    meter.live(12)
    meter.lost.clear()
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert not meter.history.ledger.credits


def test_a_balance_that_stays_hides_no_payment() -> None:
    """Test one that enters later, as large as the use that was billed late, once it was."""
    begin, end, paid = at("03-25 14:40"), at("03-25 19:40"), at("03-25 12:00")
    meter = Prepaid(
        settled=lambda time: begin if begin <= time < end else time,
        paid=[(paid, "1.60")],
        late={paid: 50 * HOUR},
    )
    meter.live(12)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.history.charges == ()
    assert meter.dearest == pytest.approx(Decimal("0.4"), abs=NEAR)


def test_a_subsidy_is_a_credit_in_the_end() -> None:
    """Test a rise without a payment: it is said once, and its hour costs what its use does."""
    meter = Prepaid(lost={at("03-23 12:00"): "-20"})
    waits = []
    for days, last in ((5, "03-23 11:00"), (9, "03-29 08:00")):
        meter.live(days)
        waits.append(meter.history.awaits_payment)
        assert max(meter.rows) == at(last)
    assert waits == [True, False]
    meter.lost.clear()
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.dearest == pytest.approx(Decimal("0.4"), abs=NEAR)


def test_a_round_rise_is_a_round_subsidy() -> None:
    """Test a subsidy while a meter's use was billed by nobody: none of it is in the rise."""
    begin, end = at("03-25 14:40"), at("03-26 13:40")
    meter = Prepaid(
        settled=lambda time: begin if begin <= time < end else time,
        lost={at("03-26 06:00"): "-100"},
    )
    meter.live(12)
    meter.lost.clear()
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)


def test_a_fee_and_a_payment_at_once() -> None:
    """Test that a payment which has to be in a rise is, with a charge for what is missing."""
    meter = Prepaid(paid=[(at("03-23 12:00"), "100")], lost={at("03-23 12:01"): "30"})
    meter.live(9)
    assert meter.hour("03-23 12:00") == pytest.approx(Decimal("30.4"), abs=NEAR)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert [charge.amount for charge in meter.history.charges] == [Decimal("30.00")]


def test_a_fee_and_payments_that_nobody_saw() -> None:
    """Test that all that was paid is in a balance that changed in the days without a look."""
    paid = [(at("03-24 06:43"), "50"), (at("03-24 14:34"), "100")]
    meter = Prepaid(paid=paid, lost={at("03-23 09:43"): "86.83"})
    meter.live(2.5)
    meter.next_poll = INSTALLED + 5 * DAY
    meter.live(12)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.last.corrections == []


def test_a_fee_and_a_payment_before_days_without_a_look() -> None:
    """Test that a payment isn't hidden where all is usual, if it was made when it was not."""
    meter = Prepaid(
        use=lambda _: Decimal("0.45"),
        paid=[(at("03-24 03:34"), "20")],
        lost={at("03-23 15:34"): "34.19"},
    )
    for days in (2.6, 4.45, 7):
        meter.live(days)
        meter.next_poll = INSTALLED + round((days + 1.8) * DAY)
    meter.live(12)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    [charge] = meter.history.charges
    assert charge.amount == pytest.approx(Decimal("34.19"), abs=NEAR)


def test_a_payment_that_never_enters_is_said_once() -> None:
    """Test that it changes nothing."""
    meter = Prepaid(paid=[(at("03-21 12:00"), "100")], late={at("03-21 12:00"): 99 * DAY})
    meter.live(4.2)
    assert meter.last.corrections == [Correction(at("03-21 12:00"), Decimal(-100))]
    meter.live(9)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.history.ledger.credits == ((at("03-21 12:00"), Decimal(100)),)


def test_days_of_an_outage() -> None:
    """Test that what nobody saw for days follows the use of these days, with its payments."""
    meter = Prepaid(use=evening, paid=[(at("03-25 12:00"), "50")], lost={at("04-01 00:05"): "30"})
    meter.live(10, apart=2 * DAY + HOUR)
    meter.live(14)
    assert_days(meter, "03-22", 8)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
