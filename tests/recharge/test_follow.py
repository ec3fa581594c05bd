"""Tests of when orders are looked up."""

from collections.abc import AsyncGenerator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import Priority
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER
from custom_components.jrhsz.recharge.order import Order
from custom_components.jrhsz.recharge.orders import Orders
from custom_components.jrhsz.recharge.request import AccountMeter

from ..simulator import Fault, Simulator
from ..support.accounts import set_up, wait_for
from ..support.recharges import METER, OTHER, look_up_all, orders_of, recharge

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters."""
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=40) as simulator:
        yield simulator


async def test_clock_set_back(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a clock that is set back for days puts no look-up off for as long."""
    simulator.set_dialect(payment_delay=3600)
    await set_up(hass, config_entry)
    freezer.tick(3 * 86400)
    await recharge(hass, config_entry)
    # The loop's own clock goes back too: what is under way would wait for days.
    await hass.async_block_till_done(wait_background_tasks=True)
    freezer.tick(-3 * 86400)
    for _ in range(30):
        await wait_for(hass, freezer, hours=3, minutes=1)
    (order,) = orders_of(hass).values()
    assert order.listed_at is not None
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_settled_orders_are_forgotten(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is kept of the looks for orders that are settled."""
    await set_up(hass, config_entry)
    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", times=2))
    for code in (METER, OTHER):
        await recharge(hass, config_entry, code, order_number=f"Mine{code}")
    await look_up_all(hass, config_entry)
    follower = hass.data[DATA_FOLLOWER]
    assert set(follower._looked) == {f"Mine{METER}", f"Mine{OTHER}"}
    simulator.add_payment(METER, "20.00", order_number=f"Mine{METER}")
    await look_up_all(hass, config_entry)
    assert set(follower._looked) == {f"Mine{OTHER}"}


async def test_unknown_account(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that nothing is looked up for an account that isn't there."""
    await set_up(hass, config_entry)
    await hass.data[DATA_FOLLOWER].async_look_up_all("nothing")
    assert hass.data[DATA_FOLLOWER]._looked == {}


async def test_account_removed_meanwhile(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the look-ups end with the account."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry)
    await hass.config_entries.async_remove(config_entry.entry_id)
    simulator.reset_counts()
    await wait_for(hass, freezer, seconds=20)
    await wait_for(hass, freezer, minutes=31)
    assert simulator.calls == []


async def test_polling_turned_off(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that without polling only that is looked up which keeps a meter from being recharged."""
    await set_up(hass, config_entry)
    simulator.set_dialect(payment_delay=-1)
    await recharge(hass, config_entry)
    hass.config_entries.async_update_entry(config_entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.reset_counts()
    await wait_for(hass, freezer, hours=3, minutes=15)
    assert simulator.calls == []
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, OTHER)
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=20)
    assert simulator.calls_of("GetPaymentList")
    assert {call.params["user_code"] for call in simulator.calls} == {OTHER}


async def test_disabled_account(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the look-ups rest while the account is disabled, and go on afterwards."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry)
    by_user = ConfigEntryDisabler.USER
    assert await hass.config_entries.async_set_disabled_by(config_entry.entry_id, by_user)
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=20)
    assert simulator.calls == []
    assert await hass.config_entries.async_set_disabled_by(config_entry.entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.calls_of("GetPaymentList")


async def test_looked_up_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what waits for its turn isn't looked up twice, whatever is recharged meanwhile."""
    simulator.set_dialect(payment_delay=3600)
    await set_up(hass, config_entry)
    codes = sorted(simulator.meters)[:3]
    for code in codes:
        await recharge(hass, config_entry, code, amount=5)
    follower = hass.data[DATA_FOLLOWER]
    freezer.tick(70)
    simulator.reset_counts()
    for _ in range(3):
        follower.async_schedule(config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    looked = [call.params["user_code"] for call in simulator.calls_of("GetPaymentList")]
    assert {looked.count(code) for code in codes} == {looked.count(codes[0])}
    assert looked.count(codes[0]) <= 2


async def test_sooner_than_others(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that an order that is due sooner than all others isn't made to wait for them."""
    simulator.set_dialect(payment_delay=3600)
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, amount=5)
    freezer.tick(65)
    hass.data[DATA_FOLLOWER].async_schedule(config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, OTHER, amount=5)
    simulator.reset_counts()
    await wait_for(hass, freezer, seconds=20)
    looked = {call.params["user_code"] for call in simulator.calls_of("GetPaymentList")}
    assert looked == {OTHER}
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_open_orders_before_others(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that what is only followed, to learn of the list, keeps no open order waiting."""
    simulator.set_dialect(payment_delay=3600)
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", user_code=OTHER))
    for code in (METER, OTHER):
        await recharge(hass, config_entry, code)
    noted: dict[str, Priority] = {}

    async def note(_: Orders, meter: AccountMeter, orders: list[Order], priority: Priority) -> None:
        """Note with which priority a meter's orders are looked up."""
        assert orders
        noted[meter.user_code] = priority

    monkeypatch.setattr(Orders, "async_look_up", note)
    await look_up_all(hass, config_entry)
    assert noted == {METER: Priority.POLL, OTHER: Priority.RECHARGE}
