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
        if (self._task is None or self._task.done()) and self._next():
            self._task = self.entry.async_create_background_task(
                self.hass, self._async_work(), f"{DOMAIN} history {self.interface}"
            )

    async def async_stop(self) -> None:
        """Stop at once."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _next(self) -> MeterCoordinator | None:
        """Return the meter that is due, and was served longest ago."""
        if self.entry.pref_disable_polling:
            return None
        # A clock that was set back must not put anything off.
        if (now := seconds_now()) < self._rests_until <= now + _REST:
            return None
        due = [
            meter
            for meter in self.entry.runtime_data.polled
            if meter.is_known
            and meter.data.kind
            and not now < self._not_before.get(meter.user_code, 0) <= now + _REST_OF_METER
            and self.is_due(meter, now)
        ]
        return min(due, key=lambda meter: self._served.get(meter.user_code, 0), default=None)

    async def _async_work(self) -> None:
        """Serve one meter after the other until none is due."""
        while (meter := self._next()) is not None:
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
