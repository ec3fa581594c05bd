"""A process of its own with a Home Assistant: it weighs itself, looks what blocks, or just lives.

Its only argument is a JSON object, the fields of `Task`. What it prints are JSON objects too.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from ctypes import CDLL
from dataclasses import asdict, dataclass, field
import gc
import json
import logging
from pathlib import Path
import sys
from time import perf_counter, process_time, thread_time
from types import TracebackType
from typing import Any, Literal, Self, cast
from unittest.mock import patch

import aiohttp
from aiohttp.client_proto import ResponseHandler
from homeassistant.auth.models import User
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from custom_components.jrhsz.api import pacer
from custom_components.jrhsz.essentials import ESSENTIALS
from custom_components.jrhsz.overview.rooms import async_rooms

from . import by_rest, floor
from .blocking import Blocking
from .home import home, make_entry

_PAGE = 4096
_PASSES = 3
_HOURS_PER_PASS = 6
_QUIET = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do; who lives does so until standard input ends.

    With `is_spare` a person has disabled all entities but three of each meter. The `token` is for
    who polls by the `rest` integration.
    """

    what: Literal["weigh", "watch", "live"]
    folder: str
    url: str
    codes: list[str]
    domain: str = "jrhsz"
    interval: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)
    is_spare: bool = False
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a start and some passes took, in seconds of a processor and bytes.

    `poll` is for one meter and includes the request, `answer` begins when the answer comes in.
    `own_start` and `own_poll` are without Python's garbage collector, which looks at all objects of
    a process now and then, in small accounts not once; `blocks` is what it allocated, in objects.
    `dashboard` is until all rooms are told to a browser that asks. `shape` is how many entities
    each meter has per platform: enabled ones, disabled ones.
    """

    start: float
    start_wall: float
    own_start: float
    poll: float
    own_poll: float
    answer: float
    memory: int
    blocks: int
    entities: int
    meters: int
    dashboard: float
    shape: dict[str, list[int]]


async def main(task: Task) -> None:
    """Do it."""
    pacer.INTERVAL = task.interval
    async with home(Path(task.folder)) as hass:
        if task.domain == by_rest.DOMAIN:
            tell(asdict(await weigh_rest(hass, task)))
            return
        if task.domain == floor.DOMAIN:
            await floor.async_offer(hass)
        entries = hass.config_entries.async_entries(task.domain)
        known = entries[0] if entries else None
        entry = known or make_entry(task.url, task.codes, domain=task.domain, **task.options)
        if task.is_spare:
            disable_others(hass, entry)
        match task.what:
            case "weigh":
                tell(asdict(await weigh(hass, entry)))
            case "watch":
                with Blocking(task.domain) as blocking:
                    await exercise(hass, entry)
                    await hass.config_entries.async_unload(entry.entry_id)
                    # The step in which all entities go would end after the watch.
                    await asyncio.sleep(0)
                worst = {"worst": blocking.worst, "own": blocking.worst_own}
                tell({**worst, "where": blocking.where})
            case "live":
                await start(hass, entry)
                tell({"ready": True})
                await asyncio.to_thread(sys.stdin.read)


async def start(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Set an account up, a new one or one of an earlier start."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        await hass.config_entries.async_add(entry)
    else:
        await hass.config_entries.async_setup(entry.entry_id)


async def weigh(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Weight:
    """Set an account up, poll all of its meters some times, and say what it took."""
    empty, blocks = memory(), sys.getallocatedblocks()
    effort = await exercise(hass, entry)
    one = entry.options["meters"][0]["user_code"]
    shape = Counter(
        (entity.domain, entity.disabled_by is not None)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if f"|{one}|" in entity.unique_id
    )
    return Weight(
        **effort,
        memory=memory() - empty,
        blocks=sys.getallocatedblocks() - blocks,
        entities=len(hass.states.async_entity_ids()),
        meters=len(entry.options["meters"]),
        dashboard=dashboard(hass),
        shape={kind: [shape[kind, False], shape[kind, True]] for kind, _ in sorted(shape)},
    )


async def weigh_rest(hass: HomeAssistant, task: Task) -> Weight:
    """Do the same with what users would write instead."""
    empty, blocks = memory(), sys.getallocatedblocks()
    effort = await exercised(
        hass,
        task.url,
        lambda: by_rest.async_set_up(hass, task.url, task.codes, task.token),
        lambda: by_rest.coordinators(hass),
        one_by_one=True,
    )
    return Weight(
        **effort,
        memory=memory() - empty,
        blocks=sys.getallocatedblocks() - blocks,
        entities=len(hass.states.async_entity_ids()),
        meters=len(task.codes),
        dashboard=0.0,
        shape={},
    )


def dashboard(hass: HomeAssistant) -> float:
    """Return the processor time of the answer to a dashboard that is opened."""
    # Who may read everything is asked no permissions.
    owner = User("owner", cast(PermissionLookup, None), is_owner=True, is_active=True)
    begun = process_time()
    json_bytes(async_rooms(hass, owner, join_accounts=False))
    return process_time() - begun


def disable_others(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Disable all but balance, reading and low balance, as a person does."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id.rpartition("|")[2] not in ESSENTIALS:
            registry.async_update_entity(
                entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )


async def exercise(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, float]:
    """Set an account up and poll all of its meters some times; return the times it took."""
    return await exercised(
        hass,
        entry.data["url"],
        lambda: start(hass, entry),
        lambda: list(entry.runtime_data.coordinators.values()),
    )


async def exercised(
    hass: HomeAssistant,
    url: str,
    begin: Callable[[], Awaitable[None]],
    meters_of: Callable[[], list[DataUpdateCoordinator[Any]]],
    *,
    one_by_one: bool = False,
) -> dict[str, float]:
    """Begin, and poll all meters some times; return the times it took."""
    with Collector() as collector:
        last = LastState(hass, collector)
        cpu, wall = process_time(), perf_counter()
        await begin()
        await last.settled()
    start = last.cpu - cpu
    effort = {
        "start": start,
        "start_wall": last.wall - wall,
        "own_start": start - last.collected,
    }
    meters = meters_of()
    polls, own, answers = [], [], []
    for _ in range(_PASSES):
        await advance(url)
        cpu = process_time()
        with Answers() as answered, Collector() as collector:
            if one_by_one:
                for meter in meters:
                    await answered.refresh(meter)
            else:
                await asyncio.gather(*(answered.refresh(meter) for meter in meters))
        took = process_time() - cpu
        polls.append(took / len(meters))
        own.append((took - collector.seconds) / len(meters))
        answers.append(answered.seconds / len(meters))
    return {**effort, "poll": min(polls), "own_poll": min(own), "answer": min(answers)}


class Collector:
    """Adds up what Python's garbage collector takes, in seconds of a processor."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0
        self._begun = 0.0

    def __enter__(self) -> Self:
        """Look on."""
        gc.callbacks.append(self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look on no more."""
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        """Note that it begins or ends."""
        if phase == "start":
            self._begun = thread_time()
        else:
            self.seconds += thread_time() - self._begun


class Answers:
    """Adds up what the loop's thread does between an answer's coming in and its states' writing.

    Answers come one by one, and nothing else is done in between.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0
        self._begun = 0.0

    def __enter__(self) -> Self:
        """Look at what comes in."""
        answers, receive = self, ResponseHandler.data_received

        def data_received(handler: ResponseHandler, data: bytes) -> None:
            """Note the time."""
            answers._begun = thread_time()
            receive(handler, data)

        self._patch = patch.object(ResponseHandler, "data_received", data_received)
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._patch.stop()

    async def refresh(self, meter: DataUpdateCoordinator[Any]) -> None:
        """Poll a meter."""
        await meter.async_refresh()
        self.seconds += thread_time() - self._begun


class LastState:
    """Notes when the last state was written."""

    def __init__(self, hass: HomeAssistant, collector: Collector) -> None:
        """Begin to listen."""
        self.collector = collector
        self.cpu, self.wall, self.collected = process_time(), perf_counter(), 0.0
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._async_note)

    @callback
    def _async_note(self, _: Event[Any]) -> None:
        """Note the time."""
        self.cpu, self.wall = process_time(), perf_counter()
        self.collected = self.collector.seconds

    async def settled(self) -> None:
        """Wait until there are no more."""
        while perf_counter() - self.wall < _QUIET:  # noqa: ASYNC110  nothing says that it is over
            await asyncio.sleep(_QUIET / 4)


async def advance(url: str) -> None:
    """Let the simulator's meters turn."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/control/clock", json={"advance": _HOURS_PER_PASS * 3600}) as response,
    ):
        response.raise_for_status()


def memory() -> int:
    """Return how many bytes this process has in memory, less what it could give back."""
    gc.collect()
    CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def tell(message: dict[str, Any]) -> None:
    """Print a message for the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    asyncio.run(main(Task(**json.loads(sys.argv[1]))))
