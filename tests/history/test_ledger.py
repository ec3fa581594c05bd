"""Tests of what is kept of a meter's balances and payments."""

from datetime import datetime
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Payment
from custom_components.jrhsz.history.ledger import Credit, Ledger, Sample, credits_of
from custom_components.jrhsz.history.readings import DAY, HOUR

START = int(datetime(2026, 3, 2, tzinfo=CHINA_STANDARD_TIME).timestamp())


def at(hours: float) -> int:
    """Return the time some hours after the start."""
    return START + round(hours * HOUR)


def seen(*balances: tuple[float, str]) -> Ledger:
    """Return a ledger of balances that were polled five minutes after their reading."""
    ledger = Ledger()
    for hours, balance in balances:
        ledger = ledger.with_sample(at(hours) + 300, at(hours), Decimal(balance))
    return ledger


def test_the_same_again_is_no_news() -> None:
    """Test that the first answer that shows a balance is kept."""
    ledger = Ledger().with_sample(at(0.1), at(0), Decimal(10))
    assert ledger.samples == (Sample(at(0.1), at(0), Decimal(10)),)
    assert ledger.with_sample(at(0.6), at(0), Decimal("10.00")) is ledger


def test_wrong_clocks() -> None:
    """Test that an answer in 1970 is none, and that one set back forgets what came after it."""
    ledger = Ledger().with_sample(at(0.1), at(0), Decimal(10))
    assert ledger.with_sample(60, at(1), Decimal(9)) is ledger
    ahead = ledger.with_sample(at(500), at(1), Decimal(9))
    assert len(ahead.samples) == 2
    later = ahead.with_sample(at(1.1), at(1), Decimal(9))
    assert later.samples[1:] == (Sample(at(1.1), at(1), Decimal(9)),)
    assert ahead.with_sample(at(2), at(0), Decimal(10)) == ledger


def test_a_meter_whose_clock_is_ahead() -> None:
    """Test that a reading is from before it was seen, so that later ones are later."""
    ledger = Ledger().with_sample(at(1), at(3), Decimal(10)).with_sample(at(2), at(2), Decimal(9))
    assert [sample.read_time for sample in ledger.samples] == [at(1), at(2)]


def test_an_older_answer_is_no_news() -> None:
    """Test that two servers that answer by turns make no rise."""
    ledger = seen((0, "10"), (1, "9"))
    assert ledger.with_sample(at(1.5), at(0), Decimal(10)) is ledger


def test_quick_uploads_keep_what_the_cost_of_an_hour_needs() -> None:
    """Test that of each hour stay the first and the last balance, and those around a rise."""
    ledger = seen(*((minute / 60, f"{99 - minute / 100:.2f}") for minute in range(0, 180, 5)))
    minutes = [(sample.read_time - START) // 60 for sample in ledger.samples]
    assert minutes == [0, 55, 60, 115, 120, 175]
    ledger = seen(
        (0, "9"), (0.1, "8"), (0.2, "7"), (0.3, "57"), (0.4, "56"), (0.5, "55"), (0.6, "54")
    )
    assert [int(sample.balance) for sample in ledger.samples] == [9, 7, 57, 54]


def test_a_balance_that_stays_within_an_hour() -> None:
    """Test that the first reading with it stays: what is used after it is in a later fall."""
    ledger = seen((0, "10"), (0.25, "9.90"), (0.5, "9.90"), (0.75, "9.90"))
    assert [(sample.read_time - START) // 60 for sample in ledger.samples] == [0, 15, 45]


def test_equal_balances_keep_the_first_and_the_last() -> None:
    """Test that a balance that falls once a day needs two samples."""
    ledger = seen(*((hour, str(100 - hour // 24)) for hour in range(72)))
    assert [(sample.read_time - START) // HOUR for sample in ledger.samples] == [
        *(0, 23),
        *(24, 47),
        *(48, 71),
    ]


def test_a_balance_that_was_seen_again() -> None:
    """Test that when it was last seen is kept once it changes, so that a fee is in its hour."""
    ledger = seen((0, "10"), (1, "9"))
    poll = at(20)
    later = ledger.with_sample(poll + 900, at(1), Decimal(3), seen_until=poll)
    assert later.samples[2:] == (
        Sample(poll, at(1), Decimal(9)),
        Sample(poll + 900, at(1), Decimal(3)),
    )
    soon = ledger.with_sample(at(1.6), at(1.5), Decimal(8), seen_until=at(1.4))
    assert len(soon.samples) == 3


def test_payments_that_are_listed_anew() -> None:
    """Test that none is forgotten or counted twice, but for those that are accounted for."""
    old, known, new = (Credit(at(hours), Decimal(hours)) for hours in (1, 3, 4))
    ledger = Ledger(credits=(old, known), accounted_until=at(2))
    assert ledger.with_credits([new, new]).credits == (old, known, new, new)
    assert ledger.with_credits([new, known]).credits == (old, known, new)
    assert ledger.with_credits([Credit(at(0.5), Decimal(9))]).credits == (old, known)


@pytest.mark.parametrize(
    ("amount", "hour", "expected"),
    [("5", 1, [Credit(at(1), Decimal(5))]), (None, 1, []), ("5", None, []), ("0", 1, [])],
)
def test_payments_without_time_or_amount_tell_nothing(
    amount: str | None, hour: int | None, expected: list[Credit]
) -> None:
    """Test that nothing is matched with them."""
    payment = Payment(
        order_number="",
        amount=None if amount is None else Decimal(amount),
        time=None if hour is None else datetime(2026, 3, 2, hour, tzinfo=CHINA_STANDARD_TIME),
        channel=None,
    )
    assert credits_of([payment]) == expected


def test_a_day_is_the_most_that_clocks_differ() -> None:
    """Test that a reading from tomorrow is one of a home whose clock is wrong."""
    assert not Ledger().with_sample(START, START + DAY + 1, Decimal(1)).samples
    assert Ledger().with_sample(START, START + DAY, Decimal(1)).samples
