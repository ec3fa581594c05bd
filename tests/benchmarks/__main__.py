"""Run the benchmarks, print what they measured, and fail if a promise doesn't hold."""

import argparse
from collections.abc import Callable
from importlib import import_module
import logging
import sys
from time import monotonic

from .figures import Figure, table

NAMES = (
    "pace",
    "busy_days",
    "age",
    "weight",
    "rest",
    "tls",
    "soak",
    "clock",
    "reloads",
    "fuzz",
    "journal",
    "recorders",
)
# These take too long to be run without being named.
LONG = ("history",)


def main() -> int:
    """Run them and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    known = f"of {', '.join(NAMES)}; without any all of these; and {', '.join(LONG)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=known)
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - {*NAMES, *LONG}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    # What goes wrong here is meant to.
    logging.getLogger().addHandler(logging.NullHandler())
    begin = monotonic()
    figures: list[Figure] = []
    for name in names:
        measure: Callable[[], list[Figure]] = import_module(f"{__package__}.{name}").measure
        part = measure()
        figures += part
        say(f"\n{name}, after {monotonic() - begin:.0f} s:\n{table(part)}")
    failed = [figure for figure in figures if not figure.ok]
    say(f"\n{len(figures)} figures, {len(failed)} failed, {monotonic() - begin:.0f} s")
    return 1 if failed else 0


def say(text: str) -> None:
    """Print something at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
