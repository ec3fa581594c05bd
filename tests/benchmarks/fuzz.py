"""Thousands of random answers, by the test that tries some hundreds of them."""

import os
from pathlib import Path
import re
import subprocess
import sys

from .figures import Figure

# Of each of five kinds, and a tenth of them of a sixth.
EXAMPLES = 2000
_ROOT = Path(__file__).parents[2]
_COUNTS = re.compile(r"(\d+) passing, (\d+) failing")


def measure(examples: int = EXAMPLES) -> list[Figure]:
    """Try so many of each kind, and return how many went well."""
    command = (sys.executable, "-m", "pytest", "-p", "tests.support.early", "-q")
    test = ("--timeout=900", "--hypothesis-show-statistics", "tests/api/test_fuzz.py")
    run = subprocess.run(  # noqa: S603  our own command
        (*command, *test),
        check=False,
        cwd=_ROOT,
        env=os.environ | {"FUZZ_EXAMPLES": str(examples)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    counts = [(int(good), int(bad)) for good, bad in _COUNTS.findall(run.stdout)]
    failed = sum(bad for _, bad in counts) or run.returncode
    return [
        Figure("random answers", sum(good for good, _ in counts), 5 * examples, at_least=True),
        Figure("  that gave anything but a value or a typed error", failed, 0),
    ]
