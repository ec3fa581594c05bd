"""What tests of recharges share."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import hashlib
import json
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.jrhsz.address import platform_of
from custom_components.jrhsz.connection import DATA_CONNECTIONS
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER, async_setup_orders
from custom_components.jrhsz.recharge.many import DATA_JOBS
from custom_components.jrhsz.recharge.order import Order, Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from .accounts import set_up
from .orders import order

METER, OTHER = "2022040001", "2022040003"


def device_of(hass: HomeAssistant, entry: MockConfigEntry, user_code: str = METER) -> str:
    """Return the id of a meter's device."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        ("jrhsz", f"{entry.unique_id}|{user_code}"), entry.entry_id
    )
    assert device is not None
    return device.id


async def recharge(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    user_code: str = METER,
    *,
    response: bool = True,
    context: Context | None = None,
    **data: Any,
) -> Any:
    """Call the action, by default for 20 yuan, and return its response."""
    if "up_to" not in data:
        data.setdefault("amount", 20)
    return await hass.services.async_call(
        "jrhsz",
        "recharge",
        {"device_id": device_of(hass, entry, user_code), **data},
        blocking=True,
        return_response=response,
        context=context,
    )


def orders_of(hass: HomeAssistant) -> Mapping[str, Order]:
    """Return the orders in the journal."""
    return hass.data[DATA_ORDERS].journal.orders


async def restart_process(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Forget all that isn't on disk, and set the account up again."""
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    for cancel in hass.data[DATA_FOLLOWER]._timers.values():
        cancel()
    hass.data.pop(DATA_CONNECTIONS, None)
    hass.data.pop(DATA_JOBS, None)
    await async_setup_orders(hass)
    await set_up(hass, entry)


async def fix(hass: HomeAssistant, issue_id: str) -> dict[str, Any]:
    """Start to fix an issue."""
    assert await async_setup_component(hass, "repairs", {})
    manager = hass.data["repairs"]["flow_manager"]
    return dict(await manager.async_init("jrhsz", data={"issue_id": issue_id}))


async def answer(hass: HomeAssistant, step: dict[str, Any], **user_input: Any) -> dict[str, Any]:
    """Answer a form, or choose from a menu, of a fix flow."""
    manager = hass.data["repairs"]["flow_manager"]
    return dict(await manager.async_configure(step["flow_id"], user_input))


async def lists_our_orders(hass: HomeAssistant, entry: MockConfigEntry, count: int = 3) -> None:
    """Let it be known that the platform lists our orders soon."""
    sent = dt_util.utcnow() - timedelta(days=3)
    await hass.data[DATA_ORDERS].journal.async_reserve(
        *(
            order(
                f"Listed{index}",
                account_id=str(entry.unique_id),
                platform=platform_of(entry.data["url"]),
                user_code="elsewhere",
                sent=sent,
                status=Status.CONFIRMED,
                listed_at=sent + timedelta(seconds=1),
                in_balance=True,
            )
            for index in range(count)
        )
    )


async def later(hass: HomeAssistant, **delta: float) -> None:
    """Let what is due after some time happen, while the clock stands still."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**delta))
    await hass.async_block_till_done(wait_background_tasks=True)


async def look_up_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Look all orders of an account up, as a person may do at any time."""
    await hass.data[DATA_FOLLOWER].async_look_up_all(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def in_virtual_time[ResultT](
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    call: Coroutine[Any, Any, ResultT],
    *,
    step: float = 2.0,
) -> ResultT:
    """Let time pass, in steps, until a call is done; whatever can be done is done in no time."""
    task = hass.async_create_task(call)
    while not task.done():
        for _ in range(40):
            # The disk and other threads need real time.
            time.sleep(0.0002)  # noqa: ASYNC251
            await asyncio.sleep(0)
        if not task.done():
            freezer.tick(timedelta(seconds=step))
    return task.result()


def set_clock(monkeypatch: pytest.MonkeyPatch, **ahead: float) -> None:
    """Let Home Assistant's clock be wrong; a frozen one would take timers back too."""
    wrong = timedelta(**ahead)
    monkeypatch.setattr(dt_util, "utcnow", lambda: datetime.now(UTC) + wrong)


async def hit(fault: Fault) -> None:
    """Wait until a fault has hit a call."""
    for _ in range(500):
        if fault.hits:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def credited(simulator: Simulator, user_code: str = METER) -> Decimal:
    """Return what recharges booked on a meter; each at most once."""
    booked = [order for order in simulator.ledger if order.user_code == user_code]
    assert all(order.times_received == order.times_credited == 1 for order in booked)
    return sum((order.credited for order in booked), Decimal(0))


def an_order(number: str, **values: Any) -> Order:
    """Return an order that was sent just now, of which nothing is known."""
    return replace(order(number, "20", sent=dt_util.utcnow(), answered=None), **values)


def _early(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an order as the first version wrote it."""
    record["host"] = record.pop("platform").partition("/")[0]
    record["account"] = record.pop("account_id")
    return record


def written_before(orders: Iterable[Order], hashes: Iterable[str] = ()) -> bytes:
    """Return the journal's file as it was before it had lines."""
    records = [_early(order.as_record()) for order in orders]
    body = {"orders": records, "hashes": sorted(hashes)}
    checksum = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return json.dumps({"version": 1, "checksum": checksum, **body}).encode()


async def recharge_many(
    hass: HomeAssistant, *, response: bool = True, context: Context | None = None, **data: Any
) -> Any:
    """Credit many meters, by default with the batch `B1`, and return the response."""
    return await hass.services.async_call(
        "jrhsz",
        "recharge_many",
        {"batch": "B1", **data},
        blocking=True,
        return_response=response,
        context=context,
    )
