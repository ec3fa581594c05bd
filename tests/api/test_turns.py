"""Tests of whose turn it is."""

from dataclasses import dataclass, field
from random import Random

from custom_components.jrhsz.api import Priority, Turn
from custom_components.jrhsz.api.turns import Turns


def turn_of(
    number: int, priority: Priority, *, rises: tuple[float, Priority] | None = None
) -> Turn:
    """Return the turn of a call that came as this one."""
    turn = Turn(priority, rises=rises)
    turn.number = number
    return turn


@dataclass(slots=True)
class Plain:
    """The plain rule: who waits, and when each rises to what."""

    waiting: dict[int, tuple[Turn, float, Priority]] = field(default_factory=dict)

    def take(self, now: float, *, others_first: bool) -> tuple[int, Turn]:
        """Take the call whose turn it is."""

        def rank(number: int) -> tuple[bool, Priority, int]:
            """Return the place of a call."""
            turn, rises_at, rises_to = self.waiting[number]
            priority = min(turn.priority, rises_to) if rises_at <= now else turn.priority
            return others_first and turn.priority is Priority.USER, priority, number

        number = min(self.waiting, key=rank)
        return number, self.waiting.pop(number)[0]


def test_each_is_taken_in_order() -> None:
    """Test many calls that come, go, rise and are promoted, against the plain rule."""
    random, turns, plain = Random(1), Turns[int](), Plain()  # noqa: S311  seeded, to be repeated
    now, taken = 0.0, 0
    for number in range(3000):
        now += random.random()
        rises = now + random.uniform(0, 50), random.choice([Priority.LOW, Priority.NEWS])
        turn = turn_of(number, random.choice(list(Priority)), rises=rises)
        turns.add(number, turn)
        plain.waiting[number] = (turn, *rises)
        match random.randrange(8):
            case 0:
                turns.remove(gone := random.choice(list(plain.waiting)))
                del plain.waiting[gone]
            case 1:
                plain.waiting[random.choice(list(plain.waiting))][0].priority = Priority.USER
            case 2 | 3 | 4 | 5 if plain.waiting:
                others_first = random.random() < 0.3
                found = turns.take(now, others_first=others_first)
                assert found == plain.take(now, others_first=others_first)
                taken += 1
        assert len(turns) == len(plain.waiting)
        assert (number in turns) is (number in plain.waiting)
    assert taken > 1000


def test_nothing_is_kept_of_calls_that_went() -> None:
    """Test that a call is forgotten with the last that waits, and its turn tells nobody."""
    turns = Turns[str]()
    turn = turn_of(0, Priority.POLL, rises=(5.0, Priority.NEWS))
    turns.add("a", turn)
    turns.remove("a")
    turn.priority = Priority.USER
    assert "a" not in turns
    assert not turns._users + turns._others + turns._rising
