"""Tests that lives of money keep its rules, and that they find known faults."""

from collections.abc import Generator
from contextlib import ExitStack
import logging

import pytest

from .money import WHOLE, faults_of, whole_faults_of
from .money_faults import FAULTS

LIVES = 300
AT_ONCE = 30
WHOLE_LIVES = 10
# In so many lives each of these is found, usually in far fewer; `scripts/prove` tries all of them.
ENOUGH = 100
FOUND_SOON = (
    "a minute after a failure, whatever the list was like",
    "three lists in a second",
    "numbers in other capitals",
    "another status than 200",
    "a journal that was put back",
    "only_below by the balance alone",
    "an order that isn't on the disk when it is sent",
)


@pytest.fixture(autouse=True)
def _quiet() -> Generator[None]:
    """Log nothing: what goes wrong in these lives is meant to."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("begin", range(0, LIVES, AT_ONCE))
def test_lives(begin: int) -> None:
    """Test that no life breaks a rule."""
    found = [faults_of(seed) for seed in range(begin, begin + AT_ONCE)]
    assert {seed: (faults, story) for seed, faults, story in found if faults} == {}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("seed", range(WHOLE, WHOLE + WHOLE_LIVES))
def test_whole_lives(seed: int) -> None:
    """Test that no life of the whole integration breaks a rule."""
    _, faults, story = whole_faults_of(seed)
    assert (faults, story) == ([], story)


@pytest.mark.parametrize("name", FOUND_SOON)
def test_faults_are_found(name: str) -> None:
    """Test that a fault that is put back is found."""
    with ExitStack() as stack:
        FAULTS[name](stack)
        assert any(faults_of(seed)[1] for seed in range(ENOUGH))
