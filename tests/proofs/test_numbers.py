"""Tests that the oracle accepts the truth, and nothing else."""

import pytest

from .driver import Told
from .lives.life import SHORT, Life, life
from .lives.line import DAY, HOUR
from .oracle_of_use import Use
from .verdict import Verdict


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
