"""Tests of recharges that go wrong: the outcome, the one sending, and what is said."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Final, Literal

from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.api import Client, ConnectError, Interface, Session
from custom_components.jrhsz.api.reply import Reply
from custom_components.jrhsz.connection import async_get_session
from custom_components.jrhsz.recharge import answer as recharge_module
from custom_components.jrhsz.recharge.issues import open_orders_issue
from custom_components.jrhsz.recharge.order import Order

from ..simulator import Fault, Simulator
from ..support.accounts import set_up
from ..support.recharges import lists_our_orders, look_up_all, orders_of, recharge

type When = Literal["before", "after"]

DOOR = (1002, 1005, 1006, 1007, 1008, 1009)
# What leaves it open whether anything was booked.
SILENT: Final[dict[str, dict[str, Any]]] = {
    "cut": {"kind": "cut"},
    "cut in the body": {"kind": "cut_body"},
    "hang": {"kind": "hang"},
    "404": {"kind": "status", "status": 404},
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "HTML": {"kind": "html"},
    "302": {"kind": "redirect", "status": 302},
    "307": {"kind": "redirect", "status": 307},
    "half a JSON": {"kind": "truncated"},
    "garbage": {"kind": "garbage"},
    "oversized": {"kind": "oversized"},
    "no code": {"kind": "no_code"},
    "null": {"kind": "code", "code": None},
    "unknown code": {"kind": "code", "code": 4711},
}
FAILED: Final[dict[str, dict[str, Any]]] = {
    "1001": {"kind": "code", "code": 1001, "msg": "系统繁忙"},
    "1001 for pace": {"kind": "code", "code": 1001, "msg": "访问过于频繁"},
}
REFUSED: Final[dict[str, dict[str, Any]]] = {
    str(code): {"kind": "code", "code": code, "msg": "拒绝"} for code in DOOR
}
ALL: Final = SILENT | FAILED | REFUSED
BEFORE: Final = (
    dict.fromkeys(SILENT, "unknown")
    | dict.fromkeys(FAILED, "unknown")
    | dict.fromkeys(REFUSED, "rejected")
)

pytestmark = pytest.mark.usefixtures("no_pauses", "known_pages")


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a meter for every fault."""
    async with Simulator(meters=len(ALL), limit=0.0, seed=1, history_days=40) as simulator:
        yield simulator


async def outcomes(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, when: When
) -> dict[str, str]:
    """Let every fault hit a recharge, each of another meter; return the statuses.

    A caller that asks for no response gets an error unless it is confirmed.
    """
    for name, meter in meters_of(simulator).items():
        simulator.add_fault(Fault(interface="Prestore", user_code=meter, when=when, **ALL[name]))
        error = await error_of(recharge(hass, entry, meter, response=False))
        # A refusal is remembered for a day.
        async_get_session(hass, simulator.url, "demo").allow(Interface.RECHARGE)
        order = order_of(hass, meter)
        if order.status == "confirmed":
            assert error is None
            continue
        assert error is not None
        assert error.translation_key == f"recharge_{order.status}"
        message = str(error)
        assert ("nothing was credited" in message) == (order.status == "rejected")
        assert ("It is not known" in message) == (order.status == "unknown")
        assert "¥20.00" in message
        assert order.number in message
        assert ALL[name].get("msg", "") in message
    await hass.async_block_till_done(wait_background_tasks=True)
    assert_sent_once(simulator, when)
    return statuses(hass, simulator)


async def error_of(call: Coroutine[Any, Any, Any]) -> HomeAssistantError | None:
    """Return the error that a call raises, if it does."""
    try:
        await call
    except HomeAssistantError as err:
        return err
    return None


def meters_of(simulator: Simulator) -> dict[str, str]:
    """Return the meter of every fault."""
    return dict(zip(ALL, simulator.meters, strict=True))


def order_of(hass: HomeAssistant, meter: str) -> Order:
    """Return the one order of a meter."""
    (order,) = [order for order in orders_of(hass).values() if order.user_code == meter]
    return order


def statuses(hass: HomeAssistant, simulator: Simulator) -> dict[str, str]:
    """Return what the journal says of every fault's recharge."""
    return {
        name: order_of(hass, meter).status.value for name, meter in meters_of(simulator).items()
    }


def assert_sent_once(simulator: Simulator, when: When) -> None:
    """Assert that each order was sent once, and booked at most once."""
    sent = [call.params["out_trade_no"] for call in simulator.calls_of("Prestore")]
    assert len(sent) == len(set(sent)) == len(ALL)
    booked = [order.out_trade_no for order in simulator.ledger]
    assert sorted(booked) == (sorted(sent) if when == "after" else [])
    assert all(order.times_credited == 1 for order in simulator.ledger)
    assert simulator.strays == []


def open_issue(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the list of open orders that the issue shows."""
    issues = ir.async_get(hass)
    issue = issues.async_get_issue("jrhsz", open_orders_issue(str(entry.unique_id)))
    return (issue.translation_placeholders or {})["orders"] if issue else ""


def told(events: list[Event[dict[str, Any]]]) -> Counter[str]:
    """Return how often which status was told."""
    return Counter(event.data["status"] for event in events)


async def test_before_booking(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test every fault without a booking: never confirmed, rejected only by the door-check."""
    await set_up(hass, config_entry)
    events = async_capture_events(hass, "jrhsz_recharge")
    assert await outcomes(hass, config_entry, simulator, "before") == BEFORE
    assert told(events) == Counter(BEFORE.values())
    for name, meter in meters_of(simulator).items():
        assert (order_of(hass, meter).number in open_issue(hass, config_entry)) == (
            BEFORE[name] == "unknown"
        )
    # However often it is looked, at once that is one look; and nothing is sent again.
    for _ in range(4):
        await look_up_all(hass, config_entry)
    assert statuses(hass, simulator) == BEFORE
    assert told(events) == Counter(BEFORE.values())
    assert_sent_once(simulator, "before")


async def test_after_booking(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test every fault after a booking: the look-up finds it."""
    await set_up(hass, config_entry)
    events = async_capture_events(hass, "jrhsz_recharge")
    confirmed = dict.fromkeys(ALL, "confirmed")
    assert await outcomes(hass, config_entry, simulator, "after") == confirmed
    assert told(events) == {"confirmed": len(ALL)}
    assert {event.data["source"] for event in events} == {"payments"}
    assert open_issue(hass, config_entry) == ""


async def test_absence_where_our_numbers_show(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that three absences turn 1001 into a rejection there, and nothing else, ever."""
    await set_up(hass, config_entry)
    await lists_our_orders(hass, config_entry)
    simulator.reset_counts()
    expected = BEFORE | dict.fromkeys(FAILED, "rejected")
    assert await outcomes(hass, config_entry, simulator, "before") == expected
    looks = Counter(call.params["user_code"] for call in simulator.calls_of("GetPaymentList"))
    meters = meters_of(simulator)
    # One to check the meter, then those for the order; both forms of dates until one is proven.
    assert {looks[meters[name]] for name in FAILED | REFUSED} <= {4, 5}
    assert {looks[meters[name]] for name in SILENT} <= {3, 4}
    for _ in range(4):
        await look_up_all(hass, config_entry)
    assert statuses(hass, simulator) == expected


@pytest.mark.parametrize("when", ["before", "after"])
async def test_list_shows_other_numbers(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, when: When
) -> None:
    """Test that a payment under another number confirms nothing, and that it hints at a credit."""
    simulator.set_dialect(payment_number="other")
    await set_up(hass, config_entry)
    expected = BEFORE if when == "before" else dict.fromkeys(ALL, "unknown")
    assert await outcomes(hass, config_entry, simulator, when) == expected


@pytest.mark.parametrize("when", ["before", "after"])
async def test_list_fails(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, when: When
) -> None:
    """Test that a failed look-up proves nothing, and that a later one settles it."""
    await set_up(hass, config_entry)
    for meter in simulator.meters:
        simulator.add_fault(
            Fault(kind="status", interface="GetPaymentList", user_code=meter, skip=1, times=None)
        )
    unknown = dict.fromkeys(ALL, "unknown")
    assert await outcomes(hass, config_entry, simulator, when) == unknown
    assert len(open_issue(hass, config_entry).splitlines()) == len(ALL)

    simulator.clear_faults()
    for _ in range(3):
        await look_up_all(hass, config_entry)
    expected = dict.fromkeys(ALL, "confirmed") if when == "after" else BEFORE
    assert statuses(hass, simulator) == expected
    still_open = [status for status in expected.values() if status == "unknown"]
    assert len(open_issue(hass, config_entry).splitlines()) == len(still_open)
    assert_sent_once(simulator, when)


async def test_list_shows_it_after_minutes(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a booking that shows nowhere for minutes is confirmed then, and corrected."""
    simulator.set_dialect(payment_delay=300, credit_delay=300)
    await set_up(hass, config_entry)
    assert await outcomes(hass, config_entry, simulator, "after") == BEFORE
    await look_up_all(hass, config_entry)
    assert statuses(hass, simulator) == BEFORE
    simulator.advance(301)
    await look_up_all(hass, config_entry)
    assert set(statuses(hass, simulator).values()) == {"confirmed"}
    assert_sent_once(simulator, "after")
    # Who was told that it was rejected is told that it wasn't.
    for name, meter in meters_of(simulator).items():
        issue = f"order_corrected_{order_of(hass, meter).number}"
        corrected = ir.async_get(hass).async_get_issue("jrhsz", issue)
        assert (corrected is not None) == (BEFORE[name] == "rejected")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_slow_list(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, when: When
) -> None:
    """Test that a slow list is waited for."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when=when))
    simulator.add_fault(Fault(kind="delay", seconds=0.1, interface="GetPaymentList", times=None))
    response = await recharge(hass, config_entry)
    assert response["status"] == ("confirmed" if when == "after" else "unknown")


async def test_rise_of_the_balance_alone(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is rejected whose credit the balance shows, whatever the list lacks."""
    simulator.set_dialect(payment_delay=-1)
    await set_up(hass, config_entry)
    unknown = dict.fromkeys(ALL, "unknown")
    assert await outcomes(hass, config_entry, simulator, "after") == unknown
    for _ in range(4):
        await look_up_all(hass, config_entry)
    assert statuses(hass, simulator) == unknown


async def test_caller_is_answered_in_time(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that look-ups that take too long are left to the background."""
    monkeypatch.setattr("custom_components.jrhsz.recharge.answer._LOOK_UPS_END", 0.3)
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="code", interface="Prestore"))
    hangs = simulator.add_fault(Fault(kind="hang", interface="GetPaymentList", skip=1, times=None))
    async with asyncio.timeout(0.9):
        assert (await recharge(hass, config_entry))["status"] == "unknown"
    assert hangs.hits == 1


async def test_meter_that_hangs_afterwards(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a caller is answered in time, without the new balance if that doesn't come."""
    assert recharge_module._LOOK_UPS_END < recharge_module._REFRESH_END < 120
    monkeypatch.setattr("custom_components.jrhsz.recharge.answer._REFRESH_END", 0.3)
    await set_up(hass, config_entry)
    hangs = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", skip=1, times=None))
    async with asyncio.timeout(0.9):
        response = await recharge(hass, config_entry)
    assert (response["status"], response["balance"]) == ("confirmed", None)
    assert hangs.hits == 1


async def test_no_connection(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a recharge that never left is rejected, without a look-up."""
    await set_up(hass, config_entry)
    send = Session.send

    async def unreachable(self: Session, interface: Interface, *args: Any) -> Reply:
        """Reach nobody with a recharge."""
        if interface is Interface.RECHARGE:
            msg = "No connection could be made"
            raise ConnectError(msg)
        return await send(self, interface, *args)

    monkeypatch.setattr(Session, "send", unreachable)
    response = await recharge(hass, config_entry)
    assert response["status"] == "rejected"
    assert response["message"] == "Can't connect to the platform."
    assert simulator.calls_of("Prestore") == []
    assert open_issue(hass, config_entry) == ""


async def test_programming_error_is_unknown(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that even an error that nobody thought of leaves the order open."""
    await set_up(hass, config_entry)

    async def broken(*_: Any) -> None:
        """Fail as only a bug does."""
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "prestore", broken)
    assert (await recharge(hass, config_entry))["status"] == "unknown"
    assert "ZeroDivisionError" in caplog.text
