"""How a balance follows the readings, and what use costs by it.

Most platforms take the cost of a reading from the balance at once, or some minutes later. Some do
so once a day, for the use up to midnight; others once a month, for that up to the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from ..api import CHINA_STANDARD_TIME
from .ledger import Follows, Ledger, Sample
from .readings import DAY, HOUR
from .usage import Usage

_ZERO: Final = Decimal(0)
_UTC_OFFSET: Final = 8 * HOUR
PROMPT: Final = 3 * HOUR
_MOSTLY: Final = Decimal("0.8")
# The balance has cents: so much of its fall says nothing about how it follows.
_ROUNDED: Final = Decimal("0.02")
_NEARLY: Final = Decimal("0.03")
_FEW: Final = 3
# No use costs so many times what other use does, and this much more.
CERTAINLY: Final = 4
SLACK: Final = Decimal(1)
_ENOUGH: Final = 10
_WATCHED: Final = 6 * HOUR
_ABOUT_A_DAY: Final = range(18 * HOUR, 30 * HOUR)
_ABOUT_A_MONTH: Final = 8 * DAY
_OFTEN_A_DAY: Final = 4
_OFTEN_A_MONTH: Final = 3
# A month is billed in so many days. Use of so long that is in no balance isn't billed by the day.
_MONTH_BILLED_IN: Final = 3 * DAY
_LONGER_THAN_A_DAY: Final = 40 * HOUR
_USED: Final = Decimal("0.2")


def midnight(time: int) -> int:
    """Return the last midnight in China, not after a time."""
    return time - (time + _UTC_OFFSET) % DAY


def first_of_month(time: int) -> int:
    """Return the last beginning of a month in China, not after a time."""
    china = datetime.fromtimestamp(time, CHINA_STANDARD_TIME)
    return int(china.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())


class Fall(NamedTuple):
    """A balance that fell: up to which sample, by what, and the use that it may be for."""

    sample: int
    begin: int
    amount: Decimal
    use: Decimal


@dataclass(frozen=True, slots=True)
class Billing:
    """How use gets into a balance; where no use is known at all, time stands for it.

    A balance that is behind its reading, and isn't looked at often, may be that of the reading
    before. If use has one price, that tells which; and up to when days are billed while a meter
    reads wrong. Where days are billed, none ever was so many seconds after midnight.
    """

    usage: Usage | None
    follows: Follows | None = None
    price: Decimal | None = None
    not_billed_until: int = 0

    @property
    def is_periodic(self) -> bool:
        """Tell whether the use of days or months is billed at once."""
        return self.follows in {Follows.DAILY, Follows.MONTHLY}

    def between(self, begin: int, end: int) -> Decimal:
        """Return the use between two times."""
        if self.usage is None:
            return Decimal(end - begin)
        return self.usage.total(end) - self.usage.total(begin)

    def knows(self, begin: int, end: int) -> bool:
        """Tell whether the use between two times is known."""
        return self.usage is None or (self.usage.begin <= begin and end <= self.usage.end)

    def until(self, sample: Sample, begin: int, cost: Decimal) -> int:
        """Return up to when the use since another time is in a balance that has just fallen.

        What is billed at midnight is the last reading there is then; a wrong one bills nothing.
        """
        if self.is_periodic:
            period = self._periods_begin(sample.poll)
            end = self._last_reading(period)
            right = period if self.usage is None else self.usage.before_wrong(period)
            if begin < right < end and self._is_nearer(cost, begin, right, end):
                return right
            return max(begin, end)
        read = sample.read_time
        right = read if self.usage is None else self.usage.before_wrong(read)
        end = max(begin, right if begin < right else read)
        earlier = self._last_reading(end - 1)
        return earlier if self._is_nearer(cost, begin, earlier, end) else end

    def _is_nearer(self, cost: Decimal, begin: int, earlier: int, end: int) -> bool:
        """Tell whether a cost is nearer to that of the use up to an earlier time, if known."""
        if self.price is None or cost <= 0 or earlier < begin:
            return False
        price = self.price
        costs = [price * self.between(begin, time) for time in (earlier, end)]
        return abs(cost - costs[0]) < abs(cost - costs[1])

    def first_begin(self, ledger: Ledger) -> int:
        """Return up to when the use is in the first balance of a ledger.

        Where days or months are billed it was seen in the middle of one, and is without it, or
        what is known of it. What falls first in the middle of a month is no bill of the one before.
        """
        if ledger.billed_until is not None:
            return ledger.billed_until
        samples = ledger.samples
        if not self.is_periodic:
            return samples[0].read_time
        falls = (
            (before.poll, after.poll)
            for before, after in pairwise(samples)
            if after.balance < before.balance
        )
        before, fell = next(falls, (samples[0].poll, samples[0].poll + DAY))
        end = self._periods_begin(fell)
        if self.follows is Follows.DAILY:
            end -= DAY
        elif before < end + _MONTH_BILLED_IN:
            end = first_of_month(end - 1)
        begin = self._last_reading(end)
        return begin if self.usage is None else max(begin, min(self.usage.begin, samples[0].poll))

    def begin(self, begin: int, before: Sample, end: int) -> int:
        """Return since when the use was not billed before a balance fell.

        Where no use is known, time in which the balance didn't fall has none.
        """
        if self.usage is None and not self.is_periodic and before.read_time < end:
            return max(begin, before.read_time)
        return begin

    def falls(self, ledger: Ledger) -> list[Fall]:
        """Return the falls of a balance; one that rises is billed too, but says nothing."""
        found, begin = list[Fall](), self.first_begin(ledger)
        for index, (before, after) in enumerate(pairwise(ledger.samples), 1):
            fall = before.balance - after.balance
            if fall and self.knows(begin, end := self.until(after, begin, fall)):
                begin = self.begin(begin, before, end)
                if fall > 0:
                    found.append(Fall(index, begin, fall, self.between(begin, end)))
                if fall > 0 or not self.is_periodic:
                    begin = end
        return found

    def _periods_begin(self, time: int) -> int:
        """Return when the day or month began before which all is billed at a time."""
        if self.follows is Follows.DAILY:
            return midnight(time - self.not_billed_until)
        return first_of_month(time)

    def _last_reading(self, time: int) -> int:
        """Return when the last reading up to a time was read, as far as known."""
        found = None if self.usage is None else self.usage.last_reading(time)
        return time if found is None or found < time - DAY else found


def fitting(falls: Sequence[Fall], price: Decimal) -> Decimal:
    """Return which part of many falls is just what the use costs at a price."""
    if len(falls) < _ENOUGH:
        return _ZERO
    exact = sum(
        abs(fall.amount - price * fall.use) <= max(_ROUNDED, _NEARLY * fall.amount)
        for fall in falls
    )
    return Decimal(exact) / len(falls)


def not_billed_until(ledger: Ledger) -> int:
    """Return how many seconds after midnight no day was billed yet, by the falls that were seen.

    What is seen to fall before that, after nobody looked for long, is of the day before.
    """
    seen = [
        before.poll - midnight(after.poll)
        for before, after in pairwise(ledger.samples)
        if after.balance < before.balance and after.poll - before.poll <= PROMPT
    ]
    return max(0, min(seen)) if len(seen) >= _FEW - 1 else 0


def needed_since(ledger: Ledger) -> int:
    """Return since when the use is needed for the cost."""
    if ledger.billed_until is not None:
        return ledger.billed_until
    since = ledger.samples[0].read_time
    if ledger.follows is Follows.MONTHLY:
        return first_of_month(since - DAY) - DAY
    return since - 2 * DAY if ledger.follows is Follows.DAILY else since


def follows_of(ledger: Ledger, usage: Usage | None) -> Follows | None:
    """Return how a balance follows the readings, as far as a ledger tells."""
    billing, samples, known = Billing(usage), ledger.samples, ledger.follows
    found = billing.falls(ledger)
    clear = _for_use([fall for fall in found if fall.amount > _ROUNDED])
    times = [samples[fall.sample].poll for fall in clear]
    span = samples[-1].poll - samples[0].poll
    if usage is None:
        if len(found) >= _FEW and len(found) * DAY >= _OFTEN_A_DAY * span:
            return Follows.AT_ONCE
    elif _is_prompt(samples, usage, found, known):
        otherwise = known or (Follows.IRREGULARLY if span > _FEW * DAY else None)
        return Follows.AT_ONCE if len(found) >= _FEW else otherwise
    gaps = _gaps(samples, clear)
    is_unknown = known in {None, Follows.IRREGULARLY}
    if len(gaps) >= (1 if is_unknown else _FEW - 1) and int(median(gaps)) in _ABOUT_A_DAY:
        return Follows.DAILY
    if _is_monthly(samples, billing, clear):
        return Follows.MONTHLY
    # One or two falls don't tell yet what they are for; use without any will have one.
    is_clear = len(_watched(samples, clear)) >= _FEW or not (
        times or _is_used(billing, samples[0].read_time, samples[-1].read_time)
    )
    return known or (Follows.IRREGULARLY if is_clear and span > _FEW * DAY else None)


def _for_use(falls: Sequence[Fall]) -> Sequence[Fall]:
    """Return the falls without those that are certainly not for use, if they tell a price."""
    prices = [fall.amount / fall.use for fall in falls if fall.use > 0]
    if len(prices) < _FEW:
        return falls
    dear = CERTAINLY * median(prices)
    return [fall for fall in falls if fall.amount <= dear * fall.use + SLACK]


def _watched(samples: Sequence[Sample], falls: Sequence[Fall]) -> Sequence[Fall]:
    """Return the falls of which is known when they were, within hours; if none is, all."""
    return [
        fall
        for fall in falls
        if samples[fall.sample].poll - samples[fall.sample - 1].poll <= _WATCHED
    ] or falls


def _gaps(samples: Sequence[Sample], falls: Sequence[Fall]) -> list[int]:
    """Return the times between falls; where nobody looked for a day between two, one is missing.

    Those of falls that were watched tell most.
    """
    watched, between = _watched(samples, falls), dict[bool, list[int]]()
    for before, after in pairwise(falls):
        polls = [sample.poll for sample in samples[before.sample : after.sample + 1]]
        if all(end - begin < _ABOUT_A_DAY.stop for begin, end in pairwise(polls)):
            is_watched = before in watched and after in watched
            between.setdefault(is_watched, []).append(polls[-1] - polls[0])
    return between.get(True) or between.get(False, [])


def _is_monthly(samples: Sequence[Sample], billing: Billing, falls: Sequence[Fall]) -> bool:
    """Tell whether a balance fell seldom though there was use: for long, or but on a first."""
    span = samples[-1].poll - samples[0].poll
    if len(falls) >= _OFTEN_A_MONTH * (1 + span // (30 * DAY)):
        return False
    times = [samples[0].poll, *(samples[fall.sample].poll for fall in falls), samples[-1].poll]
    longest = max(
        (end - begin for begin, end in pairwise(times) if _is_used(billing, begin, end)),
        default=0,
    )
    begins_months = falls and all(
        samples[fall.sample - 1].poll - DAY // 2 < first_of_month(samples[fall.sample].poll)
        for fall in falls
    )
    return longest > (_LONGER_THAN_A_DAY if begins_months else _ABOUT_A_MONTH)


def _is_prompt(
    samples: Sequence[Sample], usage: Usage, found: Sequence[Fall], known: Follows | None
) -> bool:
    """Tell whether most of the use was in the balance some hours after it was read.

    Where that was always so, use that is in none yet may be that of a register which is wrong.
    """
    late, all_of_it = _ZERO, _ZERO
    for fall in _watched(samples, found):
        before, after = samples[fall.sample - 1], samples[fall.sample]
        all_of_it += fall.use
        if fall.amount > _ROUNDED:
            late += _late(usage, fall.begin, before.read_time, after.poll)
    if known is not Follows.AT_ONCE and found:
        end = samples[found[-1].sample].read_time
        rest = _late(usage, end, samples[-1].read_time, samples[-1].poll)
        if rest * found[-1].amount > found[-1].use * _ROUNDED:
            late += rest
            all_of_it += rest
    return bool(found) and late <= (1 - _MOSTLY) * all_of_it


def _late(usage: Usage, begin: int, read_time: int, poll: int) -> Decimal:
    """Return the use that was read hours before a poll, and was not in the balance until then."""
    read = usage.last_reading(min(read_time, poll - PROMPT))
    return usage.total(max(begin, read or begin)) - usage.total(begin)


def _is_used(billing: Billing, begin: int, end: int) -> bool:
    """Tell whether there was use that a balance would have to follow."""
    return billing.usage is None or billing.between(begin, end) > _USED
