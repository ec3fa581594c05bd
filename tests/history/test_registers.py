"""Tests of registers: what they read, the highest use, and the line through the right ones."""

from decimal import Decimal

from custom_components.jrhsz.history.judged import Level
from custom_components.jrhsz.history.readings import HOUR, Point
from custom_components.jrhsz.history.registers import Register, Registers, Step

USUAL = Point(0, Decimal("2.4"))


def points(*readings: float, begin: float = 0, every: float = 1) -> list[Point]:
    """Return readings at some interval of hours."""
    return [
        Point(int((begin + index * every) * HOUR), Decimal(str(reading)))
        for index, reading in enumerate(readings)
    ]


def register(*readings: float, begin: float = 0, every: float = 1) -> Register:
    """Return a register that was read at some interval of hours."""
    first, *others = points(*readings, begin=begin, every=every)
    made = Register([first], [USUAL])
    for point in others:
        made.append(point)
    return made


def steps(*told: tuple[float, float, float]) -> list[Step]:
    """Return steps, from hours, readings and uses."""
    return [Step(int(hour * HOUR), Decimal(str(low)), Decimal(str(use))) for hour, low, use in told]


def test_the_highest_use_in_an_hour() -> None:
    """Test that it is that of a whole hour, however often the register is read."""
    assert register(0, 1, 3).peaks == [USUAL]
    assert register(0, 1, 11, 12, 25).peaks == [USUAL, *points(10, begin=2), *points(13, begin=4)]
    # Four readings an hour: 1 + 2 + 3 + 4.
    quick = register(0, 1, 3, 6, 10, 11, every=0.25)
    assert quick.peak == 10
    assert [int(peak.reading) for peak in quick.peaks] == [2, 3, 6, 10]
    assert register(0, 30, every=10).peak == 3


def test_a_register_is_cut() -> None:
    """Test that the peaks go with the readings, and that both parts go on."""
    whole = register(0, 1, 11, 12, 112)
    rest = whole.cut(3)
    assert (whole.points, rest.points) == (points(0, 1, 11), points(12, 112, begin=3))
    assert [whole.peak, rest.peak, rest.jump] == [10, 100, 1]
    assert rest.before is whole
    assert rest.level == points(11, begin=2)[0]
    whole.append(*points(31, begin=4))
    assert whole.peak == 10
    whole.append(*points(51, begin=5))
    assert whole.peak == 20


def test_what_is_kept_of_a_level() -> None:
    """Test that it tells since when the whole hour of the level is told."""
    made = register(1, 2, 3, begin=0.5, every=0.75)
    assert made.level_at(made.last, Decimal(9)) == Level(
        2 * HOUR, Decimal(3), Decimal(9), HOUR * 2, None
    )
    assert made.level_at(made.points[1], Decimal(9), 7) == Level(
        HOUR * 5 // 4, Decimal(2), Decimal(9), HOUR // 2, 7
    )
    # There is no reading before its hour.
    assert made.level_at(made.first, Decimal(9)).since == HOUR // 2


def test_the_line_leads_to_the_current_register() -> None:
    """Test that the jump to a register is told, and what follows is tried."""
    old, new = register(8, 9), register(3, 4, begin=2)
    new.before, new.level, new.jump = old, old.last, Decimal("0.5")
    tried = register(70, 71, begin=4)
    registers = Registers(new, tried=[tried])
    assert list(registers.line()) == steps((0, 8, 0), (1, 9, 1), (2, 3, 0.5), (3, 4, 1))
    assert list(registers.line(since=HOUR)) == steps((2, 3, 0.5), (3, 4, 1))
    assert list(registers.tried_line()) == steps((4, 70, 0), (5, 71, 1))
    # Readings after it was left are those of another line.
    old.append(*points(10, begin=4))
    assert [step.reading for step in registers.line()] == [8, 9, 3, 4]


def test_readings_go_back() -> None:
    """Test that the use since is laid on the rises of what was wrong, in its proportion."""
    old, wrong = register(100, 101), register(0, 1, 1, 4, begin=2)
    wrong.before, wrong.level = old, old.last
    back = register(109, 110, begin=6)
    registers = Registers(wrong, tried=[back])
    registers.go_back(old, back)
    assert registers.current is old
    assert (registers.tried, registers.left) == ([], [wrong])
    assert list(registers.line(since=0)) == steps(
        (1, 101, 1), (2, 101, 0), (3, 103, 2), (4, 103, 0), (5, 109, 6), (6, 109, 0), (7, 110, 1)
    )
    # It may have been right after all.
    again = register(5, 6, begin=8)
    registers.tried = [again]
    registers.go_back(wrong, again)
    assert (registers.current, registers.left) == (wrong, [])
    assert [step.reading for step in registers.line()] == [100, 101, 0, 1, 1, 4, 4, 5, 5, 6]


def test_a_wrong_register_that_counts_nothing_tells_nothing() -> None:
    """Test that the use is left to the reading that goes back, and the register is forgotten."""
    old, wrong = register(100, 101), register(0, 0, 0, begin=2)
    wrong.before, wrong.level = old, old.last
    back = register(109, 110, begin=5)
    registers = Registers(wrong, tried=[back])
    registers.go_back(old, back)
    assert list(registers.line()) == steps((0, 100, 0), (1, 101, 1), (5, 109, 8), (6, 110, 1))
    assert registers.left == []
