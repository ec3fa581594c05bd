"""What an order costs when there are many before it, and how long a long journal takes to read."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from tempfile import TemporaryDirectory
from time import process_time

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.order import Order, Status
from tests.support.recharges import an_order

from .blocking import Blocking
from .figures import Figure

COUNTS = (10, 10_000, 100_000)
METERS = 500
REPEATS = 50
BATCHES = 10
DAYS = 390


def measure() -> list[Figure]:
    """Write orders to journals of several lengths, and read the longest one."""
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    """Return the figures."""
    costs, blocks, load = [], [], 0.0
    for count in COUNTS:
        with TemporaryDirectory() as folder:
            hass = HomeAssistant(folder)
            journal = Journal(hass)
            await hass.async_add_executor_job(journal.path.parent.mkdir)
            await journal.async_load()
            await journal.async_reserve(*(_order(number, count) for number in range(count)))
            journal = Journal(hass)
            begin = process_time()
            await journal.async_load()
            load = process_time() - begin
            cost, block = await _cost(journal, count)
            costs.append(cost)
            blocks.append(block)
            await hass.async_stop(force=True)
    return [
        *(
            Figure(f"Processor time of an order after {count:,} others", cost, costs[0], "ms", 1.25)
            for count, cost in zip(COUNTS, costs, strict=True)
        ),
        Figure("Longest block of the event loop by one of them", max(blocks), 50, "ms"),
        Figure(f"Processor time to read {COUNTS[-1]:,} orders at the start", load, 5, "s"),
    ]


async def _cost(journal: Journal, count: int) -> tuple[float, float]:
    """Return the processor time of an order and the longest block, in milliseconds.

    The time is that of the best of some batches: others share the processor.
    """
    numbers, times = iter(range(count, count + BATCHES * REPEATS)), []
    with Blocking("jrhsz") as blocking:
        for _ in range(BATCHES):
            begin = process_time()
            for _ in range(REPEATS):
                order = replace(_order(next(numbers), count), status=Status.UNKNOWN)
                await journal.async_reserve(order)
                order = replace(order, status=Status.CONFIRMED)
                await journal.async_update(order)
                await journal.async_update(replace(order, balance_after=Decimal("32.30")))
            times.append((process_time() - begin) / REPEATS)
    return 1000 * min(times), 1000 * blocking.worst


def _order(number: int, count: int) -> Order:
    """Return one of many orders, spread over more than a year and many meters."""
    return an_order(
        f"HA{number:026}",
        user_code=str(2022040000 + number % METERS),
        device_id=f"{number % METERS:032x}",
        user_id="0" * 32,
        status=Status.CONFIRMED,
        sent=dt_util.utcnow() - timedelta(days=DAYS) * (1 - number / count),
        balance_before=Decimal("12.30"),
    )
