"""Tests of what a batch is: its numbers, what it keeps, how long it lasts."""

from decimal import Decimal
import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.recharge.batch import BATCH, Batch, number_of
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.order import Status
from custom_components.jrhsz.recharge.request import CreditedMeter, Request

from ..support.orders import order, payment

FIFTY = Request(amount=Decimal(50), context=Context())


def batch(name: str = "B1", **kept: str | None) -> Batch:
    """Return a batch of 50 yuan."""
    values = {"amount": "50", "up_to": None, "only_below": None} | kept
    amounts = {key: None if value is None else Decimal(value) for key, value in values.items()}
    return Batch(name=name, account_id="platform.example/demo", **amounts)


def meter(user_code: str = "2022040001", username: str = "demo") -> CreditedMeter:
    """Return a meter."""
    entry = MockConfigEntry(
        domain="jrhsz",
        unique_id=f"platform.example/{username}",
        data={"url": "http://platform.example", "username": username},
    )
    return CreditedMeter(entry=entry, user_code=user_code, device_id="", name="")


@pytest.fixture
async def journal(hass: HomeAssistant) -> Journal:
    """Return an empty journal."""
    journal = Journal(hass)
    await journal.async_load()
    return journal


def test_numbers() -> None:
    """Test that numbers follow from batch, account, meter and attempt, and tell all apart."""
    number = batch().number(meter(), 1)
    assert re.fullmatch("HA[A-Z2-7]{26}", number)
    assert number == batch().number(meter(), 1) == batch(amount="60").number(meter(), 1)
    others = {
        batch().number(meter(), 2),
        batch().number(meter("2022040002"), 1),
        batch().number(meter(username="other"), 1),
        batch("B2").number(meter(), 1),
        batch("b1").number(meter(), 1),
        # Not where one ends and the other begins.
        batch("B").number(meter(username="1demo"), 1),
    }
    assert len(others | {number}) == 7


@pytest.mark.parametrize("name", ["", "a" * 17, "a-b", "a b", "批", "B1\n"])
def test_names_that_are_none(name: str) -> None:
    """Test that a name is up to 16 letters and digits."""
    assert BATCH.fullmatch("Rent202611") is not None
    assert BATCH.fullmatch(name) is None


async def test_attempts(journal: Journal) -> None:
    """Test that there is a next attempt only after one that is known to be rejected."""
    numbers = [batch().number(meter(), attempt) for attempt in range(1, 10)]

    def asked() -> Request:
        """Return what is asked for now."""
        return batch().request(journal, meter(), FIFTY)

    assert (asked().order_number, asked().batch) == (numbers[0], "B1")
    await journal.async_reserve(order(numbers[0]))
    assert asked().order_number == numbers[0]
    await journal.async_update(order(numbers[0], status=Status.REJECTED))
    assert asked().order_number == numbers[1]
    await journal.async_reserve(order(numbers[1], status=Status.REJECTED))
    assert asked().order_number == numbers[2]
    await journal.async_reserve(order(numbers[2], status=Status.CONFIRMED))
    assert asked().order_number == numbers[2]
    # A first attempt that turns out to be credited after all counts.
    await journal.async_update(order(numbers[0], status=Status.CONFIRMED))
    assert asked().order_number == numbers[0]
    await journal.async_update(order(numbers[0], status=Status.REJECTED))
    await journal.async_update(order(numbers[2], status=Status.REJECTED))
    assert asked().order_number == numbers[3]
    assert asked().attempts == tuple(numbers[:8])


async def test_attempts_that_the_journal_lacks(journal: Journal) -> None:
    """Test that an attempt that only the payments show, or a later one alone, is not made again."""
    numbers = [batch().number(meter(), attempt) for attempt in range(1, 10)]
    request = batch().request(journal, meter(), FIFTY)
    assert number_of(journal, request, [payment(numbers[2].lower())]) == numbers[2]
    assert number_of(journal, request, [payment("another")]) == numbers[0]
    await journal.async_reserve(order(numbers[3], status=Status.CONFIRMED))
    assert batch().request(journal, meter(), FIFTY).order_number == numbers[3]
    assert number_of(journal, FIFTY) is None


async def test_kept(hass: HomeAssistant, journal: Journal) -> None:
    """Test that a batch is the same only with the same account, amounts and condition."""
    for _ in range(2):
        await batch(only_below="0").async_begin(journal, ["2022040001"], None)
        assert batch(only_below="0.00", amount="50.00").begun(journal) is not None
        for other in (
            batch(),
            batch(only_below="0", amount="51"),
            batch(only_below="0", amount=None, up_to="50"),
        ):
            with pytest.raises(ServiceValidationError) as error:
                other.begun(journal)
            assert error.value.translation_key == "batch_differs"
        journal = Journal(hass)
        await journal.async_load()
    assert batch("b1").begun(journal) is None


async def test_seven_days(journal: Journal, freezer: FrozenDateTimeFactory) -> None:
    """Test that a batch is over after seven days, and refused with its date."""
    freezer.move_to("2026-11-20T12:00:00+00:00")
    await batch().async_begin(journal, ["2022040001"], None)
    freezer.tick(7 * 86_400 - 1)
    await batch().async_begin(journal, ["2022040001"], None)
    freezer.tick(2)
    for other in (batch(), batch(amount="51")):
        with pytest.raises(ServiceValidationError) as error:
            other.begun(journal)
        assert error.value.translation_key == "batch_over"
        assert error.value.translation_placeholders == {"batch": "B1", "date": "2026-11-20"}
