"""An account on a real recorder in virtual time, and whether its rows are what meters uploaded."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
import logging
from math import isclose
from pathlib import Path
from time import CLOCK_MONOTONIC, clock_gettime, process_time
from typing import Any, Self, override
from unittest.mock import patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.usage import hour_of, next_hour
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from tests.simulator import Simulator
from tests.simulator.meter import SimMeter
from tests.support.statistics import HOUR, hours_of, reading_at, stored_of

from .home import home
from .virtual_time import VirtualLoop

INTERVAL = 2.0
ROUND_TRIP = 0.02
# Of one call after the other.
APART = INTERVAL + ROUND_TRIP
SCAN_INTERVAL = 1800
MILLISECONDS = 1000
_NEAR = 1e-5
_LOOK_EVERY = 5

type Rows = list[tuple[float, float, float]]


@asynccontextmanager
async def recording_home(
    loop: VirtualLoop, folder: Path, url: str
) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant whose recorder has a database; time waits for its writing."""
    async with home(folder) as hass:
        with waiting_for_writes(loop):
            async_initialize_recorder(hass)
            config = {"recorder": {"db_url": url}}
            loop.threads_at_work += 1
            assert await async_setup_component(hass, "recorder", config)
            await get_instance(hass).async_db_ready
            loop.threads_at_work -= 1
            yield hass


@contextmanager
def waiting_for_writes(loop: VirtualLoop) -> Generator[None]:
    """Let time stand still while somebody waits for what the recorder's thread writes."""
    queue = Recorder.queue_task

    def queue_task(recorder: Recorder, task: Any) -> None:
        """Take a task in."""
        if isinstance(task, SynchronizeTask):
            loop.threads_at_work += 1
            task.future.add_done_callback(done)
        queue(recorder, task)

    def done(_: object) -> None:
        """Let time pass again."""
        loop.threads_at_work -= 1

    with patch.object(Recorder, "queue_task", queue_task):
        yield


def platform(loop: VirtualLoop, meters: int, days: int) -> Simulator:
    """Return a platform with the real pace."""
    return Simulator(
        meters=meters,
        limit=INTERVAL,
        delay=ROUND_TRIP,
        history_days=days + 1,
        monotonic=loop.time,
    )


@dataclass(slots=True)
class Effort:
    """What something took: time of the clock, of the processor, and virtual time."""

    loop: VirtualLoop
    wall: float = 0.0
    cpu: float = 0.0
    virtual: float = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        self.wall, self.cpu, self.virtual = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        wall, cpu, virtual = self._now()
        self.wall, self.cpu = wall - self.wall, cpu - self.cpu
        self.virtual = virtual - self.virtual

    def _now(self) -> tuple[float, float, float]:
        """Return the times; the usual clock stands still in virtual time."""
        return clock_gettime(CLOCK_MONOTONIC), process_time(), self.loop.time()


class Errors(logging.Handler):
    """Counts what is logged as an error, whoever does."""

    def __init__(self) -> None:
        """Begin at nothing."""
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        """Listen."""
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        logging.getLogger().removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


def _is_imported(meter: MeterCoordinator) -> bool:
    """Tell whether all of the past is stored, with its payments and what follows from them."""
    history = meter.history
    return (
        history.complete
        and history.credited_since is not None
        and history.synced_at >= history.payments_read_at > 0
    )


async def imported(entry: ConfigEntry[Any]) -> None:
    """Wait until the first import is done."""
    meters = entry.runtime_data.coordinators.values()
    while not all(map(_is_imported, meters)):  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(_LOOK_EVERY)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a meter read: at first, at the ends of hours, and at last, of what there is cost of.

    An hour counts when it is over.
    """

    begun_at: Decimal
    readings: dict[int, Decimal]
    billed_at: Decimal
    credited: Decimal

    @classmethod
    def of(cls, meter: MeterCoordinator, told: SimMeter) -> Self:
        """Return what there was to read when the meter's history was read last."""
        history = meter.history
        since, until = map(time_of, (history.started or 0, history.synced_at))
        records = told.records(since, until)
        hours = hours_of(records, until)
        over = hour_of(history.synced_at)
        paid = told.payments(
            time_of(next_hour(history.credited_since or 0)),
            time_of(min(history.payments_read_at, over - 1)),
        )
        return cls(
            records[0].last_reading,
            {int(hour.timestamp()): reading_at(records, hour + HOUR) for hour in hours},
            reading_at(records, time_of(min(history.cost_until, over))),
            sum((payment.amount for payment in paid), Decimal(0)),
        )

    @property
    def used(self) -> Decimal:
        """Return how much was used in all hours together."""
        return max(self.readings.values()) - self.begun_at

    def is_told_by(self, use: Rows, credited: Rows) -> bool:
        """Tell whether all rows are right, and none is missing."""
        return (
            [int(start) for start, *_ in use] == list(self.readings)
            and all(
                is_near(state, reading) and is_near(total, reading - self.begun_at)
                for (_, state, total), reading in zip(use, self.readings.values(), strict=True)
            )
            and is_near(credited[-1][2], self.credited)
        )


async def wrong_rows(
    hass: HomeAssistant, meters: Iterable[MeterCoordinator], simulator: Simulator
) -> tuple[int, list[str]]:
    """Compare all rows of use, and what was credited, with what meters uploaded and who paid.

    Returns how many rows of use there are, and the codes of the meters of which any is wrong.
    """
    count, wrong = 0, []
    for meter in meters:
        code = meter.user_code
        async with meter.history_lock:
            use, credited = [
                await stored_of(hass, statistic_id(str(meter.config_entry.unique_id), code, kind))
                for kind in (Statistic.CONSUMPTION, Statistic.CREDITED)
            ]
            truth = Truth.of(meter, simulator.meters[code])
        count += len(use)
        if not truth.is_told_by(use, credited):
            wrong.append(code)
    return count, wrong


def time_of(seconds: int) -> datetime:
    """Return a time."""
    return dt_util.utc_from_timestamp(seconds)


def is_near(value: float, truth: Decimal, within: float = _NEAR) -> bool:
    """Tell whether a number of the database is what it should be."""
    return isclose(value, truth, abs_tol=within, rel_tol=0)
