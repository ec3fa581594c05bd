"""A real Home Assistant that is killed in the middle of recharges.

Three rounds by default, or as many as the environment's KILL_ROUNDS says: see scripts/kill-test.
"""

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import random
import time

from aiohttp import ClientError
import pytest

from ..simulator import Fault, Simulator
from ..support.hass_process import HassProcess, HassProcessError
from ..support.live import add_account, shown_meters

ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
LIMIT = 60


async def saved(hass: HassProcess, codes: list[str]) -> None:
    """Wait until Home Assistant has saved the account and its devices."""
    storage = hass.directory / ".storage"
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        with suppress(FileNotFoundError):
            # A few small files, in a test that has nothing else to do.
            entries = (storage / "core.config_entries").read_text(encoding="utf-8")
            devices = (storage / "core.device_registry").read_text(encoding="utf-8")
            tokens = (storage / "auth").read_text(encoding="utf-8")
            if (
                "jrhsz" in entries
                and "long_lived" in tokens
                and all(f"|{code}" in devices for code in codes)
            ):
                return
        await asyncio.sleep(0.2)
    raise TimeoutError


async def recharge_and_kill(
    hass: HassProcess, simulator: Simulator, device_id: str, moment: float | None
) -> None:
    """Recharge, and kill Home Assistant after some seconds, or once the platform has booked."""
    booked = len(simulator.ledger)
    call = asyncio.create_task(
        hass.service("jrhsz", "recharge", {"device_id": device_id, "amount": 20}, response=True)
    )
    if moment is not None:
        await asyncio.wait({call}, timeout=moment)
    else:
        for _ in range(100 * LIMIT):
            if len(simulator.ledger) > booked:
                break
            await asyncio.sleep(0.01)
        assert len(simulator.ledger) == booked + 1
    await hass.kill()
    with suppress(ClientError, HassProcessError):
        await call


async def settled(hass: HassProcess, simulator: Simulator, entry_id: str) -> dict[str, str]:
    """Return the journal's statuses, once everything in the ledger is confirmed."""
    end = time.monotonic() + LIMIT
    while True:
        response = await hass.service(
            "jrhsz", "get_recharges", {"config_entry_id": entry_id}, response=True
        )
        statuses = {item["order_number"]: item["status"] for item in response["recharges"]}
        confirmed = {number for number, status in statuses.items() if status == "confirmed"}
        ledger = {order.out_trade_no for order in simulator.ledger}
        if confirmed == ledger or time.monotonic() > end:
            return statuses
        await asyncio.sleep(0.5)


@pytest.mark.timeout(180 + 60 * ROUNDS)
async def test_killed_home_assistant(socket_enabled: None, tmp_path: Path) -> None:
    """Test that no round loses an order or credits it twice."""
    dice = random.Random(2)  # noqa: S311  seeded, to be repeated
    hass = HassProcess(tmp_path / "config", log_levels={"custom_components.jrhsz": "debug"})
    async with (
        Simulator(meters=ROUNDS + 1, limit=2.0, seed=1, history_days=2) as simulator,
        hass,
    ):
        entry_id = await add_account(hass, simulator.url)
        codes = list(simulator.meters)
        await saved(hass, codes)
        for number, code in enumerate(codes[:ROUNDS]):
            device = (await shown_meters(hass, entry_id))[code].device
            simulator.clear_faults()
            simulator.add_fault(Fault(kind="delay", seconds=1, interface="Prestore", when="after"))
            moment = None if number % 3 == 0 else dice.uniform(0, 8)
            await recharge_and_kill(hass, simulator, device["id"], moment)
            await hass.start()
        simulator.clear_faults()
        statuses = await settled(hass, simulator, entry_id)
        device = (await shown_meters(hass, entry_id))[codes[-1]].device
        last = await hass.service(
            "jrhsz", "recharge", {"device_id": device["id"], "amount": 20}, response=True
        )
        await hass.stop()

    ledger = {order.out_trade_no for order in simulator.ledger}
    assert last["status"] == "confirmed"
    confirmed = {number for number, status in statuses.items() if status == "confirmed"}
    assert confirmed | {last["order_number"]} == ledger
    assert all(order.times_received == 1 for order in simulator.ledger)
    assert len(simulator.calls_of("Prestore")) == len(ledger)
    assert "journal of orders is damaged" not in hass.log()
