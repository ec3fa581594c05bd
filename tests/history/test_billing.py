"""Tests of how use gets into a balance."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption
from custom_components.jrhsz.history.billing import (
    Billing,
    first_of_month,
    follows_of,
    midnight,
    needed_since,
)
from custom_components.jrhsz.history.judged import Judged, Level
from custom_components.jrhsz.history.ledger import Follows, Ledger, Sample
from custom_components.jrhsz.history.readings import DAY, HOUR, Point
from custom_components.jrhsz.history.usage import Usage, usage_of

from ..support.prepaid import INSTALLED, Prepaid, assert_days, at, evening, month_begin


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


def nightly(time: int) -> int:
    """Return up to when use is settled if that is done 20 minutes after midnight."""
    return midnight(time - 1200)


def record(begin: int, last: str, end: int, reading: str) -> Consumption:
    """Return what a meter used between two times."""
    return Consumption(
        table_no="A",
        reading=Decimal(reading),
        read_time=datetime.fromtimestamp(end, UTC),
        last_reading=Decimal(last),
        last_read_time=datetime.fromtimestamp(begin, UTC),
        device_id=None,
    )


def seldom(time: int) -> int:
    """Return up to when use is settled if that is done every third day."""
    return time - time % (3 * DAY)


@pytest.mark.parametrize(
    ("settled", "days", "follows"),
    [
        (lambda time: time, 0.25, Follows.AT_ONCE),
        (lambda time: time - 900, 0.25, Follows.AT_ONCE),
        (lambda time: time - 900, 10, Follows.AT_ONCE),
        (nightly, 1.2, None),
        (nightly, 2, Follows.DAILY),
        (nightly, 20, Follows.DAILY),
        (lambda time: month_begin(time - 1200), 2, None),
        (lambda time: month_begin(time - 1200), 5, None),
        (lambda time: month_begin(time - 1200), 9, Follows.MONTHLY),
        (lambda time: month_begin(time - 1200), 20, Follows.MONTHLY),
        (seldom, 8, None),
        (seldom, 12, Follows.IRREGULARLY),
    ],
)
@pytest.mark.parametrize("paid", [[], [(at("03-22 12:00"), "50"), (at("03-25 20:00"), "100")]])
def test_how_a_balance_follows(
    settled: Callable[[int], int],
    days: float,
    follows: Follows | None,
    paid: list[tuple[int, str]],
) -> None:
    """Test that it is found out, soon, and stays."""
    meter = Prepaid(settled=settled, paid=paid)
    meter.live(days, apart=HOUR)
    assert meter.history.ledger.follows is follows


def test_a_meter_that_is_not_used_follows_as_before() -> None:
    """Test that an absence of weeks changes nothing, and has no cost."""
    meter = Prepaid(use=lambda time: Decimal(not at("03-24 00:40") <= time < at("04-14 00:40")))
    meter.live(30, apart=HOUR)
    assert meter.history.ledger.follows is Follows.AT_ONCE
    assert meter.total == pytest.approx(meter.spent(), abs=Decimal("0.011"))
    assert meter.hour("04-10 12:00") == 0
    assert meter.hour("04-14 03:00") == pytest.approx(Decimal("0.4"), abs=Decimal("0.011"))


def test_what_falls_irregularly_may_be_known_soon() -> None:
    """Test a flat that is used days after the installation: two nights tell."""
    meter = Prepaid(use=lambda time: Decimal(time >= at("03-25 00:40")), settled=nightly)
    found = []
    for days in (4, 7):
        meter.live(days)
        found.append(meter.history.ledger.follows)
    assert found == [Follows.IRREGULARLY, Follows.DAILY]


def test_nights_that_nobody_saw_say_nothing() -> None:
    """Test that a fall after two days without a look hides no night between them."""
    meter = Prepaid(use=evening, settled=nightly)
    meter.live(1)
    meter.next_poll = at("03-23 03:30")
    meter.live(4.2)
    assert meter.history.ledger.follows is Follows.DAILY
    meter.live(9)
    assert_days(meter, "03-21", 7, "0.01")


def test_a_fall_that_nobody_watched_is_not_late() -> None:
    """Test that what is billed in hours without a look isn't waited for."""
    meter = Prepaid()
    meter.live(0.1, apart=HOUR)
    meter.next_poll += 9 * HOUR
    meter.live(0.55, apart=HOUR)
    assert meter.history.ledger.follows is Follows.AT_ONCE


def test_a_wrong_reading_bills_nothing() -> None:
    """Test that what falls while wrong readings are shown is for the use up to the last right one.

    Until readings went back nobody knows; what falls when that was billed is for use after it.
    """
    sample, right = Sample(INSTALLED + 300, INSTALLED, Decimal(1)), INSTALLED - 5 * HOUR
    for until, end in ((INSTALLED + HOUR, right), (INSTALLED, INSTALLED), (None, INSTALLED)):
        level = Level(right, Decimal(7), Decimal(0), right, until)
        usage = Usage(judged={"A": Judged(0, Point(right, Decimal(7)), levels=(level,))})
        assert Billing(usage).until(sample, 0, Decimal(1)) == end
        for begin in (right, INSTALLED):
            assert Billing(usage).until(sample, begin, Decimal(1)) == INSTALLED


@pytest.mark.parametrize(("cost", "is_up_to_right"), [("4.1", True), ("8.9", False)])
def test_a_day_is_billed_while_readings_are_wrong(cost: str, *, is_up_to_right: bool) -> None:
    """Test that its cost tells whether it is of the use up to the last right reading."""
    right = midnight(INSTALLED) - 29 * HOUR
    level = Level(right, Decimal(4), Decimal(0), right, INSTALLED + HOUR)
    line = usage_of(
        [
            record(right - 24 * HOUR, "0", right, "4"),
            record(right, "4", right + 96 * HOUR, "20"),
        ],
        datetime.fromtimestamp(right + 99 * HOUR, UTC),
        None,
    )
    assert line is not None
    usage = replace(line, judged={"A": Judged(0, Point(right, Decimal(4)), levels=(level,))})
    billing = Billing(usage, Follows.DAILY, Decimal(1))
    sample = Sample(INSTALLED, INSTALLED, Decimal(1))
    found = billing.until(sample, right - 24 * HOUR, Decimal(cost))
    assert found == (right if is_up_to_right else midnight(INSTALLED))


def test_a_balance_that_is_behind_and_seldom_looked_at() -> None:
    """Test that its fall is for the reading before where that is just its cost."""
    meter = Prepaid(
        use=lambda time: Decimal(time // HOUR * 7 % 11 + 1) / 10, settled=lambda time: time - 900
    )
    meter.live(12, apart=5_500)
    assert meter.total == pytest.approx(meter.spent(), abs=Decimal("0.011"))
    for day in range(22, 30):
        # 20 minutes of the first reading of a day are of the day before.
        begin = at(f"03-{day} 00:00")
        uses = [meter.use(begin + hour * HOUR - 1200) for hour in range(25)]
        truth = (sum(uses) - uses[0] / 3 - uses[24] * 2 / 3) * Decimal("0.4")
        assert meter.day(f"03-{day} 00:00") == pytest.approx(truth, abs=Decimal("0.03"))


def test_a_bill_that_is_seen_before_the_next_one_is_due() -> None:
    """Test that what was billed while nobody looked is of the day before, early in the night."""
    meter = Prepaid(
        use=lambda time: Decimal(midnight(time) // DAY * 7 % 11 + 1) / 10,
        settled=lambda time: midnight(time - 12_000),
    )
    meter.live(6.5)
    meter.next_poll = at("03-29 01:15")
    meter.live(14)
    for day in ("03-25", "03-29", "03-30", "03-31"):
        use = meter.use(at(f"{day} 01:00"))
        assert meter.day(f"{day} 00:00") == pytest.approx(
            24 * use * Decimal("0.4"), abs=Decimal("0.3")
        )
    assert not meter.history.charges


def test_since_when_use_is_needed() -> None:
    """Test that the use of the day or month of the installation is needed too."""
    sample = Sample(INSTALLED + 300, INSTALLED, Decimal(1))
    ledger = Ledger((sample,))
    assert needed_since(ledger) == INSTALLED
    assert needed_since(replace(ledger, billed_until=5)) == 5
    assert needed_since(replace(ledger, follows=Follows.DAILY)) < at("03-20 00:00") - 12 * HOUR
    assert needed_since(replace(ledger, follows=Follows.MONTHLY)) == at("02-28 00:00")


def test_what_is_known_of_use() -> None:
    """Test that time stands for use that isn't known at all."""
    billing = Billing(None, Follows.DAILY)
    assert billing.between(5, 8) == 3
    assert billing.knows(5, 8)
    sample = Sample(at("03-21 00:10"), at("03-20 23:40"), Decimal(1))
    assert billing.until(sample, 0, Decimal(1)) == at("03-21 00:00")
    assert replace(billing, follows=Follows.MONTHLY).until(sample, 0, Decimal(1)) == at(
        "03-01 00:00"
    )
    assert Billing(None).until(sample, 0, Decimal(1)) == sample.read_time


def test_a_balance_without_a_list_may_fall_by_cents() -> None:
    """Test that a balance that falls by a cent each hour follows at once, though none is clear."""
    samples = [
        Sample(INSTALLED + hour * HOUR, INSTALLED + hour * HOUR, Decimal(50) - Decimal(hour) / 100)
        for hour in range(80)
    ]
    assert follows_of(Ledger(tuple(samples)), None) is Follows.AT_ONCE
