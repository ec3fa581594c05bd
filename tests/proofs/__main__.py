"""Run long proofs, say what each tried and what failed, and fail if anything did."""

import argparse
import asyncio
from importlib import import_module
import inspect
import logging
import sys
from time import monotonic
from typing import Final

from .frame import Options, Proof, replay, say

# The name of each proof, and the module that has it.
PROOFS: Final = {
    "fresh": "freshness",
    "money": "money",
    "numbers": "numbers",
    "platform": "platform",
    "year": "year",
}


def main() -> int:
    """Run the proofs and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/prove", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"of {', '.join(PROOFS)}; all")
    add("--seed", type=int, help="replay the one life that begins with this number")
    add("--long", action="store_true", help="go on without a limit, until Ctrl+C")
    add("--mutations", action="store_true", help="put known faults back: they must be found")
    arguments = parser.parse_args()
    names = arguments.names or list(PROOFS)
    if unknown := set(names) - set(PROOFS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    options = Options(seed=arguments.seed, long=arguments.long, mutations=arguments.mutations)
    # What goes wrong here is meant to.
    logging.disable()
    held = [_holds(name, options) for name in names]
    return 0 if all(held) else 1


def _holds(name: str, options: Options) -> bool:
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


if __name__ == "__main__":
    sys.exit(main())
