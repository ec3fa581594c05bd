"""Tests of the event of new payments."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Simulator
from .support.accounts import restart, set_up, state_of
from .support.payments import Told, balance_rises, quiet_platform
from .support.recharges import METER, recharge

CHANNEL = "微信充值"


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform on which payments come only from the tests."""
    async with quiet_platform() as simulator:
        yield simulator


async def test_new_payment(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a payment made elsewhere is told after the balance has risen, once."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    assert state_of(hass, config_entry, METER, "recharge").state == "unknown"
    payment = simulator.meters[METER].add_payment("50.00", order_number="jrh1")
    await balance_rises(hass)
    (attributes,) = told.attributes
    assert {
        key: attributes[key] for key in ("event_type", "amount", "order_number", "channel", "time")
    } == {
        "event_type": "recharged",
        "amount": 50.0,
        "order_number": "jrh1",
        "channel": CHANNEL,
        "time": payment.time.isoformat(),
    }
    await balance_rises(hass)
    await restart(hass, config_entry)
    await balance_rises(hass)
    assert told.numbers == ["jrh1"]


async def test_start_of_home_assistant(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is told before automations can hear it, and all of it afterwards."""
    await set_up(hass, config_entry)
    simulator.meters[METER].add_payment("50.00", order_number="jrh1")
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    hass.set_state(CoreState.starting)
    told = Told(hass, config_entry)
    await set_up(hass, config_entry)
    await balance_rises(hass)
    assert told.numbers == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.numbers == ["jrh1"]


async def test_several_payments(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that each of several payments is told, oldest first, apart from each other."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.set_dialect(order="shuffled")
    meter, now = simulator.meters[METER], simulator.now()
    for minutes, number in ((3, "second"), (4, "first"), (2, "third")):
        at = now - timedelta(minutes=minutes)
        meter.add_payment(10, order_number=number, at=at)
    # Two equal records are two payments; the number may be empty.
    meter.add_payment(-5, order_number="", at=now - timedelta(minutes=1))
    meter.add_payment(-5, order_number="", at=now - timedelta(minutes=1))
    await balance_rises(hass)
    assert told.numbers == ["first", "second", "third", "", ""]
    assert [attributes["event_type"] for attributes in told.attributes] == (
        ["recharged"] * 3 + ["reversed"] * 2
    )
    gaps = [following - earlier for earlier, following in pairwise(told.times)]
    assert min(gaps) >= timedelta(milliseconds=9)


async def test_own_recharge(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a recharge of ours is told like any other payment, at once."""
    await set_up(hass, config_entry)
    told = Told(hass, config_entry)
    simulator.set_dialect(credit_delay=3600)
    response = await recharge(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told.numbers == [response["order_number"]]
