"""Run long proofs, say what each tried and what failed, and fail if anything did."""

import argparse
from concurrent.futures import ProcessPoolExecutor
import logging
import sys
from typing import Final

from .frame import PROOFS, Options, holds

# These have one core each: they are beside the others, which have a process for each core.
_BESIDE: Final = ("year", "fresh")


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
    beside = [name for name in _BESIDE if name in names]
    with ProcessPoolExecutor(1, initializer=logging.disable) as pool:
        running = [pool.submit(holds, name, options) for name in beside]
        held = [holds(name, options) for name in names if name not in beside]
        held += [each.result() for each in running]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
