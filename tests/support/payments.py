"""What tests of payments share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..simulator import Simulator
from .recharges import METER, later


@asynccontextmanager
async def quiet_platform() -> AsyncGenerator[Simulator]:
    """Run a platform with few meters on which nobody pays by himself."""
    async with Simulator(meters=2, limit=0.0, seed=1, history_days=40, wechat=False) as simulator:
        simulator.meters[METER].add_payment(11, order_number="before")
        yield simulator


class Told:
    """Collects what the event entity of a meter tells."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        """Begin to listen."""
        self.attributes: list[dict[str, Any]] = []
        self.times: list[datetime] = []
        self._last: str | None = None
        registry = er.async_get(hass)
        entity_id = registry.async_get_entity_id(
            "event", "jrhsz", f"{entry.unique_id}|{METER}|recharge"
        )

        @callback
        def async_collect(event: Event[Any]) -> None:
            """Collect a change of its state."""
            new, old = event.data["new_state"], event.data["old_state"]
            if event.data["entity_id"] != entity_id or new is None:
                return
            if new.state in {"unknown", "unavailable"} or (old and old.state == new.state):
                return
            if old is None or (old.state == "unavailable" and new.state == self._last):
                return
            self.attributes.append(dict(new.attributes))
            self.times.append(datetime.fromisoformat(new.state))
            self._last = new.state

        hass.bus.async_listen("state_changed", async_collect)

    @property
    def numbers(self) -> list[str]:
        """Return the order numbers that were told."""
        return [attributes["order_number"] for attributes in self.attributes]


async def balance_rises(hass: HomeAssistant) -> None:
    """Let the next poll come, and what follows from it."""
    await later(hass, minutes=31)
    await asyncio.sleep(0.1)
    await hass.async_block_till_done(wait_background_tasks=True)
