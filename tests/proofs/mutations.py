"""Known faults, put back into the product: what finds none of them proves nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Final
from unittest.mock import patch

from custom_components.jrhsz.history.changes import Change
from custom_components.jrhsz.history.cost import Costs
from custom_components.jrhsz.history.judgement import _Walk
from custom_components.jrhsz.history.ledger import Ledger
from custom_components.jrhsz.history.readings import Point
from custom_components.jrhsz.history.registers import Register
from custom_components.jrhsz.history.settlement import Settlement

from .driver import live
from .lives.life import life
from .oracle import judge
from .verdict import Verdict

_MANY: Final = 4


@contextmanager
def billed_twice() -> Iterator[None]:
    """Forget, when old balances are dropped, what of the first one was cost already."""
    trimmed = Costs.trimmed

    def forgetful(costs: Costs) -> Ledger | None:
        """Return what is left, with the first balance as it was seen."""
        rest = trimmed(costs)
        if rest is None:
            return None
        first = rest.samples[0]
        [seen] = [sample for sample in costs.ledger.samples if sample[:2] == first[:2]][:1]
        return replace(rest, samples=(seen, *rest.samples[1:]))

    with patch.object(Costs, "trimmed", forgetful):
        yield


@contextmanager
def any_payment() -> Iterator[None]:
    """Let a rise take the largest payment of the last days, however large it is."""

    def greedy(settlement: Settlement, change: Change) -> list[int]:
        """Return the largest payment that isn't in another balance yet."""
        if change.cost >= 0:
            return []
        amounts = settlement.ledger.credits
        known = [
            *settlement._open(change, is_fresh=True),
            *settlement._open(change, is_fresh=False),
        ]
        known = [number for number in known if amounts[number].amount + change.cost >= 0]
        return sorted(known, key=lambda number: amounts[number].amount)[-1:]

    with patch.object(Settlement, "_entering", greedy):
        yield


@contextmanager
def believed_when_repeated() -> Iterator[None]:
    """Believe a wrong reading that came four times, so that the way back is use."""
    home = _Walk._home

    def credulous(walk: _Walk, point: Point) -> Register | None:
        """Return the last register if it was read so often."""
        top = walk.registers.top
        is_believed = len(top.points) >= _MANY and point.reading >= top.last.reading
        return top if is_believed else home(walk, point)

    with patch.object(_Walk, "_home", credulous):
        yield


# By what they are called in the list of known faults.
MUTATIONS: Final[Mapping[str, Callable[[], AbstractContextManager[None]]]] = {
    "1: a fall is billed twice": billed_twice,
    "2: a rise takes any payment": any_payment,
    "11: four wrong readings become use": believed_when_repeated,
}


def found_by(mutation: str, seeds: Iterable[int]) -> tuple[int, Verdict] | None:
    """Return the first life that is fine, but not with a mutation; and what is wrong then."""
    for seed in seeds:
        with MUTATIONS[mutation]():
            truth = life(seed)
            verdict = judge(truth, live(truth))
        if verdict.faults and not judge(truth := life(seed), live(truth)).faults:
            return seed, verdict
    return None
