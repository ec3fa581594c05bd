"""What every long proof is given, and what it gives back."""

import asyncio
from dataclasses import dataclass
from importlib import import_module
import inspect
import sys
from time import monotonic
from typing import Final

# The name of each proof, and the module that has it.
PROOFS: Final = {
    "fresh": "freshness",
    "money": "money",
    "numbers": "numbers",
    "platform": "platform",
    "year": "year",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for.

    `seed` is of the only life to replay, `long` means until it is interrupted, and `mutations`
    that known faults are put back, which must be found.
    """

    seed: int | None = None
    long: bool = False
    mutations: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """How many were tried of what, and the seeds of those that failed."""

    tried: int
    what: str
    failed: tuple[int, ...] = ()


def replay(name: str, seed: int) -> str:
    """Return the command that replays one life alone."""
    return f"scripts/prove {name} --seed {seed}"


def say(text: str) -> None:
    """Print something at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def holds(name: str, options: Options) -> bool:
    """Run one proof, and tell whether it holds."""
    begin = monotonic()
    prove = import_module(f"{__package__}.{PROOFS[name]}").prove
    result = prove(options)
    proof: Proof = asyncio.run(result) if inspect.iscoroutine(result) else result
    for seed in proof.failed:
        say(f"  failed: {replay(name, seed)}")
    say(
        f"{name}: {proof.tried:,} {proof.what}, {len(proof.failed)} failed, "
        f"{monotonic() - begin:.0f} s"
    )
    return not proof.failed
