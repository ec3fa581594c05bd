"""Test how balances and payments become the cost of every hour."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption, MeterKind
from custom_components.jrhsz.history.cost import Costs, costs_of, credited_rows
from custom_components.jrhsz.history.ledger import Credit, Follows, Ledger, Sample
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.settlement import Correction
from custom_components.jrhsz.history.usage import Row, Stored, Usage, usage_of

START = int(datetime(2026, 3, 2, tzinfo=CHINA_STANDARD_TIME).timestamp())


def at(hours: float) -> int:
    """Return the time some hours after the start."""
    return START + round(hours * HOUR)


def payment(hours: float, amount: str | int | Decimal) -> Credit:
    """Return a payment."""
    return Credit(at(hours), Decimal(amount))


def used(*readings: tuple[float, str]) -> Usage:
    """Return the use between readings."""
    usage = usage_of(
        [
            Consumption(
                table_no="A",
                reading=Decimal(reading),
                read_time=datetime.fromtimestamp(at(hours), UTC),
                last_reading=Decimal(readings[index][1]),
                last_read_time=datetime.fromtimestamp(at(readings[index][0]), UTC),
                device_id=None,
            )
            for index, (hours, reading) in enumerate(readings[1:])
        ],
        datetime.max.replace(tzinfo=UTC),
        MeterKind.ELECTRICITY,
    )
    assert usage is not None
    return usage


def balances(*seen: tuple[float, str]) -> list[Sample]:
    """Return samples that were polled five minutes after their reading."""
    ledger = Ledger()
    for hours, balance in seen:
        time = at(hours)
        ledger = ledger.with_sample(time + 300, time, Decimal(balance))
    return list(ledger.samples)


def costs(
    samples: list[Sample], *payments: Credit, usage: Usage | None = None, hours: float = 12
) -> Costs:
    """Return what the samples tell some hours after the start."""
    since = samples[0].poll - 2 * DAY
    ledger = Ledger(tuple(samples), tuple(sorted(payments)), since, follows=Follows.AT_ONCE)
    return costs_of(ledger, usage, now=at(hours))


def by_hour(costs: Costs, hours: float = 12) -> dict[int, float]:
    """Return the cost by hour, without the hours without any."""
    return {
        (row.start - START) // HOUR: float(row.state)
        for row in costs.rows(Stored(), at(hours))
        if row.state
    }


STEADY = used(*((hour, str(hour)) for hour in range(100)))


def test_cost_is_what_the_balance_lost() -> None:
    """The cost between two readings is in the hours between them."""
    found = costs(balances((0, "100"), (1, "99.40"), (2, "98.10")), usage=STEADY)
    assert by_hour(found) == {0: 0.6, 1: 1.3}


def test_cost_follows_the_use() -> None:
    """Where three quarters were used, three quarters of the cost are."""
    usage = used((0, "0"), (1, "3"), (2, "4"), (4, "4"))
    assert by_hour(costs(balances((0, "10"), (2, "8")), usage=usage)) == {0: 1.5, 1: 0.5}


def test_cost_spreads_evenly_without_known_use() -> None:
    """Without records there is only time to go by."""
    assert by_hour(costs(balances((0.5, "10"), (2, "8.50")))) == {0: 0.5, 1: 1.0}


def test_nothing_lost_is_no_cost_without_known_use_too() -> None:
    """Test that a balance that stays costs nothing, but for the last hours: they may come late."""
    found = costs(balances(*((hour, "10") for hour in range(10))))
    assert found.rows(Stored(), at(12)) == [
        Row(at(hour), Decimal(0), Decimal(0)) for hour in range(6)
    ]


def test_cost_waits_for_the_use() -> None:
    """What the records don't tell yet comes later."""
    samples = balances((0, "10"), (2, "8"), (4, "5"))
    assert by_hour(costs(samples, usage=used((0, "0"), (3, "3")))) == {0: 1.0, 1: 1.0}


def test_sums_go_on_from_the_row_before() -> None:
    """The first row adds to what is stored before it."""
    rows = costs(balances((0, "10"), (2, "8")), usage=STEADY).rows(Stored(Decimal(7)), at(9))
    assert rows == [Row(at(0), Decimal(1), Decimal(8)), Row(at(1), Decimal(1), Decimal(9))]


def test_the_running_hour_is_not_written() -> None:
    """It is written when it is over."""
    found = costs(balances((0, "10"), (1.5, "8.50")), usage=STEADY)
    assert by_hour(found, 1.9) == {0: 1.0}
    assert by_hour(found, 2) == {0: 1.0, 1: 0.5}


def test_a_payment_counts_where_the_balance_rises() -> None:
    """It is neither a cost nor a negative cost."""
    samples = balances((0, "10"), (1, "9"), (2, "58"), (3, "57"))
    found = costs(samples, payment(1.2, "50"), usage=STEADY)
    assert by_hour(found) == {0: 1.0, 1: 1.0, 2: 1.0}
    assert not found.corrections


def test_a_late_credit_counts_where_the_balance_rises() -> None:
    """A meter may fetch its credit hours after it was paid."""
    samples = balances((0, "10"), (1, "9"), (2, "8"), (3, "7"), (4, "56"), (5, "55"))
    found = costs(samples, payment(0.5, "50"), usage=STEADY)
    assert by_hour(found) == dict.fromkeys(range(5), 1.0)


def test_a_payment_on_its_way_stops_nothing_that_it_cannot_be_in() -> None:
    """Test that only the hours wait in which the credit may have entered unseen."""
    samples = balances((0, "10"), (1, "9"), (2, "8"), (3, "7"), (4, "6"))
    found = costs(samples, payment(1.5, "50"), usage=STEADY)
    assert by_hour(found) == dict.fromkeys(range(4), 1.0)
    found = costs(samples, payment(1.5, "0.5"), usage=STEADY)
    assert by_hour(found) == {0: 1.0}
    assert not found.awaits_payment


def test_a_payment_that_never_arrives_is_a_logged_correction() -> None:
    """Test that it makes no cost, for as long as it isn't seen."""
    samples = balances(*((hour, str(100 - hour)) for hour in range(63)))
    found = costs(samples, payment(1.5, "50"), usage=STEADY, hours=63)
    assert by_hour(found, 63) == dict.fromkeys(range(62), 1.0)
    assert found.corrections == [Correction(at(1.5), Decimal(-50))]


def test_a_payment_smaller_than_the_use_leaves_no_rise() -> None:
    """It counts at once where the cost would be too low without it."""
    samples = balances((0, "100"), (1, "99"), (2, "98"), (12, "93"), (13, "92"))
    found = costs(samples, payment(7, "5"), usage=STEADY, hours=14)
    assert by_hour(found, 14) == dict.fromkeys(range(13), 1.0)


def test_a_small_payment_may_be_fetched_later() -> None:
    """It counts in the first hour that costs too little without it."""
    seen = [(hour, f"{100 - hour}") for hour in range(5)]
    seen += [(hour, f"{100 - hour + Decimal('0.6')}") for hour in range(5, 13)]
    found = costs(balances(*seen), payment(1.5, "0.6"), usage=STEADY, hours=14)
    assert by_hour(found, 14) == dict.fromkeys(range(12), 1.0)
    assert not found.corrections


def test_equal_small_payments_count_one_after_the_other() -> None:
    """None takes the place of a later one, which would be left without any."""
    seen = [(0, "100"), (1, "99"), (2, "98"), (3, "97.60"), (4, "96.60"), (5, "96.21")]
    found = costs(balances(*seen), payment(1.5, "0.6"), payment(4.5, "0.6"), usage=STEADY)
    assert by_hour(found) == {**dict.fromkeys(range(4), 1.0), 4: 0.99}


def test_without_a_price_a_small_payment_counts_after_two_days() -> None:
    """There is nothing to compare with, and the list says that it was made."""
    samples = balances((0, "100"), (12, "93"), (70, "35"))
    found = costs(samples, payment(7, "5"), hours=71)
    assert sum(by_hour(found, 71).values()) == 70.0
    assert costs(samples, payment(30, "5"), hours=71).end == at(12)


def test_a_rise_waits_for_its_payment() -> None:
    """The list of payments may be slow; it is asked for again."""
    samples = balances((0, "10"), (1, "9"), (2, "58"), (3, "57"))
    found = costs(samples, usage=STEADY)
    assert found.awaits_payment
    assert by_hour(found) == {0: 1.0}


def test_use_that_costs_little_asks_for_payments_once() -> None:
    """Test that a payment may be in what a new register counted, but none that isn't listed."""
    readings = [*((hour, str(hour)) for hour in range(6)), (6, "20"), (7, "21"), (8, "22")]
    seen = [(hour, str(100 - hour)) for hour in range(7)]
    samples = balances(*seen, (7, "93"), (8, "92"))
    found = costs(samples, usage=used(*readings), hours=5.5)
    assert (found.end, found.awaits_payment) == (at(5), True)
    found = costs(samples, usage=used(*readings), hours=8.5)
    assert (found.end, found.awaits_payment) == (at(8), False)
    assert by_hour(found, 8.5) == dict.fromkeys(range(8), 1.0)


def test_a_rise_without_payment_is_a_logged_correction() -> None:
    """Test that it is a credit in the end, and that the use in its hour has its cost."""
    samples = balances((0, "10"), (1, "9"), (2, "58"), (3, "57"), (4, "56"))
    found = costs(samples, usage=STEADY, hours=63)
    assert by_hour(found, 63) == {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}
    assert found.corrections == [Correction(at(2) + 300, Decimal(49))]
    assert not found.awaits_payment


def test_several_payments_at_once() -> None:
    """All of them are in one rise, or one in each."""
    samples = balances((0, "10"), (1, "9"), (2, "158"), (3, "157"), (4, "176"))
    found = costs(
        samples,
        payment(1.2, "50"),
        payment(1.3, "100"),
        payment(1.4, "20"),
        usage=STEADY,
    )
    assert by_hour(found) == {0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}


def test_equal_payments_are_two() -> None:
    """Two records that are the same are two payments."""
    samples = balances((0, "10"), (1, "9"), (2, "28"), (3, "27"))
    found = costs(samples, payment(1.2, "10"), payment(1.2, "10"), usage=STEADY)
    assert by_hour(found) == {0: 1.0, 1: 1.0, 2: 1.0}


def test_a_refund_counts_with_its_sign() -> None:
    """What is taken back is no cost, at once or later."""
    samples = balances((0, "100"), (1, "99"), (2, "78"), (3, "77"), (4, "76"))
    assert by_hour(costs(samples, payment(1.2, "-20"), usage=STEADY)) == dict.fromkeys(
        range(4), 1.0
    )
    samples = balances((0, "100"), (1, "99"), (2, "98"), (3, "77"), (4, "76"))
    assert by_hour(costs(samples, payment(1.2, "-20"), usage=STEADY)) == dict.fromkeys(
        range(4), 1.0
    )


def test_a_refund_that_never_shows_is_a_logged_correction() -> None:
    """Test that cost goes on."""
    samples = balances(*((hour, str(100 - hour)) for hour in range(63)))
    found = costs(samples[:30], payment(1.5, "-20"), usage=STEADY, hours=30)
    assert by_hour(found, 30) == dict.fromkeys(range(29), 1.0)
    assert not found.corrections
    found = costs(samples, payment(1.5, "-20"), usage=STEADY, hours=63)
    assert by_hour(found, 63) == dict.fromkeys(range(62), 1.0)
    assert found.corrections == [Correction(at(1.5), Decimal(20))]


def test_a_balance_that_lags_behind_its_reading() -> None:
    """A loss without a new reading belongs to the reading before."""
    samples = [
        Sample(at(0), at(0), Decimal(10)),
        Sample(at(1), at(1), Decimal(10)),
        Sample(at(1.5), at(1), Decimal(9)),
        Sample(at(2), at(2), Decimal(8)),
    ]
    assert by_hour(costs(samples, usage=STEADY)) == {0: 1.0, 1: 1.0}


def test_no_hour_costs_less_than_nothing() -> None:
    """Test that what a rise is above its payment is a credit too."""
    samples = balances((0, "100"), (1, "97"), (2, "97.50"), (3, "96"))
    found = costs(samples, payment(1.2, "0.4"), usage=STEADY, hours=80)
    assert by_hour(found, 80) == {0: 3.0, 1: 0.75, 2: 0.75}
    assert found.corrections == [Correction(at(2) + 300, Decimal("0.1"))]


def test_payments_from_before_the_first_balance_are_in_it() -> None:
    """Only a later rise shows that one of them was not."""
    samples = balances((0, "10"), (1, "9"), (2, "8"))
    assert by_hour(costs(samples, payment(-1, "50"), usage=STEADY)) == {0: 1.0, 1: 1.0}
    samples = balances((0, "10"), (1, "59"), (2, "58"))
    assert by_hour(costs(samples, payment(-1, "50"), usage=STEADY)) == {0: 1.0, 1: 1.0}


def test_one_balance_is_no_cost() -> None:
    """It takes two to tell a difference."""
    assert not costs(balances((0, "10"))).steps
    assert Costs().trimmed() is None


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Sample], list[Credit], Usage]:
    """Draw ten days of a meter with a price, payments, late credits and polls that are missed."""
    price = Decimal(draw(st.integers(30, 400))).scaleb(-2)
    uses = draw(st.lists(st.integers(0, 300), min_size=240, max_size=240))
    reading, readings = Decimal(0), [(0.25, "0")]
    for hour, use in enumerate(uses, 1):
        reading += Decimal(use).scaleb(-2)
        readings.append((hour + 0.25, str(reading)))
    payments, credited = [], list[tuple[float, Decimal]]()
    for _ in range(draw(st.integers(0, 8))):
        hours = draw(st.integers(1, 190)) + draw(st.sampled_from([0.1, 0.3, 0.6]))
        amount = Decimal(draw(st.sampled_from([-5, 2, 5, 20, 50, 100, 100, 200])))
        payments.append(payment(hours, amount))
        credited.append((hours + draw(st.sampled_from([0, 0, 3, 20])), amount))
    ledger = Ledger()
    for index, (hours, text) in enumerate(readings):
        if 0 < index < len(uses) and draw(st.integers(0, 20)) == 0:
            continue
        for poll in (hours + 0.2, hours + 0.7):
            added = sum((amount for when, amount in credited if when <= poll), Decimal(0))
            balance = Decimal(500) - price * Decimal(text) + added
            ledger = ledger.with_sample(at(poll), at(hours), balance)
    return list(ledger.samples), payments, used(*readings)


@settings(max_examples=60, deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_any_life_costs_what_was_used(
    life: tuple[list[Sample], list[Credit], Usage], dice: random.Random
) -> None:
    """No hour costs less than nothing; all of them cost what the balance lost and was paid."""
    samples, payments, usage = life
    dice.shuffle(payments)
    found = costs(samples, *payments, usage=usage, hours=245)
    rows = found.rows(Stored(), at(245))
    assert all(row.state >= 0 for row in rows)
    lost = samples[0].balance - samples[-1].balance
    known = zip(found.ledger.credits, found.entered, strict=True)
    entered = [item for item, sample in known if sample is not None]
    added = sum((item.amount for item in [*entered, *found.unexplained]), Decimal(0))
    assert found.end == samples[-1].read_time
    assert rows[-1].sum == lost + added


@settings(max_examples=60, deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_trimmed_samples_give_the_same_rows(
    life: tuple[list[Sample], list[Credit], Usage], dice: random.Random
) -> None:
    """Computed day by day from what is kept, the rows are those of all samples."""
    samples, payments, usage = life
    rest = samples[1:]
    ledger = Ledger(tuple(samples[:1]), (), samples[0].poll - 2 * DAY)
    rows: dict[int, Decimal] = {}
    corrections = set()
    while rest:
        size = dice.randint(1, 48)
        ledger = replace(ledger, samples=(*ledger.samples, *rest[:size]))
        rest = rest[size:]
        now = ledger.samples[-1].poll + HOUR
        ledger = ledger.with_credits(item for item in payments if item.time < now)
        found = costs_of(ledger, usage, now=now)
        corrections |= set(found.corrections)
        if not found.steps:
            continue
        before = [total for start, total in rows.items() if start < found.begin // HOUR * HOUR]
        for row in found.rows(Stored(max(before, default=Decimal(0))), now):
            rows[row.start] = row.sum
        if trimmed := found.trimmed():
            ledger = trimmed
            assert ledger.billed_until is not None
            assert ledger.billed_until >= found.end - 7 * DAY
    clean = costs(samples, *payments, usage=usage, hours=(now - START) / HOUR)
    if not corrections and not clean.corrections:
        expected = {row.start: row.sum for row in clean.rows(Stored(), now)}
        assert rows[max(rows)] == expected[max(rows)]


def test_rows_of_what_was_paid() -> None:
    """Test that payments are in the hour in which they were made, refunds with their sign."""
    paid = [payment(0.1, 50), payment(0.9, 20), payment(3.5, -20), payment(9.5, 100)]
    rows = credited_rows(paid, Stored(Decimal(7)), begin=at(0), now=at(9.9))
    assert rows == [
        Row(at(0), Decimal(70), Decimal(77)),
        Row(at(3), Decimal(-20), Decimal(57)),
    ]
    # The payment that was listed at 3.5 has another time now.
    stored = Stored(Decimal(7), {at(0): (70.0, 77.0), at(3): (-20.0, 57.0)})
    paid[2] = payment(2.5, -20)
    rows = credited_rows(paid, stored, begin=at(0), now=at(9.9))
    assert rows[1:] == [
        Row(at(2), Decimal(-20), Decimal(57)),
        Row(at(3), Decimal(0), Decimal(57)),
    ]
    assert credited_rows(paid, Stored(), begin=at(4), now=at(9.9)) == []


def test_cost_is_even_where_no_record_tells() -> None:
    """Test that a record that is missing puts the cost of two hours into neither of them."""
    whole = used((0, "0"), (1, "1"), (3, "3"), (4, "4"))
    [line] = whole.lines
    gap = replace(whole, lines=(replace(line, even=[False, True, False, True]),))
    assert [gap.total(at(hour)) for hour in (1, 2, 3)] == [1, 1, 3]
    seen = balances(*((hour, f"{50 - hour / 2}") for hour in (0, 1, 3, 4)))
    assert by_hour(costs(seen, usage=gap)) == {0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5}


def test_balances_are_kept_while_a_run_may_be_wrong() -> None:
    """Test that what was billed since a run isn't done with until readings went back or on."""
    hours = 24 * 12
    right = [(float(hour), str(1000 + hour)) for hour in range(hours)]
    low = [(float(hour), "700") for hour in range(hours, hours + 24 * 6)]
    seen = balances(*((hour, f"{500 - hour / 10:.2f}") for hour in range(hours + 24 * 6)))
    end = hours + 24 * 6
    found = costs(seen, usage=used(*right, *low), hours=end)
    rest = found.trimmed()
    assert rest is not None
    assert at(hours - 25) < (rest.billed_until or 0) <= at(hours)
    found = costs(seen, usage=used(*((float(h), str(h)) for h in range(end))), hours=end)
    rest = found.trimmed()
    assert rest is not None
    assert (rest.billed_until or 0) > at(end - 5 * 24)


@pytest.mark.parametrize("fee", ["0.24", "54.00"])
def test_a_fee_while_no_reading_is_right(fee: str) -> None:
    """Test that a fall which is too small or large for use in a wrong run is none of its cost."""
    right = [(float(hour), str(1000 + 5 * hour)) for hour in range(60) if not 40 <= hour < 45]
    wrong = [(float(hour), "700") for hour in range(40, 45)]
    seen = [(hour, f"{900 - 2 * hour}") for hour in range(40)]
    left = Decimal(fee)
    seen += [(hour, f"{822 - left * (hour >= 43)}") for hour in range(40, 45)]
    seen += [(hour, f"{900 - left - 2 * hour}") for hour in range(45, 60)]
    found = costs(balances(*seen), usage=used(*sorted((*right, *wrong))), hours=60)
    hours = dict.fromkeys(range(59), 2.0) | {43: 2 + float(fee)}
    assert by_hour(found, 60) == pytest.approx(hours, abs=0.01)
    assert [charge.amount for charge in found.charges] == [left] * (left > 1)
