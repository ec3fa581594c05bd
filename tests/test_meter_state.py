"""Tests of what is known of a meter, and what of it is kept over a restart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
import json
from typing import Any
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import Client, Payment
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.settings import chosen_meters

from .simulator import Simulator
from .support.accounts import account_of, coordinator_of, set_up

METER = "2022040001"


def again(hass: HomeAssistant, entry: MockConfigEntry, kept: Any) -> MeterCoordinator:
    """Return the meter as it is after a restart, from what was kept of it."""
    meter = chosen_meters(entry.options)[METER]
    return MeterCoordinator(hass, entry, meter, kept, MeterHistory())


async def test_kept(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a restart forgets nothing, also not a reading that is held back."""
    await set_up(hass, config_entry)
    meter = coordinator_of(config_entry, METER)
    before = meter.data
    wrong = replace(before, reading=Decimal(0), read_time=dt_util.utcnow(), balance=Decimal(3))
    freezer.tick(timedelta(minutes=30))
    with patch.object(Client, "get_meter", AsyncMock(return_value=wrong)):
        await meter.async_refresh_now()
    kept = json.loads(json.dumps(meter.as_dict()))
    later = again(hass, config_entry, kept)
    assert later.as_dict() == kept
    assert later.data == replace(before, balance=Decimal(3))
    assert (later.balance.last, later.balance.is_low) == (Decimal(3), True)
    assert (later.heard_at, later.polled_at) == (before.read_time, dt_util.utcnow())
    assert later.answers.baseline == before
    assert later.answers.readings.held == meter.answers.readings.held is not None
    assert later.due_in == meter.due_in > timedelta(0)


@pytest.mark.parametrize("kept", [None, [], "x", {}, {"info": 1, "baseline": [], "polled_at": 5}])
async def test_kept_by_something_else(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, kept: Any
) -> None:
    """Test that what isn't ours is as good as nothing: the meter is due, and unknown."""
    await set_up(hass, config_entry)
    meter = again(hass, config_entry, kept)
    assert (meter.is_known, meter.balance.last, meter.heard_at) == (False, None, None)
    assert meter.due_in == timedelta(0)


@pytest.mark.parametrize("days", [1, 20_000])
async def test_time_in_the_future(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    days: int,
) -> None:
    """Test that a meter whose times can't be is silent when polls see nothing new of it."""
    await set_up(hass, config_entry)
    meter, now = coordinator_of(config_entry, METER), dt_util.utcnow()
    info = replace(meter.data, read_time=now + timedelta(days=days)).as_record()
    later = again(hass, config_entry, meter.as_dict() | {"info": info})
    assert later.data.read_time is not None
    assert (later.heard_at, later.is_silent) == (now, False)
    freezer.move_to(now + timedelta(hours=49))
    assert later.is_silent is (days > 2)


async def test_name(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that a meter is called what a person calls its device."""
    await set_up(hass, config_entry)
    meter = coordinator_of(config_entry, METER)
    assert (meter.shown_name, meter.statistic_name) == (f"一栋 {METER}",) * 2
    assert meter.device is not None
    device_registry.async_update_device(meter.device.id, name_by_user="门卫")
    assert (meter.shown_name, meter.statistic_name) == ("门卫",) * 2


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize(("history_days", "noted"), [(0, []), (30, [Decimal("50.00")])])
async def test_payments(
    hass: HomeAssistant,
    simulator: Simulator,
    history_days: int,
    noted: list[Decimal],
) -> None:
    """Test that payments are noted once, if there is history, and let go after their hour."""
    entry = account_of(simulator, history_days=history_days)
    await set_up(hass, entry)
    meter, now = again(hass, entry, None), dt_util.utcnow()
    payment = Payment(
        order_number="A", amount=Decimal("50.00"), time=now - timedelta(hours=2), channel=None
    )
    for days in (3, 2):
        listed = meter.note_payments([payment], now - timedelta(days=days))
        assert [credit.amount for credit in listed.credits] == [Decimal("50.00")]
    assert [credit.amount for credit in meter.history.ledger.credits] == noted
    assert (meter.listed is not None) is bool(noted)
    meter.note_credited(listed, int(now.timestamp()))
    assert meter.listed is None
