"""Tests of a process that is killed in the middle of a recharge."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
import random

import pytest

from ..simulator import Fault, Simulator
from ..support.kill_child import Children

MOMENTS = 100
STEPS = [
    "meter read",
    "payments read",
    "written",
    "fsync",
    "witnessed",
    "reserved",
    "about to send",
    "answered",
    "written",
    "fsync",
    "witnessed",
    "outcome kept",
    "done",
]
FIRST_START = [
    *["fsync", "fsync", "witnessed"],
    *["fsync", "replaced", "fsync"],
    *["fsync", "fsync", "witnessed"],
    *["fsync", "replaced", "fsync"],
    "done",
]


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with another meter for every round."""
    async with Simulator(
        meters=MOMENTS + 2 * len(STEPS), limit=0.0, seed=1, history_days=1
    ) as simulator:
        yield simulator


@pytest.fixture
async def children(tmp_path: Path, simulator: Simulator) -> AsyncGenerator[Children]:
    """Run the process that makes children, with an account of the simulator."""
    entry = {
        "entry_id": "one",
        "domain": "jrhsz",
        "title": "demo",
        "unique_id": "host/demo",
        "data": {"url": simulator.url, "username": "demo", "verify_ssl": True},
        "options": {"max_recharge_total_per_day": 10**6},
        "version": 1,
        "minor_version": 1,
        "source": "user",
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "discovery_keys": {},
        "subentries": [],
        "created_at": "2026-01-01T00:00:00+00:00",
        "modified_at": "2026-01-01T00:00:00+00:00",
    }
    storage = tmp_path / ".storage"
    storage.mkdir()
    (storage / "core.config_entries").write_text(
        json.dumps(
            {
                "version": 1,
                "minor_version": 5,
                "key": "core.config_entries",
                "data": {"entries": [entry]},
            }
        ),
        encoding="utf-8",
    )
    async with Children(tmp_path, simulator.url) as children:
        yield children


async def assert_nothing_lost(children: Children, simulator: Simulator) -> dict[str, str]:
    """Assert that ledger and journal agree after a last start; return the journal's statuses."""
    last = await children.run()
    assert last["end"] == 0
    statuses: dict[str, str] = last["result"]
    ledger = {order.out_trade_no for order in simulator.ledger}
    assert all(order.times_received == 1 for order in simulator.ledger)
    assert ledger <= set(statuses)
    confirmed = {number for number, status in statuses.items() if status == "confirmed"}
    assert confirmed == ledger
    sent = [call.params["out_trade_no"] for call in simulator.calls_of("Prestore")]
    assert len(sent) == len(set(sent))
    return statuses


async def test_killed_after_each_step(children: Children, simulator: Simulator) -> None:
    """Test that no step is one after which an order may be lost or sent again."""
    meters = iter(simulator.meters)
    await children.run()
    whole = await children.run(user_code=next(meters))
    assert whole["result"] == "confirmed"
    # Meter and payments are read side by side.
    assert sorted(whole["steps"][:2]) == STEPS[:2]
    assert whole["steps"][2:] == STEPS[2:]
    for number, name in enumerate(STEPS, 1):
        booked = len(simulator.ledger)
        killed = await children.run(user_code=next(meters), kill_after=number)
        assert killed["end"] == -9
        assert len(killed["steps"]) == number
        assert (len(simulator.ledger) > booked) == (number >= STEPS.index("answered") + 1), name
    statuses = await assert_nothing_lost(children, simulator)
    # Once its reservation is written every order is known.
    assert len(statuses) == 1 + len(STEPS) - STEPS.index("written")


async def test_killed_at_the_first_start(
    children: Children, simulator: Simulator, tmp_path: Path
) -> None:
    """Test that a first start that was killed isn't taken for a restore, and leaves nothing."""
    for number in range(1, len(FIRST_START) + 1):
        killed = await children.run(kill_after=number)
        assert (killed["steps"], killed["end"]) == (FIRST_START[:number], -9)
        assert (await children.run(user_code=next(iter(simulator.meters))))["result"] == "confirmed"
        storage, cache = tmp_path / ".storage", tmp_path / ".cache"
        files = {*storage.glob("jrhsz.*"), *(cache / "jrhsz").iterdir()}
        assert {file.name for file in files} == {"jrhsz.journal", "jrhsz.orders", "witness"}
        for file in files:
            file.unlink()
    assert len(simulator.ledger) == len(FIRST_START)


# Each round is short, but the machine may be busy.
@pytest.mark.timeout(300)
async def test_killed_at_random_moments(children: Children, simulator: Simulator) -> None:
    """Test that no moment is one at which an order may be lost or sent again."""
    meters = iter(simulator.meters)
    dice = random.Random(1)  # noqa: S311  seeded, to be repeated
    duration = min([(await children.run(user_code=next(meters)))["seconds"] for _ in range(3)])
    ends: list[tuple[int, int]] = []
    for _ in range(MOMENTS):
        # The dangerous moments are made longer in half of the rounds.
        slow = dice.choice([0.0, duration])
        simulator.clear_faults()
        simulator.add_fault(
            Fault(
                kind="delay",
                interface="Prestore",
                when=dice.choice(["before", "after"]),
                seconds=slow,
            )
        )
        ended = await children.run(
            user_code=next(meters), kill_after_seconds=dice.uniform(0, 1.1 * (duration + slow))
        )
        ends.append((ended["end"], len(ended["steps"])))
    simulator.clear_faults()
    await assert_nothing_lost(children, simulator)
    killed = {steps for end, steps in ends if end == -9}
    # They really were killed, before and after sending.
    assert min(killed) < STEPS.index("about to send") <= max(killed)
