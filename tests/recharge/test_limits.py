"""Tests of what a recharge is refused for: what counts toward the limits, and when."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api.reply import Reply
from custom_components.jrhsz.api.transport import post
from custom_components.jrhsz.recharge.limits import (
    refusal,
    refuse_above_limit,
    refuse_while_stopping,
)
from custom_components.jrhsz.recharge.order import Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, set_up
from ..support.orders import order
from ..support.recharges import METER, OTHER, credited, hit, orders_of, recharge

NAME = "platform.example"

pytestmark = pytest.mark.usefixtures("no_pace")


async def refusal_of(hass: HomeAssistant, entry: MockConfigEntry, **arguments: Any) -> str:
    """Return why a recharge is refused."""
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, **arguments)
    return str(error.value)


async def test_switched_off_meanwhile(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that an option that is changed while the meter is read wins."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    slow = simulator.add_fault(Fault(kind="delay", seconds=0.2, interface="GetPaymentList"))
    call = hass.async_create_task(recharge(hass, entry))
    await hit(slow)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "max_recharge": 0})
    with pytest.raises(ServiceValidationError) as error:
        await call
    assert error.value.translation_key == "recharge_off"
    assert simulator.calls_of("Prestore") == []


@pytest.mark.parametrize("number", ["Yesterday", "YESTERDAY", f"ha{'x' * 26}", f"HA{'X' * 22}"])
async def test_payments_of_today_that_are_ours(
    hass: HomeAssistant, simulator: Simulator, number: str
) -> None:
    """Test that a payment of ours counts though its order isn't one of today, or isn't known."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    await hass.data[DATA_ORDERS].journal.async_reserve(
        order(
            "Yesterday",
            "60.00",
            account_id=str(entry.unique_id),
            platform=str(entry.unique_id).removesuffix("/demo"),
            user_code=METER,
            sent=dt_util.utcnow() - timedelta(days=2),
            status=Status.CONFIRMED,
        )
    )
    simulator.add_payment(METER, "60.00", order_number=number)
    assert "¥60.00 are used, ¥40.00 are left" in await refusal_of(hass, entry, amount=41)
    assert (await recharge(hass, entry, amount=40))["status"] == "confirmed"
    # What is counted by its order isn't counted by its payment again.
    assert "¥100.00 are used, ¥0.00 are left" in await refusal_of(hass, entry, amount=1)


async def test_payments_of_others(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that what tenants pay, and what was taken back, counts for nothing."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    simulator.add_payment(METER, "500.00")
    simulator.add_payment(METER, "-50.00", order_number=f"HA{'X' * 26}")
    assert "¥0.00 are used, ¥100.00 are left" in await refusal_of(hass, entry, amount=101)


async def test_payments_without_a_time(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that a payment of ours whose time can't be read may be one of today."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    simulator.add_payment(METER, "60.00", order_number=f"HA{'X' * 26}")
    simulator.set_dialect(times="unreadable")
    assert "¥60.00 are used, ¥40.00 are left" in await refusal_of(hass, entry, amount=41)


@pytest.fixture
async def two_names(
    hass: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> list[MockConfigEntry]:
    """Set one account of one platform up under two names."""

    def resolved(http: Any, url: str, *args: Any) -> Coroutine[Any, Any, Reply]:
        """Find the platform under its other name."""
        return post(http, url.replace(NAME, "127.0.0.1"), *args)

    monkeypatch.setattr("custom_components.jrhsz.api.session.post", resolved)
    options = {"max_recharge_per_day": 100, "max_recharge_total_per_day": 150}
    one, two = account_of(simulator, **options), account_of(simulator, **options)
    two.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        two,
        data={**two.data, "url": simulator.url.replace("127.0.0.1", NAME)},
        unique_id=str(two.unique_id).replace("127.0.0.1", NAME),
    )
    await set_up(hass, two)
    await set_up(hass, one)
    return [one, two]


async def test_one_platform_under_two_names(
    hass: HomeAssistant, simulator: Simulator, two_names: list[MockConfigEntry]
) -> None:
    """Test that limits and turns hold over both names of a platform."""
    outcomes = await asyncio.gather(
        *(recharge(hass, entry, amount=40) for entry in two_names * 2), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceValidationError)]
    assert [error.translation_key for error in refused] == ["limit_per_day"] * 2
    assert credited(simulator) == 80
    for entry in two_names:
        assert "¥80.00 are used, ¥70.00 are left" in await refusal_of(
            hass, entry, user_code=OTHER, amount=71
        )
    # One number is one order.
    first = await recharge(hass, two_names[0], OTHER, order_number="Mine1", amount=30)
    assert await recharge(hass, two_names[1], OTHER, order_number="Mine1", amount=30) == first
    assert credited(simulator, OTHER) == 30


async def test_open_order_under_another_name(
    hass: HomeAssistant,
    simulator: Simulator,
    two_names: list[MockConfigEntry],
    no_pauses: None,
) -> None:
    """Test that an open order blocks its meter under both names."""
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    assert (await recharge(hass, two_names[0]))["status"] == "unknown"
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, two_names[1])
    assert error.value.translation_key == "open_order"
    assert len(orders_of(hass)) == 1


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_two_paths_of_one_host(
    hass: HomeAssistant, simulator: Simulator, *, is_confirmed: bool
) -> None:
    """Test that the outcome of an order of one path isn't told as that of another path."""
    entry = account_of(simulator, max_recharge_per_day=100)
    await set_up(hass, entry)
    elsewhere = order(
        "Mine1",
        "60.00",
        account_id="elsewhere/demo",
        platform=f"{str(entry.unique_id).removesuffix('/demo')}/a",
        user_code=METER,
        sent=dt_util.utcnow(),
        status=Status.CONFIRMED if is_confirmed else Status.UNKNOWN,
    )
    await hass.data[DATA_ORDERS].journal.async_reserve(elsewhere)
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, entry, order_number="Mine1", amount=60)
    assert error.value.translation_key == "order_number_used"
    assert simulator.calls_of("Prestore") == []
    # Neither does it block or count, although it is open.
    assert (await recharge(hass, entry, amount=100))["status"] == "confirmed"


def meter_with(**options: Any) -> Any:
    """Return a meter of an account with these options."""
    return SimpleNamespace(entry=SimpleNamespace(options=options))


@pytest.mark.parametrize("amount", ["0.01", "499.99", "500"])
def test_within_the_limit(amount: str) -> None:
    """Test that up to the limit nothing is refused, the limit included."""
    refuse_above_limit(meter_with(), Decimal(amount))


@pytest.mark.parametrize(
    ("limit", "amount", "key", "placeholders"),
    [
        (500, "500.01", "limit_per_order", {"limit": "500.00"}),
        (0.1, "0.11", "limit_per_order", {"limit": "0.10"}),
        (0, "0.01", "recharge_off", {}),
    ],
)
def test_above_the_limit(limit: float, amount: str, key: str, placeholders: dict[str, str]) -> None:
    """Test that what is a cent above the limit is refused, and with a limit of zero everything."""
    with pytest.raises(ServiceValidationError) as error:
        refuse_above_limit(meter_with(max_recharge=limit), Decimal(amount))
    assert error.value.translation_key == key
    assert error.value.translation_placeholders == placeholders


def test_stopping(hass: HomeAssistant) -> None:
    """Test that nothing is begun that couldn't be finished."""
    refuse_while_stopping(hass)
    hass.set_state(CoreState.stopping)
    with pytest.raises(ServiceValidationError) as error:
        refuse_while_stopping(hass)
    hass.set_state(CoreState.running)
    assert error.value.translation_key == "stopping"


def test_refusal() -> None:
    """Test that a refusal is a text of ours."""
    error = refusal(key="open_order", meter="一栋 101", order_number="HA1")
    assert (error.translation_domain, error.translation_key) == ("jrhsz", "open_order")
    assert error.translation_placeholders == {"meter": "一栋 101", "order_number": "HA1"}
