"""Proves that nothing is claimed about money without proof, on simulated lives of an account."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import count, islice
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .frame import Options, Proof, replay, say
from .money_faults import FAULTS
from .money_life import Life
from .money_process import Disk

LIVES: Final = 10_000

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


def prove(options: Options) -> Proof:
    """Live and judge the lives that are asked for."""
    if options.seed is not None:
        _, faults, story = faults_of(options.seed)
        say("\n".join(story))
        return Proof(1, "lives", (options.seed,) if faults else ())
    if options.mutations:
        return _put_back()
    failed, tried = [], 0
    seeds = iter(count() if options.long else range(LIVES))
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        while batch := list(islice(seeds, _BATCH)):
            for seed, faults, _ in pool.map(faults_of, batch, chunksize=20):
                tried += 1
                if faults:
                    failed.append(seed)
                    say(f"\n{replay('money', seed)}\n  " + "\n  ".join(faults[:4]))
    return Proof(tried, "lives", tuple(failed))


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
