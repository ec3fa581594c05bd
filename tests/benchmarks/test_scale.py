"""Tests of what many meters wait for, in virtual time with real sockets."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.simulator import Fault, Simulator

from . import age
from .figures import table
from .home import entry_of, home
from .virtual_time import VirtualLoop, run

ROOMS = 60
INTERVAL = 2.0
ROUND_TRIP = 0.1
AT_MOST = 180


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("scan_minutes", [1, 10], ids=["always busy", "with pauses"])
def test_age_and_refreshes(scan_minutes: int) -> None:
    """Test that no value is too old, and that refreshes go first and don't stop the others."""
    figures = age.measure(meters=120, scan_minutes=scan_minutes, passes=3, urgent=30)
    assert not [figure for figure in figures if not figure.ok], f"\n{table(figures)}"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("asked", [{"amount": 20}, {"up_to": 150}], ids=lambda asked: str(*asked))
def test_sixty_recharges(asked: dict[str, Any]) -> None:
    """Test that sixty meters, two of which fail, take three minutes at most, no call too soon."""

    async def main(loop: VirtualLoop) -> dict[str, Any]:
        """Credit all meters of an account that is being polled meanwhile."""
        with TemporaryDirectory() as folder:
            async with (
                Simulator(
                    meters=ROOMS,
                    limit=INTERVAL,
                    delay=ROUND_TRIP,
                    history_days=1,
                    monotonic=loop.time,
                ) as simulator,
                home(Path(folder)) as hass,
            ):
                entry = entry_of(
                    simulator, history_days=0, scan_interval=5, max_recharge_total_per_day=10**4
                )
                await hass.config_entries.async_add(entry)
                await hass.async_block_till_done()
                for meter in simulator.meters.values():
                    meter.set_balance("100.00")
                codes = list(simulator.meters)
                for code in codes[:2]:
                    fault = Fault(kind="code", code=1008, interface="Prestore", user_code=code)
                    simulator.add_fault(fault)
                begun = loop.time()
                answer = await hass.services.async_call(
                    "jrhsz",
                    "recharge_many",
                    {"config_entry_id": entry.entry_id, "batch": "Rent", **asked},
                    blocking=True,
                    return_response=True,
                )
                return {
                    **(answer or {}),
                    "seconds": loop.time() - begun,
                    "early": simulator.early,
                    "booked": [order.credited for order in simulator.ledger],
                }

    answer = run(main)
    # What was refused at the door is known to be rejected a minute later, or when all is answered.
    failed = answer["rejected"] + answer["unknown"]
    assert (answer["total"], answer["confirmed"], failed) == (ROOMS, ROOMS - 2, 2)
    wanted = Decimal(asked.get("amount", 50))
    assert len(answer["booked"]) == ROOMS - 2
    # While the others are read some is used.
    assert all(
        wanted <= booked <= wanted + (1 if "up_to" in asked else 0) for booked in answer["booked"]
    )
    assert answer["early"] == 0
    assert answer["seconds"] <= AT_MOST
