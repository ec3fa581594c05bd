"""Tests of what the triggers by news of meters have in common: behaviors and waits."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Simulator
from .support.accounts import set_up, wait_for
from .support.recharges import METER, OTHER, device_of
from .support.triggers import codes_of, runs_of, set_balances

BELOW_20 = {"threshold": {"type": "below", "value": {"number": 20}}}
BOTH = pytest.mark.parametrize(
    ("trigger", "given"), [("balance_became_low", {}), ("balance_crossed", BELOW_20)]
)


@BOTH
@pytest.mark.parametrize(
    ("behavior", "expected"),
    [("each", [METER, OTHER, METER]), ("first", [METER]), ("all", [OTHER, METER])],
)
async def test_behavior(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    *,
    trigger: str,
    given: dict[str, Any],
    behavior: str,
    expected: list[str],
) -> None:
    """Test which of several meters counts."""
    for code in (METER, OTHER):
        simulator.meters[code].set_balance(100)
    await set_up(hass, config_entry)
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    told = await runs_of(hass, trigger, {"device_id": devices}, behavior=behavior, **given)
    for balances in ({METER: 5}, {OTHER: 5}, {METER: 60}, {METER: 3}):
        await set_balances(hass, config_entry, simulator, **balances)
    assert codes_of(told) == expected
    assert await hass.config_entries.async_unload(config_entry.entry_id)


@BOTH
async def test_for(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    trigger: str,
    given: dict[str, Any],
) -> None:
    """Test that a balance that doesn't stay low so long isn't told, and an older wait ends."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    target = {"device_id": device_of(hass, config_entry)}
    told = await runs_of(hass, trigger, target, **{"for": {"minutes": 10}}, **given)
    for balance in (5, 60):
        await set_balances(hass, config_entry, simulator, **{METER: balance})
    await wait_for(hass, freezer, minutes=11)
    assert told == []
    for balance in (5, 60, 4):
        await set_balances(hass, config_entry, simulator, **{METER: balance})
    await wait_for(hass, freezer, minutes=11)
    assert codes_of(told) == [METER]
    # It outlives a reload of the account.
    for balance in (60, 4):
        await set_balances(hass, config_entry, simulator, **{METER: balance})
    assert await hass.config_entries.async_reload(config_entry.entry_id)
    await wait_for(hass, freezer, minutes=11)
    assert codes_of(told) == [METER, METER]
    for balance in (60, 4):
        await set_balances(hass, config_entry, simulator, **{METER: balance})
    # A wait ends with the automation, as those of Home Assistant's own triggers do.
    for action in ("turn_off", "turn_on"):
        await hass.services.async_call("automation", action, {"entity_id": "all"}, blocking=True)
    await wait_for(hass, freezer, minutes=11)
    assert len(told) == 2
    assert await hass.config_entries.async_unload(config_entry.entry_id)
