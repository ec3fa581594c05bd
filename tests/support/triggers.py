"""What tests of triggers share."""

from collections.abc import Collection
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from ..simulator import Simulator


async def runs_of(
    hass: HomeAssistant,
    trigger: str,
    target: dict[str, Any],
    *,
    keys: Collection[str] = (),
    **options: Any,
) -> list[Event[dict[str, Any]]]:
    """Switch on an automation that tells of each run, and return what it tells."""
    told = async_capture_events(hass, "ran")
    data = {key: f"{{{{ trigger.{key} }}}}" for key in ("user_code", *keys)}
    automation = {
        "triggers": {"trigger": f"jrhsz.{trigger}", "target": target, "options": options},
        "actions": {"event": "ran", "event_data": data},
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    return told


def codes_of(runs: list[Event[dict[str, Any]]]) -> list[str]:
    """Return which meters an automation ran for."""
    return [str(event.data["user_code"]) for event in runs]


async def set_balances(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, **balances: float
) -> None:
    """Set balances by user code, and read them one after the other."""
    for code, balance in balances.items():
        simulator.meters[code].set_balance(balance)
        await entry.runtime_data.coordinators[code].async_refresh_now()
        await hass.async_block_till_done(wait_background_tasks=True)
