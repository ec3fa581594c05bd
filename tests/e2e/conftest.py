"""Fixtures of the tests in a browser."""

from pathlib import Path

import pytest

from .frontend import CHROMIUM


@pytest.fixture
def pictures() -> Path:
    """Return where the picture of a failure goes; without a browser there is no test."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (on Debian: chromium fonts-noto-cjk)")
    folder = Path(__file__).parents[2] / ".cache" / "e2e"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
