"""Tests of waiting for automations."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.jrhsz.arming import async_at_armed

from .support.accounts import wait_for


@pytest.mark.parametrize("cancelled", ["before the start", "after it", "afterwards", "never"])
async def test_once_after_the_start(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cancelled: str
) -> None:
    """Test that it waits for the start and some seconds more, and may be cancelled until then."""
    called: list[CoreState] = []

    async def action() -> None:
        """Note the call."""
        called.append(hass.state)

    hass.set_state(CoreState.starting)
    cancel = async_at_armed(hass, action)
    await wait_for(hass, freezer, minutes=1)
    assert called == []
    if cancelled == "before the start":
        cancel()
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await wait_for(hass, freezer, seconds=5)
    assert called == []
    if cancelled == "after it":
        cancel()
    await wait_for(hass, freezer, minutes=1)
    await wait_for(hass, freezer, minutes=1)
    if cancelled == "afterwards":
        cancel()
    is_called = cancelled in {"afterwards", "never"}
    assert called == ([CoreState.running] if is_called else [])
