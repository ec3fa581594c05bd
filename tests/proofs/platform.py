"""Proves that every deployment is read right: random ones, random answers, and a day of outages.

Each deployment departs from the usual in up to six ways at once, and an account lives with it for
half a day: it is added, polled, its history is read, it loses the platform while a balance falls,
and one meter is credited.
"""

import asyncio
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.simulator import Fault, Simulator

from ..benchmarks import fuzz
from ..benchmarks.home import entry_of, home
from ..benchmarks.virtual_time import VirtualLoop, run
from .deployment import OUTAGES, SWITCHES, OurLog, dialect_of, live, live_with
from .frame import Options, Proof, replay, say

COMBINATIONS: Final = 500
# A tenth more, of each of five kinds.
ANSWERS_PER_KIND: Final = 6_000
MANY: Final = 1_000
MOST_LINES: Final = 20
# Those of single switches are numbered from here.
_SINGLE: Final = 1_000_000
_HOUR: Final = 3600


def prove(options: Options) -> Proof:
    """Live with the deployments that are asked for."""
    if options.seed is not None:
        return _deployments([options.seed])
    seeds = count() if options.long else [*singles(), *range(COMBINATIONS)]
    proof = _deployments(seeds)
    failed = [*proof.failed, *_answers(), *_day_of_outages()]
    return Proof(proof.tried, proof.what, tuple(failed))


def singles() -> range:
    """Return the seeds of single switches."""
    return range(_SINGLE, _SINGLE + len(SWITCHES))


def judged(seed: int) -> tuple[int, list[str]]:
    """Live with the deployment of a seed, or of a single switch; return it and what went wrong."""
    # A process of its own doesn't know that what goes wrong here is meant to.
    logging.disable()
    if seed < _SINGLE:
        return seed, live(seed)
    name = sorted(SWITCHES)[seed - _SINGLE]
    return seed, live_with(SWITCHES[name], OUTAGES[seed % len(OUTAGES)])


def _deployments(seeds: Iterable[int]) -> Proof:
    """Live with deployments, in processes of their own, and say what went wrong."""
    tried, failed = 0, []
    try:
        for seed, faults in _verdicts(seeds):
            tried += 1
            if faults:
                failed.append(seed)
                shown = sorted(SWITCHES)[seed - _SINGLE] if seed >= _SINGLE else dialect_of(seed)
                say(f"\n{replay('platform', seed)}\n  {shown}")
                for fault in faults:
                    say(f"  {fault}")
    except KeyboardInterrupt:
        say("interrupted")
    return Proof(tried, "deployments", tuple(failed))


def _verdicts(seeds: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield what went wrong with each."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(judged, seeds, buffersize=4 * workers)


def _answers() -> Iterator[int]:
    """Try random answers; yield a number for each kind of failure."""
    for number, figure in enumerate(fuzz.measure(ANSWERS_PER_KIND)):
        say(f"{figure.name.strip()}: {figure.value:,.0f}")
        if not figure.ok:
            yield -1 - number


def _day_of_outages() -> Iterator[int]:
    """Live a day of many meters with three outages; yield a number if too much is logged."""
    lines = day_of_outages(MANY)
    say(f"lines that are logged in a day of three outages of {MANY} meters: {len(lines)}")
    if len(lines) >= MOST_LINES:
        for line in lines[:MOST_LINES]:
            say(f"  {line}")
        yield -10


def day_of_outages(meters: int) -> list[str]:
    """Return what is logged of so many meters on a day with three outages."""

    async def main(loop: VirtualLoop) -> list[str]:
        """Run a platform and a Home Assistant."""
        simulator = Simulator(
            meters=meters, limit=2.0, delay=0.02, history_days=2, wechat=False, monotonic=loop.time
        )
        with TemporaryDirectory() as folder, OurLog() as log:
            async with simulator, home(Path(folder)) as hass:
                await hass.config_entries.async_add(entry_of(simulator, scan_interval=60))
                for outage in (
                    {"kind": "status", "status": 502},
                    {"kind": "html"},
                    {"kind": "code", "code": 1001, "msg": "系统异常"},
                ):
                    await asyncio.sleep(6 * _HOUR)
                    simulator.add_fault(Fault(**outage, times=None))
                    await asyncio.sleep(2 * _HOUR)
                    simulator.clear_faults()
                await asyncio.sleep(2 * _HOUR)
        return [*log.lines, *log.tracebacks]

    logger = logging.getLogger("homeassistant")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        return run(main)
    finally:
        logger.setLevel(level)
