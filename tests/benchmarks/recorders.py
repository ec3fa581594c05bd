"""An account's first import, a rebuild of it and its bills, on SQLite, PostgreSQL and MariaDB.

It is polled meanwhile, at the real pace, in virtual time, which stands still while anybody waits
for the database: so the clock of the machine tells what all takes, the platform included.
"""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from itertools import batched
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any, Final

from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.const import DOMAIN
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from tests.simulator import Simulator
from tests.support import mariadb, postgres

from .age import oldest_of
from .blocking import Blocking
from .figures import Figure
from .home import entry_of
from .recorded import (
    APART,
    MILLISECONDS,
    SCAN_INTERVAL,
    Effort,
    Errors,
    Truth,
    imported,
    is_near,
    platform,
    recording_home,
    wrong_rows,
)
from .virtual_time import VirtualLoop, run

METERS = 1000
DAYS = 2
SQLITE = "SQLite"
_AT_ONCE = 2
# Of the time that the pace of calls takes anyway.
_OF_MACHINE = 0.25
_OF_PROCESSOR = 0.1
# Calls for each meter: one tells all of a few days, some are for others.
_CALLS = 1.5
_BILLS = 5.0
_MONTH = timedelta(days=30)
_LOST_AT_ONCE = 100
_FINE = 200
# The balances at both ends are rounded to cents, and so is the bill.
_ROUNDED = 0.0151

type Server = postgres.PostgresServer | mariadb.MariaServer

# What finds a server, and what starts it; the first database needs none.
_SERVERS: Final[dict[str, tuple[Callable[[], Path | None], Callable[[Path], Server]]]] = {
    "PostgreSQL": (postgres.find_server, postgres.PostgresServer),
    "MariaDB": (mariadb.find_server, mariadb.MariaServer),
}


def measure(meters: int = METERS, days: int = DAYS) -> list[Figure]:
    """Live on all databases, two of them at a time: each in a process of its own."""
    with ProcessPoolExecutor(_AT_ONCE) as pool:
        lives = [pool.submit(measure_one, name, meters, days) for name in (SQLITE, *_SERVERS)]
        return [figure for life in lives for figure in life.result()]


def measure_one(name: str, meters: int, days: int, hours: float = 0) -> list[Figure]:
    """Live on one database; where its server is missing, that is said.

    The bills are made some hours later: in the fourth a cost is settled for the first time.
    """
    with TemporaryDirectory() as folder, database(name, Path(folder)) as url:
        if url is not None:
            return run(lambda loop: _lived(loop, url, name, meters, days, hours=hours))
    sys.stdout.write(f"\n{name} is not installed: not measured\n")
    sys.stdout.flush()
    return []


@contextmanager
def database(name: str, folder: Path) -> Generator[str | None]:
    """Return the address of an empty database, or nothing if its server isn't installed."""
    if name == SQLITE:
        yield f"sqlite:///{folder}/recorder.db"
        return
    find, start = _SERVERS[name]
    if (found := find()) is None:
        yield None
        return
    server = start(found)
    try:
        with server.database() as url:
            yield url
    finally:
        server.stop()


async def _lived(
    loop: VirtualLoop, url: str, name: str, meters: int, days: int, *, hours: float
) -> list[Figure]:
    """Import all, lose it and rebuild it, and make the bills of a month."""
    with TemporaryDirectory() as folder, Errors() as errors:
        async with (
            platform(loop, meters, days) as simulator,
            recording_home(loop, Path(folder), url) as hass,
        ):
            entry = entry_of(simulator, history_days=days)
            with Blocking(DOMAIN) as blocking:
                with Effort(loop) as importing:
                    await hass.config_entries.async_add(entry)
                    await imported(entry)
                known = list(entry.runtime_data.coordinators.values())
                imported_rows, wrong = await wrong_rows(hass, known, simulator)
                await _lose(hass, known)
                with Effort(loop) as rebuilding:
                    rebuilt = await _act(hass, entry, "rebuild_history")
                rebuilt_rows, wrong_again = await wrong_rows(hass, known, simulator)
                await asyncio.sleep(hours * 3600)
                async with AsyncExitStack() as stack:
                    for meter in known:
                        await stack.enter_async_context(meter.history_lock)
                    with Effort(loop) as billing:
                        bills = await _bills(hass, entry)
                    wrong_bills = _wrong_bills(bills, known, simulator)
            oldest = max(oldest_of(simulator).values())
            early = simulator.early
    where = f", {blocking.where}" if blocking.where else ""
    cost = sum(bill["cost"] is not None for bill in bills)
    return [
        *_figures(f"{name}, {meters:,} meters: first import", importing, imported_rows, meters),
        *_figures("  all lost and rebuilt", rebuilding, rebuilt_rows, meters),
        Figure(f"  bills of a month of all, {cost:,} with cost", billing.wall, _BILLS, "s"),
        Figure(f"  longest block of our own{where}", blocking.worst_own * MILLISECONDS, 50, "ms"),
        Figure("  oldest value meanwhile", oldest, max(SCAN_INTERVAL, APART * meters), "s", 1.25),
        Figure("  meters with a wrong row", len({*wrong, *wrong_again}), 0),
        Figure("  wrong bills", len(wrong_bills), 0),
        Figure("  errors logged, meters not rebuilt", len([*errors.lines, *rebuilt["failed"]]), 0),
        Figure("  early calls", early, 0),
    ]


def _figures(name: str, effort: Effort, rows: int, meters: int) -> list[Figure]:
    """Return what something takes, beside the time of a call for each meter, and no more."""
    least = APART * meters
    return [
        Figure(
            f"{name}, {rows:,} rows, beside a call for each", effort.virtual, least, "s", _CALLS
        ),
        Figure("    work of this machine", effort.wall, least, "s", _OF_MACHINE),
        Figure("    processor, without servers", effort.cpu, least, "s", _OF_PROCESSOR),
    ]


async def _lose(hass: HomeAssistant, meters: list[MeterCoordinator]) -> None:
    """Delete all rows of use."""
    names = [
        statistic_id(str(meter.config_entry.unique_id), meter.user_code, Statistic.CONSUMPTION)
        for meter in meters
    ]
    for some in batched(names, _LOST_AT_ONCE, strict=False):
        done = hass.loop.create_future()
        get_instance(hass).async_clear_statistics(list(some))
        get_instance(hass).queue_task(SynchronizeTask(done))
        await done


async def _bills(hass: HomeAssistant, entry: ConfigEntry[Any]) -> list[dict[str, Any]]:
    """Return the bills of a month."""
    now = dt_util.utcnow()
    span = {"start": now - _MONTH, "end": now}
    bills: list[dict[str, Any]] = (await _act(hass, entry, "get_bills", **span))["bills"]
    return bills


async def _act(
    hass: HomeAssistant, entry: ConfigEntry[Any], action: str, **fields: Any
) -> dict[str, Any]:
    """Call an action for an account."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        action,
        {"config_entry_id": entry.entry_id, **fields},
        blocking=True,
        return_response=True,
    )
    return dict(answer)


def _wrong_bills(
    bills: list[dict[str, Any]], meters: list[MeterCoordinator], simulator: Simulator
) -> list[str]:
    """Return the codes of the meters whose bills, of a month which has all rows, are wrong."""
    polls = reversed(simulator.calls_of("GetUserInfo"))
    first = {poll.params["user_code"]: poll.at for poll in polls if poll.code == _FINE}
    wrong = []
    for bill, meter in zip(bills, meters, strict=True):
        code = meter.user_code
        told = simulator.meters[code]
        truth = Truth.of(meter, told)
        cost = None
        if meter.history.cost_until:
            cost = told.price * (truth.billed_at - told.info(first[code]).reading)
        is_cost_right = (
            bill["cost"] is None if cost is None else is_near(bill["cost"], cost, within=_ROUNDED)
        )
        is_right = is_near(bill["use"], truth.used) and is_near(bill["credited"], truth.credited)
        if not is_right or not is_cost_right:
            wrong.append(code)
    return wrong
