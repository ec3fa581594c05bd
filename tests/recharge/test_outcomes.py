"""Tests of telling outcomes when somebody can hear them, each once."""

from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest

from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.outcomes import SIGNAL_OUTCOME, Outcomes

from ..support.accounts import wait_for
from ..support.recharges import an_order


@pytest.fixture
async def journal(hass: HomeAssistant) -> Journal:
    """Return a journal with orders that were told and others that weren't."""
    journal = Journal(hass)
    await journal.async_load()
    await journal.async_reserve(
        an_order("Told", status=Status.CONFIRMED),
        an_order("Untold", status=Status.CONFIRMED, untold=True),
        an_order("Sent", untold=True),
    )
    return journal


async def test_what_was_left(
    hass: HomeAssistant, journal: Journal, freezer: FrozenDateTimeFactory
) -> None:
    """Test that what was left is told once when automations are on, but for what is under way."""
    told: list[Order] = []

    @callback
    def async_note(order: Order, _: bool) -> None:  # noqa: FBT001  a signal's value
        """Note what is told."""
        told.append(order)

    async_dispatcher_connect(hass, SIGNAL_OUTCOME, async_note)
    hass.set_state(CoreState.starting)
    outcomes = Outcomes(hass, journal, lambda order: order.number == "Sent")
    outcomes.async_start()
    early = outcomes.to_be_told(an_order("Early"))
    outcomes.async_tell(early)
    assert (early.untold, told) == (True, [])
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await wait_for(hass, freezer, seconds=5)
    assert told == []
    await wait_for(hass, freezer, seconds=6)
    assert [order.number for order in told] == ["Untold"]
    sent = outcomes.to_be_told(replace(journal.orders["Sent"], status=Status.REJECTED))
    await journal.async_update(sent)
    outcomes.async_tell(sent)
    assert [order.number for order in told] == ["Untold", "Sent"]
    again = Journal(hass)
    await again.async_load()
    assert not any(order.untold for order in again.orders.values())


async def test_while_it_stops(hass: HomeAssistant, journal: Journal) -> None:
    """Test that an outcome is left for the next start when Home Assistant stops."""
    outcomes = Outcomes(hass, journal, lambda _: False)
    outcomes.async_start()
    await hass.async_block_till_done()
    assert not outcomes.to_be_told(an_order("Now")).untold
    hass.set_state(CoreState.stopping)
    assert outcomes.to_be_told(an_order("Later")).untold
    hass.set_state(CoreState.running)
