"""Tests of what many meters wait for, in virtual time with real sockets."""

import pytest

from . import age
from .figures import table


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("scan_minutes", [1, 10], ids=["always busy", "with pauses"])
def test_age_and_refreshes(scan_minutes: int) -> None:
    """Test that no value is too old, and that refreshes go first and don't stop the others."""
    figures = age.measure(meters=120, scan_minutes=scan_minutes, passes=3, urgent=30)
    assert not [figure for figure in figures if not figure.ok], f"\n{table(figures)}"
