"""Tests of what is a charge, and of when it was booked."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from custom_components.jrhsz.history.changes import Change
from custom_components.jrhsz.history.ledger import Follows
from custom_components.jrhsz.history.readings import DAY, HOUR

from ..support.histories import moment
from ..support.prepaid import Prepaid, assert_days, at, evening, midnight, month_begin, night

NEAR = Decimal("0.011")


def tiers(time: int) -> Decimal:
    """Return a price that is higher from the middle of a month on."""
    return Decimal("0.85" if time - month_begin(time) > 15 * DAY else "0.55")


@pytest.mark.parametrize("behind", [0, 900])
@pytest.mark.parametrize("use", [lambda _: Decimal(1), evening], ids=["even", "evening"])
def test_a_fee_is_a_charge_in_its_hour(behind: int, use: Callable[[int], Decimal]) -> None:
    """Test a fee between two readings, after which balances are forgotten: it was 77 too much."""
    meter = Prepaid(
        use=use,
        settled=lambda time: time - behind,
        lost={at("04-01 00:05"): "30"},
    )
    meter.live(16)
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert meter.hour("04-01 00:00") == pytest.approx(Decimal("30.5"), abs=Decimal("0.4"))
    assert [charge.time for charge in meter.history.charges] == [at("04-01 00:00")]
    assert meter.history.charges[0].amount == pytest.approx(Decimal(30), abs=NEAR)
    assert_days(meter, "03-21", 14)
    assert not meter.last.corrections
    assert len(meter.history.ledger.samples) < 220


def test_a_fee_is_found_in_the_first_days() -> None:
    """Test that a few hours are enough to tell what use costs."""
    meter = Prepaid(lost={at("03-20 20:00"): "30"})
    meter.live(2)
    assert [(charge.time, charge.amount) for charge in meter.history.charges] == [
        (at("03-20 20:15"), Decimal("30.00"))
    ]
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)


def test_what_is_billed_hours_later_is_no_charge() -> None:
    """Test that a fall which is too large for the use beside it is for that of before."""
    meter = Prepaid(
        use=lambda time: Decimal("5" if time // HOUR % 6 in {0, 1, 4} else "0.1"),
        settled=lambda time: time - 3 * HOUR,
    )
    meter.live(9)
    # Of the first one nothing is known yet.
    assert [charge.time for charge in meter.history.charges] == [at("03-20 12:45")]


def test_what_is_left_on_moving_out_is_a_charge() -> None:
    """Test that a balance that is set to 0 says nothing about the use beside it."""
    meter = Prepaid(lost={at("03-26 14:00"): "440.40"}, use=lambda _: Decimal("0.1"))
    meter.live(12)
    assert meter.dearest == pytest.approx(Decimal("440.44"), abs=NEAR)
    assert meter.hour("03-26 14:00") == meter.dearest
    assert meter.total == pytest.approx(meter.spent(), abs=NEAR)
    assert_days(meter, "03-21", 10)


def test_small_fees_stay_cost_in_the_night() -> None:
    """Test a share of what the house uses, every midnight."""
    nights = {at("03-21 00:00") + day * DAY: "0.30" for day in range(14)}
    meter = Prepaid(use=evening, lost=nights)
    meter.live(13)
    assert_days(meter, "03-21", 11)
    assert not meter.history.charges


def test_a_fee_beside_the_cost_of_a_day() -> None:
    """Test a fee that is smaller than what a day costs, taken from the balance with it."""
    meter = Prepaid(use=evening, settled=night, lost={at("04-01 00:20"): "8"})
    meter.live(16)
    assert meter.history.ledger.follows is Follows.DAILY
    assert_days(meter, "03-21", 14, "0.01")
    assert meter.history.charges[0].amount == pytest.approx(Decimal(8), abs=NEAR)


@pytest.mark.parametrize("later", [7_200, 13_000])
def test_a_fee_before_the_cost_of_a_day(later: int) -> None:
    """Test that of two falls in one night the one that the use explains is for it."""
    meter = Prepaid(use=evening, settled=lambda time: midnight(time - later), lost={})
    meter.lost[at("04-01 00:00")] = "18"
    meter.live(16)
    assert_days(meter, "03-21", 14, "0.01")
    assert meter.history.charges[0] == (at("04-01 00:00"), Decimal("18.00"))


def test_a_new_price_is_no_charge() -> None:
    """Test tiers, whose price falls with the month."""
    meter = Prepaid(use=evening, price=tiers)
    meter.live(30)
    assert_days(meter, "03-21", 28)
    assert not meter.history.charges
    meter = Prepaid(use=evening, price=tiers, settled=night)
    meter.live(30)
    assert_days(meter, "03-21", 28, "0.05")
    assert not meter.history.charges


def test_hours_that_are_dear_every_day_are_no_charge() -> None:
    """Test a balance that stays by day, and falls before the cheap hours of the night."""

    def price(time: int) -> Decimal:
        """Return the price at a time."""
        return Decimal("0.88" if 8 <= (time + 8 * HOUR) % DAY // HOUR < 22 else "0.21")

    begin, end = at("03-26 08:40"), at("03-26 20:40")
    meter = Prepaid(
        use=evening, price=price, settled=lambda time: begin if begin <= time < end else time
    )
    meter.live(12)
    assert not meter.history.charges
    assert_days(meter, "03-21", 10, "0.02")


@pytest.mark.parametrize(
    ("began", "ended"),
    [
        ("03-25 14:40", "03-26 13:40"),
        ("03-26 04:40", "03-27 03:40"),
        ("03-31 14:40", "04-01 13:40"),
    ],
)
def test_what_is_billed_after_a_silence_is_no_charge(began: str, ended: str) -> None:
    """Test a meter that sent nothing for a day, where the list of consumption is denied."""
    begin, end = at(began), at(ended)

    def settled(time: int) -> int:
        """Return up to when use is in the balance."""
        return begin if begin <= time < end else time

    meter = Prepaid(has_list=False, settled=settled)
    meter.live(14)
    assert not meter.history.charges
    # It is in the hour between two readings in which it came.
    hours = [meter.rows[hour].state for hour in range(end - 100 * 60, end, HOUR)]
    assert sum(hours) == pytest.approx(Decimal("9.333"), abs=NEAR)


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
