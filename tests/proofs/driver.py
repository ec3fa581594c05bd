"""Drives the product through a life: what the importer does with a meter, without the platform.

Everything that decides what is read and written is the product's own: its state, its windows, its
import. Only the recorder may be a dictionary, which is faster.
"""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
import json
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest.mock import patch

from homeassistant.core import HomeAssistant

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.cost import paid
from custom_components.jrhsz.history.plan import (
    are_payments_due,
    costs_at,
    first_begin,
    is_renewal_due,
    is_sync_due,
    next_begin,
    next_window,
)
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.history.usage import Row, Stored, exact
from custom_components.jrhsz.importer.window import Import

from .lives.life import Life
from .lives.line import DAY, HOUR, clock

_WINDOW: Final = "custom_components.jrhsz.importer.window"
_MEMORY: Final = "memory"
ACCOUNT: Final = "example.com/proof"


class Memory:
    """The rows of statistics, as a recorder would have them."""

    def __init__(self) -> None:
        """Begin without any."""
        self.rows: dict[str, dict[int, tuple[float, float]]] = {}
        self._hours: dict[str, list[int]] = {}

    def stored(self, _: Any, name: str, start: int) -> Stored:
        """Return what a statistic has from an hour on."""
        rows, hours = self.rows.get(name, {}), self._hours.get(name, [])
        index = bisect_left(hours, start)
        before = rows[hours[index - 1]][1] if index else 0.0
        return Stored(exact(before), {hour: rows[hour] for hour in hours[index:]})

    async def write(self, _: Any, metadata: dict[str, str], rows: list[Row]) -> None:
        """Write rows over those of the same hours."""
        name = metadata["statistic_id"]
        known = self.rows.setdefault(name, {})
        known |= {row.start: (float(row.state), float(row.sum)) for row in rows}
        self._hours[name] = sorted(known)

    async def metadata(self, _: Any, meter: Any, statistic: str) -> dict[str, str]:
        """Return the name of a statistic."""
        return {"statistic_id": f"{meter.user_code}_{statistic}"}


@dataclass(slots=True)
class Look:
    """What the sensors showed at a time."""

    time: int
    days_left: Decimal | None
    unit_price: Decimal | None


@dataclass(slots=True)
class Told:
    """What the product made of a life: its rows by hour, and its sensors at noon."""

    started: int
    cost_until: int
    consumption: dict[int, tuple[float, float]]
    cost: dict[int, tuple[float, float]]
    looks: list[Look] = field(default_factory=list)


@dataclass(slots=True)
class Driver:
    """Looks at a meter when its life says so, and imports when the product says so."""

    life: Life
    hass: HomeAssistant
    meter: MeterCoordinator
    history: MeterHistory = field(default_factory=MeterHistory)
    looks: list[Look] = field(default_factory=list)
    _dice: Random = field(init=False)
    _balance: Decimal | None = None
    _looks_for_payments: int = 0

    def __post_init__(self) -> None:
        """Let chance be that of the life."""
        self._dice = Random(self.life.seed)  # noqa: S311

    async def run(self) -> None:
        """Live the life."""
        noon = 0
        for poll in self.life.polls:
            if self._dice.random() < 0.01:
                self._restart()
            self._note_poll(poll)
            if are_payments_due(self.history, poll) or self._looks_for_payments:
                self._note_payments(poll)
            if self._is_sync_due(poll):
                await self._sync(poll)
            if (today := int(poll + DAY // 6) // DAY) > noon and clock(poll) >= 12:
                noon = today
                self._look(poll)

    def _restart(self) -> None:
        """Keep what is kept over a restart of Home Assistant, and nothing else."""
        self.history = MeterHistory.from_dict(json.loads(json.dumps(self.history.as_dict())))

    def _note_poll(self, now: int) -> None:
        """Note an answer; after a rise of the balance payments are looked for, some times."""
        info = self.life.info(now)
        assert info.read_time is not None
        assert info.balance is not None
        self.history.note_poll(now, int(info.read_time.timestamp()), info.balance)
        if self._balance is not None and info.balance > self._balance:
            self._looks_for_payments = 3
        self._balance = info.balance

    def _note_payments(self, now: int) -> None:
        """Read the payments of the last days."""
        since = self.history.paid_since or now - 2 * DAY
        payments = self.life.account.payments(since, now + DAY, now)
        self.history.note_payments(paid(payments), now)
        self._looks_for_payments = max(0, self._looks_for_payments - 1)

    def _is_sync_due(self, now: int) -> bool:
        """Tell whether records are to be read, or the cost computed without."""
        if not self.life.has_list:
            return not 0 <= now - self.history.synced_at < HOUR
        read_time = self.life.info(now).read_time
        code = self.meter.user_code
        return is_sync_due(self.history, read_time, now) or is_renewal_due(self.history, code, now)

    async def _sync(self, now: int) -> None:
        """Read the next window of records, and write what follows from it."""
        life, history = self.life, self.history
        if history.started is None:
            history.start(first_begin(life.history_days, None, now))
        is_renewal = is_renewal_due(history, self.meter.user_code, now)
        window = next_window(history, now, is_renewal=is_renewal)
        records = None
        if life.has_list:
            records = life.meter.records(window.begin, window.end, now, self._dice)
        self.meter.history = history
        outcome = await Import.of(
            self.hass,
            self.meter,
            window,
            records,
            costs_at=costs_at(history, now) if window.reaches_present else None,
        ).async_run()
        if records is None:
            history.note_sync(now)
        else:
            begin = history.begin
            if outcome.usage is not None:
                history.note_usage(outcome.usage)
                begin = next_begin(history, outcome.usage)
            history.note_window(window, begin)
        history.note_costs(outcome.costs)
        history.as_dict()

    def _look(self, now: int) -> None:
        """Note what the sensors show."""
        time = datetime.fromtimestamp(now, UTC)
        balance = self.life.info(now).balance
        history = self.history
        self.looks.append(Look(now, history.days_left(balance, time), history.unit_price(time)))


def meter_of(life: Life, code: str) -> MeterCoordinator:
    """Return what an import needs to know of a meter."""
    kind = MeterKind.WATER if life.meter.is_water else MeterKind.ELECTRICITY
    meter = SimpleNamespace(
        user_code=code,
        device_name=f"Room {code}",
        data=SimpleNamespace(kind=kind),
        config_entry=SimpleNamespace(unique_id=ACCOUNT),
    )
    return cast(MeterCoordinator, meter)


@contextmanager
def remembered(memory: Memory) -> Iterator[HomeAssistant]:
    """Let imports use a memory in place of a recorder."""

    async def run(_: Any, function: Any, *arguments: Any) -> Any:
        """Run something at once."""
        return function(*arguments)

    with patch.multiple(
        _WINDOW,
        async_has_recorder=lambda _: True,
        async_execute=run,
        stored_rows=memory.stored,
        async_metadata=memory.metadata,
        async_write_rows=memory.write,
        statistic_id=lambda _, code, statistic: f"{code}_{statistic}",
    ):
        yield cast(HomeAssistant, SimpleNamespace(data={}))


def live(life: Life) -> Told:
    """Drive the product through a life, with rows in memory."""
    memory = Memory()
    with remembered(memory) as hass:
        driver = Driver(life, hass, meter_of(life, _MEMORY))
        _run(driver)
    return told(
        driver,
        memory.rows.get(f"{_MEMORY}_consumption", {}),
        memory.rows.get(f"{_MEMORY}_cost", {}),
    )


def _run(driver: Driver) -> None:
    """Run what never waits for anything."""
    running = driver.run()
    try:
        running.send(None)
    except StopIteration:
        return
    raise AssertionError


def told(
    driver: Driver,
    consumption: dict[int, tuple[float, float]],
    cost: dict[int, tuple[float, float]],
) -> Told:
    """Return what the product made of a life."""
    history = driver.history
    assert history.started is not None
    return Told(history.started, history.cost_until, consumption, cost, driver.looks)
