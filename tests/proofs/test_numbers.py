"""Tests of a hundred simulated lives, and that the oracle accepts the truth and nothing else."""

import pytest

from .driver import Told
from .frame import replay
from .lives.life import SHORT, Life, life
from .lives.line import DAY, HOUR
from .mutations import MUTATIONS, found_by
from .numbers import in_memory
from .oracle_of_use import Use
from .verdict import Verdict

LIVES = 100
TOGETHER = 10


def truth_of(life: Life) -> Told:
    """Return rows of use as they are in truth."""
    listed = [item for item in life.meter.listed if item.end > life.end]
    first = listed[0].record.last_read_time
    assert first is not None
    begin = int(first.timestamp())
    known = max(item.time for item in listed)
    rows = {
        hour: (0.0, life.use.rise(begin, min(hour + HOUR, known)))
        for hour in range(begin // HOUR * HOUR, known, HOUR)
    }
    return Told(life.begin - DAY, rows, {})


def faults(life: Life, told: Told) -> list[str]:
    """Return what is wrong with use."""
    verdict = Verdict()
    Use(life, told, verdict).judge()
    return verdict.faults


@pytest.mark.parametrize("first", range(SHORT, SHORT + LIVES, TOGETHER))
def test_lives(first: int) -> None:
    """Test lives of some days; `scripts/prove numbers` has long ones, and replays these."""
    verdicts = {seed: in_memory(seed) for seed in range(first, first + TOGETHER)}
    assert not {replay("numbers", seed): x.faults for seed, x in verdicts.items() if x.faults}


@pytest.mark.parametrize(("mutation", "number"), zip(MUTATIONS, (1, 25, 37), strict=True))
def test_known_faults_are_found(mutation: str, number: int) -> None:
    """Test that a life fails with a fault that once was; `--mutations` looks in many."""
    assert found_by(mutation, [SHORT + number]) is not None


@pytest.mark.parametrize("seed", range(5))
def test_the_oracle(seed: int) -> None:
    """Test that the oracle accepts the truth, and finds an hour that is a little different."""
    alive = life(SHORT + seed)
    told = truth_of(alive)
    assert faults(alive, told) == []
    middle = sorted(told.consumption)[len(told.consumption) // 2]
    state, total = told.consumption[middle]
    told.consumption[middle] = (state, total + 3e-6)
    assert faults(alive, told)
    del told.consumption[middle]
    assert faults(alive, told)
