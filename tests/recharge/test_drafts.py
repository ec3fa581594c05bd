"""Tests of order numbers that are handed out for taps and dialogs."""

import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..simulator import Simulator
from ..support.accounts import set_up
from ..support.recharges import METER, OTHER, credited, orders_of, recharge, restart_process


async def draft(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    user_code: str = METER,
    context: Context | None = None,
) -> str:
    """Have a number handed out."""
    response = await recharge(hass, entry, user_code, dry_run=True, context=context)
    assert response["status"] == "dry_run"
    return str(response["order_number"])


async def refused(hass: HomeAssistant, entry: MockConfigEntry, number: str, code: str) -> str:
    """Return why a number is refused."""
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, code, order_number=number)
    return str(error.value.translation_key)


async def test_used_once(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that two taps are one order, whose amount is bound by the first."""
    await set_up(hass, config_entry)
    number = await draft(hass, config_entry)
    assert re.fullmatch("HA[0-9A-Z]{29}", number)
    assert orders_of(hass) == {}
    first = await recharge(hass, config_entry, order_number=number, amount=7)
    assert first["status"] == "confirmed"
    assert await recharge(hass, config_entry, order_number=number, amount=7) == first
    with pytest.raises(ServiceValidationError):
        await recharge(hass, config_entry, order_number=number, amount=8)
    assert credited(simulator) == 7
    assert await draft(hass, config_entry) != number


async def test_one_open_per_user_and_meter(
    hass: HomeAssistant, config_entry: MockConfigEntry, hass_admin_user: User
) -> None:
    """Test that whoever asks again for a meter gets the same number, also after a restart."""
    await set_up(hass, config_entry)
    by_user = Context(user_id=hass_admin_user.id)
    numbers = [
        await draft(hass, config_entry),
        await draft(hass, config_entry, OTHER),
        await draft(hass, config_entry, context=by_user),
    ]
    assert len(set(numbers)) == 3
    await restart_process(hass, config_entry)
    assert numbers == [
        await draft(hass, config_entry),
        await draft(hass, config_entry, OTHER),
        await draft(hass, config_entry, context=by_user),
    ]


async def test_forged(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a number that wasn't handed out for the meter does nothing."""
    await set_up(hass, config_entry)
    number = await draft(hass, config_entry)
    assert await refused(hass, config_entry, f"HA{'0' * 29}", METER) == "no_draft"
    assert await refused(hass, config_entry, number, OTHER) == "no_draft"
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}


async def test_void_after_a_day(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a number is void after 24 hours, and another one is handed out then."""
    await set_up(hass, config_entry)
    number = await draft(hass, config_entry)
    freezer.tick(86_399)
    assert await draft(hass, config_entry) == number
    freezer.tick(2)
    assert await refused(hass, config_entry, number, METER) == "no_draft"
    other = await draft(hass, config_entry)
    assert other != number
    assert (await recharge(hass, config_entry, order_number=other))["status"] == "confirmed"
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_own_number(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that a dry run with a number of the caller's hands none out."""
    await set_up(hass, config_entry)
    response = await recharge(hass, config_entry, dry_run=True, order_number="Mine1")
    assert response["order_number"] == "Mine1"
