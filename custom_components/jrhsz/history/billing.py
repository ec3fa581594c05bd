"""How a balance follows the readings, and what use costs by it.

Most platforms take the cost of a reading from the balance at once, or some minutes later. Some do
so once a day, for the use up to midnight; others once a month, for that up to the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from ..api import CHINA_STANDARD_TIME
from .ledger import Follows, Prices, Sample
from .readings import DAY, HOUR
from .usage import Usage

PERIODICALLY: Final = frozenset({Follows.DAILY, Follows.MONTHLY})

_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
_UTC_OFFSET: Final = 8 * HOUR
PROMPT: Final = 3 * HOUR
_MOSTLY: Final = Decimal("0.8")
# The balance has cents: so much of its fall says nothing about how it follows.
_ROUNDED: Final = Decimal("0.02")
_CLEAR: Final = Decimal("0.10")
_FEW: Final = 3
_ABOUT_A_DAY: Final = range(18 * HOUR, 30 * HOUR)
_ABOUT_A_MONTH: Final = 8 * DAY
_OFTEN_A_DAY: Final = 4
_CERTAINLY: Final = 4
_SLACK: Final = Decimal(1)
_USUAL_SPREAD: Final = Decimal("0.1")
# Nothing says in which hours of some the use was: all of it may be in one.
_SHORTEST: Final = Decimal(6 * HOUR)


def midnight(time: int) -> int:
    """Return the last midnight in China, not after a time."""
    return time - (time + _UTC_OFFSET) % DAY


def first_of_month(time: int) -> int:
    """Return the last beginning of a month in China, not after a time."""
    china = datetime.fromtimestamp(time, CHINA_STANDARD_TIME)
    return int(china.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())


@dataclass(frozen=True, slots=True)
class Measure:
    """What cost is shared out by: the use, or time where no use is known at all."""

    usage: Usage | None

    def between(self, begin: int, end: int) -> Decimal:
        """Return how much lies between two times."""
        if self.usage is None:
            return Decimal(end - begin)
        return self.usage.total(end) - self.usage.total(begin)

    def knows(self, time: int) -> bool:
        """Tell whether the use up to a time is known."""
        return self.usage is None or time <= self.usage.end


class Fall(NamedTuple):
    """A balance that fell: up to which sample, by what, and the use that it may be for."""

    sample: int
    begin: int
    amount: Decimal
    use: Decimal


def billed_until(follows: Follows | None, sample: Sample) -> int:
    """Return up to when the use is in a balance that has just fallen."""
    if follows is Follows.DAILY:
        return midnight(sample.poll)
    if follows is Follows.MONTHLY:
        return first_of_month(sample.poll)
    return sample.read_time


def first_begin(follows: Follows | None, samples: Sequence[Sample]) -> int:
    """Return up to when the use is in the first of some balances.

    Where days or months are billed it was seen in the middle of one, and is without it.
    """
    begin = samples[0].read_time
    if follows in PERIODICALLY:
        first_fall = next((b for a, b in pairwise(samples) if b.balance < a.balance), samples[0])
        end = billed_until(follows, first_fall)
        begin = min(begin, billed_until(follows, first_fall._replace(poll=end - 1)))
    return begin


def unbilled_since(
    follows: Follows | None, measure: Measure, begin: int, before: Sample, end: int
) -> int:
    """Return since when the use was not billed before a balance fell.

    Where no use is known, time in which the balance didn't fall has none.
    """
    if measure.usage is None and follows not in PERIODICALLY and before.read_time < end:
        return max(begin, before.read_time)
    return begin


def falls(samples: Sequence[Sample], measure: Measure, follows: Follows | None) -> Iterator[Fall]:
    """Yield the falls of a balance; one that rises is billed too, but says nothing."""
    begin = first_begin(follows, samples)
    for index, (before, after) in enumerate(pairwise(samples), 1):
        fall = before.balance - after.balance
        if fall and measure.knows(end := max(begin, billed_until(follows, after))):
            begin = unbilled_since(follows, measure, begin, before, end)
            if fall > 0:
                yield Fall(index, begin, fall, measure.between(begin, end))
            if fall > 0 or follows not in PERIODICALLY:
                begin = end


def follows_of(
    samples: Sequence[Sample], measure: Measure, known: Follows | None
) -> Follows | None:
    """Return how a balance follows the readings, as far as these samples tell."""
    found = list(falls(samples, measure, None))
    times = [samples[fall.sample].poll for fall in found if fall.amount > _ROUNDED]
    span = samples[-1].poll - samples[0].poll
    otherwise = known or (Follows.IRREGULARLY if span > _FEW * DAY else None)
    if measure.usage is None:
        if len(times) >= _FEW and len(times) * DAY >= _OFTEN_A_DAY * span:
            return Follows.AT_ONCE
    elif _is_prompt(samples, measure, found):
        return Follows.AT_ONCE if len(found) >= _FEW else otherwise
    gaps = [after - before for before, after in pairwise(times)]
    if len(gaps) >= (1 if known is None else _FEW - 1) and int(median(gaps)) in _ABOUT_A_DAY:
        return Follows.DAILY
    longest = max([*gaps, samples[-1].poll - (times or [samples[0].poll])[-1]])
    if longest > _ABOUT_A_MONTH and _is_used(samples, measure):
        return Follows.MONTHLY
    return otherwise


def _is_prompt(samples: Sequence[Sample], measure: Measure, found: Sequence[Fall]) -> bool:
    """Tell whether most of the use was in the balance some hours after it was read."""
    late, all_of_it, end = _ZERO, _ZERO, samples[0].read_time
    for fall in found:
        before, after = samples[fall.sample - 1], samples[fall.sample]
        all_of_it += fall.use
        end = after.read_time
        if fall.amount > _ROUNDED:
            known = max(fall.begin, min(before.read_time, after.poll - PROMPT))
            late += measure.between(fall.begin, known)
    last = samples[-1]
    known = max(end, min(last.read_time, last.poll - PROMPT))
    if found and measure.between(end, known) * found[-1].amount > found[-1].use * _ROUNDED:
        late += measure.between(end, known)
        all_of_it += measure.between(end, known)
    return bool(found) and late <= (1 - _MOSTLY) * all_of_it


def _is_used(samples: Sequence[Sample], measure: Measure) -> bool:
    """Tell whether there was use that a balance would have to follow."""
    return measure.usage is None or measure.between(samples[0].read_time, samples[-1].read_time) > 1


@dataclass(frozen=True, slots=True)
class Tariff:
    """What use costs lately; `spread` is how far above that single falls usually are."""

    prices: Prices
    spread: Decimal | None
    measure: Measure

    def expected(self, use: Decimal) -> Decimal:
        """Return what use should cost, in cents."""
        return (self.prices.usual * use).quantize(_CENT)

    def limit(self, use: Decimal) -> Decimal:
        """Return what use can't cost more than, whenever it was."""
        if self.measure.usage is None:
            use = max(use, _SHORTEST)
        return _CERTAINLY * self.prices.dearest * use + _SLACK

    def usual_limit(self, use: Decimal) -> Decimal:
        """Return what use costs more than only when the price has changed."""
        if self.spread is None:
            return self.limit(use)
        expected = self.prices.usual * use
        return expected + max(_SLACK, (_USUAL_SPREAD + 3 * self.spread) * expected)


def tariff_of(found: Sequence[Fall], measure: Measure, before: Prices | None) -> Tariff | None:
    """Return what use costs, by falls or else by what was known before them."""
    known = [fall for fall in found if fall.use > 0]
    if len(known) < _FEW:
        return None if before is None else Tariff(before, None, measure)
    middle = _middle_price(known)
    clean = [fall for fall in known if fall.amount <= _CERTAINLY * middle * fall.use + _ROUNDED]
    usual = sum((fall.amount for fall in clean), _ZERO) / sum((fall.use for fall in clean), _ZERO)
    above = sorted(
        max(_ZERO, fall.amount - usual * fall.use - _ROUNDED) / (usual * fall.use) for fall in known
    )
    dearest = max(usual, before.dearest) if before else usual
    spread = above[9 * (len(above) - 1) // 10]
    return Tariff(Prices(usual, dearest), None if measure.usage is None else spread, measure)


def _middle_price(found: Sequence[Fall]) -> Decimal:
    """Return the price of the middle one of some falls, of the clear ones if there are enough."""
    clear = [fall for fall in found if fall.amount >= _CLEAR]
    return median(fall.amount / fall.use for fall in (clear if len(clear) >= _FEW else found))
