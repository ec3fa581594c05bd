"""What is left of days in which every fifth call goes wrong."""

import asyncio
from datetime import datetime
import gc
import logging
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any, Final, override

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from tests.simulator import Fault, Simulator

from .figures import Figure
from .holdings import holdings
from .home import entry_of, home, states_of
from .virtual_time import VirtualLoop, run

SHARE = 0.2
SCAN_MINUTES = 30
# A poll that fails is repeated after 61 s, and what is too much for one pass is done in the next.
ONE_PASS = SCAN_MINUTES * 60 + 61
FALLEN = {"kind": "wrong", "reply": {"code": 200, "data": {"reading": "0.00", "balance": "1.00"}}}
# Not among them: 1002, 1005 and 1009, which are remembered on purpose.
KINDS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "hang", "seconds": 60},
    {"kind": "delay", "seconds": 5},
    {"kind": "cut"},
    {"kind": "cut", "when": "after"},
    {"kind": "cut_body"},
    {"kind": "status", "status": 404},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "html"},
    {"kind": "truncated"},
    {"kind": "code", "code": 1001},
    {"kind": "code", "code": 1006},
    {"kind": "code", "code": 1008},
    {"kind": "code", "code": 4711},
    {"kind": "no_code"},
    {"kind": "redirect"},
    {"kind": "garbage"},
    {"kind": "oversized"},
    {"kind": "wrong"},
    {"kind": "wrong", "reply": {"code": 200, "data": []}},
    {"kind": "wrong", "reply": {"code": 200, "data": {"reading": "--", "balance": "NaN"}}},
    FALLEN,
)


def measure(meters: int = 50, polls: int = 5000) -> list[Figure]:
    """Poll this often while calls go wrong, then see what is right again and what is left."""

    async def main(loop: VirtualLoop) -> list[Figure]:
        """Run a platform and a Home Assistant."""
        simulator = Simulator(
            meters=meters,
            limit=2.0,
            delay=0.02,
            history_days=2,
            upload_every=86400,
            wechat=False,
            monotonic=loop.time,
        )
        with TemporaryDirectory() as folder:
            async with simulator, home(Path(folder)) as hass:
                return await _measured(hass, simulator, polls)

    return run(main)


async def _measured(hass: HomeAssistant, simulator: Simulator, polls: int) -> list[Figure]:
    """Return the figures."""
    entry = entry_of(simulator, scan_interval=SCAN_MINUTES)
    await hass.config_entries.async_add(entry)
    await asyncio.sleep(ONE_PASS)
    assert await hass.config_entries.async_unload(entry.entry_id)
    unloaded = await holdings(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(ONE_PASS * 1.5)
    loaded = await holdings(hass)
    log = Log()
    outages = _Outages(hass)
    simulator.reset_counts()
    faults = [simulator.add_fault(fault) for fault in _faults()]
    made, early, warm = 0, 0, 0
    while made < polls:
        await asyncio.sleep(ONE_PASS)
        made += len(simulator.calls_of("GetUserInfo"))
        early += simulator.early
        # The simulator's own list would be what grows.
        simulator.reset_counts()
        if not warm and made > polls / 4:
            warm = _blocks()
    blocks = _blocks()
    hits = sum(fault.hits for fault in faults)
    fallen = sum(fault.hits for fault in faults if fault.reply == FALLEN["reply"])

    simulator.clear_faults()
    since = dt_util.utcnow()
    for meter in simulator.meters.values():
        meter.set_reading(meter.info().reading + 1)
    await asyncio.sleep(ONE_PASS + 2.02 * len(simulator.meters))
    wrong = sum(not _is_right(hass, simulator, entry, code, since) for code in simulator.meters)
    outages.unfollow()
    log.detach()
    more = (await holdings(hass)).more_than(loaded)
    assert await hass.config_entries.async_unload(entry.entry_id)
    left = (await holdings(hass)).more_than(unloaded)
    name = f"{len(simulator.meters)} meters"
    return [
        Figure(f"{name}: polls with faults", made, polls, at_least=True),
        Figure("  calls that went wrong", hits, SHARE * made, at_least=True, bound=0.9),
        Figure("  meters wrong one pass after the last fault", wrong, 0),
        Figure("  early calls", early + simulator.early, 0),
        Figure("  forms for a password", len(hass.config_entries.flow.async_progress()), 0),
        Figure("  objects more than before", more.get("objects", 0), 0),
        *(
            Figure(f"  {what} left over after unloading", left.get(what, 0), 0)
            for what in ("tasks", "timers", "connections", "listeners", "objects")
        ),
        Figure("  blocks of memory, beside those after a quarter", blocks, warm, bound=1.01),
        Figure("  tracebacks in the log", log.tracebacks, 0),
        Figure("  log lines, beside two per outage", log.lines, 2 * outages.count + fallen),
    ]


def _faults() -> list[Fault]:
    """Return faults of which one hits every fifth call, each kind as often as any other."""
    share = SHARE / len(KINDS)
    return [
        Fault(**{**kind, "times": None, "probability": share / (1 - number * share)})
        for number, kind in enumerate(KINDS)
    ]


def _is_right(
    hass: HomeAssistant, simulator: Simulator, entry: Any, code: str, since: datetime
) -> bool:
    """Tell whether a meter was polled since, and shows what the platform had then."""
    info = simulator.meters[code].info()
    coordinator = entry.runtime_data.coordinators[code]
    if coordinator.polled_at < since:
        return False
    if info.read_time > coordinator.polled_at:
        # It has reported since then.
        return coordinator.last_error is None
    wanted = {"reading": float(info.reading), "balance": float(info.balance)}
    states = states_of(hass, entry, code)
    return all(
        (state := states[key]) is not None and state.state == str(value)
        for key, value in wanted.items()
    )


def _blocks() -> int:
    """Return how many blocks of memory are in use."""
    gc.collect()
    return sys.getallocatedblocks()


class Log(logging.Handler):
    """Counts what is logged."""

    def __init__(self) -> None:
        """Begin to listen to everything."""
        super().__init__(logging.INFO)
        self.lines = self.tracebacks = 0
        self._logger = logging.getLogger()
        self._logger.addHandler(self)
        self._levels = {
            logger: logger.level
            for logger in (self._logger, logging.getLogger("custom_components.jrhsz"))
        }
        for logger in self._levels:
            logger.setLevel(logging.INFO)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Count one record; of other people's what isn't a warning is none of ours."""
        ours = record.name.startswith("custom_components")
        self.lines += ours or record.levelno >= logging.WARNING
        self.tracebacks += record.exc_info is not None

    def detach(self) -> None:
        """Stop listening."""
        self._logger.removeHandler(self)
        for logger, level in self._levels.items():
            logger.setLevel(level)


class _Outages:
    """Counts how often a meter became unavailable."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Follow one entity of each meter."""
        self.count = 0
        readings = [
            state.entity_id
            for state in hass.states.async_all("sensor")
            if state.attributes.get("state_class") == "total_increasing"
        ]
        self.unfollow = async_track_state_change_event(hass, readings, self._async_changed)

    def _async_changed(self, event: Event[EventStateChangedData]) -> None:
        """Count a change."""
        state = event.data["new_state"]
        self.count += state is not None and state.state == STATE_UNAVAILABLE
