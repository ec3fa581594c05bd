"""Tests of looking at a meter."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import (
    Client,
    HttpStatusError,
    IncompleteListError,
    Payment,
    Priority,
)
from custom_components.jrhsz.connection import session_of
from custom_components.jrhsz.recharge.look_up import async_look, has_shown_payments, window
from custom_components.jrhsz.recharge.proof import ONE_DAY, Look
from custom_components.jrhsz.recharge.request import AccountMeter

from ..simulator import Fault, Simulator
from ..support.accounts import set_up
from ..support.orders import order
from ..support.recharges import METER


async def look(hass: HomeAssistant, entry: MockConfigEntry, *, whole: bool = True) -> Look:
    """Look at a meter for an order that was just sent."""
    meter = AccountMeter(entry=entry, user_code=METER)
    sent = order(user_code=METER, platform=meter.platform, sent=dt_util.utcnow())
    return await async_look(hass, meter, [sent], Priority.USER, whole=whole)


async def test_whole(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a look that may prove something reads the balance, and the list to its end."""
    await set_up(hass, config_entry)
    simulator.add_payment(METER, "5.00", order_number="Mine1")
    seen = await look(hass, config_entry)
    assert seen.is_complete
    assert [payment.order_number for payment in seen.payments][-1] == "Mine1"
    assert seen.balance == simulator.meters[METER].info().balance
    partial = await look(hass, config_entry, whole=False)
    assert (partial.is_complete, partial.balance) == (False, None)
    assert partial.payments == seen.payments


async def test_without_the_balance(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a list alone proves nothing."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo"))
    seen = await look(hass, config_entry)
    assert (seen.is_complete, seen.balance) == (False, None)


async def test_balance_that_cannot_be_read(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is proven while nobody knows whether the balance rose."""
    await set_up(hass, config_entry)
    simulator.set_dialect(numbers="nan", numbers_only="GetUserInfo")
    seen = await look(hass, config_entry)
    assert (seen.is_complete, seen.balance) == (False, None)


async def test_list_that_may_lack_something(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that what a list shows counts, even if its end can't be seen."""
    get_payments = Client.get_payments

    async def uncertain(*args: Any, complete: bool = False) -> list[Payment]:
        """Never see the end of a list."""
        if complete:
            raise IncompleteListError
        return await get_payments(*args)

    await set_up(hass, config_entry)
    monkeypatch.setattr(Client, "get_payments", uncertain)
    simulator.add_payment(METER, "5.00", order_number="Mine1")
    seen = await look(hass, config_entry)
    assert not seen.is_complete
    assert [payment.order_number for payment in seen.payments][-1] == "Mine1"


async def test_no_list(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a list that can't be had at all is an error."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList", times=None))
    with pytest.raises(HttpStatusError):
        await look(hass, config_entry)


@pytest.mark.parametrize("date", ["world", "missing"])
@pytest.mark.parametrize("days", [-3, 3])
async def test_window(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    date: Any,
    days: int,
) -> None:
    """Test that the window spans all clocks, the orders and the meter's last reading."""
    simulator.set_dialect(date=date)
    simulator.advance(days * 86400)
    await set_up(hass, config_entry)
    meter = AccountMeter(entry=config_entry, user_code=METER)
    session, now = session_of(hass, config_entry), dt_util.utcnow()
    sent = order(sent=now - timedelta(days=10), answered=now - timedelta(days=9))
    read_time = simulator.meters[METER].info().read_time
    theirs: list[datetime] = [read_time] if date == "missing" else [simulator.now(), read_time]
    begin, end = window(meter, session)
    assert abs(begin - (min(now, *theirs) - ONE_DAY)) < timedelta(seconds=2)
    assert abs(end - (max(now, *theirs) + ONE_DAY)) < timedelta(seconds=2)
    begin, end = window(meter, session, [sent], now + timedelta(days=20))
    assert begin == sent.sent - ONE_DAY
    assert end == now + timedelta(days=21)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    # Without a reading that is known there are the clocks.
    begin, _ = window(meter, session)
    assert begin <= now - ONE_DAY


async def test_lists_that_never_showed_anything(
    hass: HomeAssistant, config_entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that it is known whether any list of payments ever showed one."""
    await set_up(hass, config_entry)
    session = session_of(hass, config_entry)
    for habits in session.habits.values():
        habits.shown.clear()
    assert not has_shown_payments(session)
    simulator.add_payment(METER, "5.00")
    await look(hass, config_entry)
    assert has_shown_payments(session)
