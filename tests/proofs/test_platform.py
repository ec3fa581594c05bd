"""Tests of random deployments: what the long proof tries by hundreds, here by the dozen."""

import pytest

from .deployment import SWITCHES, live, live_shortly
from .platform import day_of_outages, judged, singles


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("seed", range(20))
def test_deployments(seed: int) -> None:
    """Test that an account of a deployment with habits of its own has what it should have."""
    assert live(seed) == []


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_switches(name: str) -> None:
    """Test that an account can be added, polled, its history read and a meter credited anyhow."""
    assert live_shortly(name) == []


def test_numbers_of_switches() -> None:
    """Test that each switch has a number by which it can be replayed."""
    assert len(singles()) == len(SWITCHES)


@pytest.mark.usefixtures("socket_enabled")
def test_single_switch() -> None:
    """Test that a single switch can be judged alone."""
    assert judged(singles()[0]) == (singles()[0], [])


@pytest.mark.usefixtures("socket_enabled")
def test_day_of_outages() -> None:
    """Test that three outages are a few lines, however many meters there are."""
    assert len(day_of_outages(6)) == 6
