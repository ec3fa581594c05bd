"""Tests of when a meter is polled next."""

from itertools import accumulate
import json
from typing import Any

import pytest

from custom_components.jrhsz.rhythm import LONGEST_GAP, NextPoll, Rhythm

from .proofs.freshness import DAYS, LEARNT_FROM, Kind, faults, meters_of, simulate

INTERVAL, HOUR = 1800.0, 3600.0
START = 1_800_000_000.0


def rhythm_of(*steps: float) -> Rhythm:
    """Return a rhythm of readings that were so many seconds apart."""
    return Rhythm(times=[START, *(START + passed for passed in accumulate(steps))])


@pytest.mark.parametrize(
    ("steps", "period"),
    [
        ((HOUR, HOUR, HOUR), HOUR),
        ((HOUR, 2 * HOUR, HOUR), HOUR),
        ((HOUR + 10, HOUR - 10, HOUR), HOUR),
        ((HOUR,), HOUR),
        ((86_400, 86_400), 86_400),
        ((900, 900, 900), 900),
        # The example of the platform's document.
        ((6600, 6600, 6600), 6600),
        ((), None),
        ((900,), None),
        ((HOUR + 100,), None),
        ((HOUR, 5000, 2000), None),
        ((10, 10, 10, 10), None),
        ((HOUR, 5 * HOUR), None),
    ],
)
def test_period(steps: tuple[float, ...], period: float | None) -> None:
    """Test what is a rhythm, also where a report was missed, and what is none."""
    found = rhythm_of(*steps).period
    assert found == (period if period is None else pytest.approx(period, rel=0.01))


def test_without_a_rhythm() -> None:
    """Test that a meter is polled once an interval while nothing is known of its reports."""
    rhythm = Rhythm()
    for number in range(9):
        now = START + number * INTERVAL
        rhythm.note(None, now, INTERVAL)
        assert rhythm.next_poll(INTERVAL) == NextPoll(now + INTERVAL, None)


def hourly(takes: float, hours: int) -> tuple[Rhythm, list[float], int]:
    """Poll a meter whose reports take some seconds; return how stale each was, and the polls."""
    rhythm, now, seen, stale, polls = Rhythm(), START + 700, 0, [], 0
    while now < START + hours * HOUR:
        polls += 1
        there = int((now - START - takes) // HOUR)
        if there > seen:
            stale.append(now - START - takes - there * HOUR)
            seen = there
        rhythm.note(START + there * HOUR, now, INTERVAL)
        now = rhythm.next_poll(INTERVAL).at
    return rhythm, stale, polls


@pytest.mark.parametrize("takes", [5, 300, 899, 1700, 3000])
def test_what_reports_take_is_learnt(takes: float) -> None:
    """Test that an hourly meter is polled shortly after each report, at no more calls."""
    rhythm, stale, polls = hourly(takes, 48)
    assert rhythm.period == pytest.approx(HOUR)
    assert max(stale[12:]) < 90
    assert polls <= 1.1 * 48 * HOUR / INTERVAL
    assert rhythm.early <= takes <= (rhythm.late or 0) + 1


def test_report_that_takes_another_time() -> None:
    """Test that one late report changes nothing, and reports that come late from now on do."""
    rhythm, _, _ = hourly(300, 48)
    learnt = (rhythm.early, rhythm.late)
    last = rhythm.times[-1]
    expected = [learnt, (1200, 1300)]
    for number in (1, 2):
        now = last + number * HOUR
        rhythm.note(now - HOUR, now + 1200, INTERVAL)
        rhythm.note(now, now + 1300, INTERVAL)
        assert (rhythm.early, rhythm.late) == expected[number - 1]


def test_report_that_does_not_come() -> None:
    """Test that the next report is looked for when one was missed, and no gap is too long."""
    rhythm, _, _ = hourly(300, 24)
    last = rhythm.times[-1]
    now = last + 300
    while now < last + 1.6 * HOUR:
        rhythm.note(last, now, INTERVAL)
        poll = rhythm.next_poll(INTERVAL)
        assert now < poll.at <= now + LONGEST_GAP * INTERVAL
        now = poll.at
    rhythm.note(last, now, INTERVAL)
    news_at = rhythm.next_poll(INTERVAL).news_at
    # Those looks have cost what was to spend.
    assert news_at is not None
    assert last + 2 * HOUR + 300 <= news_at < last + 2 * HOUR + 300 + INTERVAL


def test_time_in_the_future() -> None:
    """Test that a wrong time is forgotten, and an older answer changes nothing."""
    rhythm = rhythm_of(HOUR, HOUR)
    rhythm.note(START, START + 3 * HOUR, INTERVAL)
    assert rhythm.times[-1] == START + 2 * HOUR
    rhythm.note(START + 999 * HOUR, START + 3 * HOUR, INTERVAL)
    rhythm.note(START + 3 * HOUR, START + 3.5 * HOUR, INTERVAL)
    assert rhythm.times == [START + 3 * HOUR]


def test_who_waits_long_goes_first() -> None:
    """Test that no poll waits for others too long, whether or not the pace allows all."""
    rhythm = Rhythm(polled_at=START)
    assert rhythm.urgent_at(START + INTERVAL, INTERVAL, 200) == START + 1.2 * INTERVAL
    assert rhythm.urgent_at(START + INTERVAL, INTERVAL, 2000) == START + INTERVAL + 1800
    assert Rhythm().urgent_at(START, INTERVAL, 200) == START + 180


def test_restart() -> None:
    """Test that what was learnt is kept, and what can't be read is as good as nothing."""
    rhythm, _, _ = hourly(300, 12)
    kept = json.loads(json.dumps(rhythm.as_dict()))
    assert Rhythm.from_dict(kept).next_poll(INTERVAL) == rhythm.next_poll(INTERVAL)
    damaged: list[Any] = [None, {}, [], kept | {"times": 3}, kept | {"late": "soon"}]
    for broken in damaged:
        assert Rhythm.from_dict(broken) == Rhythm()
    assert Rhythm.from_dict(Rhythm().as_dict()) == Rhythm()


@pytest.mark.parametrize("kind", DAYS)
@pytest.mark.parametrize("count", [8, 100])
def test_freshness(kind: Kind, count: int) -> None:
    """Test what `scripts/prove fresh` proves of all sizes."""
    wrong, told = faults(kind, count, seed=1)
    assert wrong == [], told


def test_arrears_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that meters in arrears are seen within two minutes, though all report at once."""
    monkeypatch.setitem(DAYS, "at once", 1)
    run = simulate(meters_of("at once", 1000, seed=1, low=50), "at once", seed=1)
    assert len(run.of_low) >= 50 * (23 - LEARNT_FROM)
    later = run.of_low[len(run.of_low) // 2 :]
    assert sum(staleness > 120 for staleness in later) < 0.03 * len(later)
    assert run.mean > 400
