"""A prepaid meter whose balance, payments and records are read as an account reads them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Consumption
from custom_components.jrhsz.history.billing import needed_since
from custom_components.jrhsz.history.cost import Costs, costs_of
from custom_components.jrhsz.history.ledger import Credit, Follows
from custom_components.jrhsz.history.readings import DAY, HOUR
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.history.usage import Row, Stored, usage_of

# The first reading after the installation; the next ones are 40 minutes after each hour too.
INSTALLED = int(datetime(2026, 3, 20, 10, 40, tzinfo=CHINA_STANDARD_TIME).timestamp())
_BEFORE = 40 * 24


def at(text: str) -> int:
    """Return a time in China, of 2026."""
    return int(datetime.fromisoformat(f"2026-{text}+08:00").timestamp())


def month_begin(time: int) -> int:
    """Return when the month begins in which a time is."""
    china = datetime.fromtimestamp(time, CHINA_STANDARD_TIME)
    return int(china.replace(day=1, hour=0, minute=0, second=0).timestamp())


@dataclass(slots=True, kw_only=True)
class Prepaid:
    """A meter that is read once an hour since 40 days before the installation.

    Its balance has the use that is `settled` at a time: up to the reading that this returns. What
    it `lost` otherwise, and was `paid`, are amounts by time; a payment enters `late`.
    """

    use: Callable[[int], Decimal] = lambda _: Decimal(1)
    price: Callable[[int], Decimal] = lambda _: Decimal("0.40")
    settled: Callable[[int], int] = lambda time: time
    lost: dict[int, str] = field(default_factory=dict)
    paid: list[tuple[int, str]] = field(default_factory=list)
    late: dict[int, int] = field(default_factory=dict)
    first_balance: Decimal = Decimal(500)
    has_list: bool = True
    times: list[int] = field(default_factory=list)
    readings: list[Decimal] = field(default_factory=list)
    costs: list[Decimal] = field(default_factory=list)
    history: MeterHistory = field(default_factory=MeterHistory)
    rows: dict[int, Row] = field(default_factory=dict)
    last: Costs = field(default_factory=Costs)
    next_poll: int = INSTALLED + 300

    def __post_init__(self) -> None:
        """Read the meter for a hundred days."""
        reading = cost = Decimal(0)
        for hour in range(-_BEFORE, 60 * 24):
            time = INSTALLED + hour * HOUR
            self.times.append(time)
            self.readings.append(reading)
            self.costs.append(cost)
            reading += self.use(time)
            cost += self.use(time) * self.price(time)

    def balance(self, time: int) -> Decimal:
        """Return the balance at a time."""
        index = bisect_right(self.times, self.settled(time)) - 1
        begin = self.costs[bisect_right(self.times, self.settled(INSTALLED)) - 1]
        lost = sum((Decimal(v) for when, v in self.lost.items() if when <= time), Decimal(0))
        credited = sum(
            (Decimal(v) for when, v in self.paid if when + self.late.get(when, 0) <= time),
            Decimal(0),
        )
        balance = self.first_balance - self.costs[index] + begin - lost + credited
        return balance.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def live(self, days: float, *, apart: int = 1800, listed: int = DAY) -> None:
        """Poll and import for some days: payments nightly, or hourly where one is waited for."""
        for poll in range(self.next_poll, INSTALLED + round(days * DAY), apart):
            self.next_poll = poll + apart
            index = bisect_right(self.times, poll) - 1
            self.history.note_poll(poll, self.times[index], self.balance(poll))
            since = poll - self.history.payments_read_at
            if since >= (HOUR if self.history.awaits_payment else listed):
                self.history.note_payments(
                    [Credit(when, Decimal(v)) for when, v in self.paid if when <= poll], poll
                )
            if poll - self.history.synced_at >= 5 * HOUR:
                self.history.note_sync(poll)
                self._import(poll, index)

    def _import(self, now: int, index: int) -> None:
        """Compute the cost, and keep its rows."""
        records = list(self._records(index)) if self.has_list else []
        usage = usage_of(records, datetime.fromtimestamp(now, UTC), None)
        if usage is not None:
            self.history.note_usage(usage)
        ledger = self.history.snapshot()
        self.last = costs_of(ledger, usage, now=self.history.payments_read_at)
        if self.last.steps:
            first = self.last.begin // HOUR * HOUR
            before = max((hour for hour in self.rows if hour < first), default=None)
            stored = Stored() if before is None else Stored(self.rows[before].sum)
            self.rows |= {row.start: row for row in self.last.rows(stored, now)}
        self.history.note_costs(self.last)

    def _records(self, index: int) -> Iterable[Consumption]:
        """Yield the records of the last days, and of those before that are needed."""
        since = needed_since(self.history.ledger) - HOUR
        if self.history.ledger.follows is not Follows.AT_ONCE:
            since -= 20 * DAY
        first = min(index - 24, bisect_right(self.times, since))
        for number in range(max(1, first), index + 1):
            yield Consumption(
                table_no="A",
                reading=self.readings[number],
                read_time=datetime.fromtimestamp(self.times[number], UTC),
                last_reading=self.readings[number - 1],
                last_read_time=datetime.fromtimestamp(self.times[number - 1], UTC),
                device_id=None,
            )

    @property
    def total(self) -> Decimal:
        """Return the cost of all rows."""
        return self.rows[max(self.rows)].sum

    @property
    def dearest(self) -> Decimal:
        """Return the cost of the dearest hour."""
        return max(row.state for row in self.rows.values())

    def day(self, text: str) -> Decimal:
        """Return the cost of the rows of a day."""
        begin = at(text)
        return sum((self.rows[hour].state for hour in range(begin, begin + DAY, HOUR)), Decimal(0))

    def hour(self, text: str) -> Decimal:
        """Return the cost of an hour."""
        return self.rows[at(text)].state

    def spent(self) -> Decimal:
        """Return what use cost and was lost up to the last hour that has a row."""
        end = min(max(self.rows) + HOUR, self.last.end)
        index = bisect_right(self.times, end) - 1
        part = (self.costs[index + 1] - self.costs[index]) * (end - self.times[index]) / HOUR
        begin = self.costs[bisect_right(self.times, self.settled(INSTALLED)) - 1]
        lost = sum((Decimal(v) for when, v in self.lost.items() if when < end), Decimal(0))
        return self.costs[index] + part - begin + lost


def midnight(time: int) -> int:
    """Return the midnight before a time."""
    return time - (time + 8 * HOUR) % DAY


def night(time: int) -> int:
    """Return up to when use is settled if that is done 20 minutes after midnight."""
    return midnight(time - 1200)


def evening(time: int) -> Decimal:
    """Return a use that is high in the evening, and different every day."""
    hour = (time + 8 * HOUR) % DAY // HOUR
    return Decimal(3 if 18 <= hour < 22 else 1) * (Decimal(time // DAY * 7 % 11 + 5) / 10)


def assert_days(meter: Prepaid, first: str, number: int, part: str = "0.005") -> None:
    """Compare the cost of days with what use cost in truth, even between readings."""

    def cost_at(time: int) -> Decimal:
        """Return the cost up to a time."""
        index = bisect_right(meter.times, time) - 1
        rise = meter.costs[index + 1] - meter.costs[index]
        return meter.costs[index] + rise * (time - meter.times[index]) / HOUR

    for begin in range(at(first), at(first) + number * DAY, DAY):
        lost = (Decimal(v) for when, v in meter.lost.items() if begin <= when < begin + DAY)
        truth = cost_at(begin + DAY) - cost_at(begin) + sum(lost, Decimal(0))
        found = sum(
            (meter.rows[hour].state for hour in range(begin, begin + DAY, HOUR)), Decimal(0)
        )
        assert found == pytest.approx(truth, abs=max(truth * Decimal(part), Decimal("0.05")))
