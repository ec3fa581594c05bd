"""Prove that an account lives: a year with outages, restarts, rivals, recharges, other meters.

The whole integration lives it, in a virtual time, over sockets, with the rows of its statistics in
memory. Afterwards every value, row and order is compared with what the platform has.
"""

import asyncio
from bisect import bisect_left
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
import gc
import itertools
import logging
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.usage import exact
from custom_components.jrhsz.importer.recorder import Edges, Point, Statistic, statistic_id
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS
from tests.simulator import Fault, SimMeter, Simulator

from ..benchmarks.home import entry_of, home, set_up_all, states_of
from ..benchmarks.soak import Log
from ..benchmarks.virtual_time import VirtualLoop, run
from .frame import Options, Proof, say
from .memory import Memory

HOUR, DAY = 3600.0, 86_400.0
HISTORY_DAYS: Final = 30
# At the end nothing goes wrong any more, so that what is open can be settled.
CALM: Final = 2 * DAY
FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "status", "status": 502},
    {"kind": "cut"},
    {"kind": "html"},
    {"kind": "code", "code": 1001},
    {"kind": "code", "code": 1006},
    {"kind": "truncated"},
)
REPORT_EVERY: Final = 6
MOST_LINES: Final = 1000
_APART: Final = 0.02
KILOBYTES_PER_METER: Final = 100
# The journal keeps all orders of 400 days, and is written anew at a start when it is long. Of those
# that stay open, each look is in it until then.
LINES_OF_JOURNAL: Final = 1000
LINES_PER_ORDER: Final = 10


class MemoryRecorder(Memory):
    """Rows in memory, for a whole Home Assistant."""

    @override
    def queue_task(self, task: Any) -> None:
        """Tell at once that all was written."""
        task.future.set_result(None)

    def edges_of(
        self,
        _: HomeAssistant,
        names: Iterable[str],
        begin: int,
        end: int,
        counted: Collection[str] | None = None,  # noqa: ARG002  here all are
    ) -> dict[str, Edges]:
        """Return the edges of a span in many statistics."""
        found = {}
        for name in names:
            if rows := self.rows.get(name):
                points = [
                    Point(hour + int(HOUR), exact(rows[hour][0]), exact(rows[hour][1]))
                    for hour in sorted(rows)
                ]
                before = [point for point in points if point.end - HOUR < begin]
                within = [point for point in points if begin <= point.end - HOUR < end]
                found[name] = Edges(
                    before=before[-1] if before else None,
                    first=within[0] if within else None,
                    last=within[-1] if within else None,
                    hours=len(within),
                )
        return found

    @contextmanager
    def as_only_recorder(self) -> Iterator[None]:
        """Take the place of the recorder, which then needs no migration and knows no names."""
        module = "custom_components.jrhsz.importer.recorder"
        with (
            self.as_recorder(),
            # Not mocks, which keep what they were called with: each Home Assistant.
            patch(f"{module}.async_migration_in_progress", lambda _: False),
            patch(f"{module}.get_metadata", lambda *_, **__: {}),
            patch("custom_components.jrhsz.importer.check.edges_of", self.edges_of),
        ):
            yield


@dataclass(slots=True)
class Life:
    """An account, what happens to it, and what it must never forget."""

    simulator: Simulator
    random: Random
    rows: MemoryRecorder = field(default_factory=MemoryRecorder)
    sent: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    replaced: int = 0
    restarts: int = 0
    things: list[int] = field(default_factory=list)

    async def live(self, folder: Path, days: float) -> list[str]:
        """Live so many days, with a restart each week; return what is wrong at the end."""
        loop = asyncio.get_running_loop()
        end = loop.time() + days * DAY
        while (left := end - loop.time()) > 0:
            # In short lives too there is one.
            week = min(7 * DAY, days * DAY / 2, left)
            async with home(folder) as hass:
                data: dict[Any, Any] = hass.data
                data[DATA_INSTANCE] = self.rows
                if not self.restarts:
                    entry = entry_of(self.simulator, history_days=min(HISTORY_DAYS, int(days)))
                    await hass.config_entries.async_add(entry)
                await set_up_all(hass)
                self.restarts += 1
                is_last = left - week < 1
                await self._live_on(hass, loop.time() + week - CALM * is_last)
                self.simulator.clear_faults()
                if is_last:
                    await asyncio.sleep(CALM)
                    return [fault async for fault in _faults(hass, self)]
                gc.collect()
                self.things.append(len(gc.get_objects()))
            await asyncio.sleep(self.random.uniform(1, HOUR))
        return ["the life had no end"]

    async def _live_on(self, hass: HomeAssistant, until: float) -> None:
        """Let things happen, a few a day."""
        deeds: list[Callable[[HomeAssistant], Awaitable[None]]] = [
            self.outage,
            self.bad_day,
            self.rival,
            self.recharge,
            self.recharge,
            self.somebody_pays,
            self.change_options,
            self.replace_a_meter,
        ]
        while (left := until - hass.loop.time()) > 0:
            await asyncio.sleep(min(left, self.random.uniform(HOUR, 8 * HOUR)))
            # The simulator's own list would be what grows.
            self.simulator.reset_counts()
            if hass.loop.time() < until:
                await self.random.choice(deeds)(hass)

    async def outage(self, _: HomeAssistant) -> None:
        """Let the platform fail for a while."""
        self.simulator.add_fault(Fault(**self.random.choice(FAULTS), times=None))
        await asyncio.sleep(self.random.uniform(60, 3 * HOUR))
        self.simulator.clear_faults()

    async def bad_day(self, _: HomeAssistant) -> None:
        """Let some calls go wrong from now on."""
        self.simulator.add_fault(Fault(**self.random.choice(FAULTS), times=None, probability=0.05))

    async def rival(self, _: HomeAssistant) -> None:
        """Let somebody else log in for a while, or the platform lose tokens."""
        for _number in range(self.random.randint(1, 5)):
            self.random.choice(
                [
                    self.simulator.rival_login,
                    self.simulator.expire_tokens,
                    self.simulator.forget_tokens,
                ]
            )()
            await asyncio.sleep(self.random.uniform(10, 600))

    async def recharge(self, hass: HomeAssistant) -> None:
        """Recharge a meter."""
        code, amount = self.random.choice(sorted(self.simulator.meters)), self.random.randint(1, 9)
        (entry,) = hass.config_entries.async_entries("jrhsz")
        device = dr.async_get(hass).async_get_device_by_identifier(
            ("jrhsz", f"{entry.unique_id}|{code}"), entry.entry_id
        )
        if device is None or entry.state is not ConfigEntryState.LOADED:
            return
        with suppress(HomeAssistantError):
            answer = await hass.services.async_call(
                "jrhsz",
                "recharge",
                {"device_id": device.id, "amount": amount},
                blocking=True,
                return_response=True,
            )
            assert answer is not None
            number = str(answer["order_number"])
            self.sent[number] = (code, Decimal(amount))
            if answer["status"] == "confirmed":
                self.confirmed.add(number)

    async def somebody_pays(self, _: HomeAssistant) -> None:
        """Let a tenant pay."""
        code = self.random.choice(sorted(self.simulator.meters))
        self.simulator.add_payment(code, str(self.random.randint(1, 100)))

    async def change_options(self, hass: HomeAssistant) -> None:
        """Set another interval, which reloads the account."""
        (entry,) = hass.config_entries.async_entries("jrhsz")
        options = {**entry.options, "scan_interval": self.random.choice([30, 45, 60])}
        hass.config_entries.async_update_entry(entry, options=options)
        await hass.config_entries.async_reload(entry.entry_id)

    async def replace_a_meter(self, hass: HomeAssistant) -> None:
        """Put another meter in the place of one, now and then."""
        if self.replaced < hass.loop.time() / DAY / 30:
            self.replaced += 1
            code = self.random.choice(sorted(self.simulator.meters))
            self.simulator.meters[code].replace(f"2099{self.replaced:08d}")


async def _faults(hass: HomeAssistant, life: Life) -> AsyncIterator[str]:
    """Yield what is wrong at the end of a life."""
    (entry,) = hass.config_entries.async_entries("jrhsz")
    for code, meter in life.simulator.meters.items():
        coordinator: MeterCoordinator = entry.runtime_data.coordinators[code]
        await coordinator.async_refresh_now()
        for fault in _faults_of_values(states_of(hass, entry, code), meter):
            yield f"{code}: {fault}"
        name = statistic_id(str(entry.unique_id), code, Statistic.CONSUMPTION)
        until = coordinator.history.used_until
        now = dt_util.utcnow().timestamp()
        for fault in _faults_of_rows(life.rows.rows.get(name, {}), meter, until, now):
            yield f"use of {code}: {fault}"
    for fault in _faults_of_orders(life, hass.data[DATA_ORDERS].journal.orders):
        yield fault


def _faults_of_values(states: dict[str, State | None], meter: SimMeter) -> Iterator[str]:
    """Yield what is wrong with what a meter shows."""
    info, shown = meter.info(), {key: state and state.state for key, state in states.items()}
    if shown["balance"] != str(float(info.balance)):
        yield f"balance {shown['balance']}, not {info.balance}"
    reading = states["reading"]
    time = reading and dt_util.parse_datetime(reading.attributes.get("read_at", ""))
    if time != info.read_time:
        yield f"read at {time}, not {info.read_time}"


def _faults_of_orders(life: Life, kept: Mapping[str, Order]) -> Iterator[str]:
    """Yield what is wrong with the orders: each is sent once, and known as what became of it."""
    booked = {order.out_trade_no: order for order in life.simulator.ledger}
    confirmed = {number for number, order in kept.items() if order.status is Status.CONFIRMED}
    for number, order in booked.items():
        if order.times_received != 1 or order.times_credited > 1:
            yield f"order {number} came {order.times_received} times"
    credited = {number for number, order in booked.items() if order.times_credited}
    if wrong := credited ^ confirmed:
        yield f"{len(wrong)} orders are credited or confirmed, but not both"
    if lost := (life.confirmed - confirmed) | (life.sent.keys() - kept.keys()):
        yield f"{len(lost)} orders were told to be confirmed, or to be, and are not"


def _faults_of_rows(
    rows: dict[int, tuple[float, float]], meter: SimMeter, until: int, now: float
) -> Iterator[str]:
    """Yield what is wrong with the rows of a meter's use, which is known until some time.

    What was read two hours ago is known, however far apart readings are.
    """
    read = [record.read_time.timestamp() for record in meter.records()]
    listed = [time for time in read if time <= now - 2 * HOUR]
    if not rows or until < max(listed, default=0.0):
        yield f"known until {until}, {max(listed, default=0.0) - until:.0f} s before a reading"
        return
    hours = sorted(rows)
    if missing := (hours[-1] - hours[0]) // 3600 + 1 - len(hours):
        yield f"{missing} hours are missing"
    records = [x for x in meter.records() if x.last_read_time.timestamp() >= hours[0]]
    times = [records[0].last_read_time.timestamp(), *(x.read_time.timestamp() for x in records)]
    # Another meter begins at 0.
    used = (max(0.0, float(record.reading - record.last_reading)) for record in records)
    sums = list(itertools.accumulate(used, initial=0.0))
    # Before the first whole record there is one of which only a part may be in the first row.
    first = rows[hours[0]][1] - _between(times, sums, hours[0] + HOUR)
    wrong = [
        hour
        for hour in hours
        if abs(rows[hour][1] - first - _between(times, sums, min(hour + HOUR, until))) > _APART
    ]
    if wrong:
        yield f"{len(wrong)} of {len(hours)} hours, the first {wrong[0]}"


def _between(times: list[float], sums: list[float], time: float) -> float:
    """Return a sum at a time, at a constant rate from record to record."""
    after = bisect_left(times, time)
    if after == len(times):
        return sums[-1]
    if not after:
        return sums[0]
    share = (time - times[after - 1]) / (times[after] - times[after - 1])
    return sums[after - 1] + share * (sums[after] - sums[after - 1])


def live(meters: int, days: int, *, seed: int, report_every: int = 1) -> tuple[list[str], str]:
    """Live a life whose meters report so many hours apart; return what is wrong, what it was."""
    log = Log()

    async def main(loop: VirtualLoop) -> tuple[list[str], str]:
        """Run a platform and one Home Assistant after the other."""
        simulator = Simulator(
            meters=meters,
            limit=2.0,
            delay=0.02,
            seed=seed,
            upload_every=report_every * int(HOUR),
            history_days=HISTORY_DAYS + 2,
            monotonic=loop.time,
        )
        random = Random(seed)  # noqa: S311  seeded, to be repeated
        life = Life(simulator, random)
        with TemporaryDirectory() as folder, life.rows.as_only_recorder():
            async with simulator:
                wrong = await life.live(Path(folder), days)
            files = [x for x in (Path(folder) / ".storage").iterdir() if "jrhsz" in x.name]
            journal = Path(folder) / ".storage" / "jrhsz.journal"
            lines = len(journal.read_bytes().splitlines())
            size = sum(file.stat().st_size for file in files if file != journal) / 1024
        if size > KILOBYTES_PER_METER * meters:
            wrong.append(f"{size:.0f} kB of files")
        if lines > LINES_OF_JOURNAL + LINES_PER_ORDER * len(life.sent):
            wrong.append(f"{lines} lines of the journal")
        told = (
            f"{meters} meters, {days} days: {life.restarts} starts, {len(life.sent)} recharges, "
            f"{life.replaced} meters replaced, {log.lines} lines of log, {size:.0f} kB of files, "
            f"{lines} lines of the journal"
        )
        if (quarter := len(life.things) // 4) and (life.things[-1] > 1.05 * life.things[quarter]):
            wrong.append(f"{life.things[quarter]:,} objects became {life.things[-1]:,}")
        return wrong, told

    try:
        wrong, told = run(main)
    finally:
        log.detach()
    if log.lines > MOST_LINES:
        wrong.append(f"{log.lines} lines of log")
    if log.tracebacks:
        wrong.append(f"{log.tracebacks} tracebacks")
    return wrong, told


def prove(options: Options) -> Proof:
    """Live a year with 8 meters, or with 50, whose reports are further apart than in the suite."""
    # What is logged is judged too.
    logging.disable(logging.NOTSET)
    seed = options.seed or 1
    wrong, told = live(50 if options.long else 8, 365, seed=seed, report_every=REPORT_EVERY)
    say(f"  {told}")
    for fault in wrong:
        say(f"  {fault}")
    return Proof(1, "year", (seed,) if wrong else ())
