"""Which of a meter's balances its payments are in.

A prepaid meter may fetch its credit hours after it was paid. So a payment is in the balance that
rises by it, whole, or that falls by as much less than the use should have cost. A rise waits for
its payment, and a payment for its place, for some days, and what it may change waits too. A rise
that no payment explains by then is a credit of its own. What every fall is for follows
(`changes.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Final, NamedTuple

from .billing import PROMPT, SLACK, Billing
from .changes import PATIENCE, Change, Charges
from .ledger import Credit, Follows, Ledger, Sample
from .prices import NEAR, Spent, Tariff, nearest_price
from .readings import DAY, HOUR

_ZERO: Final = Decimal(0)
# By which the platform's clock may differ from ours.
_CLOCKS_DIFFER: Final = 600
_CLEARLY: Final = Decimal("0.02")
_ROUGHLY: Final = Decimal("0.25")
_CENT: Final = Decimal("0.01")
_MOST_AT_ONCE: Final = 10
_ROUND: Final = [Decimal(unit) for unit in ("50", "10", "5")]
# What is so many times nearer to a round amount than chance would have it is one.
_CERTAINLY: Final = 10
_SCATTERED: Final = Decimal(1)
_UNWATCHED: Final = 6 * HOUR
REMEMBERED: Final = 30 * DAY


class Correction(NamedTuple):
    """Where balances and payments differ: the poll or payment it is about, and the amount."""

    time: int
    amount: Decimal


@dataclass(slots=True)
class Settlement:
    """The changes of a ledger's balance, and which credits they contain.

    `entered` is the sample of each credit that has one, `unexplained` are rises that no payment
    explained in time. Changes from the sample `settled` on have
    to wait; `awaits_payment` if that is for a payment that wasn't listed when the list was read.
    """

    ledger: Ledger
    billing: Billing
    tariff: Tariff | None
    now: int
    changes: list[Change] = field(default_factory=list)
    entered: dict[int, int] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    unexplained: list[Credit] = field(default_factory=list)
    settled: int = 0
    awaits_payment: bool = False

    def settle(self) -> None:
        """Find the place of every credit, then tell what is for use and what is not."""
        forced: dict[int, int] = {}
        self._follow(forced)
        while (found := self._place_of_one_overdue()) is not None:
            forced[found[0]] = found[1]
            self._follow(forced)
        self._wait_for_credits()
        self._wait_for_the_list()
        charges = Charges(self.changes, self.billing, self.tariff, self.now)
        charges.tell()
        if charges.open_from is not None:
            self.settled = min(self.settled, charges.open_from)
        self.awaits_payment |= charges.awaits_payment
        follows = self.billing.follows
        if follows is None or (self.billing.is_periodic and follows is not self.ledger.follows):
            # The records of the whole period are read next.
            self.settled = 0

    def _follow(self, forced: dict[int, int]) -> None:
        """Go through all balances in order, as far as is known what happened."""
        samples = self.ledger.samples
        self.changes, self.entered = [], dict(forced)
        self.corrections, self.unexplained = [], []
        self.awaits_payment, self.settled = False, len(samples)
        begin = self.billing.first_begin(self.ledger)
        for index, (before, after) in enumerate(pairwise(samples), 1):
            change = self._change(index, before, after, begin)
            if (
                not self.billing.knows(change.begin, change.end)
                and self.now - after.poll < PATIENCE
            ):
                self.settled = index
                break
            entering = [number for number, sample in forced.items() if sample == index]
            change.cost = change.fall + self._amount(entering)
            entering = self._entering(change)
            change.cost += self._amount(entering)
            if change.cost < 0:
                if self.now - after.poll < PATIENCE:
                    self.settled = index
                    self.awaits_payment = True
                    break
                entering = self._entering_after_all(change)
                change.cost += self._amount(entering)
                if change.cost < 0:
                    self.corrections.append(Correction(after.poll, -change.cost))
                    missing = self._unlisted(change)
                    self.unexplained.append(Credit(after.poll, missing))
                    change.cost += missing
            if change.cost == 0 and self.billing.usage is None and not self.billing.is_periodic:
                # Only that of the last hours may still come.
                known = max(before.read_time, after.read_time - PROMPT)
                change.begin, change.use = begin, _ZERO
                change.end = max(begin, min(known, change.end))
            elif self._is_no_bill(change):
                change.end, change.use = change.begin, _ZERO
            elif change.cost != change.fall:
                change.end = self.billing.until(after, begin, change.cost)
                self._expect(change)
            self.entered |= dict.fromkeys(entering, index)
            self.changes.append(change)
            if change.cost > 0 or not change.use:
                begin = change.end

    def _change(self, index: int, before: Sample, after: Sample, begin: int) -> Change:
        """Return what a balance changed by, and what the use should have cost."""
        fall = before.balance - after.balance
        end = self.billing.until(after, begin, fall)
        begin = self.billing.begin(begin, before, end)
        change = Change(index, before.poll, after.poll, begin, end, fall)
        self._expect(change)
        return change

    def _expect(self, change: Change) -> None:
        """Note what the use of a change should cost."""
        change.use = self.billing.between(change.begin, change.end)
        if self.tariff is not None and self.billing.knows(change.begin, change.end):
            prices = self.ledger.prices or self.tariff.prices
            near = [Spent(item.cost, item.use) for item in self.changes[: -NEAR - 1 : -1]]
            price = nearest_price(near, prices.usual) or prices.usual
            change.expected = (price * change.use).quantize(_CENT)
            # One that is hours behind falls by the cost of other use than that beside it.
            is_behind = self.tariff.spread > _SCATTERED
            uses = [change.use, *(spent.use for spent in near if is_behind)]
            change.limit = self.tariff.limit(max(uses))

    def _is_no_bill(self, change: Change) -> bool:
        """Tell whether a fall isn't about the cost of use that no right reading told of yet."""
        usage = self.billing.usage
        return (
            usage is not None
            and self.billing.follows is Follows.AT_ONCE
            and change.expected is not None
            and change.cost > 0
            and abs(change.cost - change.expected) > max(_CLEARLY, _ROUGHLY * change.expected)
            and (usage.last_reading(change.end) or change.end) <= change.begin
        )

    def _amount(self, numbers: Iterable[int]) -> Decimal:
        """Return the sum of some credits."""
        return sum((self.ledger.credits[number].amount for number in numbers), _ZERO)

    def _open(self, change: Change, *, is_fresh: bool) -> list[int]:
        """Return the credits that may have entered in a change.

        Those from long before, or before the first balance, are not fresh.
        """
        known, patient = self.ledger.samples[0].poll, change.poll_before - PATIENCE
        return [
            number
            for number, credit in enumerate(self.ledger.credits)
            if number not in self.entered
            and credit.time <= change.poll + _CLOCKS_DIFFER
            and (credit.time > max(known, patient)) == is_fresh
        ][:_MOST_AT_ONCE]

    def _entering(self, change: Change) -> list[int]:
        """Return the credits that explain a change: those that make its cost the likeliest."""
        fresh = self._open(change, is_fresh=True)
        found = self._likeliest(change, _subsets(fresh))
        is_odd = change.cost < 0 or (change.limit is not None and change.cost > change.limit)
        if found is None and is_odd and change.poll <= self.now:
            known = fresh + self._open(change, is_fresh=False)
            found = self._likeliest(change, _subsets(known[:_MOST_AT_ONCE]), is_usual=True)
        return found or []

    def _likeliest(
        self, change: Change, subsets: Iterator[list[int]], *, is_usual: bool = False
    ) -> list[int] | None:
        """Return the credits with which the cost is the closest to what is expected, if any.

        What they leave must be possible for the use, or even usual; and where the balance didn't
        rise they must explain it better than it is without them. A balance that stays shows in
        its next change what it hides: the use of both is billed there.
        """
        expected = change.expected or _ZERO
        limit = SLACK if change.limit is None else change.limit
        if is_usual and self.tariff is not None and change.expected is not None:
            limit = min(limit, self.tariff.usual_limit(expected, SLACK))
        best, found = None, None
        if change.cost >= 0:
            if change.expected is None or not change.cost:
                return None
            if change.cost <= limit:
                best = self._distance(change.cost, expected) - _CLEARLY
                if best <= 0:
                    return None
        for numbers in subsets:
            cost = change.cost + self._amount(numbers)
            if not 0 <= cost <= limit:
                continue
            distance = self._distance(cost, expected)
            if best is None or distance < best:
                best, found = distance, numbers
        return found

    def _distance(self, cost: Decimal, expected: Decimal) -> Decimal:
        """Return how unlikely a cost is; where use is billed at times, it may not be as yet."""
        distance = abs(cost - expected)
        return distance if self.billing.follows is Follows.AT_ONCE else min(distance, cost)

    def _entering_after_all(self, change: Change) -> list[int]:
        """Return the credits closest to a rise that none explained in time, if any is close."""
        needed = (change.expected or _ZERO) - change.cost
        fresh = self._open(change, is_fresh=True)
        return min([[], *_subsets(fresh)], key=lambda numbers: abs(self._amount(numbers) - needed))

    def _unlisted(self, change: Change) -> Decimal:
        """Return the credit that nothing lists: the rise itself, or with its use, if that is round.

        So subsidies are. Otherwise it is the rise and what its use should have cost.
        """
        rise, expected = -change.cost, change.expected or _ZERO
        if rise % _ROUND[-1] == 0:
            return rise
        exact = _CLEARLY + 3 * (self.tariff.spread if self.tariff else _ZERO) * expected
        for unit in _ROUND:
            near = round((rise + expected) / unit) * unit
            if near >= rise and abs(near - rise - expected) <= min(exact, unit / _CERTAINLY):
                return near
        return rise + expected

    def _unseen(self) -> Iterator[tuple[int, Credit, list[Change]]]:
        """Yield each credit that must enter but didn't, and the changes it could be hidden in."""
        for number, credit in enumerate(self.ledger.credits):
            if number not in self.entered and credit.time > self.ledger.samples[0].poll:
                yield (
                    number,
                    credit,
                    [
                        change
                        for change in self.changes
                        if change.poll_before <= credit.time + PATIENCE
                        and credit.time <= change.poll
                        and change.may_hide(credit.amount)
                    ],
                )

    def _is_overdue(self, credit: Credit) -> bool:
        """Tell whether a credit should have been seen by now."""
        return min(self.now, self.ledger.samples[-1].poll) - credit.time >= PATIENCE

    def _place_of_one_overdue(self) -> tuple[int, int] | None:
        """Return the number of an overdue credit, and the sample that it is in most likely."""
        for number, credit, likely in self._unseen():
            usual = [change for change in likely if self._stays_usual(change, credit.amount)]
            places = usual or self._unwatched(credit) or likely
            if self._is_overdue(credit) and places:

                def unlikeliness(change: Change, amount: Decimal = credit.amount) -> Decimal:
                    """Return how much less likely a change gets by an amount."""
                    if change.expected is None:
                        return _ZERO
                    without = abs(change.cost - change.expected)
                    return abs(change.cost + amount - change.expected) - without

                return number, min(places, key=unlikeliness).sample
        return None

    def _stays_usual(self, change: Change, amount: Decimal) -> bool:
        """Tell whether a change that hides an amount costs what is usual, as far as known."""
        if self.tariff is None or change.expected is None:
            return True
        return change.cost + amount <= self.tariff.usual_limit(change.expected, SLACK)

    def _unwatched(self, credit: Credit) -> list[Change]:
        """Return the change after hours without a look in which a credit was made, if there is one.

        What was paid is a fact: if it isn't in a balance that changed otherwise, something that
        nothing tells of was taken meanwhile.
        """
        return [
            change
            for change in self.changes
            if change.poll_before <= credit.time <= change.poll
            and change.fall
            and change.poll - change.poll_before > _UNWATCHED
        ]

    def _wait_for_credits(self) -> None:
        """Wait where a credit that wasn't seen yet may be; note those that never came."""
        overdue = []
        for _, credit, places in self._unseen():
            if self._is_overdue(credit):
                overdue.append(credit)
            elif places:
                self.settled = min(self.settled, places[0].sample)
        for credit in overdue:
            taken_back = any(other.amount == -credit.amount for other in overdue)
            if not taken_back:
                self.corrections.append(Correction(credit.time, -credit.amount))

    def _wait_for_the_list(self) -> None:
        """Wait where a payment may be that was made after the list was read."""
        for change in self.changes:
            if change.poll > self.now and change.cost:
                expected = change.expected
                if self.tariff is None or expected is None:
                    self.settled = min(self.settled, change.sample)
                elif 2 * expected - change.cost > self.tariff.usual_limit(expected, SLACK):
                    self.settled = min(self.settled, change.sample)
                    self.awaits_payment = True


def _subsets(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Yield every choice of at least one, small ones first."""
    for size in range(1, len(numbers) + 1):
        yield from map(list, combinations(numbers, size))
