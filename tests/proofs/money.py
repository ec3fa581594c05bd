"""Proves that nothing is claimed about money without proof, on simulated lives of an account."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import count, islice
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .frame import Options, Proof, replay, say
from .money_faults import FAULTS
from .money_kills import kill
from .money_life import Life
from .money_process import Disk
from .money_whole import faults_of_whole

LIVES: Final = 10_000
# Lives of the whole integration have the numbers from this one on.
WHOLE: Final = 1_000_000
WHOLE_LIVES: Final = 200
KILLS: Final = 50

_BATCH: Final = 400
# In so many lives each known fault must be found.
_ENOUGH: Final = 1_000


def lived(seed: int) -> Life:
    """Live one life."""
    with TemporaryDirectory(dir=_memory()) as folder, Disk() as disk:
        home = Path(folder) / "home"
        (home / ".storage").mkdir(parents=True)
        life = Life(seed, home, disk)
        life.live()
        return life


def faults_of(seed: int) -> tuple[int, list[str], list[str]]:
    """Return what is wrong with a life, and its story."""
    life = lived(seed)
    return seed, life.rules.faults, life.story


def _memory() -> str | None:
    """Return a folder in memory, if there is one: what is written is real, the disk needn't be."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  private folders in it


def whole_faults_of(seed: int) -> tuple[int, list[str], list[str]]:
    """Return what is wrong with a whole life, and its story; its number tells it from others."""
    with TemporaryDirectory(dir=_memory()) as folder:
        home = Path(folder) / "home"
        (home / ".storage").mkdir(parents=True)
        return seed, *faults_of_whole(seed, home)


def prove(options: Options) -> Proof:
    """Live and judge the lives that are asked for, and kill processes."""
    if options.seed is not None:
        life = whole_faults_of if options.seed >= WHOLE else faults_of
        _, faults, story = life(options.seed)
        say("\n".join([*story, *faults]))
        return Proof(1, "lives", (options.seed,) if faults else ())
    if options.mutations:
        return _put_back()
    failed, tried = [], 0
    seeds = iter(count() if options.long else range(LIVES))
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=logging.disable) as pool:
        while batch := list(islice(seeds, _BATCH)):
            failed += _failed(pool.map(faults_of, batch, chunksize=20))
            tried += len(batch)
        whole = range(WHOLE, WHOLE + WHOLE_LIVES)
        failed += _failed(pool.map(whole_faults_of, whole))
    wrong = asyncio.run(kill(KILLS))
    say(f"  {WHOLE_LIVES} of the lives are whole; {KILLS} kills, {len(wrong)} went wrong")
    return Proof(tried + WHOLE_LIVES, "lives", (*failed, *wrong))


def _failed(lived: Iterable[tuple[int, list[str], list[str]]]) -> list[int]:
    """Return the numbers of lives that broke a rule, and say which."""
    failed = []
    for seed, faults, _ in lived:
        if faults:
            failed.append(seed)
            say(f"\n{replay('money', seed)}\n  " + "\n  ".join(faults[:4]))
    return failed


def _put_back() -> Proof:
    """Put known faults back, one by one, and tell in which life each is found."""
    overlooked = []
    for number, (name, plant) in enumerate(FAULTS.items()):
        with ExitStack() as stack:
            plant(stack)
            found = next((seed for seed in range(_ENOUGH) if faults_of(seed)[1]), None)
        say(f"  {name}: {'not found' if found is None else f'found in life {found}'}")
        if found is None:
            overlooked.append(number)
    return Proof(len(FAULTS), "faults", tuple(overlooked))
