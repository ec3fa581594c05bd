"""What each meter of an account used, cost and was credited in a span, from the recorder alone.

Sums and readings are those of the hours at both ends of the span; what lies between them is only
counted, so that hundreds of meters take as long as a few.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..clock import seconds_now
from ..const import DOMAIN
from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..history.readings import HOUR
from ..history.state import CHARGES_KEPT, MeterHistory
from ..history.sums import start_of
from ..history.usage import hour_of
from ..responses import float_or_none
from ..settings import chosen_meters
from .recorder import Edges, Point, Statistic, async_execute, edges_of, statistic_id

_CENT: Final = Decimal("0.01")
_PRICE: Final = Decimal("0.0001")
_ZERO: Final = Decimal(0)
# Home Assistant may have been started anew at midnight.
_NEAR: Final = 3 * HOUR
_MISSED: Final = 0.05
_NONE: Final = Edges()
# Of the first ones every hour has a row, unless something is missing.
_STATISTICS: Final = (Statistic.CONSUMPTION, Statistic.COST, Statistic.CREDITED)
_COUNTED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A meter's statistics at the ends of a span, and what follows from them; None is unknown."""

    begin: int
    end: int
    consumption: Edges = _NONE
    cost: Edges = _NONE
    credited: Edges = _NONE
    balance: Edges = _NONE
    charged: Decimal | None = None
    is_settled: bool = True

    @property
    def first(self) -> Point | None:
        """Return the reading from which on the use is known."""
        before, first = self.consumption.before, self.consumption.first
        if first is None or (before is not None and before.end == self.begin):
            return before if first else None
        # What a row adds to the sum is the use of its hour.
        reading, use = first.state, _change(before, first)
        if reading is None or use is None or reading < use:
            return None
        return Point(first.end - HOUR, reading - use, None)

    @property
    def use(self) -> Decimal | None:
        """Return how much was used."""
        return _change(self.consumption.before, self.consumption.last)

    @property
    def total_cost(self) -> Decimal | None:
        """Return what was taken from the balance, with charges."""
        return _cents(_change(self.cost.before, self.cost.last))

    @property
    def charges(self) -> Decimal | None:
        """Return which part of the cost is not for use."""
        return None if self.total_cost is None else _cents(self.charged)

    @property
    def price(self) -> Decimal | None:
        """Return what a unit cost on average, without charges."""
        cost, use = self.total_cost, self.use
        if cost is None or use is None or use <= 0:
            return None
        if abs(self.cost.hours - self.consumption.hours) > self.consumption.hours * _MISSED:
            # Use whose cost isn't known would make it cheap.
            return None
        return ((cost - (self.charges or _ZERO)) / use).quantize(_PRICE, ROUND_HALF_UP)

    @property
    def sum_credited(self) -> Decimal | None:
        """Return how much was credited; hours without a payment need no row."""
        before, last = self.credited.before, self.credited.last
        return _cents(_change(before, last or before))

    @property
    def balance_start(self) -> Decimal | None:
        """Return the balance at the beginning."""
        return _cents(_near(self.balance.before, self.begin))

    @property
    def balance_end(self) -> Decimal | None:
        """Return the balance at the end."""
        return _cents(_near(self.balance.last or self.balance.before, self.end))

    @property
    def other(self) -> Decimal | None:
        """Return what the balance changed by beyond cost and credits, so that rows add up."""
        start, end = self.balance_start, self.balance_end
        credited, cost = self.sum_credited, self.total_cost
        if start is None or end is None or credited is None or cost is None:
            return None
        return end - start - credited + cost

    @property
    def is_estimated(self) -> bool:
        """Tell whether anything is incomplete, or of another hour than that of an end."""
        before, last = self.balance.before, self.balance.last
        is_late = (before and before.end != self.begin) or (last and last.end != self.end)
        is_whole = self._is_whole(self.consumption) and self._is_whole(self.cost)
        return not self.is_settled or not is_whole or bool(is_late)

    def _is_whole(self, edges: Edges) -> bool:
        """Tell whether a statistic has a row for every hour, and goes on from the hour before."""
        goes_on = edges.before is None or edges.before.end == self.begin
        return goes_on and edges.hours == (self.end - self.begin) // HOUR

    def as_response(self) -> dict[str, Any]:
        """Return it for a response."""
        first, last = self.first, self.consumption.last
        return {
            "first_reading": float_or_none(first and first.state),
            "first_time": _iso_or_none(first),
            "last_reading": float_or_none(last and last.state),
            "last_time": _iso_or_none(last),
            "use": float_or_none(self.use),
            "cost": float_or_none(self.total_cost),
            "charges": float_or_none(self.charges),
            "price": float_or_none(self.price),
            "credited": float_or_none(self.sum_credited),
            "balance_start": float_or_none(self.balance_start),
            "balance_end": float_or_none(self.balance_end),
            "other": float_or_none(self.other),
            "estimated": self.is_estimated,
        }


async def async_bills(
    hass: HomeAssistant, entry: JrhszConfigEntry, begin: int, end: int
) -> list[JsonValueType]:
    """Return a row for each meter of an account; the span is in whole hours.

    Raises RecorderError.
    """
    until = max(begin, min(end, hour_of(seconds_now())))
    meters = list(_meters(hass, entry))
    ids = [name for *_, names in meters for name in names if name]
    counted = {name for *_, names in meters for name in names[:_COUNTED]}
    edges = await async_execute(hass, edges_of, hass, ids, begin, until, counted)
    bills: list[JsonValueType] = []
    for meter, told, names in meters:
        consumption, cost, credited, balance = (edges.get(name, _NONE) for name in names)
        bill = Bill(
            begin=begin,
            end=until,
            consumption=consumption,
            cost=cost,
            credited=credited,
            balance=balance,
            charged=charges_between(meter.history, begin, until),
            is_settled=until == end and is_settled(meter.history, end),
        )
        bills.append(told | bill.as_response())
    return bills


def charges_between(history: MeterHistory, begin: int, end: int) -> Decimal | None:
    """Return what was charged in a span, unless its beginning is no longer remembered."""
    if not history.cost.days:
        return None
    months = history.cost.months
    since = start_of(months[0][0] if months else history.cost.first)
    if begin < max(since, history.cost_until - CHARGES_KEPT):
        return None
    amounts = (charge.amount for charge in history.charges if begin <= charge.time < end)
    return sum(amounts, _ZERO)


def is_settled(history: MeterHistory, end: int) -> bool:
    """Tell whether nothing is known to be missing before a time.

    A row of an hour may be of its first minutes, until a later record or balance is read; payments
    are read nightly.
    """
    known = (history.used_until, history.cost_until, history.payments_read_at)
    return not any(0 < until < end for until in known)


def _meters(
    hass: HomeAssistant, entry: JrhszConfigEntry
) -> Iterator[tuple[MeterCoordinator, dict[str, Any], list[str]]]:
    """Yield each meter, what it is called, and the ids of its statistics."""
    registry = er.async_get(hass)
    chosen = chosen_meters(entry.options)
    for code, meter in entry.runtime_data.coordinators.items():
        device = meter.device
        told = {
            "device_id": device and device.id,
            "user_code": code,
            "meter": meter.shown_name,
            "building": chosen[code].building,
            "room": chosen[code].room,
            "kind": meter.data.kind if meter.is_known else None,
        }
        identifier = f"{entry.unique_id}|{code}|balance"
        balance = registry.async_get_entity_id("sensor", DOMAIN, identifier)
        ids = [statistic_id(str(entry.unique_id), code, kind) for kind in _STATISTICS]
        yield meter, told, [*ids, balance or ""]


def _change(before: Point | None, last: Point | None) -> Decimal | None:
    """Return what a sum rose by; before its first row it was zero."""
    if last is None or last.sum is None or (before is not None and before.sum is None):
        return None
    return last.sum - ((before and before.sum) or _ZERO)


def _near(point: Point | None, time: int) -> Decimal | None:
    """Return the state of a row unless it is too old for a time."""
    return point.state if point and time - point.end <= _NEAR else None


def _cents(amount: Decimal | None) -> Decimal | None:
    """Return an amount as it is paid."""
    return None if amount is None else amount.quantize(_CENT, ROUND_HALF_UP)


def _iso_or_none(point: Point | None) -> str | None:
    """Return when a row's hour ends, in Home Assistant's zone."""
    return point and dt_util.as_local(dt_util.utc_from_timestamp(point.end)).isoformat()
