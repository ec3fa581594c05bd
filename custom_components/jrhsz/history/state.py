"""What is kept of a meter's history beside its statistics."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from .billing import needed_since
from .cost import Costs
from .judged import Judged
from .ledger import Credit, Follows, Ledger, Prices, Sample
from .prices import Spent, price_of, spread_of
from .readings import DAY
from .sums import Sums, day_at
from .usage import Usage, hour_of, next_hour

_MAX_SAMPLES: Final = 500
CHARGES_KEPT: Final = 400 * DAY
_PRICE_DAYS: Final = 30
_ENOUGH_DAYS: Final = 3
_WORTHWHILE: Final = Decimal("0.2")
_SPENDING: Final = frozenset({"use", "cost", "billed", "used_until", "cost_until"})


class Window(NamedTuple):
    """A span of records to read; `goes_on` if earlier records are in the statistic already."""

    begin: int
    end: int
    goes_on: bool
    reaches_present: bool
    renews: bool = False


class Lacks(NamedTuple):
    """Where stored rows begin, and how many hours among them have none."""

    begin: int
    hours: int


class Listed(NamedTuple):
    """The payments since a time, as the platform lists them."""

    begin: int
    credits: tuple[Credit, ...]

    @property
    def first_hour(self) -> int:
        """Return the first hour of which all is known; older ones may not be listed any more."""
        oldest = min((credit.time for credit in self.credits), default=self.begin)
        return max(next_hour(self.begin), hour_of(oldest))

    def after(self, earlier: Self | None) -> Self:
        """Return the list, with the payments of one before that reached back longer."""
        if earlier is None or earlier.begin >= self.begin:
            return self
        old = (credit for credit in earlier.credits if credit.time < self.begin)
        return self._replace(begin=earlier.begin, credits=(*old, *self.credits))

    def begins_before(self, end: int) -> bool:
        """Tell whether rows up to an end have anything of the list."""
        return next_hour(self.begin) < hour_of(end)

    def is_over(self, now: int) -> bool:
        """Tell whether the hours of all payments are over."""
        return all(hour_of(credit.time) < hour_of(now) for credit in self.credits)


@dataclass(slots=True)
class MeterHistory:
    """The state of a meter's history; times are seconds since 1970.

    Windows of records from `started` to `cursor` were read, those since `asked_since` were wanted;
    the next begins at `begin`, where a record was read that those before don't change any more.
    `complete` is set when a window first reaches the present. Rows since `missing_since` aren't
    stored any more; those that the rows `lacks` are in no record. `use`, `cost` (of use, without
    charges) and `billed` (the use that has this cost) are known up to `used_until` and
    `cost_until`. Payments since `credited_since` are in their statistic.

    No value is ever changed, each is replaced: so what was made of them is made anew, what is kept
    as what was spent.
    """

    started: int | None = None
    cursor: int | None = None
    begin: int | None = None
    asked_since: int | None = None
    missing_since: int | None = None
    lacks: Lacks | None = None
    complete: bool = False
    synced_at: int = 0
    renewed_at: int = 0
    payments_read_at: int = 0
    used_until: int = 0
    cost_until: int = 0
    credited_since: int | None = None
    ledger: Ledger = field(default_factory=Ledger)
    use: Sums = field(default_factory=Sums)
    cost: Sums = field(default_factory=Sums)
    billed: Sums = field(default_factory=Sums)
    charges: tuple[Credit, ...] = ()
    judged: Mapping[str, Judged] = field(default_factory=dict)
    awaits_payment: bool = False
    _seen_until: int = field(default=0, compare=False, repr=False)
    _kept: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    _spent: tuple[date, Any] | None = field(default=None, compare=False, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        """Replace a value; what was made of the old one is not kept."""
        object.__setattr__(self, name, value)
        if not name.startswith("_"):
            object.__setattr__(self, "_kept", None)
        if name in _SPENDING:
            object.__setattr__(self, "_spent", None)

    def spent[SpentT](self, day: date, make: Callable[[], SpentT]) -> SpentT:
        """Return what follows on a day from use and cost, made once until they change."""
        if self._spent is None or self._spent[0] != day:
            self._spent = (day, make())
        spent: SpentT = self._spent[1]
        return spent

    def start(self, started: int, asked_since: int) -> None:
        """Begin the first import, at a time in the past, later than asked for if more is stored."""
        self.started = self.cursor = started
        self.asked_since = asked_since
        self.begin, self.complete = None, False

    def note_missing(self, since: int | None, *, with_credits: bool) -> None:
        """Note that stored rows are missing: since a time, and all of what was credited."""
        self.missing_since = since
        if with_credits:
            self.credited_since = None

    def note_reread(self, since: int, lacks: Lacks | None) -> None:
        """Note that all records since a time were read, and what rows lack nevertheless."""
        self.asked_since = min(since, since if self.asked_since is None else self.asked_since)
        self.missing_since, self.lacks = None, lacks

    def note_poll(self, poll: int, read_time: int, balance: Decimal) -> bool:
        """Note a balance, and tell whether that is news."""
        seen_until, self._seen_until = self._seen_until, poll
        ledger = self.ledger.with_sample(poll, read_time, balance, seen_until=seen_until)
        if ledger == self.ledger:
            return False
        if not self.ledger.samples:
            ledger = replace(ledger, accounted_until=poll - 2 * DAY)
        if len(ledger.samples) > _MAX_SAMPLES:
            # No cost was settled for long. An hour that has some keeps it.
            begin = next_hour(self.cost_until)
            last = ledger.samples[-_MAX_SAMPLES:]
            samples = tuple(sample for sample in last if sample.read_time >= begin)
            ledger = replace(ledger, samples=samples)
        self.ledger = ledger
        return True

    def note_payments(self, payments: Iterable[Credit], now: int) -> None:
        """Note the payments of some days up to now, as they are listed."""
        if not self.ledger.samples:
            payments = [credit for credit in payments if credit.time > now - 2 * DAY]
        self.ledger = self.ledger.with_credits(payments)
        self.payments_read_at = now

    def note_credited(self, since: int) -> None:
        """Note that the payments since a time are in their statistic."""
        if self.credited_since is None or since < self.credited_since:
            self.credited_since = since

    def note_usage(self, usage: Usage) -> None:
        """Note the use of the days that records tell of."""
        self.used_until = max(self.used_until, usage.known_until)
        self.use = self.use.noted(usage.total, usage.begin, usage.known_until)
        self.judged = usage.judged

    def note_costs(self, costs: Costs) -> None:
        """Note the cost of days, and drop the balances that are no longer needed for it."""
        self.awaits_payment = costs.awaits_payment
        self.ledger = replace(self.ledger, follows=costs.follows or self.ledger.follows)
        if not costs.steps:
            return
        begin, end = costs.begin, costs.known_until
        if begin < end:
            self.cost_until = max(self.cost_until, end)
            self.cost = self.cost.noted(costs.of_use, begin, end)
            if costs.usage is not None:
                self.billed = self.billed.noted(costs.usage.total, begin, end)
        self.charges = (
            *(
                charge
                for charge in self.charges
                if costs.end - CHARGES_KEPT < charge.time < costs.begin
            ),
            *costs.charges,
        )
        if (rest := costs.trimmed()) is not None:
            # Balances and payments that came while the cost was computed are added again.
            known = costs.ledger.samples[-1].poll
            new = tuple(sample for sample in self.ledger.samples if sample.poll > known)
            rest = replace(rest, samples=rest.samples + new)
            self.ledger = rest.with_credits(self.ledger.credits)

    def snapshot(self) -> Ledger:
        """Return what cost is computed from, with the prices of the days before it."""
        return replace(self.ledger, prices=self._prices()) if self.ledger.samples else self.ledger

    def _prices(self) -> Prices | None:
        """Return the prices of the days before the first balance, if there are enough."""
        first = day_at(needed_since(self.ledger)).toordinal()
        known = []
        for ordinal in range(first - _PRICE_DAYS, first):
            day = date.fromordinal(ordinal)
            cost, billed = self.cost.of(day), self.billed.of(day)
            if cost and billed and cost >= _WORTHWHILE:
                known.append(Spent(cost, billed))
        if len(known) < _ENOUGH_DAYS:
            return None
        dearest = max(cost / use for cost, use in known)
        return Prices(price_of(known[-_ENOUGH_DAYS:]), dearest, spread_of(known))

    def note_window(self, window: Window, begin: int | None) -> None:
        """Note that the records of a window were read, and where the next one begins."""
        if window.renews or (window.reaches_present and not self.complete):
            self.renewed_at = window.end
        self.begin = begin
        self.started = min(self.started or window.begin, window.begin)
        self.cursor = max(self.cursor or window.end, window.end)
        self.complete |= window.reaches_present
        self.note_sync(window.end)

    def note_sync(self, now: int) -> None:
        """Note when all was done that could be done."""
        self.synced_at = now

    def progress(self, now: int) -> float:
        """Return which part of the first import is done."""
        if self.complete:
            return 1.0
        if self.started is None or self.cursor is None or now <= self.started:
            return 0.0
        return min(1.0, max(0.0, (self.cursor - self.started) / (now - self.started)))

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready; what did not change is not made anew."""
        if self._kept is None:
            ledger = self.ledger
            self._kept = {
                "window": [self.started, self.cursor, self.begin, self.complete],
                "times": [
                    self.synced_at,
                    self.renewed_at,
                    self.payments_read_at,
                    ledger.accounted_until,
                ],
                "until": [self.used_until, self.cost_until],
                "since": [self.asked_since, self.credited_since],
                "missing": [self.missing_since, self.lacks],
                "samples": [[*sample[:2], f"{sample.balance:f}"] for sample in ledger.samples],
                "payments": _as_lists(ledger.credits),
                "billed_until": ledger.billed_until,
                "follows": ledger.follows,
                "use": self.use.as_list(),
                "cost": self.cost.as_list(),
                "billed": self.billed.as_list(),
                "charges": _as_lists(self.charges),
                "judged": {name: item.as_list() for name, item in self.judged.items()},
            }
        return self._kept

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Take over what `as_dict` gave; anything else is as good as a new meter."""
        try:
            started, cursor, begin, complete = kept["window"]
            synced_at, renewed_at, payments_read_at, accounted_until = map(int, kept["times"])
            used_until, cost_until = map(int, kept["until"])
            samples = tuple(
                Sample(int(poll), int(read_time), Decimal(balance))
                for poll, read_time, balance in kept["samples"]
            )
            billed_until, follows = kept.get("billed_until"), kept.get("follows")
            asked_since, credited_since = kept.get("since", (started, None))
            missing_since, lacks = kept.get("missing", (None, None))
            if cost_until and samples and "billed_until" not in kept:
                # What was kept at first has it as the time of the first reading.
                billed_until = samples[0].read_time
            history = cls(
                started=_int_or_none(started),
                cursor=_int_or_none(cursor),
                begin=_int_or_none(begin),
                asked_since=_int_or_none(asked_since),
                missing_since=_int_or_none(missing_since),
                lacks=None if lacks is None else Lacks(*map(int, lacks)),
                complete=bool(complete),
                synced_at=synced_at,
                renewed_at=renewed_at,
                payments_read_at=payments_read_at,
                used_until=used_until,
                cost_until=cost_until,
                credited_since=_int_or_none(credited_since),
                ledger=Ledger(
                    samples=samples,
                    credits=_from_lists(kept["payments"]),
                    accounted_until=accounted_until,
                    billed_until=_int_or_none(billed_until),
                    follows=None if follows is None else Follows(follows),
                ),
                use=Sums.from_list(kept["use"]),
                cost=Sums.from_list(kept["cost"]),
                billed=Sums.from_list(kept.get("billed", {})),
                charges=_from_lists(kept.get("charges", [])),
                judged={
                    name: Judged.from_list(item) for name, item in kept.get("judged", {}).items()
                },
            )
        except ArithmeticError, AttributeError, LookupError, TypeError, ValueError:
            return cls()
        if "missing" in kept:
            history._kept = kept
        return history


def _int_or_none(kept: Any) -> int | None:
    """Return a time that was kept, if there was any."""
    return None if kept is None else int(kept)


def _as_lists(payments: tuple[Credit, ...]) -> list[list[int | str]]:
    """Return credits, JSON-ready."""
    return [[credit.time, f"{credit.amount:f}"] for credit in payments]


def _from_lists(kept: Any) -> tuple[Credit, ...]:
    """Return the credits that were kept."""
    return tuple(Credit(int(time), Decimal(amount)) for time, amount in kept)
