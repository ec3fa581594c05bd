"""Waiting for automations: they are switched on after the start, one after the other."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

# Home Assistant's timers may fire up to a second early.
_ARMING_SECONDS: Final = 10


@callback
def async_at_armed(
    hass: HomeAssistant, action: Callable[[], Coroutine[Any, Any, None]]
) -> CALLBACK_TYPE:
    """Call what tells automations something when they can hear it, unless that is cancelled.

    Before the start is over: afterwards they can.
    """
    cancel: CALLBACK_TYPE

    async def async_armed(_: datetime) -> None:
        """Call it."""
        await action()

    @callback
    def async_wait(hass: HomeAssistant) -> None:
        """Leave automations the time to be switched on."""
        nonlocal cancel
        cancel = async_call_later(
            hass, _ARMING_SECONDS, HassJob(async_armed, cancel_on_shutdown=True)
        )

    cancel = async_at_started(hass, async_wait)

    @callback
    def async_cancel() -> None:
        """Cancel what is waited for, the start or the time after it."""
        cancel()

    return async_cancel
