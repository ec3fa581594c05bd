"""Tests of which readings are right: runs of wrong ones, new registers, and what can be used."""

from decimal import Decimal
from itertools import pairwise
import random

import pytest

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.history.judged import Judged, Level
from custom_components.jrhsz.history.judgement import Judgement, judge
from custom_components.jrhsz.history.readings import HOUR, Point, Readings, limit_of
from custom_components.jrhsz.history.registers import Step
from custom_components.jrhsz.history.usage import usage_of

from ..support.registers import life

QUARTER = 0.25


def judged(
    *readings: float,
    every: float = 1,
    begin: float = 0,
    before: Judged | None = None,
    kind: MeterKind = MeterKind.ELECTRICITY,
) -> Judgement:
    """Judge readings at some interval of hours."""
    told = Readings(
        {
            int((begin + index * every) * HOUR): {Decimal(str(reading))}
            for index, reading in enumerate(readings)
        }
    )
    found = judge(told, limit_of(kind), before)
    assert found is not None
    return found


def used(*readings: float, every: float = 1, kind: MeterKind = MeterKind.ELECTRICITY) -> float:
    """Return the whole use."""
    return float(sum(step.use for step in judged(*readings, every=every, kind=kind).steps))


def uses(*readings: float) -> dict[float, float]:
    """Return the use by the hour of its reading, where there is some."""
    return {step.time / HOUR: float(step.use) for step in judged(*readings).steps if step.use}


@pytest.mark.parametrize("every", [QUARTER, 1, 24])
@pytest.mark.parametrize("wrong", [0, 99999, 3])
@pytest.mark.parametrize("level", [5, 15, 400, 5000])
def test_a_run_of_wrong_readings_is_no_use(level: int, wrong: int, every: float) -> None:
    """Test runs of any length: the use is the rise over what was before, without the run."""
    for length in (*range(1, 10), 20, 50):
        after = level + 3 + length * every / 4
        readings = [level, level + 1, level + 2, *[wrong] * length]
        readings += [after + index for index in range(6)]
        assert used(*readings, every=every) == pytest.approx(after + 5 - level)
        told = [step for step in judged(*readings, every=every).steps if step.reading == wrong]
        assert not told


def test_it_takes_two_readings_an_hour_apart() -> None:
    """Test that one reading of the old level is not yet believed, and what is told meanwhile."""
    run = [5000, 5001, 0, 0, 0, 0]
    assert uses(*run) == {1: 1}
    assert uses(*run, 5006) == {1: 1}
    assert uses(*run, 5006, 5007) == {1: 1, 6: 5, 7: 1}
    quick = [*run, 5002, 5002.1, 5002.2, 5002.3]
    assert used(*quick, every=QUARTER) == pytest.approx(1.3)
    assert used(*quick, 5002.4, every=QUARTER) == pytest.approx(2.4)
    # A single reading, or less than an hour of them, is nothing.
    assert uses(5000, 5001, 0, 5003) == {1: 1, 3: 2}
    assert used(5000, 5001, 0, 0, 0, 5003, every=QUARTER) == 3


def test_the_use_is_laid_on_the_rises_of_the_run() -> None:
    """Test a register that counts from 0 and is put right."""
    assert uses(5000, 5001, 0, 1, 1, 3, 5007, 5008) == {1: 1, 3: 2, 5: 4, 7: 1}
    steps = judged(5000, 0, 1, 1, 4, 5001, 5002).steps
    assert steps[2:] == [
        Step(2 * HOUR, Decimal("5000.250000"), Decimal("0.250000")),
        Step(3 * HOUR, Decimal("5000.250000"), Decimal(0)),
        Step(4 * HOUR, Decimal("5001.000000"), Decimal("0.750000")),
        Step(5 * HOUR, Decimal(5001), Decimal(0)),
        Step(6 * HOUR, Decimal(5002), Decimal(1)),
    ]


@pytest.mark.parametrize(
    ("readings", "total"),
    [
        # It was reset, replaced by a new one, or by one that was used.
        ([5000, 5001, 0, 1, 2, 3], 4),
        ([5000, 5001, 800, 801, 802, 803], 4),
        ([5000, 5001, 9000, 9001, 9002, 9003], 4),
        # It was wrong from the beginning.
        ([0, 0, 5000, 5001, 5002], 2),
        ([99999, 5000, 5001, 5002], 2),
        # Within a day it reads what it read before, but climbs there.
        ([10, 11, *range(14)], 14),
        ([9, 10, 0, 4, 8, 11], 12),
        ([9, 10, 0, 4, 4, 11, 12], 3),
        ([8, 10, 12, 14, 9, 10], 7),
        # Wrong readings of many kinds.
        ([5000, 5001, 0, 0, 99999, 0, 17, 5004, 5005, 5006], 6),
        ([5000, 5001, 17, 93211, 4, 812, 5004, 5005, 5006], 6),
        ([5000, 5001, 0, 5002, 0, 5003, 0, 5004], 4),
        # After the second run of the same kind.
        ([5000, 5001, 0, 0, 0, 5003, 5004, 0, 0, 0, 5006, 5007, 5008], 8),
    ],
)
def test_new_registers_and_wrong_ones(readings: list[int], total: int) -> None:
    """Test that a register that goes on is right, and that one that doesn't is not."""
    assert used(*readings) == total


def test_readings_of_the_old_register_between_those_of_a_new_one() -> None:
    """Test that a return is taken back when the new register goes on."""
    new = [5000, 5001, 0, 1, 2, 3, 4, 5]
    assert uses(*new, 5001, 5001) == {1: 1}
    assert used(*new, 5001, 5001, 7, 8, 9) == 1 + 9


def test_a_peak_within_the_limit_is_taken_back() -> None:
    """Test readings that are too high by less than a run."""
    assert used(100, 101, 110, 103, 104) == 4
    assert used(7, 8, 13, 14, 14, 9, 10) == 3
    assert used(100, 101, 110, 111, 111, 103, 104, 105) == 5
    # It came slowly, or long ago.
    assert used(100, 102, 104, 106, 108, 101, 102) == 9
    assert used(100, 109, *[109] * 80, 101, 102) == 10


@pytest.mark.parametrize("every", [1, 24])
def test_a_register_turns_over(every: float) -> None:
    """Test that the use goes on over 0, and that a wrong 0 near the end is none."""
    assert used(99998, 99999.5, 0.3, 1, 2, every=every) == 4
    assert used(99990, 99991, 0, 0, 0, 0, 99993, 99994, 99995, every=every) == 5


def test_a_meter_that_counts_much() -> None:
    """Test that three larger rises one after the other are use, and all that follow."""
    assert used(0, 100, 200) == 0
    assert used(0, 100, 200, 300) == 300
    assert used(0, 100, 200, 300, 380, 480, 480, 900) == 900
    assert used(0, 1, 2, 100, 200, 300, 400, kind=MeterKind.WATER) == 400
    # They are no use if readings go back, nor beyond all bounds.
    assert used(5000, 5100, 5200, 5300, 5001, 5002, 5003) == 3
    assert used(5000, 30_000, 60_000, 90_000, 95_000) == 0
    known = judged(0, 100, 200, 300, 301)
    assert known.judged.peaks == (Point(3 * HOUR, Decimal(100)),)


def test_a_reading_that_stood_still_catches_up() -> None:
    """Test that a jump that can have been used within a day is use after a while."""
    still = [5000] * 10
    assert used(*still, 5040, 5041, 5042) == 2
    assert used(*still, 5040, *range(5041, 5046)) == 45
    # That much was never used in a day.
    assert used(*still, 5400, *[5400 + hour / 10 for hour in range(100)]) == pytest.approx(9.9)


def test_what_is_kept() -> None:
    """Test the last reading, the highest uses, and the levels before runs."""
    assert judged(10, 11, 11.5, begin=5).judged == Judged(
        5 * HOUR, Point(7 * HOUR, Decimal("11.5"))
    )
    # One reading doesn't make a run, but it may become one.
    open_run = judged(10, 13, 16, 0).judged
    assert open_run.last == Point(2 * HOUR, Decimal(16))
    assert open_run.peaks == (Point(HOUR, Decimal(3)),)
    assert open_run.levels == (Level(2 * HOUR, Decimal(16), Decimal(0), 2 * HOUR),)
    # A run that is over is kept with its end.
    closed = judged(10, 13, 0, 0, 0, 16, 17, 18).judged
    assert closed.levels == (Level(HOUR, Decimal(13), Decimal(0), HOUR, 5 * HOUR),)
    assert judged(10, 13, 0, 0, 0, 16, 17, 0, 18).judged.levels == (
        *closed.levels,
        Level(6 * HOUR, Decimal(17), Decimal(0), 6 * HOUR, 8 * HOUR),
    )


def test_readings_go_back_to_a_level_from_before() -> None:
    """Test that records that don't show the level are to be judged again from there on."""
    known = judged(4999.5, 5000, *[0] * 50, every=1, begin=QUARTER).judged
    level = Level(5 * HOUR // 4, Decimal(5000), Decimal(0), HOUR // 4)
    assert known.levels == (level,)
    later = judged(0, 0, 0, begin=60, before=known)
    assert (later.again, later.judged.levels) == (None, (level,))
    assert judged(0, 0, 0, 5010, begin=60, before=known).again is None
    back = judged(0, 0, 0, 5010, 5011, begin=60, before=known)
    assert back.again == level.since
    # Without what was judged before it would be a new register.
    assert judged(0, 0, 0, 5010, 5011, begin=60).again is None
    # That goes for readings in the run after it is over, too.
    over = judged(5000, *[0] * 50, 5010, 5011).judged
    assert judged(0, 0, 5010, 5011, begin=49, before=over).again == 0
    assert judged(5010, 5011, begin=51, before=over).again is None
    # One that climbs to the level from below doesn't go back.
    new = judged(20, 21, 0, 1, 2, 3).judged
    climbed = judged(*range(15, 30), begin=20, before=new)
    assert (climbed.again, sum(step.use for step in climbed.steps)) == (None, 14)
    assert judged(15, 16, 17, 40, 41, begin=20, before=new).again == HOUR


def test_a_wrong_reading_that_the_first_record_repeats() -> None:
    """Test that a window that begins where readings went back doesn't begin with a wrong one."""
    over = judged(5000, *[0] * 50, 5010, 5011).judged
    told = Readings({51 * HOUR: {Decimal(5010)}, 52 * HOUR: {Decimal(5011)}})
    told.repeated = {50 * HOUR: {Decimal(0)}, 51 * HOUR: {Decimal(5010)}}
    found = judge(told, limit_of(MeterKind.ELECTRICITY), over)
    assert found is not None
    assert [step.reading for step in found.steps] == [5010, 5011]
    only_wrong = Readings(repeated={50 * HOUR: {Decimal(0)}})
    assert judge(only_wrong, limit_of(MeterKind.ELECTRICITY), None) is not None
    assert judge(Readings(), limit_of(MeterKind.ELECTRICITY), None) is None


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ({"5001", "5002"}, "5001"),
        ({"0", "5002"}, "5002"),
        ({"5002", "99999"}, "5002"),
        ({"0", "4000"}, "4000"),
        ({"9000", "8000", "7"}, "8000"),
    ],
)
def test_of_several_readings_at_a_time(values: set[str], chosen: str) -> None:
    """Test that the one that goes on from those before is taken."""
    told = Readings({0: {Decimal(4999)}, HOUR: {Decimal(5000)}})
    told.read[2 * HOUR] = {Decimal(value) for value in values}
    found = judge(told, limit_of(MeterKind.ELECTRICITY), None)
    assert found is not None
    assert found.steps[-1].reading == Decimal(chosen)


@pytest.mark.parametrize("seed", range(40))
def test_the_use_of_any_life_is_exact(seed: int) -> None:
    """Test random lives: the use up to every right reading, with records doubled and shuffled."""
    dice = random.Random(seed)  # noqa: S311  no secrets
    made = life(dice, 400)
    records = made.records + dice.sample(made.records, 100)
    dice.shuffle(records)
    usage = usage_of(records, made.end, MeterKind.ELECTRICITY)
    assert usage is not None
    for time, total in made.truth.items():
        assert usage.total(int(time.timestamp())) == total, time
    totals = [usage.total(hour) for hour in range(usage.begin, usage.end, HOUR)]
    assert all(later >= earlier for earlier, later in pairwise(totals))
