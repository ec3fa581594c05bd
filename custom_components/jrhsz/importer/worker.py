"""Work in the background that needs one interface, for one meter after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
import itertools
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..api import UNKNOWN_METER, Interface, PlatformError
from ..clock import seconds_now
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..history.readings import HOUR
from .recorder import RecorderError

_REST: Final = 300
_REST_OF_METER: Final = HOUR
_AT_ONCE: Final = 10


@dataclass(slots=True)
class Worker:
    """Runs what is due for the meters of known kind, those served longest ago first."""

    hass: HomeAssistant
    entry: JrhszConfigEntry
    interface: Interface
    is_due: Callable[[MeterCoordinator, int], bool]
    run: Callable[[MeterCoordinator], Awaitable[None]]
    _task: asyncio.Task[None] | None = None
    _rests_until: int = 0
    _not_before: dict[str, int] = field(default_factory=dict)
    _served: dict[str, int] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @callback
    def async_check(self) -> None:
        """Begin with what is due, unless it is under way."""
        if (self._task is None or self._task.done()) and self._due():
            self._task = self.entry.async_create_background_task(
                self.hass, self._async_work(), f"{DOMAIN} history {self.interface}"
            )

    async def async_stop(self) -> None:
        """Stop at once."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _due(self) -> list[MeterCoordinator]:
        """Return the meters that are due, those first that were served longest ago."""
        if self._rests():
            return []
        meters = self.entry.runtime_data.coordinators.values()
        due = [meter for meter in meters if self._is_turn_of(meter)]
        return sorted(due, key=lambda meter: self._served.get(meter.user_code, 0))

    def _rests(self) -> bool:
        """Tell whether nothing is to be done for any meter."""
        # A clock that was set back must not put anything off.
        now = seconds_now()
        return self.entry.pref_disable_polling or now < self._rests_until <= now + _REST

    def _is_turn_of(self, meter: MeterCoordinator) -> bool:
        """Tell whether something is to be done for a meter."""
        now = seconds_now()
        return bool(
            meter.is_known
            and meter.data.kind
            and not meter.is_disabled
            and not now < self._not_before.get(meter.user_code, 0) <= now + _REST_OF_METER
            and self.is_due(meter, now)
        )

    async def _async_work(self) -> None:
        """Serve one meter after the other until none is due.

        Who is due is asked once for all: asked for each, thousands would take time by their square.
        """
        while due := self._due():
            for meter in due:
                # Much may have happened since the first was served: a meter may be gone.
                is_there = meter.user_code in self.entry.runtime_data.coordinators
                if is_there and self._is_turn_of(meter) and not self._rests():
                    await self._async_serve(meter)

    async def _async_serve(self, meter: MeterCoordinator) -> None:
        """Serve a meter; what goes wrong has to wait."""
        code = meter.user_code
        self._served[code] = next(self._numbers)
        try:
            await self.run(meter)
        except (PlatformError, RecorderError) as err:
            LOGGER.debug("History of meter %s has to wait: %s", code, err)
            self._not_before[code] = seconds_now() + _REST_OF_METER
            if not isinstance(err, UNKNOWN_METER):
                # What is wrong is not about this meter.
                self._rests_until = seconds_now() + _REST
        else:
            meter.async_update_listeners()


async def async_update_states(meters: Iterable[MeterCoordinator]) -> None:
    """Let the entities of meters write their states, those of a few at a time."""
    for batch in itertools.batched(list(meters), _AT_ONCE, strict=False):
        for meter in batch:
            meter.async_update_listeners()
        await asyncio.sleep(0)
