"""Tests of the one path that spends credit."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.jrhsz.devices import async_deselect
from custom_components.jrhsz.recharge.journal_file import JournalFile
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import CST, Fault, Simulator
from ..support.accounts import account_of, restart, set_up, wait_for
from ..support.recharges import (
    METER,
    OTHER,
    credited,
    device_of,
    hit,
    orders_of,
    recharge,
    set_clock,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=CST)


async def test_confirmed(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test a recharge that the platform answers with success."""
    await set_up(hass, config_entry)
    events = async_capture_events(hass, "jrhsz_recharge")
    before = simulator.meters[METER].info().balance
    simulator.reset_counts()
    response = await recharge(hass, config_entry, amount=20.5)
    number = response["order_number"]
    assert response == {
        "status": "confirmed",
        "order_number": number,
        "meter": f"一栋 {METER}",
        "user_code": METER,
        "amount": 20.5,
        "balance_before": float(before),
        "balance": float(before + Decimal("20.50")),
        "message": "",
    }
    assert number.startswith("HA")
    assert len(number) == 28
    assert [(order.out_trade_no, order.amount) for order in simulator.ledger] == [
        (number, Decimal("20.50"))
    ]
    (call,) = simulator.calls_of("Prestore")
    assert call.params["total_fee"] == "20.50"
    assert [event.data for event in events] == [
        {
            "order_number": number,
            "device_id": device_of(hass, config_entry),
            "amount": 20.5,
            "status": "confirmed",
            "source": "answer",
        }
    ]
    order = orders_of(hass)[number]
    assert order.status == "confirmed"
    assert order.balance_before == before
    assert order.balance_after == before + Decimal("20.50")
    assert credited(simulator) == Decimal("20.50")


async def test_no_response_asked_for(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a success needs no response."""
    await set_up(hass, config_entry)
    assert await recharge(hass, config_entry, response=False) is None
    assert credited(simulator) == 20


async def test_balance_after_is_not_known(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a meter that can't be read afterwards changes no outcome."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", skip=1))
    response = await recharge(hass, config_entry)
    assert response["status"] == "confirmed"
    assert response["balance"] is None


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        (1, "1.00"),
        (999, "999.00"),
        (0.1 + 0.2, "0.30"),
        (19.99, "19.99"),
        ("7", "7.00"),
        ("7.5", "7.50"),
        ("0000012.34", None),
        ("012.34", "12.34"),
        (0, None),
        (0.0, None),
        ("0.00", None),
        (-1, None),
        (0.001, None),
        (0.015, None),
        (float("nan"), None),
        (float("inf"), None),
        (1e9, None),
        (1_000_000, None),
        pytest.param(10**5000, None, id="more digits than Python writes"),
        (True, None),
        (None, None),
        ([1], None),
        ("1_000", None),
        ("1e2", None),
        ("+5", None),
        (" 5", None),
        ("5.", None),
        (".5", None),
        ("5.123", None),
        ("5\n", None),
        ("１０", None),
        ("٣", None),
        ("1,000.00", None),
        ("", None),
    ],
)
async def test_amounts(
    hass: HomeAssistant,
    simulator: Simulator,
    amount: Any,
    sent: str | None,
    no_pace: None,
) -> None:
    """Test that an amount is sent as meant, or refused."""
    entry = account_of(simulator, max_recharge=10**6, max_recharge_per_day=10**6)
    await set_up(hass, entry)
    if sent is None:
        with pytest.raises(ServiceValidationError) as error:
            await recharge(hass, entry, amount=amount)
        assert error.value.translation_key == "invalid_amount"
        assert simulator.calls_of("Prestore") == []
        assert orders_of(hass) == {}
        return
    await recharge(hass, entry, amount=amount)
    (call,) = simulator.calls_of("Prestore")
    assert call.params["total_fee"] == sent


@pytest.mark.parametrize("number", ["", "a" * 33, "a-b", "a b", "订单", 12345, True, None, "a\n"])
async def test_order_numbers_that_are_none(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, number: Any
) -> None:
    """Test that an order number that might arrive as another one is refused."""
    await set_up(hass, config_entry)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, order_number=number)
    assert error.value.translation_key == "invalid_order_number"
    assert simulator.calls_of("Prestore") == []


async def test_repeated_order_number(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a number used before gets its outcome, or is refused for another purpose."""
    await set_up(hass, config_entry)
    first = await recharge(hass, config_entry, order_number="Mine1")
    simulator.reset_counts()
    assert await recharge(hass, config_entry, order_number="Mine1", amount="20.00") == first
    assert simulator.calls == []
    for other in ({"amount": 21}, {"user_code": OTHER}):
        with pytest.raises(ServiceValidationError) as error:
            await recharge(hass, config_entry, order_number="Mine1", **other)
        assert error.value.translation_key == "order_number_used"
    await restart(hass, config_entry)
    assert await recharge(hass, config_entry, order_number="Mine1") == first
    assert credited(simulator) == 20


async def test_concurrent_calls_of_one_order(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that fifty calls at once credit once, and all get that outcome."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="delay", seconds=0.1, interface="Prestore"))
    calls = [recharge(hass, config_entry, order_number="Mine1") for _ in range(50)]
    outcomes: list[Any] = await asyncio.gather(
        *calls,
        recharge(hass, config_entry, OTHER, order_number="Mine1"),
        recharge(hass, config_entry, order_number="Mine1", amount=30),
        return_exceptions=True,
    )
    assert len(simulator.calls_of("Prestore")) == 1
    assert credited(simulator) == 20
    assert (outcomes[0]["order_number"], outcomes[0]["status"]) == ("Mine1", "confirmed")
    balance = simulator.meters[METER].info().balance
    assert outcomes[0]["balance"] == float(balance)
    assert all(outcome == outcomes[0] for outcome in outcomes[:50])
    for refused in outcomes[50:]:
        assert isinstance(refused, ServiceValidationError)
        assert refused.translation_key == "order_number_used"


async def test_concurrent_orders_of_one_meter(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that different orders of a meter are credited once each, one after another."""
    entry = account_of(simulator, max_recharge_per_day=200)
    await set_up(hass, entry)
    outcomes = await asyncio.gather(
        *(recharge(hass, entry, order_number=f"Mine{index}") for index in range(12)),
        return_exceptions=True,
    )
    for earlier, later in pairwise(simulator.calls_of("Prestore")):
        assert earlier.answered is not None
        assert later.arrived >= earlier.answered
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceValidationError)]
    assert len(refused) == 2
    assert {error.translation_key for error in refused} == {"limit_per_day"}
    assert "daily limit is ¥200.00; ¥200.00 are used, ¥0.00 are left" in str(refused[0])
    assert credited(simulator) == 200


async def test_limits(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test the limits of an order, of a meter and of the account."""
    entry = account_of(
        simulator, max_recharge=50, max_recharge_per_day=80, max_recharge_total_per_day=100
    )
    await set_up(hass, entry)

    async def refused(**arguments: Any) -> str:
        """Return why a recharge is refused."""
        with pytest.raises(ServiceValidationError) as error:
            await recharge(hass, entry, **arguments)
        return str(error.value)

    assert "limit per order is ¥50.00" in await refused(amount=50.01)
    await recharge(hass, entry, amount=50)
    message = await refused(amount="30.01")
    assert "meter's daily limit is ¥80.00; ¥50.00 are used, ¥30.00 are left" in message
    await recharge(hass, entry, amount=30)
    message = await refused(user_code=OTHER, amount=21)
    assert "account's daily limit for all meters together is ¥100.00" in message
    assert "¥80.00 are used, ¥20.00 are left" in message
    await recharge(hass, entry, OTHER, amount=20)
    assert "0.00 are left" in await refused(user_code=OTHER, amount=0.01)
    assert len(simulator.calls_of("Prestore")) == 3

    await restart(hass, entry)
    assert "0.00 are left" in await refused(user_code=OTHER, amount=0.01)
    assert len(simulator.calls_of("Prestore")) == 3


async def test_limit_under_concurrency(
    hass: HomeAssistant,
    simulator: Simulator,
    no_pace: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that recharges of many meters at once don't exceed the account's limit."""
    entry = account_of(simulator, max_recharge_total_per_day=60)
    await set_up(hass, entry)
    write = JournalFile.write

    def slow(*args: Any) -> None:
        """Take as long as a slow disk, in which others may want to reserve too."""
        time.sleep(0.1)
        write(*args)

    monkeypatch.setattr(JournalFile, "write", slow)
    outcomes: list[Any] = await asyncio.gather(
        *(recharge(hass, entry, code) for code in simulator.meters), return_exceptions=True
    )
    kinds = Counter(
        "refused" if isinstance(outcome, ServiceValidationError) else outcome["status"]
        for outcome in outcomes
    )
    assert kinds == {"confirmed": 3, "refused": 5}
    assert sum(order.credited for order in simulator.ledger) == 60


async def test_recharging_off(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that a limit of zero per order switches recharging off."""
    entry = account_of(simulator, max_recharge=0)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry)
    assert error.value.translation_key == "recharge_off"
    assert simulator.calls_of("Prestore") == []


async def test_midnight(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    no_pace: None,
) -> None:
    """Test that the day of the limits is that of China, wherever Home Assistant is."""
    await hass.config.async_set_time_zone("America/Los_Angeles")
    freezer.move_to(NOON.replace(hour=23, minute=59, second=50))
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    await recharge(hass, entry, amount=100)
    with pytest.raises(ServiceValidationError):
        await recharge(hass, entry, amount=1)
    freezer.tick(timedelta(seconds=11))
    await recharge(hass, entry, amount=100)
    freezer.tick(timedelta(hours=8))
    with pytest.raises(ServiceValidationError):
        await recharge(hass, entry, amount=1)
    assert credited(simulator) == 200
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_clock_set_back(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    no_pace: None,
) -> None:
    """Test that what was ordered on a later day counts, here and elsewhere."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    await recharge(hass, entry, amount=60)
    simulator.meters[METER].add_payment(15, order_number=f"HA{'X' * 26}")
    set_clock(monkeypatch, days=-1)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, amount=26)
    assert "¥75.00 are used, ¥25.00 are left" in str(error.value)
    assert credited(simulator) == 60


async def test_two_accounts_with_one_meter(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that the meter's limit and its turn hold over two accounts."""
    simulator.set_password("second", "second-password")
    one = account_of(simulator, max_recharge_per_day=100)
    two = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, one)
    two.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        two,
        data={**two.data, "username": "second", "password": "second-password"},
        unique_id=str(two.unique_id).replace("demo", "second"),
    )
    await set_up(hass, two)
    outcomes = await asyncio.gather(
        *(recharge(hass, entry, amount=40) for entry in (one, two, one, two)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, ServiceValidationError) for outcome in outcomes].count(True) == 2
    assert credited(simulator) == 80
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, two, order_number="Mine1", amount=40)
    assert "¥80.00 are used, ¥20.00 are left" in str(error.value)


async def test_unknown_counts_and_blocks(
    hass: HomeAssistant, simulator: Simulator, no_pauses: None, no_pace: None
) -> None:
    """Test that an open order counts toward the limits and blocks its meter, and no other."""
    entry = account_of(simulator, max_recharge_total_per_day=40)
    await set_up(hass, entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    first = await recharge(hass, entry, order_number="Mine1", amount=30)
    assert first["status"] == "unknown"
    assert await recharge(hass, entry, order_number="Mine1", amount=30) == first
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, amount=1)
    assert error.value.translation_key == "open_order"
    assert "Mine1" in str(error.value)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, OTHER, amount=11)
    assert "¥30.00 are used, ¥10.00 are left" in str(error.value)
    assert (await recharge(hass, entry, OTHER, amount=10))["status"] == "confirmed"
    assert len(simulator.calls_of("Prestore")) == 2


@pytest.mark.usefixtures("no_pauses")
async def test_rejected_counts_for_nothing(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that a rejected order neither counts nor blocks."""
    entry = account_of(simulator, max_recharge_per_day=20)
    await set_up(hass, entry)
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    assert (await recharge(hass, entry))["status"] == "rejected"
    assert (await recharge(hass, entry))["status"] == "confirmed"
    assert credited(simulator) == 20


async def test_only_below(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is sent while the balance is sufficient."""
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("20.00")
    response = await recharge(hass, config_entry, only_below=20)
    assert response["status"] == "not_needed"
    assert response["balance_before"] == response["balance"] == 20
    assert response["amount"] == 20
    assert response["order_number"] is None
    assert await recharge(hass, config_entry, only_below=20, response=False) is None
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}
    simulator.meters[METER].set_balance("19.99")
    assert (await recharge(hass, config_entry, only_below="20.00"))["status"] == "confirmed"
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, only_below="much")
    assert error.value.translation_key == "invalid_only_below"


async def test_only_below_with_credit_on_its_way(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a credit that isn't in the balance yet is taken into account, and named."""
    simulator.set_dialect(credit_delay=3600)
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("10.00")
    outcomes = await asyncio.gather(
        *(recharge(hass, config_entry, only_below=25, order_number=f"Mine{i}") for i in range(3))
    )
    assert [outcome["status"] for outcome in outcomes] == ["confirmed", "not_needed", "not_needed"]
    for outcome in outcomes[1:]:
        assert (outcome["order_number"], outcome["balance"]) == ("Mine0", 10)
        assert outcome["message"] == (
            "Order Mine0 of ¥20.00 is credited and on its way to the balance."
        )
    # Both together are not enough for this one.
    assert (await recharge(hass, config_entry, only_below=31))["status"] == "confirmed"
    # After an hour the balance itself tells.
    await wait_for(hass, freezer, hours=1, minutes=1)
    response = await recharge(hass, config_entry, only_below=40)
    assert (response["status"], response["order_number"]) == ("not_needed", None)
    assert all(order.in_balance for order in orders_of(hass).values())
    simulator.meters[METER].set_balance("10.00")
    assert (await recharge(hass, config_entry, only_below=25))["status"] == "confirmed"
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_credit_that_never_shows_in_the_balance(
    hass: HomeAssistant, socket_enabled: None, freezer: FrozenDateTimeFactory, no_pace: None
) -> None:
    """Test that after two days a credit is in the balance, whatever that says."""
    async with Simulator(
        meters=2, limit=0.0, wechat=False, consumption=0.0, history_days=40
    ) as simulator:
        simulator.set_dialect(credit_delay=10**6)
        entry = account_of(simulator)
        await set_up(hass, entry)
        simulator.meters[METER].set_balance("10.00")
        await recharge(hass, entry)
        await wait_for(hass, freezer, hours=47)
        assert (await recharge(hass, entry, only_below=20))["status"] == "not_needed"
        await wait_for(hass, freezer, hours=1, minutes=1)
        assert (await recharge(hass, entry, only_below=20))["status"] == "confirmed"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_only_below_without_balance(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a balance that the platform doesn't tell is not low."""
    await set_up(hass, config_entry)
    simulator.set_dialect(numbers="null", numbers_only="GetUserInfo")
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, only_below=20)
    assert error.value.translation_key == "balance_unknown"
    assert simulator.calls_of("Prestore") == []
    response = await recharge(hass, config_entry)
    assert response["status"] == "confirmed"
    assert response["balance_before"] is None


async def test_dry_run(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a dry run checks all, and sends and records nothing."""
    await set_up(hass, config_entry)
    events = async_capture_events(hass, "jrhsz_recharge")
    simulator.reset_counts()
    response = await recharge(hass, config_entry, dry_run=True)
    assert response["status"] == "dry_run"
    assert response["balance_before"] == float(simulator.meters[METER].info().balance)
    assert {call.interface for call in simulator.calls} == {"GetUserInfo", "GetPaymentList"}
    with pytest.raises(ServiceValidationError):
        await recharge(hass, config_entry, dry_run=True, amount=501)
    assert orders_of(hass) == {}
    assert events == []


async def test_number_that_only_the_platform_knows(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that an order from before a restored backup isn't sent again, and counts."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    meter = simulator.meters[METER]
    meter.add_payment(60, order_number="Mine1")
    meter.add_payment(15, order_number=f"HA{'X' * 26}")
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, order_number="Mine1", amount=61)
    assert error.value.translation_key == "order_number_used"
    dry = await recharge(hass, entry, order_number="Mine1", amount=60, dry_run=True)
    assert dry["status"] == "confirmed"
    assert orders_of(hass) == {}
    response = await recharge(hass, entry, order_number="Mine1", amount=60)
    assert response["status"] == "confirmed"
    assert orders_of(hass)["Mine1"].source == "payments"
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, amount=26)
    assert "¥75.00 are used, ¥25.00 are left" in str(error.value)
    assert simulator.calls_of("Prestore") == []


async def test_platform_down_before_sending(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is sent if the meter can't be checked."""
    await set_up(hass, config_entry)
    for interface in ("GetUserInfo", "GetPaymentList"):
        simulator.add_fault(Fault(kind="status", interface=interface))
        with pytest.raises(HomeAssistantError) as error:
            await recharge(hass, config_entry)
        assert error.value.translation_key == "not_checked"
        assert "The platform answered with HTTP status 500." in str(error.value)
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}


async def test_list_not_permitted(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is sent where the outcome could not be checked."""
    simulator.set_dialect(forbidden=("GetPaymentList",))
    await set_up(hass, config_entry)
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry)
    assert error.value.translation_key == "not_checkable"
    assert "GetPaymentList" in str(error.value)
    assert simulator.calls_of("Prestore") == []


async def test_password_refused(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a refused login asks for a new password, and nothing is sent."""
    await set_up(hass, config_entry)
    simulator.set_password("demo", "another")
    simulator.expire_tokens()
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry)
    assert error.value.translation_key == "not_checked"
    await hass.async_block_till_done(wait_background_tasks=True)
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    assert simulator.calls_of("Prestore") == []


async def test_rights(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_admin_user: User,
    hass_read_only_user: User,
) -> None:
    """Test that only administrators recharge and see recharges; automations do too."""
    await set_up(hass, config_entry)
    user = MockUser(is_owner=False).add_to_hass(hass)
    for denied in (user, hass_read_only_user):
        with pytest.raises(Unauthorized):
            await recharge(hass, config_entry, context=Context(user_id=denied.id))
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                "jrhsz",
                "get_recharges",
                {"config_entry_id": config_entry.entry_id},
                blocking=True,
                return_response=True,
                context=Context(user_id=denied.id),
            )
    assert simulator.calls_of("Prestore") == []
    assert orders_of(hass) == {}
    context = Context(user_id=hass_admin_user.id)
    events = async_capture_events(hass, "jrhsz_recharge")
    await recharge(hass, config_entry, context=context)
    await recharge(hass, config_entry)
    assert [order.user_id for order in orders_of(hass).values()] == [hass_admin_user.id, None]
    assert events[0].context is context


async def test_other_devices(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that anything but a meter of a loaded account is refused."""
    await set_up(hass, config_entry)
    meter = device_of(hass, config_entry)
    account = dr.async_get(hass).async_get_device_by_identifier(
        ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
    )
    assert account is not None
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    for device_id in ("nothing", account.id, meter):
        if device_id == account.id:
            await set_up(hass, config_entry)
        if device_id == meter:
            assert await hass.config_entries.async_unload(config_entry.entry_id)
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(
                "jrhsz", "recharge", {"device_id": device_id, "amount": 1}, blocking=True
            )
        assert error.value.translation_key == "no_meter"
    assert simulator.calls_of("Prestore") == []


async def test_cancelled_caller(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a stopped script stops nothing once it is sent, and all of it before."""
    await set_up(hass, config_entry)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="Prestore"))
    call = hass.async_create_task(recharge(hass, config_entry))
    await hit(slow)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [order.status for order in orders_of(hass).values()] == ["unknown"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [order.status for order in orders_of(hass).values()] == ["confirmed"]

    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="GetUserInfo"))
    call = hass.async_create_task(recharge(hass, config_entry))
    await hit(slow)
    call.cancel()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert credited(simulator) == 20


async def test_caller_cancelled_while_an_order_is_taken_over(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an order that only the platform knew is told once it is written down."""
    await set_up(hass, config_entry)
    simulator.meters[METER].add_payment(20, order_number="Mine1")
    events = async_capture_events(hass, "jrhsz_recharge")
    writing, write = asyncio.Event(), JournalFile.write

    def slow(*args: Any) -> None:
        """Take as long as a slow disk."""
        hass.loop.call_soon_threadsafe(writing.set)
        time.sleep(0.1)
        write(*args)

    monkeypatch.setattr(JournalFile, "write", slow)
    call = hass.async_create_task(recharge(hass, config_entry, order_number="Mine1"))
    await writing.wait()
    call.cancel()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert call.cancelled()
    assert [event.data["order_number"] for event in events] == ["Mine1"]
    assert orders_of(hass)["Mine1"].status == "confirmed"


async def test_task_cancelled_after_it_was_sent(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that nobody is told that nothing was sent when it was."""
    await set_up(hass, config_entry)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="Prestore"))
    call = hass.async_create_task(recharge(hass, config_entry))
    await hit(slow)
    (attempt,) = hass.data[DATA_ORDERS].attempts
    assert attempt.task is not None
    attempt.task.cancel()
    response = await call
    assert (response["status"], response["order_number"]) == ("unknown", attempt.number)


@pytest.mark.parametrize("way", ["unload", "reload", "remove", "deselect"])
async def test_account_or_meter_goes_meanwhile(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, way: str
) -> None:
    """Test that an outcome isn't lost when the account, or the meter's device, goes."""
    await set_up(hass, config_entry)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="Prestore"))
    call = hass.async_create_task(recharge(hass, config_entry))
    await hit(slow)
    if way == "deselect":
        await async_deselect(hass, config_entry, [METER])
    else:
        await getattr(hass.config_entries, f"async_{way}")(config_entry.entry_id)
    assert (await call)["status"] == "confirmed"
    assert [order.status for order in orders_of(hass).values()] == ["confirmed"]
    assert credited(simulator) == 20


async def test_journal_learns_of_the_order_meanwhile(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an order that got into the journal after the first look isn't sent again."""
    await set_up(hass, config_entry)
    number = (await recharge(hass, config_entry))["order_number"]
    journal = hass.data[DATA_ORDERS].journal
    order = journal.orders[number]
    journal._contents.orders.drop(order)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="GetPaymentList"))
    call = hass.async_create_task(recharge(hass, config_entry, order_number=number))
    await hit(slow)
    await journal.async_reserve(order)
    response = await call
    assert (response["status"], response["order_number"]) == ("confirmed", number)
    assert credited(simulator) == 20


async def test_home_assistant_stops_meanwhile(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that stopping waits for the answer to what was sent, and sends nothing more."""
    await set_up(hass, config_entry)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.3, interface="Prestore"))
    one = hass.async_create_task(recharge(hass, config_entry))
    await hit(slow)
    waiting = hass.async_create_task(recharge(hass, config_entry))
    await asyncio.sleep(0.05)
    journal = hass.data[DATA_ORDERS].journal
    await hass.async_stop(force=True)
    assert (await one)["status"] == "confirmed"
    assert [order.status for order in journal.orders.values()] == ["confirmed"]
    with pytest.raises(HomeAssistantError) as error:
        await waiting
    assert error.value.translation_key == "stopping"
    assert credited(simulator) == 20


async def test_look_ups_end_when_home_assistant_stops(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that stopping doesn't wait for the look-ups after a failure."""
    await set_up(hass, config_entry)
    failed = simulator.add_fault(Fault(kind="code", code=1001, interface="Prestore"))
    call = hass.async_create_task(recharge(hass, config_entry))
    await hit(failed)
    await asyncio.sleep(0.1)
    await hass.async_stop(force=True)
    assert (await call)["status"] == "unknown"


async def test_refused_while_stopping(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that no recharge begins while Home Assistant is stopping."""
    await set_up(hass, config_entry)
    hass.set_state(CoreState.stopping)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry)
    hass.set_state(CoreState.running)
    assert error.value.translation_key == "stopping"
    assert simulator.calls_of("Prestore") == []
