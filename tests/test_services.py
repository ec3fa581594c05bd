"""Tests of the actions that read."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import jrhsz
from custom_components.jrhsz.api import Client, Priority, Turn

from .simulator import Fault, Simulator
from .support.accounts import set_up
from .support.recharges import METER, OTHER, device_of, lists_our_orders, orders_of, recharge


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters."""
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=90) as simulator:
        yield simulator


async def call(hass: HomeAssistant, name: str, **data: Any) -> Any:
    """Call an action and return its response."""
    return await hass.services.async_call("jrhsz", name, data, blocking=True, return_response=True)


async def test_get_payments(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the payments of the last 30 days come newest first, with all they hold."""
    await set_up(hass, config_entry)
    meter = simulator.meters[METER]
    meter.add_payment("12.34", order_number="", channel="现金")
    meter.add_payment("-5.00")
    now = simulator.now()
    payments = (await call(hass, "get_payments", device_id=device_of(hass, config_entry)))[
        "payments"
    ]
    expected = meter.payments(now - timedelta(days=30), now)
    assert payments == [
        {
            "time": payment.time.isoformat(),
            "amount": float(payment.amount),
            "order_number": payment.order_number,
            "channel": payment.channel,
        }
        for payment in sorted(expected, key=lambda payment: payment.time, reverse=True)
    ]
    assert len(payments) >= 3
    assert {(item["amount"], item["channel"]) for item in payments} >= {
        (12.34, "现金"),
        (-5.0, "微信充值"),
    }


@pytest.mark.parametrize("action", ["get_payments", "get_consumption", "get_recharges"])
async def test_long_lists_wait_for_recharges(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    """Test that whoever reads long lists is before what is read anyway, behind recharges."""
    await set_up(hass, config_entry)
    priorities: list[int] = []

    async def noted(_: Client, *arguments: Any) -> list[Any]:
        """Note with which priority a list is read."""
        (turn,) = (argument for argument in arguments if isinstance(argument, Turn))
        priorities.append(turn.priority)
        return []

    is_comparison = action == "get_recharges"
    monkeypatch.setattr(Client, "get_payments" if is_comparison else action, noted)
    account = {"config_entry_id": config_entry.entry_id, "verify": True}
    meter = {"device_id": device_of(hass, config_entry)}
    await call(hass, action, **(account if is_comparison else meter))
    assert set(priorities) == {Priority.ASKED}


async def test_get_payments_of_a_span(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that times without a zone are those of Home Assistant, and all pages are read."""
    await hass.config.async_set_time_zone("America/New_York")
    simulator.set_dialect(page_cap=2, order="shuffled")
    await set_up(hass, config_entry)
    meter = simulator.meters[METER]
    for amount in (1, 2, 3, 4, 5):
        meter.add_payment(amount)
    device_id = device_of(hass, config_entry)
    start = simulator.now() - timedelta(days=80)
    everything = await call(hass, "get_payments", device_id=device_id, start=start.isoformat())
    assert len(everything["payments"]) == len(meter.payments(start))
    local = dt_util.as_local(simulator.now() - timedelta(hours=1))
    recent = await call(
        hass,
        "get_payments",
        device_id=device_id,
        start=local.strftime("%Y-%m-%d %H:%M:%S"),
        end=(local + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S"),
    )
    assert {payment["amount"] for payment in recent["payments"]} >= {1, 2, 3, 4, 5}
    none = await call(
        hass, "get_payments", device_id=device_id, end=(start - timedelta(days=60)).isoformat()
    )
    assert none == {"payments": []}
    with pytest.raises(ServiceValidationError) as error:
        await call(
            hass,
            "get_payments",
            device_id=device_id,
            start=local.isoformat(),
            end=start.isoformat(),
        )
    assert error.value.translation_key == "invalid_span"


@pytest.mark.parametrize("time", ["0001-01-01 00:00:00", "9999-12-31 23:59:59+00:00"])
@pytest.mark.parametrize("action", ["get_payments", "get_consumption", "get_recharges"])
async def test_times_out_of_all_reason(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, action: str, time: str
) -> None:
    """Test that times that can't be counted with are refused."""
    await set_up(hass, config_entry)
    about = (
        {"config_entry_id": config_entry.entry_id}
        if action == "get_recharges"
        else {"device_id": device_of(hass, config_entry)}
    )
    simulator.reset_counts()
    for span in ({"start": time}, {"end": time}, {"start": time, "end": time}):
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, action, **about, **span)
        assert error.value.translation_key == "invalid_span"
    assert simulator.calls == []
    for year in ("2000", "2100"):
        span = {"start": f"{year}-01-01 00:00:00", "end": f"{year}-12-31 23:59:59"}
        assert not any((await call(hass, action, **about, **span)).values())


async def test_get_payments_without_times(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that payments whose time can't be read are there all the same."""
    await set_up(hass, config_entry)
    simulator.set_dialect(times="unreadable")
    simulator.meters[METER].add_payment(7)
    response = await call(hass, "get_payments", device_id=device_of(hass, config_entry))
    assert 7.0 in [payment["amount"] for payment in response["payments"]]
    assert {payment["time"] for payment in response["payments"]} == {None}


async def test_get_payments_fails(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a failure of the platform is an error that says so."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="html", interface="GetPaymentList"))
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "get_payments", device_id=device_of(hass, config_entry))
    assert error.value.translation_key == "unreadable_reply"


async def test_get_payments_with_an_old_password(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a refused login asks for a new password."""
    await set_up(hass, config_entry)
    simulator.set_password("demo", "another")
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "get_payments", device_id=device_of(hass, config_entry))
    assert error.value.translation_key == "invalid_auth"
    await hass.async_block_till_done(wait_background_tasks=True)
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]


@pytest.mark.usefixtures("no_pauses")
async def test_get_recharges(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_admin_user: User,
) -> None:
    """Test that every order is there with meter, amount, who, when and what came of it."""
    await set_up(hass, config_entry)
    before = simulator.meters[METER].info().balance
    context = Context(user_id=hass_admin_user.id)
    await recharge(hass, config_entry, context=context, order_number="Mine1")
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    await recharge(hass, config_entry, OTHER, amount=30, order_number="Mine2")
    response = await call(hass, "get_recharges", config_entry_id=config_entry.entry_id)
    first, second = response["recharges"]
    assert dt_util.parse_datetime(first.pop("sent")) is not None
    assert first == {
        "order_number": "Mine1",
        "meter": f"一栋 {METER}",
        "user_code": METER,
        "device_id": device_of(hass, config_entry),
        "amount": 20.0,
        "user": hass_admin_user.name,
        "status": "confirmed",
        "source": "answer",
        "message": "",
        "balance_before": float(before),
        "balance_after": float(before + 20),
    }
    assert (second["user"], second["status"], second["source"], second["message"]) == (
        None,
        "rejected",
        "payments",
        "失败",
    )
    later = (dt_util.utcnow() + timedelta(hours=1)).isoformat()
    for span in ({"start": later, "end": later}, {"end": "2020-01-01"}):
        none = await call(hass, "get_recharges", config_entry_id=config_entry.entry_id, **span)
        assert none == {"recharges": []}


async def test_verify(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, no_pauses: None
) -> None:
    """Test that every order is compared with the platform's list."""
    await set_up(hass, config_entry)
    codes = list(simulator.meters)
    await recharge(hass, config_entry, codes[0], order_number="Right")
    simulator.set_dialect(payment_number="other")
    await recharge(hass, config_entry, codes[0], order_number="Gone")
    simulator.set_dialect(payment_number="ours")
    await recharge(hass, config_entry, codes[1], order_number="Twice")
    simulator.meters[codes[1]].add_payment(20, order_number="Twice")
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    await recharge(hass, config_entry, codes[2], order_number="Refused")
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, codes[3], order_number="Open")
    simulator.meters[codes[3]].add_payment(21, order_number="Open")
    foreign = f"HA{'Z' * 26}"
    simulator.meters[codes[3]].add_payment(9, order_number=foreign)
    simulator.meters[codes[3]].add_payment(9, order_number="HAnot-ours")

    response = await call(hass, "get_recharges", config_entry_id=config_entry.entry_id, verify=True)
    assert {item["order_number"]: item["verification"] for item in response["recharges"]} == {
        "Right": "match",
        "Gone": "missing",
        "Twice": "amount_differs",
        "Refused": "match",
        "Open": "amount_differs",
    }
    (lacking,) = response["not_in_journal"]
    assert (lacking["user_code"], lacking["order_number"], lacking["amount"]) == (
        codes[3],
        foreign,
        9.0,
    )


async def test_verify_settles(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, no_pauses: None
) -> None:
    """Test that an open order that the list has is confirmed by verifying."""
    simulator.set_dialect(payment_delay=60)
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    assert (await recharge(hass, config_entry))["status"] == "unknown"
    simulator.advance(61)
    response = await call(hass, "get_recharges", config_entry_id=config_entry.entry_id, verify=True)
    (order,) = response["recharges"]
    assert (order["status"], order["source"], order["verification"]) == (
        "confirmed",
        "payments",
        "match",
    )


async def test_verify_a_meter_that_is_gone(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a meter that the platform no longer knows leaves only its own unchecked."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry, order_number="Mine1")
    await recharge(hass, config_entry, OTHER, order_number="Mine2")
    simulator.meters[METER].hidden = True
    response = await call(hass, "get_recharges", config_entry_id=config_entry.entry_id, verify=True)
    assert {item["order_number"]: item["verification"] for item in response["recharges"]} == {
        "Mine1": "not_checked",
        "Mine2": "match",
    }


async def test_verify_the_past(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, no_pauses: None
) -> None:
    """Test that what was sent after a span isn't missed in its payments."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="code", code=1001, interface="Prestore"))
    await recharge(hass, config_entry, order_number="Mine1")
    await lists_our_orders(hass, config_entry)
    end = (dt_util.utcnow() - timedelta(days=3)).isoformat()
    response = await call(
        hass, "get_recharges", config_entry_id=config_entry.entry_id, end=end, verify=True
    )
    assert "Mine1" not in {item["order_number"] for item in response["recharges"]}
    assert orders_of(hass)["Mine1"].status == "unknown"


async def test_verify_fails(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a list that can't be read verifies nothing."""
    await set_up(hass, config_entry)
    await recharge(hass, config_entry)
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList"))
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "get_recharges", config_entry_id=config_entry.entry_id, verify=True)
    assert error.value.translation_key == "http_status"


async def test_descriptions(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that every action and field is described, and the description begins as it must."""
    await set_up(hass, config_entry)
    folder = Path(jrhsz.__file__).parent
    described = load_yaml_dict(str(folder / "services.yaml"))
    assert set(described) == set(hass.services.async_services_for_domain("jrhsz"))
    for language, beginning in (
        ("en", "Credits this meter. No money is collected from anybody"),
        ("zh-Hans", "给这块表充值，不向任何人收款，款项由运营方与您结算。"),
    ):
        path = folder / "translations" / f"{language}.json"
        texts = json.loads(path.read_text(encoding="utf-8"))["services"]
        assert texts["recharge"]["description"].startswith(beginning)
        for name, service in described.items():
            assert set(texts[name]["fields"]) == set(service["fields"])
        words = json.dumps(texts["recharge"], ensure_ascii=False).lower()
        assert not any(word in words for word in (" paid", "charged", "支付", "扣款"))
