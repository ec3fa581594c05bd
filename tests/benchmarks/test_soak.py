"""Short versions of the long runs in `tests/benchmarks`: faults, clocks, reloads, busy days."""

import pytest

from . import busy_days, clock, reloads, soak
from .figures import Figure, table

pytestmark = pytest.mark.usefixtures("socket_enabled")


def hold(figures: list[Figure]) -> None:
    """Assert that all promises hold."""
    assert not [figure for figure in figures if not figure.ok], f"\n{table(figures)}"


def test_faults() -> None:
    """Test that meters are right again after every fifth call went wrong, and nothing is left."""
    figures = soak.measure(meters=12, polls=250)
    # The errors that are logged are kept by pytest.
    hold([figure for figure in figures if "objects" not in figure.name])


@pytest.mark.parametrize("event", clock.EVENTS, ids=lambda event: event.name)
def test_clock(event: clock.Event) -> None:
    """Test that no clock changes the pace."""
    hold(clock.measure_one(event, meters=5))


def test_reloads() -> None:
    """Test that reloads in the middle of a pass leave nothing, call nothing early or twice."""
    hold(reloads.measure(meters=40, reloads=10))


def test_busy_days() -> None:
    """Test that nothing comes early while users do what makes calls."""
    figures = busy_days.measure(calls=600, seconds_per_start=600)
    hold([figure for figure in figures if "early" in figure.name])
