"""Proves use and cost on simulated lives of meters, one of forty of them on a real recorder.

Prints the largest error of any hour, day and month for each tariff.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count, islice
import logging
import os
from traceback import format_exc
from typing import Final

from .driver import Told, live
from .frame import Options, Proof, replay, say
from .lives.life import SHORT, Life, life
from .mutations import MUTATIONS, found_by
from .oracle import judge
from .recorders import Recorders
from .verdict import Verdict

LIVES: Final = 2_000
ON_RECORDERS: Final = 40
# Of as many, that which is on one: not one of the long ones.
_ON_RECORDER: Final = 1
_SHOWN_FAULTS: Final = 4
# So many short lives are enough to find a fault that is put back.
_LIVES_TO_FIND: Final = 100
# How many lives each process is ahead of the one that is judged.
_AHEAD: Final = 8
COLUMNS: Final = (
    "use hour",
    "use day",
    "use month",
    "cost total",
    "cost hour",
    "cost day",
    "cost day %",
    "cost month",
    "days left %",
    "unit price %",
)


class Results:
    """What was found in lives so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self.lives: defaultdict[str, int] = defaultdict(int)
        self.errors: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.failed: list[int] = []

    def add(self, seed: int, verdict: Verdict) -> None:
        """Add the verdict on a life, and say what is wrong with it."""
        truth = life(seed)
        self.lives[truth.name] += 1
        largest = self.errors[truth.name]
        for what, error in verdict.errors.items():
            largest[what] = max(largest.get(what, 0.0), error)
        if verdict.faults:
            self.failed.append(seed)
            say(f"\n{replay('numbers', seed)}\n  {truth.story}")
            for fault in verdict.faults[:_SHOWN_FAULTS]:
                say(f"  {fault}")

    def table(self) -> str:
        """Return the largest errors by tariff."""
        lines = [f"{'largest error':32}{'lives':>6}" + "".join(f"{name:>13}" for name in COLUMNS)]
        for name in sorted(self.lives):
            errors = self.errors[name]
            cells = [f"{errors[c]:13.2g}" if c in errors else f"{'':13}" for c in COLUMNS]
            lines.append(f"{name:32}{self.lives[name]:6}{''.join(cells)}")
        return "\n".join(lines)


def prove(options: Options) -> Proof:
    """Live and judge the lives that are asked for."""
    if options.mutations:
        return _prove_mutations()
    results = Results()
    seeds: Iterable[int] = range(LIVES)
    if options.seed is not None:
        seeds = [options.seed]
    elif options.long:
        seeds = count()
    try:
        for seed, verdict in _verdicts(seeds):
            results.add(seed, verdict)
    except KeyboardInterrupt:
        say("interrupted")
    if options.seed is None:
        say(f"\n{results.table()}")
    return Proof(sum(results.lives.values()), "lives", tuple(results.failed))


def _prove_mutations() -> Proof:
    """Put each known fault back, and look whether lives find it."""
    missed = []
    for number, mutation in enumerate(MUTATIONS):
        found = found_by(mutation, range(SHORT, SHORT + _LIVES_TO_FIND))
        if found is None:
            missed.append(number)
            say(f"{mutation}: not found")
        else:
            seed, verdict = found
            say(f"{mutation}: found by life {seed}\n  {verdict.faults[0]}")
    return Proof(len(MUTATIONS), "known faults put back", tuple(missed))


def in_memory(seed: int) -> Verdict:
    """Live a life with rows in memory."""
    return _verdict(life(seed), live)


def _verdict(truth: Life, lived: Callable[[Life], Told]) -> Verdict:
    """Return the verdict on a life; one that the product doesn't survive is a fault too."""
    try:
        told = lived(truth)
    except Exception:  # noqa: BLE001  whatever it is: the other lives go on
        return Verdict(faults=[f"ends with {format_exc(limit=-1)}"])
    return judge(truth, told)


def _verdicts(seeds: Iterable[int]) -> Iterator[tuple[int, Verdict]]:
    """Yield the verdict on each life: in processes of their own, those on recorders here."""
    workers = os.cpu_count() or 1
    waiting = iter(seeds)
    with (
        Recorders() as recorders,
        ProcessPoolExecutor(workers, initializer=logging.disable) as pool,
    ):
        while batch := list(islice(waiting, workers * _AHEAD)):
            stored = [seed for seed in batch if seed % ON_RECORDERS == _ON_RECORDER]
            others = [seed for seed in batch if seed % ON_RECORDERS != _ON_RECORDER]
            verdicts = pool.map(in_memory, others)
            for seed in stored:
                lived = partial(recorders.live, number=seed // ON_RECORDERS)
                yield seed, _verdict(life(seed), lived)
            yield from zip(others, verdicts, strict=True)
