"""What a process holds that must not grow: tasks, timers, connections, listeners, objects."""

import asyncio
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
import gc
from pathlib import Path

from homeassistant.core import HomeAssistant

_OURS = "custom_components.jrhsz"
# Of a history, of the calls of the last hour, and what was learnt of the platform.
_KEPT = {"Credit", "Listed", "QueryForm", "RecentCall", "Sample"}
_LOOKS = 5
_APART = 120


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts of one moment."""

    tasks: int
    timers: int
    connections: int
    listeners: int
    objects: int

    def more_than(self, before: Holdings) -> dict[str, int]:
        """Return what there is more of."""
        growth = {
            field.name: getattr(self, field.name) - getattr(before, field.name)
            for field in fields(self)
        }
        return {name: more for name, more in growth.items() if more > 0}


async def holdings(hass: HomeAssistant) -> Holdings:
    """Return the least that this process holds within some minutes: timers come and go."""
    seen = [_now(hass)]
    while len(seen) < _LOOKS:
        await asyncio.sleep(_APART)
        seen.append(_now(hass))
    return Holdings(*(min(column) for column in zip(*map(astuple, seen), strict=True)))


def _now(hass: HomeAssistant) -> Holdings:
    """Count what this process holds now; the objects are those of our own classes."""
    gc.collect()
    loop = asyncio.get_running_loop()
    scheduled: Iterable[asyncio.TimerHandle] = vars(loop)["_scheduled"]
    return Holdings(
        tasks=len(asyncio.all_tasks(loop)),
        timers=sum(not handle.cancelled() for handle in scheduled),
        connections=sum(_is_socket(descriptor) for descriptor in Path("/proc/self/fd").iterdir()),
        listeners=sum(hass.bus.async_listeners().values()),
        objects=sum(_is_ours(type(thing)) for thing in gc.get_objects()),
    )


def _is_ours(kind: type) -> bool:
    """Tell whether a class is ours, and not one of what is kept on purpose."""
    return str(kind.__module__).startswith(_OURS) and kind.__name__ not in _KEPT


def _is_socket(descriptor: Path) -> bool:
    """Tell whether a file descriptor is one of a socket."""
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except FileNotFoundError:  # the one that lists the folder
        return False
