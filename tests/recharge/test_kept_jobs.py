"""Tests of batches of an earlier run of Home Assistant."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.jrhsz.recharge.batch import Batch
from custom_components.jrhsz.recharge.follow import async_setup_orders
from custom_components.jrhsz.recharge.job import Job
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.kept_jobs import async_kept_jobs
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..support.orders import order

CODES = ["2022040001", "2022040002", "2022040003"]


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account that is disabled, so that nothing asks its platform."""
    entry = MockConfigEntry(
        domain="jrhsz",
        unique_id="platform.example/demo",
        data={"url": "http://platform.example", "username": "demo", "password": "x"},
        options={"meters": [{"user_code": CODES[1], "building": "一栋水", "room": "101"}]},
        disabled_by=ConfigEntryDisabler.USER,
    )
    entry.add_to_hass(hass)
    await async_setup_orders(hass)
    await async_get_translations(hass, "en", "exceptions", {"jrhsz"})
    return entry


@pytest.fixture
async def journal(hass: HomeAssistant, entry: MockConfigEntry) -> Journal:
    """Return the journal of that account."""
    return hass.data[DATA_ORDERS].journal


def batch(name: str = "B1", **kept: Any) -> Batch:
    """Return a batch of 20 yuan."""
    values = {"amount": Decimal(20), "up_to": None, "only_below": None} | kept
    return Batch(name=name, account_id="platform.example/demo", **values)


def sent(number: str, status: Status = Status.CONFIRMED, **values: Any) -> Order:
    """Return an order of the batch that was sent just now."""
    now = dt_util.utcnow()
    return order(number, sent=now, status=status, **{"batch": "B1", **values})


async def kept(hass: HomeAssistant, *but: str) -> list[Job]:
    """Return the jobs that are shown."""
    return await async_kept_jobs(hass, but)


async def test_what_was_sent_and_what_was_not(
    hass: HomeAssistant, entry: MockConfigEntry, journal: Journal
) -> None:
    """Test that each meter of the batch has its row, also where nothing was sent any more."""
    user = MockUser(name="Wang").add_to_hass(hass)
    await batch().async_begin(journal, CODES, user.id)
    await journal.async_reserve(
        sent("First", Status.REJECTED), sent("Second"), sent("Other", batch="B2")
    )
    (job,) = await kept(hass)
    assert (job.batch, job.user, job.is_running, job.dry_run) == (batch(), "Wang", False, False)
    assert job.counts()["total"] == 3
    rows = [row.as_response() for row in job.rows.values()]
    assert [(row["user_code"], row["status"], row["order_number"]) for row in rows] == [
        (CODES[0], "confirmed", "Second"),
        (CODES[1], "refused", None),
        (CODES[2], "refused", None),
    ]
    # As long as nothing else is known of them: the name of then, of the options, and the code.
    assert [row["meter"] for row in rows] == ["一栋 101", "一栋水 101", CODES[2]]
    assert [row["device_id"] for row in rows] == ["device", None, None]
    assert rows[1]["message"] == (
        "Home Assistant was restarted. Until then nothing was sent for this meter."
    )
    assert job.sum == Decimal(20)
    assert await kept(hass, "B1") == []


async def test_later_rejection_hides_no_credit(
    hass: HomeAssistant, entry: MockConfigEntry, journal: Journal
) -> None:
    """Test that an attempt that was credited is what counts, and else the last one."""
    await batch().async_begin(journal, CODES[:2], None)
    await journal.async_reserve(
        sent("A", Status.CONFIRMED),
        sent("B", Status.REJECTED),
        sent("C", Status.REJECTED, user_code=CODES[1]),
        sent("D", Status.REJECTED, user_code=CODES[1]),
    )
    (job,) = await kept(hass)
    assert [row.sent_number for row in job.rows.values()] == ["A", "D"]
    assert job.user is None


async def test_how_long(
    hass: HomeAssistant, entry: MockConfigEntry, journal: Journal, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what is settled is shown for a day, what is open as long as the batch lasts."""
    await batch("Open", amount=None, up_to=Decimal(50)).async_begin(journal, CODES[:1], None)
    await journal.async_reserve(sent("Open", Status.UNKNOWN, batch="Open"))
    freezer.tick(1)
    await batch().async_begin(journal, CODES[:1], None)
    await journal.async_reserve(sent("Done", user_code=CODES[1]))
    assert [job.batch.name for job in await kept(hass)] == ["Open", "B1"]
    freezer.tick(timedelta(hours=24))
    (job,) = await kept(hass)
    assert (job.batch.name, job.batch.up_to) == ("Open", Decimal(50))
    freezer.tick(timedelta(days=6))
    assert await kept(hass) == []


async def test_early_notes_and_gone_accounts(
    hass: HomeAssistant, entry: MockConfigEntry, journal: Journal
) -> None:
    """Test a batch that was begun when its meters were not written down, and a removed account."""
    now = dt_util.utcnow().isoformat()
    note = {"account": entry.unique_id, "amount": "20.00", "up_to": None, "only_below": None}
    await journal.async_note("batch|Early", {**note, "begun": now})
    assert await kept(hass) == []
    await journal.async_reserve(sent("Mine", batch="Early"))
    (job,) = await kept(hass)
    assert list(job.rows) == CODES[:1]
    await journal.async_note("draft|x", {"number": "HA1", "made": now})
    await hass.config_entries.async_remove(entry.entry_id)
    assert await kept(hass) == []
