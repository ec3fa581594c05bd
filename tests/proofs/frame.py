"""What every long proof is given, and what it gives back."""

from dataclasses import dataclass
import sys


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
