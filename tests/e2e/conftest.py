"""Fixtures of the tests in a browser."""

from importlib.util import find_spec
from pathlib import Path

import pytest

# Without Playwright there is nothing to drive a browser with; the other tests need none.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]


@pytest.fixture
def pictures() -> Path:
    """Return where the picture of a failure goes."""
    folder = Path(__file__).parents[2] / ".cache" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
