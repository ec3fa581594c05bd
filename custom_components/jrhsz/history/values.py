"""The values that follow from a meter's history, as sensors show them.

Days, months and years are those of China Standard Time, whatever Home Assistant's zone is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median
from typing import Final

from ..api import day_in_china
from .readings import DAY
from .state import MeterHistory
from .sums import day_at, month_before, next_month, start_of

_FULL_DAYS: Final = 7
_ENOUGH_DAYS: Final = 3
# No tariff lets whole days differ by so much.
_MUCH_CHEAPER: Final = Decimal("0.6")
_PRICED_WITHIN: Final = 62
_ONE_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)


class Period(StrEnum):
    """A span of days that has a name."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    MONTH = "month"
    LAST_MONTH = "last_month"
    YEAR = "year"


class What(StrEnum):
    """What is summed up."""

    USE = "use"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Value:
    """An amount; `since` when, if that is later than its span begins.

    What is `estimated` is use that no balance showed the cost of yet, at the price of late.
    """

    amount: Decimal
    since: date | None = None
    estimated: bool = False


def value_of(history: MeterHistory, span: Period, what: What, now: datetime) -> Value | None:
    """Return the use or cost of a span, if it is known: up to its end, or to the last reading."""
    today = day_in_china(now)
    start, stop = _days_of(span, today)
    is_over = stop <= today
    return (_use if what is What.USE else _cost)(history, start, stop, is_over=is_over)


def unit_price(history: MeterHistory, now: datetime) -> Value | None:
    """Return the cost of a kWh or m³ in the last full days, or else in the last that has any."""
    known = [(cost, billed) for _, cost, billed in _full_days(history, now) if billed]
    is_enough = len(known) >= _ENOUGH_DAYS
    if not is_enough:
        known = _last_priced(history)
    billed = sum((billed for _, billed in known), _ZERO)
    if billed <= 0:
        return None
    price = sum((cost for cost, _ in known), _ZERO) / billed
    return Value(price, estimated=not is_enough or _is_doubtful(known))


def days_left(history: MeterHistory, balance: Decimal | None, now: datetime) -> Value | None:
    """Return for how many days a balance lasts, at the cost of use in the last full days.

    Days that have no cost as yet count by their use and its price; those of before the
    installation too if there are few others.
    """
    if balance is None or balance <= 0:
        return None if balance is None else Value(_ZERO)
    # Asked for at each poll.
    days, total, estimated = history.spent(day_in_china(now), lambda: _spent(history, now))
    if total <= 0:
        return None
    return Value(balance * days / total, estimated=estimated)


def _is_doubtful(known: Sequence[tuple[Decimal, Decimal | None]]) -> bool:
    """Tell whether a day was so cheap that a credit which nothing lists may hide what it cost."""
    used = [(cost, use) for cost, use in known if use]
    usual = median(use for _, use in used)
    # The cents of a day with little use tell nothing.
    prices = [cost / use for cost, use in used if 2 * use >= usual]
    return min(prices) < _MUCH_CHEAPER * median(prices)


def _spent(history: MeterHistory, now: datetime) -> tuple[int, Decimal, bool]:
    """Return in how many days how much was spent, and whether that is estimated."""
    costs = {day: cost for day, cost, _ in _full_days(history, now)}
    count, is_doubtful = len(costs), False
    if (price := unit_price(history, now)) is not None:
        for day, use in _full_days_of_use(history, now):
            if count < _ENOUGH_DAYS or start_of(day) + DAY > history.cost_until:
                costs.setdefault(day, use * price.amount)
        is_doubtful = price.estimated
    total, is_known = sum(costs.values(), _ZERO), count >= max(_ENOUGH_DAYS, len(costs))
    return len(costs), total, is_doubtful or not is_known


def energy_left(history: MeterHistory, balance: Decimal | None, now: datetime) -> Value | None:
    """Return how many kWh or m³ a balance lasts for, at the price of late."""
    price = unit_price(history, now)
    if balance is None or price is None or price.amount <= 0:
        return None
    return Value(max(_ZERO, balance) / price.amount, estimated=price.estimated)


def _days_of(span: Period, today: date) -> tuple[date, date]:
    """Return the first day of a span, and the first after it."""
    month = today.replace(day=1)
    return {
        Period.TODAY: (today, today + _ONE_DAY),
        Period.YESTERDAY: (today - _ONE_DAY, today),
        Period.MONTH: (month, next_month(month)),
        Period.LAST_MONTH: (month_before(month), month),
        Period.YEAR: (today.replace(month=1, day=1), date(today.year + 1, 1, 1)),
    }[span]


def _use(history: MeterHistory, start: date, stop: date, *, is_over: bool) -> Value | None:
    """Return the use of some days; of the last one up to the last reading."""
    known = history.used_until
    if known <= start_of(start) or (is_over and known < start_of(stop)):
        return None
    found = history.use.between(start, _stop(known, stop))
    return None if found is None else _value(*found, start)


def _cost(history: MeterHistory, start: date, stop: date, *, is_over: bool) -> Value | None:
    """Return the cost of some days: what is settled, and the price of the use since then."""
    settled, read, end = history.cost_until, history.used_until, start_of(stop)
    found = None
    if settled > start_of(start):
        found = history.cost.between(start, _stop(settled, stop))
        if found is None:
            return None
    amount, since = found or (_ZERO, start)
    begin = start_of(start)
    amount += sum((item.amount for item in history.charges if begin <= item.time < end), _ZERO)
    estimate = _ZERO
    if settled < min(read, end):
        if (unbilled := _unbilled(history, max(start, day_at(settled)), stop)) is None:
            return None
        estimate = unbilled
    elif found is None or (is_over and settled < end):
        return None
    if is_over and max(settled, read) < end:
        return None
    return _value(amount + estimate, since, start, estimated=estimate > 0)


def _unbilled(history: MeterHistory, start: date, stop: date) -> Decimal | None:
    """Return what the use that has no cost yet should cost, by the last price."""
    known = _last_priced(history)
    billed = sum((billed for _, billed in known), _ZERO)
    if billed <= 0:
        return None
    use = _ZERO
    for day in _days(start, _stop(history.used_until, stop)):
        use += max(_ZERO, (history.use.of(day) or _ZERO) - (history.billed.of(day) or _ZERO))
    return use * sum((cost for cost, _ in known), _ZERO) / billed


def _value(amount: Decimal, since: date, start: date, *, estimated: bool = False) -> Value:
    """Return an amount that is known since a day."""
    return Value(amount, since if since > start else None, estimated)


def _stop(until: int, stop: date) -> date:
    """Return the day after the last one before another that something is known of."""
    return min(stop, day_at(until - 1) + _ONE_DAY)


def _days(start: date, stop: date) -> Iterator[date]:
    """Yield the days before another."""
    for number in range((stop - start).days):
        yield start + number * _ONE_DAY


def _full_days(history: MeterHistory, now: datetime) -> list[tuple[date, Decimal, Decimal | None]]:
    """Return those of the last seven days before today whose cost is complete, with their use."""
    today, found = day_in_china(now), []
    for day in _days(today - _FULL_DAYS * _ONE_DAY, today):
        cost = history.cost.of_whole(day)
        if cost is not None and start_of(day) + DAY <= history.cost_until:
            found.append((day, cost, history.billed.of(day)))
    return found


def _full_days_of_use(history: MeterHistory, now: datetime) -> list[tuple[date, Decimal]]:
    """Return the use of those of the last seven days before today that is complete."""
    today = day_in_china(now)
    days = _days(today - _FULL_DAYS * _ONE_DAY, min(today, day_at(history.used_until)))
    return [(day, use) for day in days if (use := history.use.of_whole(day)) is not None]


def _last_priced(history: MeterHistory) -> list[tuple[Decimal, Decimal]]:
    """Return cost and use of the last days that have both."""
    found: list[tuple[Decimal, Decimal]] = []
    if not history.cost_until:
        return found
    last = day_at(history.cost_until)
    for number in range(_PRICED_WITHIN + 1):
        day = last - number * _ONE_DAY
        cost, billed = history.cost.of(day), history.billed.of(day)
        if cost and billed:
            found.append((cost, billed))
        if len(found) == _FULL_DAYS:
            break
    return found
