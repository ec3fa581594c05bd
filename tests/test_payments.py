"""Tests of when payments are looked for, and that each is told once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.jrhsz.api import Client, Payment
from custom_components.jrhsz.payments import WINDOW, SeenPayments
from custom_components.jrhsz.recharge.orders import signal_of
from custom_components.jrhsz.store import AccountStore

from .simulator import Fault, Simulator
from .support.accounts import restart, set_up, state_of, wait_for
from .support.payments import Told, balance_rises, quiet_platform
from .support.recharges import METER, hit, later


@pytest.fixture
async def simulator(socket_enabled: None, known_pages: None) -> AsyncGenerator[Simulator]:
    """Run a platform on which payments come only from the tests."""
    async with quiet_platform() as simulator:
        yield simulator


async def test_not_with_every_poll(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the list is read at first, after a rise and once a day, and not otherwise."""
    await set_up(hass, config_entry)
    lists = simulator.calls_of("GetPaymentList")
    assert sorted(call.params["user_code"] for call in lists) == sorted(simulator.meters)
    simulator.reset_counts()
    await restart(hass, config_entry)
    for _ in range(4):
        await balance_rises(hass)
    assert simulator.calls_of("GetPaymentList") == []


async def test_once_a_day(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a payment that hardly shows in the balance is told within a day."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    meter = simulator.meters[METER]
    before = meter.info().balance
    meter.add_payment("0.01", order_number="little")
    meter.set_balance(before - 1)
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=31)
    assert told.numbers == []
    await wait_for(hass, freezer, hours=23)
    await wait_for(hass, freezer, minutes=31)
    assert told.numbers == ["little"]
    assert len(simulator.calls_of("GetPaymentList")) == 2
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_late_record(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a record that comes late, with an earlier time, is told."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    meter = simulator.meters[METER]
    meter.add_payment(50, order_number="on time")
    await balance_rises(hass)
    meter.add_payment(5, order_number="late", at=simulator.now() - timedelta(days=3))
    meter.add_payment(50, order_number="next")
    await balance_rises(hass)
    assert told.numbers == ["on time", "late", "next"]


async def test_list_lags_behind_the_balance(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the list is read again if it doesn't show yet why the balance rose."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.set_dialect(payment_delay=40 * 60)
    meter = simulator.meters[METER]
    # As if it had come through the API, whose payments are those that lag.
    meter.add_payment(50, order_number="HA1", sent_number="HA1")
    await balance_rises(hass)
    assert told.numbers == []
    simulator.advance(41 * 60)
    await balance_rises(hass)
    assert told.numbers == ["HA1"]


async def test_recharge_before_the_first_look(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the first list tells what came after the meter was added, and nothing before."""
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList", user_code=METER))
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.meters[METER].add_payment(
        50, order_number="after", at=simulator.now() + timedelta(seconds=2)
    )
    simulator.advance(3)
    await balance_rises(hass)
    assert told.numbers == ["after"]


async def test_reload_while_telling(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that payments not told yet when the account is reloaded are told after it."""
    monkeypatch.setattr("custom_components.jrhsz.payments._SECONDS_APART", 3600)
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    for index in range(3):
        simulator.meters[METER].add_payment(
            10, order_number=f"jrh{index}", at=simulator.now() - timedelta(minutes=9 - index)
        )
    await balance_rises(hass)
    assert told.numbers == ["jrh0"]
    monkeypatch.setattr("custom_components.jrhsz.payments._SECONDS_APART", 0.01)
    await restart(hass, config_entry)
    await later(hass, hours=25)
    simulator.meters[METER].add_payment(1, order_number="last")
    simulator.meters[METER].set_balance(1000)
    await balance_rises(hass)
    assert told.numbers == ["jrh0", "jrh1", "jrh2", "last"]


async def test_told_when_the_meter_answers_again(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that nobody looks while the entities are unavailable, so that no event is lost."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", times=None))
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, minutes=2)
    assert state_of(hass, config_entry, METER, "recharge").state == "unavailable"
    simulator.meters[METER].add_payment(50, order_number="jrh1")
    simulator.reset_counts()
    for _ in range(3):
        await wait_for(hass, freezer, hours=9)
    assert simulator.calls_of("GetPaymentList") == []
    simulator.clear_faults()
    await wait_for(hass, freezer, minutes=31)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.numbers == ["jrh1"]
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_meter_fails_during_a_look(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that what nobody could be told is not taken, even if Home Assistant then stops."""
    await set_up(hass, config_entry)
    told, read = Told(hass, config_entry), Client.get_payments

    async def failing_meanwhile(client: Client, user_code: str, *args: Any) -> list[Payment]:
        """Return what there is when the meter no longer answers."""
        payments = await read(client, user_code, *args)
        simulator.add_fault(Fault(kind="status", interface="GetUserInfo", times=None))
        for _ in range(2):
            await config_entry.runtime_data.coordinators[user_code].async_refresh()
        return payments

    simulator.meters[METER].add_payment(50, order_number="jrh1")
    with monkeypatch.context() as patch:
        patch.setattr(Client, "get_payments", failing_meanwhile)
        await balance_rises(hass)
    assert state_of(hass, config_entry, METER, "recharge").state == "unavailable"
    # Who stops takes nothing back.
    monkeypatch.setattr(SeenPayments, "forget", lambda *_: None)
    simulator.clear_faults()
    await restart(hass, config_entry)
    assert told.numbers == []
    async_dispatcher_send(hass, signal_of(str(config_entry.unique_id), METER))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.numbers == ["jrh1"]


async def test_rise_across_a_balance_that_is_none(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a balance that can't be read hides no rise."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.set_dialect(numbers="null", numbers_only="GetUserInfo")
    simulator.meters[METER].add_payment(50, order_number="jrh1")
    await balance_rises(hass)
    assert told.numbers == []
    simulator.set_dialect(numbers="string")
    await later(hass, minutes=62)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.numbers == ["jrh1"]


async def test_unload_while_saving(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that what was seen but not saved when the account is unloaded is told later."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    save, saving = AccountStore.async_save, asyncio.Event()
    event = hass.data["event"].get_entity(state_of(hass, config_entry, METER, "recharge").entity_id)

    async def slow(store: AccountStore) -> None:
        """Take long for who is about to tell a payment."""
        if asyncio.current_task() is event._watch._task:
            saving.set()
            await asyncio.sleep(10)
        await save(store)

    simulator.meters[METER].add_payment(50, order_number="jrh1")
    monkeypatch.setattr(AccountStore, "async_save", slow)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=31))
    await saving.wait()
    monkeypatch.setattr(AccountStore, "async_save", save)
    await restart(hass, config_entry)
    await balance_rises(hass)
    assert told.numbers == ["jrh1"]


async def test_list_not_permitted(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an account that may not read the list has no events, and works."""
    simulator.set_dialect(forbidden=("GetPaymentList",))
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.meters[METER].add_payment(50)
    await balance_rises(hass)
    assert told.numbers == []
    assert state_of(hass, config_entry, METER, "recharge").state == "unknown"


async def test_meter_added_again(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a meter that is added again tells nothing of the time in between."""
    await set_up(hass, config_entry)
    meters = config_entry.options["meters"]
    others = [meter for meter in meters if meter["user_code"] != METER]
    hass.config_entries.async_update_entry(config_entry, options={"meters": others})
    await restart(hass, config_entry)
    simulator.meters[METER].add_payment(50, order_number="between")
    hass.config_entries.async_update_entry(config_entry, options={"meters": meters})
    await restart(hass, config_entry)
    told = Told(hass, config_entry)
    await balance_rises(hass)
    assert told.numbers == []


async def test_stopping_tells_nothing(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that what can't be saved any more is left to the next start."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.meters[METER].add_payment(50, order_number="jrh1")
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="GetPaymentList"))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=31))
    await hit(slow)
    hass.set_state(CoreState.stopping)
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.set_state(CoreState.running)
    assert told.numbers == []
    await balance_rises(hass)
    assert told.numbers == ["jrh1"]


@pytest.mark.parametrize(
    "kept",
    [None, [], {"since": "x"}, {"since": "2026-01-01T00:00:00", "looked_at": None, "seen": {}}, 3],
)
def test_damaged_memory(kept: Any) -> None:
    """Test that a memory that can't be read counts as none."""
    seen = SeenPayments.from_dict(kept)
    assert seen.looked_at is None
    assert not seen.counts


def test_memory() -> None:
    """Test that what was seen survives a restart, and is forgotten after 35 days."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    payment = Payment(order_number="", amount=Decimal("5.00"), time=None, channel=None)
    same = Payment(order_number="", amount=Decimal(5), time=None, channel=None)
    seen = SeenPayments(since=start)
    assert seen.take([payment], start) == []
    assert seen.take([payment, same], start) == [same]
    seen = SeenPayments.from_dict(json.loads(json.dumps(seen.as_dict())))
    assert seen.take([same, payment], start + timedelta(days=34)) == []
    assert seen.counts.total() == 2
    another = Payment(order_number="2", amount=Decimal(5), time=None, channel=None)
    for days in range(35, 71):
        assert seen.take([another], start + timedelta(days=days)) == [another][: days == 35]
    assert seen.counts.total() == 1
    assert seen.take([payment], start + timedelta(days=71)) == [payment]


@pytest.mark.parametrize("days", [-365, -40, -3, 3, 40, 365])
def test_clock_that_is_wrong_for_a_while(days: int) -> None:
    """Test that what was told is neither forgotten nor told again, and what is new is told."""
    start, day = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)

    def payment(day_number: int) -> Payment:
        """Return the payment of a day."""
        time = start + day_number * day
        return Payment(order_number=f"{day_number}", amount=Decimal(1), time=time, channel=None)

    payments = [payment(number) for number in range(-400, 0)]

    def take(now: datetime) -> list[Payment]:
        """Take what the platform lists on a day that the clock shows."""
        begin, end = now - WINDOW, now + day
        return seen.take(
            [item for item in payments if item.time and begin <= item.time <= end], now
        )

    seen = SeenPayments(since=start - 100 * day)
    for number in range(-100, 0):
        take(start + number * day)
    for look in range(5):
        assert take(start + days * day + look * day / 8) == []
        assert take(start + days * day + look * day / 8) == []
    payments.append(payment(0))
    assert take(start + day / 2) == [payments[-1]]
    assert take(start + day) == []
