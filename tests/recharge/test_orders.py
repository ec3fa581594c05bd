"""Tests of what becomes of orders after they were sent."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from time import sleep
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.api import Client, ExchangeError, Priority
from custom_components.jrhsz.connection import DATA_CONNECTIONS
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER
from custom_components.jrhsz.recharge.issues import open_orders_issue
from custom_components.jrhsz.recharge.journal_file import JournalFile
from custom_components.jrhsz.recharge.order import Order
from custom_components.jrhsz.recharge.orders import DATA_ORDERS, EVENT_RECHARGE, Orders
from custom_components.jrhsz.recharge.proof import Look
from custom_components.jrhsz.recharge.request import AccountMeter

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, set_up, wait_for
from ..support.recharges import (
    METER,
    OTHER,
    credited,
    lists_our_orders,
    look_up_all,
    orders_of,
    recharge,
    restart_process,
    set_clock,
)

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters."""
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=40) as simulator:
        yield simulator


async def open_order(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    *,
    booked: bool,
    user_code: str = METER,
) -> Order:
    """Make an order of which nobody knows what came; the list fails meanwhile."""
    simulator.add_fault(
        Fault(kind="cut", interface="Prestore", when="after" if booked else "before")
    )
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList", skip=1, times=None))
    response = await recharge(hass, entry, user_code, order_number=f"Mine{user_code}")
    assert response["status"] == "unknown"
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.clear_faults()
    return orders_of(hass)[f"Mine{user_code}"]


def the_order(hass: HomeAssistant) -> Order:
    """Return the only order, beside those that were there before."""
    orders = orders_of(hass).values()
    (order,) = [order for order in orders if not order.number.startswith("Listed")]
    return order


def issue_of(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue of an account's open orders."""
    return ir.async_get(hass).async_get_issue("jrhsz", open_orders_issue(str(entry.unique_id)))


async def test_taken_up_at_start(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that open orders are looked up when Home Assistant starts."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    await open_order(hass, config_entry, simulator, booked=False, user_code=OTHER)
    await restart_process(hass, config_entry)
    orders = orders_of(hass)
    assert (orders[f"Mine{METER}"].status, orders[f"Mine{METER}"].source) == (
        "confirmed",
        "payments",
    )
    assert orders[f"Mine{OTHER}"].status == "unknown"
    issue = issue_of(hass, config_entry)
    assert issue is not None
    assert issue.is_fixable
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["account"] == "demo"
    (line,) = issue.translation_placeholders["orders"].splitlines()
    assert line.startswith(f"- 一栋 {OTHER} · ¥20.00 · ")
    assert line.endswith(f" · Mine{OTHER}")
    assert len(simulator.calls_of("Prestore")) == 2


async def test_growing_pauses(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an open order is looked up with growing pauses, then at every pass."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=False)
    looked: list[datetime] = []
    look_up = Orders.async_look_up

    async def recorded(orders: Orders, *arguments: Any) -> Look:
        """Record when orders are looked up."""
        looked.append(dt_util.utcnow())
        return await look_up(orders, *arguments)

    monkeypatch.setattr(Orders, "async_look_up", recorded)
    began = the_order(hass).sent
    for _ in range(62 * 4):
        await wait_for(hass, freezer, seconds=15)
    passed = [round((time - began).total_seconds()) for time in looked]
    # With growing pauses for a quarter of an hour, then half-hourly.
    expected = [15, 45, 105, 225, 465, 900, 1800, 3600]
    assert len(passed) == len(expected)
    for time, due in zip(passed, expected, strict=True):
        # Each timer is late by up to one step.
        assert due - 1 <= time <= due + 100
    assert the_order(hass).is_open
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_found_at_a_pass(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that an order that shows hours later is confirmed at the next pass, and told."""
    simulator.set_dialect(payment_delay=3 * 3600)
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    await wait_for(hass, freezer, minutes=31)
    assert the_order(hass).is_open
    events = async_capture_events(hass, "jrhsz_recharge")
    await wait_for(hass, freezer, hours=3)
    assert the_order(hass).status == "confirmed"
    assert [(event.data["status"], event.data["source"]) for event in events] == [
        ("confirmed", "payments")
    ]
    assert issue_of(hass, config_entry) is None
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_one_list_that_fails(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a list that fails keeps no other order from being looked up."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    await open_order(hass, config_entry, simulator, booked=True, user_code=OTHER)
    simulator.add_fault(
        Fault(kind="status", interface="GetPaymentList", user_code=METER, times=None)
    )
    await look_up_all(hass, config_entry)
    orders = orders_of(hass)
    assert orders[f"Mine{METER}"].is_open
    assert orders[f"Mine{OTHER}"].status == "confirmed"


@pytest.mark.parametrize(
    ("delay", "missed", "found"), [(0, None, 60), (100, 60, 180), (5000, 1800, 7200)]
)
async def test_learning_how_late_the_list_is(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    delay: int,
    missed: int | None,
    found: int,
) -> None:
    """Test that a credited order is looked for until it is listed, also over a restart."""
    simulator.set_dialect(payment_delay=delay)
    await set_up(hass, config_entry)
    await recharge(hass, config_entry)
    for last, due in pairwise([0, 60, 180, 600, 1800, 7200]):
        if due <= found:
            await wait_for(hass, freezer, seconds=due - last + 1)
        if due == 600 < found:
            await restart_process(hass, config_entry)
    order = the_order(hass)
    assert order.listed_at is not None
    # The event of the meter may look before that.
    assert delay <= (order.listed_at - order.sent).total_seconds() < found + 10
    if missed is not None:
        assert order.absent_at is not None
        assert (order.absent_at - order.sent).total_seconds() >= missed
    assert (order.status, order.source, order.watch_until) == ("confirmed", "answer", None)
    assert hass.data[DATA_FOLLOWER]._timers == {}
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_our_numbers_do_not_show(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that on a platform with numbers of its own only a person decides, and that is known."""
    simulator.set_dialect(payment_number="other")
    await set_up(hass, config_entry)
    await recharge(hass, config_entry)
    for hours in (0.1, 0.5, 2, 8, 17):
        await wait_for(hass, freezer, hours=hours)
    order = the_order(hass)
    assert (order.status, order.listed_at, order.doubted) == ("confirmed", None, False)
    delays = hass.data[DATA_ORDERS].delays_at(config_entry)
    assert delays.are_lost
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    response = await recharge(hass, config_entry, OTHER, order_number="Mine2")
    assert (response["status"], response["message"]) == ("unknown", "失败")
    await wait_for(hass, freezer, days=2)
    assert orders_of(hass)["Mine2"].is_open
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize("booked", [True, False])
@pytest.mark.parametrize("said", [True, False])
async def test_word_of_a_person(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    booked: bool,
    said: bool,
) -> None:
    """Test that what a person said is watched for a week, and corrected if the list says so."""
    simulator.set_dialect(payment_delay=2 * 86400)
    await set_up(hass, config_entry)
    await lists_our_orders(hass, config_entry)
    order = await open_order(hass, config_entry, simulator, booked=booked)
    events = async_capture_events(hass, "jrhsz_recharge")
    await hass.data[DATA_ORDERS].async_close(order.number, credited=said)
    order = the_order(hass)
    assert (order.status, order.source) == ("confirmed" if said else "rejected", "person")
    assert issue_of(hass, config_entry) is None
    assert (await recharge(hass, config_entry, dry_run=True))["status"] == "dry_run"

    for _ in range(8):
        await wait_for(hass, freezer, days=1, minutes=1)
        await wait_for(hass, freezer, minutes=31)
    order = the_order(hass)
    assert order.status == ("confirmed" if booked else "rejected")
    assert order.source == ("payments" if booked or said else "person")
    assert order.watch_until is None
    corrected = ir.async_get(hass).async_get_issue("jrhsz", f"order_corrected_{order.number}")
    assert (corrected is not None) == (booked != said)
    assert [event.data["status"] for event in events] == (
        ["confirmed" if said else "rejected"]
        if booked == said
        else ["confirmed" if said else "rejected", "confirmed" if booked else "rejected"]
    )
    assert len(simulator.calls_of("Prestore")) == 1
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_person_and_absence_that_proves_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that where our numbers don't show, a person's word stays."""
    simulator.set_dialect(payment_number="other")
    await set_up(hass, config_entry)
    order = await open_order(hass, config_entry, simulator, booked=True)
    await hass.data[DATA_ORDERS].async_close(order.number, credited=True)
    await wait_for(hass, freezer, days=8)
    await wait_for(hass, freezer, minutes=31)
    order = the_order(hass)
    assert (order.status, order.source, order.watch_until) == ("confirmed", "person", None)
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_two_people(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an order is closed once."""
    await set_up(hass, config_entry)
    order = await open_order(hass, config_entry, simulator, booked=False)
    await hass.data[DATA_ORDERS].async_close(order.number, credited=False)
    await hass.data[DATA_ORDERS].async_close(order.number, credited=True)
    assert the_order(hass).status == "rejected"


async def test_account_removed_and_back(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that open orders outlive their account, and are taken up when it comes back."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    simulator.reset_counts()
    await hass.config_entries.async_remove(config_entry.entry_id)
    await look_up_all(hass, config_entry)
    assert simulator.calls == []
    issue = issue_of(hass, config_entry)
    assert issue is not None
    assert (issue.translation_key, issue.is_fixable, issue.is_persistent) == (
        "orders_left",
        False,
        True,
    )
    assert issue.translation_placeholders is not None
    assert f"Mine{METER}" in issue.translation_placeholders["orders"]
    assert the_order(hass).is_open

    hass.data.pop(DATA_CONNECTIONS)
    again = account_of(simulator)
    await set_up(hass, again)
    assert the_order(hass).status == "confirmed"
    assert issue_of(hass, again) is None
    assert credited(simulator) == 20


async def test_outcome_found_while_starting(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an outcome is told after the start, when automations can hear it."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    hass.set_state(CoreState.starting)
    events = async_capture_events(hass, EVENT_RECHARGE)
    await set_up(hass, config_entry)
    assert events == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [event.data["status"] for event in events] == ["confirmed"]


async def test_left_orders_beside_another_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that Home Assistant keeps the issue only if nobody else would make it again."""
    other = MockConfigEntry(
        domain="jrhsz",
        unique_id=f"{config_entry.unique_id}2",
        data={**config_entry.data, "username": "demo2"},
        options={"meters": []},
    )
    simulator.set_password("demo2", "demo-password")
    await set_up(hass, other)
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=False)
    await hass.config_entries.async_remove(config_entry.entry_id)
    issue = issue_of(hass, config_entry)
    assert issue is not None
    assert not issue.is_persistent
    await hass.config_entries.async_remove(other.entry_id)
    issue = issue_of(hass, config_entry)
    assert issue is not None
    assert issue.is_persistent


async def test_account_back_under_another_id(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that orders are taken up by who has the account, whatever its first address was."""
    config_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(config_entry, unique_id="old.example/demo")
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=False)
    await hass.config_entries.async_remove(config_entry.entry_id)
    hass.data.pop(DATA_CONNECTIONS)
    again = account_of(simulator)
    await set_up(hass, again)
    assert the_order(hass).account_id == again.unique_id
    assert issue_of(hass, config_entry) is None
    assert issue_of(hass, again) is not None


async def test_disabled_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is looked up for an account that is disabled."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    await hass.config_entries.async_set_disabled_by(config_entry.entry_id, ConfigEntryDisabler.USER)
    simulator.reset_counts()
    await look_up_all(hass, config_entry)
    assert simulator.calls == []
    assert the_order(hass).is_open
    assert issue_of(hass, config_entry) is not None


async def test_another_amount_under_our_number(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a payment of our number but another amount settles nothing."""
    await set_up(hass, config_entry)
    await lists_our_orders(hass, config_entry)
    simulator.meters[METER].add_payment(19, order_number="Mine1", at=simulator.now())
    order = await open_order(hass, config_entry, simulator, booked=False)
    simulator.meters[METER].add_payment(19, order_number=order.number)
    await look_up_all(hass, config_entry)
    assert the_order(hass).is_open


async def test_look_ups_give_way(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that one list serves all open orders of a meter's account, meter by meter."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=False)
    await open_order(hass, config_entry, simulator, booked=False, user_code=OTHER)
    simulator.reset_counts()
    await look_up_all(hass, config_entry)
    looked = [call.params["user_code"] for call in simulator.calls_of("GetPaymentList")]
    assert sorted(looked) == [METER, OTHER]


@pytest.mark.parametrize("decided", [True, False])
async def test_who_asked_goes_while_it_is_written(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    *,
    decided: bool,
) -> None:
    """Test that what a look-up found is written, told and corrected, whoever waits for it."""
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    orders = hass.data[DATA_ORDERS]
    if decided:
        await orders.async_close(f"Mine{METER}", credited=False)
    events = async_capture_events(hass, "jrhsz_recharge")
    writing, write = asyncio.Event(), JournalFile.write

    def slow(*args: Any) -> None:
        """Take as long as a slow disk."""
        hass.loop.call_soon_threadsafe(writing.set)
        sleep(0.1)
        write(*args)

    monkeypatch.setattr(JournalFile, "write", slow)
    look_up = hass.async_create_task(
        orders.async_look_up(
            AccountMeter(entry=config_entry, user_code=METER), [the_order(hass)], Priority.USER
        )
    )
    await writing.wait()
    assert the_order(hass).status == "confirmed"
    look_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look_up
    assert events == []
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [event.data["status"] for event in events] == ["confirmed"]
    assert issue_of(hass, config_entry) is None
    corrected = ir.async_get(hass).async_get_issue("jrhsz", f"order_corrected_Mine{METER}")
    assert (corrected is not None) == decided
    await orders.journal.async_load()


@pytest.mark.parametrize("was_ahead", [True, False])
async def test_clock_set_back_after_an_order(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    *,
    was_ahead: bool,
) -> None:
    """Test that an order is found, whether the clock was wrong then or is wrong now."""
    set_clock(monkeypatch, days=3 if was_ahead else 0)
    simulator.set_dialect(payment_delay=60)
    await set_up(hass, config_entry)
    await open_order(hass, config_entry, simulator, booked=True)
    set_clock(monkeypatch, days=0 if was_ahead else -3)
    simulator.advance(61)
    await hass.data[DATA_FOLLOWER].async_look_up_all(config_entry.entry_id)
    assert the_order(hass).status == "confirmed"


async def test_clock_set_back_while_sending(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that the first look-up finds an order that the platform has at an earlier time."""
    set_clock(monkeypatch, days=3)
    prestore = Client.prestore
    await set_up(hass, config_entry)

    async def broken(*args: Any) -> None:
        """Set the clock right before the connection breaks."""
        await prestore(*args)
        set_clock(monkeypatch, days=0)
        raise ExchangeError

    monkeypatch.setattr(Client, "prestore", broken)
    events = async_capture_events(hass, "jrhsz_recharge")
    await recharge(hass, config_entry)
    assert [event.data["status"] for event in events] == ["confirmed"]


async def test_watch_ends_with_another_amount(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that an order whose number shows with another amount isn't watched for ever."""
    await set_up(hass, config_entry)
    order = await open_order(hass, config_entry, simulator, booked=False)
    simulator.meters[METER].add_payment(19, order_number=order.number)
    await hass.data[DATA_ORDERS].async_close(order.number, credited=True)
    await wait_for(hass, freezer, days=1)
    assert the_order(hass).watch_until is not None
    await wait_for(hass, freezer, days=7)
    await wait_for(hass, freezer, minutes=31)
    order = the_order(hass)
    assert (order.status, order.source, order.watch_until) == ("confirmed", "person", None)
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_many_open_orders(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the issue names thirty open orders, and how many there are besides."""
    await set_up(hass, config_entry)
    order = await open_order(hass, config_entry, simulator, booked=False)
    orders = hass.data[DATA_ORDERS]
    for count in (30, 32):
        for index in range(1, count):
            later_one = replace(order, number=f"More{index}", sent=order.sent + timedelta(index))
            await orders.journal.async_update(later_one)
        orders.async_update_issue(order.account_id)
        issue = issue_of(hass, config_entry)
        assert issue is not None
        assert issue.translation_placeholders is not None
        lines = issue.translation_placeholders["orders"].splitlines()
        assert lines[0].endswith(order.number)
        assert lines[29].endswith("More29")
        assert lines[30:] == ([] if count == 30 else ["- … (+2)"])
