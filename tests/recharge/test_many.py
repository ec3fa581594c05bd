"""Tests of crediting many meters: once each, whoever asks again, whatever fails in between."""

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, set_up
from ..support.recharges import (
    METER,
    OTHER,
    credited,
    device_of,
    hit,
    in_virtual_time,
    orders_of,
    recharge,
    recharge_many,
    restart_process,
)
from .test_restored import Backup, confirm


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters."""
    async with Simulator(meters=5, limit=0.0, seed=1, wechat=False) as simulator:
        yield simulator


@pytest.fixture
async def account(hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry) -> str:
    """Set the account up and return its entry's id."""
    await set_up(hass, config_entry)
    return config_entry.entry_id


def counts(response: dict[str, Any]) -> dict[str, int]:
    """Return the counts that aren't zero, but for the total."""
    return {
        key: count for key, count in response.items() if key not in {"recharges", "total"} and count
    }


def by_code(response: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows by user code."""
    return {row["user_code"]: row for row in response["recharges"]}


async def refused(hass: HomeAssistant, **data: Any) -> ServiceValidationError:
    """Return why a batch is refused as a whole."""
    with pytest.raises(ServiceValidationError) as error:
        await recharge_many(hass, **data)
    return error.value


async def test_all_of_an_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, account: str
) -> None:
    """Test that each meter is credited once, and has its row."""
    before = simulator.meters[METER].info().balance
    simulator.reset_counts()
    response = await recharge_many(hass, config_entry_id=account, amount=20)
    assert counts(response) == {"confirmed": 5}
    assert response["total"] == len(response["recharges"]) == 5
    row = by_code(response)[METER]
    assert re.fullmatch("HA[A-Z2-7]{26}", row["order_number"])
    assert row == {
        "device_id": device_of(hass, config_entry),
        "status": "confirmed",
        "order_number": row["order_number"],
        "meter": f"一栋 {METER}",
        "user_code": METER,
        "amount": 20.0,
        "balance_before": float(before),
        "balance": None,
        "message": "",
        "earlier": False,
    }
    for user_code in simulator.meters:
        assert credited(simulator, user_code) == 20
    assert {order.batch for order in orders_of(hass).values()} == {"B1"}
    # The new balances come with the next polls.
    assert len(simulator.calls_of("GetUserInfo")) == 5

    again = await recharge_many(hass, config_entry_id=account, amount="20.00")
    assert counts(again) == {"confirmed": 5}
    assert all(row["earlier"] for row in again["recharges"])
    assert len(simulator.calls_of("Prestore")) == 5


async def test_failures_stop_nobody(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    account: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that one meter's failure is in its row, and that the batch again makes up for it."""

    async def credit() -> Any:
        """Credit all meters, in no time."""
        call = recharge_many(hass, config_entry_id=account, amount=20)
        return await in_virtual_time(hass, freezer, call)

    codes = list(simulator.meters)
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore", user_code=codes[0]))
    simulator.add_fault(Fault(kind="cut", interface="Prestore", user_code=codes[1]))
    simulator.add_fault(
        Fault(kind="status", interface="GetUserInfo", user_code=codes[2], times=None)
    )
    response = await credit()
    assert counts(response) == {"confirmed": 2, "rejected": 1, "unknown": 1, "refused": 1}
    rows = by_code(response)
    assert [rows[code]["status"] for code in codes[:3]] == ["rejected", "unknown", "refused"]
    assert rows[codes[0]]["message"] == "失败"
    assert "could not be checked" in rows[codes[2]]["message"]
    assert (rows[codes[2]]["order_number"], rows[codes[2]]["amount"]) == (None, 20)

    simulator.clear_faults()
    await restart_process(hass, config_entry)
    response = await credit()
    assert counts(response) == {"confirmed": 4, "unknown": 1}
    again = by_code(response)
    assert again[codes[0]]["order_number"] != rows[codes[0]]["order_number"]
    assert again[codes[1]]["order_number"] == rows[codes[1]]["order_number"]
    assert [again[code]["earlier"] for code in codes] == [False, True, False, True, True]
    # What only its platform knew is found by asking again.
    simulator.meters[codes[1]].add_payment("20.00", order_number=rows[codes[1]]["order_number"])
    assert counts(await credit()) == {"confirmed": 5}
    for code in codes:
        assert sum(item.times_credited for item in simulator.ledger if item.user_code == code) == (
            0 if code == codes[1] else 1
        )
    assert await hass.config_entries.async_unload(account)


async def test_without_a_response(hass: HomeAssistant, simulator: Simulator, account: str) -> None:
    """Test that what went wrong is an error where nobody takes the rows."""
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo"))
    with pytest.raises(HomeAssistantError) as error:
        await recharge_many(hass, config_entry_id=account, amount=20, response=False)
    assert error.value.translation_key == "recharge_many_failed"
    assert "Of the 5 meters in batch B1, 4 were credited" in str(error.value)
    assert await recharge_many(hass, config_entry_id=account, amount=20, response=False) is None


async def test_up_to_and_only_below(
    hass: HomeAssistant, simulator: Simulator, account: str
) -> None:
    """Test that each meter gets what it lacks, and those that don't need it nothing."""
    codes = list(simulator.meters)
    for code, balance in zip(codes, ("10.00", "19.99", "20.00", "29.50", "99.00"), strict=True):
        simulator.meters[code].set_balance(balance)
    simulator.reset_counts()
    response = await recharge_many(hass, config_entry_id=account, up_to=30, only_below=20)
    assert counts(response) == {"confirmed": 2, "not_needed": 3}
    assert {code: row["amount"] for code, row in by_code(response).items() if row["amount"]} == {
        codes[0]: 20.0,
        codes[1]: 10.01,
    }
    # The balance is read once, for the sum and for the order.
    assert len(simulator.calls_of("GetUserInfo")) == 5
    # What wasn't needed then may be now.
    simulator.meters[codes[2]].set_balance("5.00")
    response = await recharge_many(hass, config_entry_id=account, up_to=30, only_below=20)
    assert by_code(response)[codes[2]]["amount"] == 25
    assert [row["earlier"] for row in response["recharges"]] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "asked", [{"amount": 21}, {"up_to": 121}, {"amount": 21, "only_below": 200}]
)
async def test_sum_above_the_limit(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, asked: dict[str, Any]
) -> None:
    """Test that a sum that is too much is refused before anything is sent, with the numbers."""
    entry = account_of(simulator, max_recharge_total_per_day=100)
    await set_up(hass, entry)
    for meter in simulator.meters.values():
        meter.set_balance("100.00")
    for dry_run in (True, False):
        error = await refused(hass, config_entry_id=entry.entry_id, dry_run=dry_run, **asked)
        assert error.translation_key == "batch_above_limit"
        assert str(error) == (
            "5 meters would need ¥105.00 in total, but this account's daily limit is ¥100.00: "
            "¥0.00 are used, ¥100.00 are left. Nothing was sent"
        )
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}
    # The name is free still.
    response = await recharge_many(hass, config_entry_id=entry.entry_id, amount=20)
    assert counts(response) == {"confirmed": 5}
    # What was done before doesn't count twice.
    assert counts(await recharge_many(hass, config_entry_id=entry.entry_id, amount=20)) == {
        "confirmed": 5
    }


async def test_limits_of_each(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that an order above a limit is refused, not cut: all of them, or that of one meter."""
    entry = account_of(simulator, max_recharge=50, max_recharge_per_day=60)
    await set_up(hass, entry)
    assert (
        await refused(hass, config_entry_id=entry.entry_id, amount=51)
    ).translation_key == "limit_per_order"
    for meter in simulator.meters.values():
        meter.set_balance("30.00")
    simulator.meters[METER].set_balance("0.00")
    response = await recharge_many(hass, config_entry_id=entry.entry_id, up_to=60)
    assert counts(response) == {"confirmed": 4, "refused": 1}
    row = by_code(response)[METER]
    assert (row["amount"], row["message"]) == (
        None,
        "The limit per order is ¥50.00. Nothing was sent.",
    )
    hass.config_entries.async_update_entry(entry, options={**entry.options, "max_recharge": 0})
    await hass.async_block_till_done(wait_background_tasks=True)
    error = await refused(hass, config_entry_id=entry.entry_id, amount=1, batch="B2")
    assert error.translation_key == "recharge_off"


async def test_credit_on_its_way(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, account: str
) -> None:
    """Test that no batch fills up what an earlier one has credited, though no balance shows it."""
    simulator.set_dialect(credit_delay=3600)
    for meter in simulator.meters.values():
        meter.set_balance("10.00")
    first = await recharge_many(hass, config_entry_id=account, up_to=30)
    assert {row["amount"] for row in first["recharges"]} == {20}
    second = await recharge_many(hass, config_entry_id=account, up_to=30, batch="B2")
    assert counts(second) == {"not_needed": 5}
    assert {code: row["order_number"] for code, row in by_code(second).items()} == {
        code: row["order_number"] for code, row in by_code(first).items()
    }
    below = await recharge_many(hass, config_entry_id=account, amount=5, only_below=30, batch="B3")
    assert counts(below) == {"not_needed": 5}
    more = await recharge_many(hass, config_entry_id=account, up_to=36, batch="B4")
    assert {row["amount"] for row in more["recharges"]} == {6}
    assert credited(simulator) == 26
    assert await hass.config_entries.async_unload(account)


async def test_limit_of_a_meter(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that what is above a meter's limit of the day is refused for it alone, never cut."""
    entry = account_of(simulator, max_recharge_per_day=60)
    await set_up(hass, entry)
    await recharge(hass, entry, amount=30)
    for code, meter in simulator.meters.items():
        meter.set_balance("45.00" if code == METER else "60.00")
    asked: list[tuple[dict[str, Any], str]] = [
        ({"amount": 31}, "confirmed"),
        ({"up_to": 91, "batch": "B2"}, "not_needed"),
    ]
    for data, others in asked:
        response = await recharge_many(hass, config_entry_id=entry.entry_id, **data)
        assert counts(response) == {others: 4, "refused": 1}
        message = by_code(response)[METER]["message"]
        assert message.startswith("This meter's daily limit is ¥60.00; ¥30.00 are used, ¥30.00 are")
    assert credited(simulator) == 30
    assert credited(simulator, OTHER) == 31


async def test_dry_run(hass: HomeAssistant, simulator: Simulator, account: str) -> None:
    """Test that a dry run tells what each meter would get, and binds nothing."""
    simulator.meters[METER].set_balance("50.00")
    simulator.meters[OTHER].set_balance("4.50")
    codes = [METER, OTHER]
    response = await recharge_many(hass, config_entry_id=account, up_to=50, dry_run=True)
    rows = by_code(response)
    assert [(rows[code]["status"], rows[code]["amount"]) for code in codes] == [
        ("not_needed", None),
        ("dry_run", 45.5),
    ]
    assert orders_of(hass) == {}
    assert hass.data[DATA_ORDERS].journal.notes == {}
    real = await recharge_many(hass, config_entry_id=account, up_to=51)
    assert by_code(real)[OTHER]["amount"] == 46.5
    assert by_code(real)[OTHER]["order_number"] == rows[OTHER]["order_number"]


async def test_other_values(hass: HomeAssistant, simulator: Simulator, account: str) -> None:
    """Test that a batch with other values is refused whole, also while it is under way."""
    first = asyncio.create_task(recharge_many(hass, config_entry_id=account, amount=20))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others: list[dict[str, Any]] = [
        {"amount": 21},
        {"up_to": 20},
        {"amount": 20, "only_below": 1000},
    ]
    for other in others:
        error = await refused(hass, config_entry_id=account, **other)
        assert error.translation_key == "batch_differs"
    assert counts(await first) == {"confirmed": 5}
    for other in others:
        error = await refused(hass, config_entry_id=account, dry_run=True, **other)
        assert error.translation_key == "batch_differs"
    assert len(simulator.calls_of("Prestore")) == 5


async def test_other_account(hass: HomeAssistant, simulator: Simulator, account: str) -> None:
    """Test that a batch keeps its account, and is of one."""
    await recharge_many(hass, config_entry_id=account, amount=20)
    entry = hass.config_entries.async_get_known_entry(account)
    other = MockConfigEntry(
        domain="jrhsz",
        title="other",
        unique_id="elsewhere.example/other",
        data=entry.data,
        options=entry.options,
    )
    await set_up(hass, other)
    assert (
        await refused(hass, config_entry_id=other.entry_id, amount=20)
    ).translation_key == "batch_differs"
    balances = [
        state.entity_id
        for state in hass.states.async_all("sensor")
        if "_balance" in state.entity_id
    ]
    error = await refused(hass, entity_id=balances, amount=20, batch="B2")
    assert error.translation_key == "several_accounts"


async def test_over(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    account: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that last week's name doesn't silently do nothing, also after a restart."""
    await recharge_many(hass, config_entry_id=account, amount=20)
    await restart_process(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    begun = dt_util.now()
    freezer.tick(8 * 86_400)
    for dry_run in (True, False):
        error = await refused(hass, config_entry_id=account, amount=20, dry_run=dry_run)
        assert error.translation_key == "batch_over"
        assert f"B1 was started on {begun:%Y-%m-%d}" in str(error)
    assert len(simulator.calls_of("Prestore")) == 5
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await hass.config_entries.async_unload(account)


async def test_joined(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, account: str
) -> None:
    """Test that calls at the same time are one, and other meters come after."""
    one = [device_of(hass, config_entry, METER)]
    first, second, third = await asyncio.gather(
        recharge_many(hass, device_id=one, amount=20),
        recharge_many(hass, device_id=one, amount=20),
        recharge_many(hass, config_entry_id=account, amount=20),
    )
    assert first == second
    assert counts(first) == {"confirmed": 1}
    assert [row["earlier"] for row in third["recharges"]] == [True, False, False, False, False]
    assert len(simulator.calls_of("Prestore")) == 5


async def test_order_of_a_person_meanwhile(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, account: str
) -> None:
    """Test that a balance that another order has changed since is read again."""
    for meter in simulator.meters.values():
        meter.set_balance("10.00")
    slow = simulator.add_fault(
        Fault(kind="delay", seconds=0.3, interface="GetUserInfo", user_code=OTHER)
    )
    batch = asyncio.create_task(recharge_many(hass, config_entry_id=account, up_to=30))
    await hit(slow)
    await recharge(hass, config_entry, METER, amount=15)
    row = by_code(await batch)[METER]
    assert (row["balance_before"], row["amount"]) == (25, 5)
    assert credited(simulator) == 20


async def test_order_that_only_the_platform_knows(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, account: str
) -> None:
    """Test that what another Home Assistant sent in the same batch isn't sent again."""
    dry = await recharge_many(hass, config_entry_id=account, amount=20, dry_run=True)
    number = by_code(dry)[METER]["order_number"]
    simulator.meters[METER].add_payment("20.00", order_number=number)
    response = await recharge_many(hass, config_entry_id=account, amount=20)
    assert counts(response) == {"confirmed": 5}
    assert len(simulator.calls_of("Prestore")) == 4
    assert orders_of(hass)[number].source == "payments"


async def test_caller_that_goes_away(
    hass: HomeAssistant, simulator: Simulator, account: str
) -> None:
    """Test that a batch goes on when its caller is stopped."""
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="Prestore"))
    call = asyncio.create_task(recharge_many(hass, config_entry_id=account, amount=20))
    await hit(slow)
    call.cancel()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert call.cancelled()
    assert len(simulator.ledger) == 5


async def test_settled_while_it_waits(
    hass: HomeAssistant, simulator: Simulator, account: str, freezer: FrozenDateTimeFactory
) -> None:
    """Test that an order that is refused at the door is known to be rejected in the same call."""
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    simulator.add_fault(Fault(kind="cut", interface="Prestore", skip=1))
    response = await in_virtual_time(
        hass, freezer, recharge_many(hass, config_entry_id=account, amount=20)
    )
    assert counts(response) == {"confirmed": 3, "rejected": 1, "unknown": 1}
    assert await hass.config_entries.async_unload(account)


@pytest.mark.parametrize("name", ["", "a" * 17, "a-b", 2026, None])
async def test_names_that_are_none(
    hass: HomeAssistant, simulator: Simulator, account: str, name: Any
) -> None:
    """Test that a batch has a name."""
    error = await refused(hass, config_entry_id=account, amount=20, batch=name)
    assert error.translation_key == "invalid_batch"
    assert simulator.calls_of("Prestore") == []


async def test_get_recharges(hass: HomeAssistant, simulator: Simulator, account: str) -> None:
    """Test that the orders of a batch can be had alone, compared too."""
    await recharge_many(hass, config_entry_id=account, amount=20)
    other = await recharge_many(hass, config_entry_id=account, amount=10, batch="B2")
    assert credited(simulator) == Decimal(30)

    async def orders(**data: Any) -> Any:
        """Return the orders."""
        response = await hass.services.async_call(
            "jrhsz",
            "get_recharges",
            {"config_entry_id": account, **data},
            blocking=True,
            return_response=True,
        )
        return response["recharges"] if response else None

    assert len(await orders()) == 10
    found = await orders(batch="B2", verify=True)
    assert {order["order_number"] for order in found} == {
        row["order_number"] for row in other["recharges"]
    }
    assert {order["verification"] for order in found} == {"match"}
    assert await orders(batch="B3") == []
    with pytest.raises(ServiceValidationError) as error:
        await orders(batch="a-b")
    assert error.value.translation_key == "invalid_batch"


async def test_after_a_restore(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    account: str,
    *,
    freezer: FrozenDateTimeFactory,
    tmp_path: Path,
) -> None:
    """Test that a batch that a restored journal knows nothing of credits nobody twice."""
    backup = Backup(hass, tmp_path / "backup")
    for code in (METER, OTHER):
        simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore", user_code=code))
    await in_virtual_time(hass, freezer, recharge_many(hass, config_entry_id=account, amount=20))
    response = await recharge_many(hass, config_entry_id=account, amount=20)
    assert counts(response) == {"confirmed": 5}
    numbers = {row["order_number"] for row in response["recharges"]}
    await backup.restore(config_entry)
    assert orders_of(hass) == {}
    response = await recharge_many(hass, config_entry_id=account, amount=20)
    assert counts(response) == {"refused": 5}
    await confirm(hass)
    response = await recharge_many(hass, config_entry_id=account, amount=20)
    assert counts(response) == {"confirmed": 5}
    assert {row["order_number"] for row in response["recharges"]} == numbers
    assert len(simulator.calls_of("Prestore")) == 7
    assert await hass.config_entries.async_unload(account)
