"""What is kept of a meter's history beside its statistics, and the values that follow from it.

Days and months are those of China Standard Time, whatever Home Assistant's zone is.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from ..api import CHINA_STANDARD_TIME
from .cost import Costs, Paid, Sample, trimmed, with_sample
from .readings import DAY
from .usage import Usage, next_hour

_KEPT_DAYS: Final = timedelta(days=40)
_MAX_SAMPLES: Final = 500
_FULL_DAYS: Final = 7
_ENOUGH_DAYS: Final = 3
_ZERO: Final = Decimal(0)


class Window(NamedTuple):
    """A span of records to read; `goes_on` if earlier records are in the statistic already."""

    begin: int
    end: int
    goes_on: bool
    reaches_present: bool
    renews: bool = False


@dataclass(slots=True)
class MeterHistory:
    """The state of a meter's history; times are seconds since 1970.

    Windows of records from `started` to `cursor` were read; the next begins at `begin`, where a
    record was read that those before don't change any more. `complete` is set when a window
    first reaches the present.
    """

    started: int | None = None
    cursor: int | None = None
    begin: int | None = None
    complete: bool = False
    synced_at: int = 0
    renewed_at: int = 0
    paid_at: int = 0
    paid_since: int = 0
    used_until: int = 0
    cost_until: int = 0
    samples: list[Sample] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    use: dict[date, Decimal] = field(default_factory=dict)
    cost: dict[date, Decimal] = field(default_factory=dict)
    awaits_payment: bool = False
    _kept: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    def start(self, started: int) -> None:
        """Begin the first import, at a time in the past."""
        self.started = self.cursor = started
        self.begin, self.complete = None, False
        self._kept = None

    def note_poll(self, poll: int, read_time: int, balance: Decimal) -> bool:
        """Note a balance, and tell whether that is news."""
        samples = with_sample(self.samples, poll, read_time, balance)
        if samples == self.samples:
            return False
        if not self.samples:
            self.paid_since = poll - 2 * DAY
            self._kept = None
        if len(samples) > _MAX_SAMPLES:
            # No cost was settled for long. An hour that has some keeps it.
            begin = next_hour(self.cost_until)
            samples = [item for item in samples[-_MAX_SAMPLES:] if item.read_time >= begin]
            self._kept = None
        if self._kept is not None:
            last = len(samples) - 1
            # Most of what changes is the last sample.
            if samples[:last] == self.samples[:last]:
                self._kept["samples"][last:] = [_as_list(samples[last])]
            else:
                self._kept = None
        self.samples = samples
        return True

    def note_payments(self, payments: list[Paid], now: int) -> None:
        """Note the payments of the last days."""
        self.payments = sorted(payment for payment in payments if payment.time > self.paid_since)
        self.paid_at = now
        self._kept = None

    def note_usage(self, usage: Usage) -> None:
        """Note the use of the days that records tell of from their beginning on."""
        self.used_until = max(self.used_until, usage.end)
        _note_days(self.use, usage, usage.begin, usage.end)
        self._kept = None

    def note_costs(self, costs: Costs) -> None:
        """Note the cost of days, and drop the balances that are no longer needed for it."""
        self.awaits_payment = costs.awaits_payment
        if not costs.steps:
            return
        self.cost_until = max(self.cost_until, costs.end)
        _note_days(self.cost, costs, costs.begin, costs.end)
        if (rest := trimmed(costs)) is not None:
            # Balances that came while the cost was computed are added again.
            known = costs.samples[-1].poll
            since = [sample for sample in self.samples if sample.poll > known]
            self.samples, self.paid_since = rest[0] + since, rest[1]
            self.payments = [item for item in self.payments if item.time > self.paid_since]
        self._kept = None

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
        self._kept = None

    def progress(self, now: int) -> float:
        """Return which part of the first import is done."""
        if self.complete:
            return 1.0
        if self.started is None or self.cursor is None or now <= self.started:
            return 0.0
        return min(1.0, max(0.0, (self.cursor - self.started) / (now - self.started)))

    def yesterday_use(self, now: datetime) -> Decimal | None:
        """Return the use of yesterday, if a reading of today shows that it is complete."""
        today = day_of(now)
        if self.used_until < _start_of(today):
            return None
        return self.use.get(today - timedelta(days=1))

    def month_use(self, now: datetime) -> Decimal | None:
        """Return the use of this month up to the last reading."""
        return _month_sum(self.use, self.used_until, now)

    def month_cost(self, now: datetime) -> Decimal | None:
        """Return the cost of this month as far as it is settled."""
        return _month_sum(self.cost, self.cost_until, now)

    def days_left(self, balance: Decimal | None, now: datetime) -> Decimal | None:
        """Return for how many days the balance lasts, at the cost of the last full days."""
        if balance is None or balance <= 0:
            return None if balance is None else _ZERO
        costs = [self.cost[day] for day in self._full_days(now)]
        if len(costs) < _ENOUGH_DAYS or not (total := sum(costs, _ZERO)):
            return None
        return balance * len(costs) / total

    def unit_price(self, now: datetime) -> Decimal | None:
        """Return the cost of a kWh or m³ in the last full days."""
        days = [day for day in self._full_days(now) if day in self.use]
        use = sum((self.use[day] for day in days), _ZERO)
        return sum((self.cost[day] for day in days), _ZERO) / use if use > 0 else None

    def _full_days(self, now: datetime) -> list[date]:
        """Return those of the last seven days before today whose cost is complete."""
        today = day_of(now)
        days = (today - timedelta(days=number) for number in range(1, _FULL_DAYS + 1))
        return [day for day in days if day in self.cost and _start_of(day) + DAY <= self.cost_until]

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready; what did not change is not made anew."""
        if self._kept is None:
            self._kept = {
                "window": [self.started, self.cursor, self.begin, self.complete],
                "times": [self.synced_at, self.renewed_at, self.paid_at, self.paid_since],
                "until": [self.used_until, self.cost_until],
                "samples": [_as_list(sample) for sample in self.samples],
                "payments": [[item.time, f"{item.amount:f}"] for item in self.payments],
                "use": {str(day): f"{value:f}" for day, value in self.use.items()},
                "cost": {str(day): f"{value:f}" for day, value in self.cost.items()},
            }
        return self._kept

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Take over what `as_dict` gave; anything else is as good as a new meter."""
        try:
            started, cursor, begin, complete = kept["window"]
            synced_at, renewed_at, paid_at, paid_since = map(int, kept["times"])
            used_until, cost_until = map(int, kept["until"])
            return cls(
                started=None if started is None else int(started),
                cursor=None if cursor is None else int(cursor),
                begin=None if begin is None else int(begin),
                complete=bool(complete),
                synced_at=synced_at,
                renewed_at=renewed_at,
                paid_at=paid_at,
                paid_since=paid_since,
                used_until=used_until,
                cost_until=cost_until,
                samples=[
                    Sample(int(poll), int(read_time), Decimal(balance))
                    for poll, read_time, balance in kept["samples"]
                ],
                payments=[Paid(int(time), Decimal(amount)) for time, amount in kept["payments"]],
                use={date.fromisoformat(day): Decimal(v) for day, v in kept["use"].items()},
                cost={date.fromisoformat(day): Decimal(v) for day, v in kept["cost"].items()},
                _kept=kept,
            )
        except ArithmeticError, AttributeError, LookupError, TypeError, ValueError:
            return cls()


def _as_list(sample: Sample) -> list[int | str]:
    """Return a sample, JSON-ready."""
    return [sample.poll, sample.read_time, f"{sample.balance:f}"]


def day_of(time: datetime) -> date:
    """Return the day in China."""
    return time.astimezone(CHINA_STANDARD_TIME).date()


def _start_of(day: date) -> int:
    """Return when a day begins in China."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA_STANDARD_TIME)
    return int(midnight.timestamp())


def _note_days(days: dict[date, Decimal], line: Usage | Costs, begin: int, end: int) -> None:
    """Note the sums of the days that begin within a span; forget those long ago."""
    day = day_of(datetime.fromtimestamp(begin - 1, CHINA_STANDARD_TIME)) + timedelta(days=1)
    oldest = day_of(datetime.fromtimestamp(end, CHINA_STANDARD_TIME)) - _KEPT_DAYS
    day = max(day, oldest)
    before = line.total(_start_of(day))
    while (start := _start_of(day)) < end:
        total = line.total(min(start + DAY, end))
        days[day] = total - before
        before = total
        day += timedelta(days=1)
    for old in [known for known in days if known < oldest]:
        del days[old]


def _month_sum(days: dict[date, Decimal], until: int, now: datetime) -> Decimal | None:
    """Return the sum of this month's days up to a time, if none of them is missing."""
    day = day_of(now).replace(day=1)
    if until <= _start_of(day):
        return None
    total = _ZERO
    while _start_of(day) < until:
        if day not in days:
            return None
        total += days[day]
        day += timedelta(days=1)
    return total
