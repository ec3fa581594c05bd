"""Tests of what calls of the actions ask for: which meter, how much, up to what balance."""

from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, set_up, state_of, wait_for
from ..support.recharges import (
    METER,
    OTHER,
    credited,
    device_of,
    orders_of,
    recharge,
    recharge_many,
    restart_process,
)


async def call(hass: HomeAssistant, **data: Any) -> Any:
    """Call the action as it is, and return its response."""
    return await hass.services.async_call(
        "jrhsz", "recharge", data, blocking=True, return_response=True
    )


async def refusal_of(hass: HomeAssistant, **data: Any) -> str | None:
    """Return why a call is refused."""
    with pytest.raises(ServiceValidationError) as error:
        await call(hass, **data)
    assert str(error.value)
    return error.value.translation_key


@pytest.mark.parametrize(
    ("balance", "up_to", "amount"),
    [
        ("12.34", 50, "37.66"),
        ("49.00", "50", "1.00"),
        ("49.01", 50, None),
        ("50.00", 50, None),
        ("80.00", 50, None),
        ("-30.00", "20.50", "50.50"),
    ],
)
async def test_up_to(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    *,
    balance: str,
    up_to: Any,
    amount: str | None,
) -> None:
    """Test that what is missing is credited, and nothing if that is less than a yuan."""
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance(balance)
    response = await recharge(hass, config_entry, up_to=up_to)
    assert response["balance_before"] == float(balance)
    if amount is None:
        assert (response["status"], response["amount"]) == ("not_needed", None)
        assert (response["order_number"], response["balance"]) == (None, float(balance))
        assert orders_of(hass) == {}
        return
    assert (response["status"], response["amount"]) == ("confirmed", float(amount))
    assert response["balance"] == float(up_to)
    assert credited(simulator) == Decimal(amount)


async def test_up_to_with_credit_on_its_way(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what isn't in the balance yet is not credited again."""
    simulator.set_dialect(credit_delay=3600)
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("10.00")
    first = await recharge(hass, config_entry, up_to=30, order_number="Mine1")
    assert (first["status"], first["amount"]) == ("confirmed", 20)
    second = await recharge(hass, config_entry, up_to=30)
    assert (second["status"], second["order_number"]) == ("not_needed", "Mine1")
    assert second["message"] == ("Order Mine1 of ¥20.00 is credited and on its way to the balance.")
    assert (await recharge(hass, config_entry, up_to=35))["amount"] == 5
    await wait_for(hass, freezer, hours=1, minutes=1)
    third = await recharge(hass, config_entry, up_to=30)
    assert (third["status"], third["order_number"]) == ("not_needed", None)
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_up_to_and_only_below(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that both conditions hold together."""
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("20.00")
    assert (await recharge(hass, config_entry, up_to=50, only_below=20))["status"] == "not_needed"
    assert (await recharge(hass, config_entry, up_to=50, only_below=21))["amount"] == 30


async def test_up_to_above_a_limit(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that what would be more than a limit is refused, not cut."""
    entry = account_of(simulator, max_recharge=40, max_recharge_per_day=70)
    await set_up(hass, entry)
    for balance, key in (("9.99", "limit_per_order"), ("10.00", None), ("19.00", "limit_per_day")):
        simulator.meters[METER].set_balance(balance)
        if key is None:
            assert (await recharge(hass, entry, up_to=50))["amount"] == 40
            continue
        with pytest.raises(ServiceValidationError) as error:
            await recharge(hass, entry, up_to=50)
        assert error.value.translation_key == key
    assert credited(simulator) == 40


async def test_up_to_without_balance(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an unknown balance can't be filled."""
    await set_up(hass, config_entry)
    simulator.set_dialect(numbers="null", numbers_only="GetUserInfo")
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, up_to=50)
    assert error.value.translation_key == "balance_unknown"
    assert orders_of(hass) == {}


async def test_up_to_again(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a number keeps what was asked for, also over a restart."""
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("30.00")
    first = await recharge(hass, config_entry, up_to=50, order_number="Mine1")
    await recharge(hass, config_entry, OTHER, amount=20, order_number="Mine2")
    simulator.meters[METER].set_balance("5.00")
    for _ in range(2):
        assert await recharge(hass, config_entry, up_to=50, order_number="Mine1") == first
        others: list[tuple[str, str, dict[str, Any]]] = [
            (METER, "Mine1", {"up_to": 51}),
            (METER, "Mine1", {"amount": 20}),
            (OTHER, "Mine2", {"up_to": 20}),
        ]
        for user_code, number, data in others:
            with pytest.raises(ServiceValidationError) as error:
                await recharge(hass, config_entry, user_code, order_number=number, **data)
            assert error.value.translation_key == "order_number_used"
        await restart_process(hass, config_entry)
    assert len(simulator.calls_of("Prestore")) == 2
    assert orders_of(hass)["Mine1"].up_to == 50


async def test_up_to_that_only_the_platform_knows(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an order from before a restored backup isn't sent again, whatever it took."""
    await set_up(hass, config_entry)
    simulator.meters[METER].add_payment("23.45", order_number="Mine1")
    response = await recharge(hass, config_entry, up_to=50, order_number="Mine1")
    assert (response["status"], response["amount"]) == ("confirmed", 23.45)
    assert orders_of(hass)["Mine1"].up_to == 50
    # What was taken over without being asked for may be that of the number.
    order = orders_of(hass)["Mine1"]
    simulator.meters[METER].add_payment("-5.00", order_number="Mine2")
    with pytest.raises(ServiceValidationError) as error:
        await recharge(hass, config_entry, up_to=50, order_number="Mine2")
    assert error.value.translation_key == "order_number_used"
    assert simulator.calls_of("Prestore") == []
    assert not order.is_taken_over


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "one_amount"),
        ({"amount": 5, "up_to": 50}, "one_amount"),
        ({"up_to": 0}, "invalid_up_to"),
        ({"up_to": "much"}, "invalid_up_to"),
        ({"up_to": None}, "invalid_up_to"),
        ({"up_to": 5.001}, "invalid_up_to"),
        ({"amount": None}, "invalid_amount"),
    ],
)
async def test_amounts_that_are_none(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    data: dict[str, Any],
    key: str,
) -> None:
    """Test that an amount or a balance to fill up to is asked for: one of them, and clearly."""
    await set_up(hass, config_entry)
    assert await refusal_of(hass, device_id=device_of(hass, config_entry), **data) == key
    assert simulator.calls_of("Prestore") == []


async def test_user_code(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a user code names a meter where only one account has it."""
    await set_up(hass, config_entry)
    response = await call(hass, user_code=METER, amount=20)
    assert (response["status"], response["user_code"]) == ("confirmed", METER)
    assert response["meter"] == f"一栋 {METER}"
    (order,) = orders_of(hass).values()
    assert order.device_id == device_of(hass, config_entry)
    assert await refusal_of(hass, amount=20) == "one_meter"
    both = {"user_code": METER, "device_id": device_of(hass, config_entry)}
    assert await refusal_of(hass, amount=20, **both) == "one_meter"
    assert await refusal_of(hass, amount=20, user_code="2099999999") == "no_user_code"
    assert credited(simulator) == 20


async def test_user_code_of_several_accounts(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a user code that names several meters names none, also while one isn't loaded."""
    await set_up(hass, config_entry)
    other = MockConfigEntry(
        domain="jrhsz",
        title="other",
        unique_id="elsewhere.example/other",
        data=config_entry.data,
        options=config_entry.options,
    )
    other.add_to_hass(hass)
    assert await refusal_of(hass, user_code=METER, amount=20) == "several_meters"
    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    assert (await call(hass, user_code=METER, amount=20))["status"] == "confirmed"
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    assert await refusal_of(hass, user_code=METER, amount=20) == "no_user_code"
    assert credited(simulator) == 20


@pytest.mark.usefixtures("no_pauses")
async def test_errors_without_a_response(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that an outcome that nobody takes is an error that says how much it was about."""
    await set_up(hass, config_entry)
    simulator.meters[METER].set_balance("10.00")
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    with pytest.raises(HomeAssistantError) as error:
        await recharge(hass, config_entry, up_to=30, response=False)
    assert error.value.translation_key == "recharge_rejected"
    assert "20.00" in str(error.value)
    assert hass.data[DATA_ORDERS].journal.unsettled != []


async def many(hass: HomeAssistant, **data: Any) -> list[str]:
    """Return the user codes of the meters that would be credited."""
    response = await recharge_many(hass, amount=20, dry_run=True, **data)
    return [row["user_code"] for row in response["recharges"]]


async def many_refused(hass: HomeAssistant, **data: Any) -> str | None:
    """Return why many meters are refused."""
    with pytest.raises(ServiceValidationError) as error:
        await many(hass, **data)
    return error.value.translation_key


async def test_targets(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    area_registry: ar.AreaRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that Home Assistant says which meters a target means, and that none is an error."""
    await set_up(hass, config_entry)
    area = area_registry.async_create("Hall")
    devices = [device_of(hass, config_entry, code) for code in (METER, OTHER)]
    for device_id in devices:
        device_registry.async_update_device(device_id, area_id=area.id)
    assert await many(hass, area_id=area.id) == [METER, OTHER]
    assert await many(hass, device_id=devices[1:]) == [OTHER]
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    reading = state_of(hass, config_entry, OTHER, "reading").entity_id
    assert await many(hass, entity_id=[balance, reading]) == [METER]
    for target in ({"entity_id": reading}, {"area_id": "nothing"}, {"entity_id": "all"}):
        assert await many_refused(hass, **target) == "no_meters"
    assert await many_refused(hass) == "one_target"
    assert await many_refused(hass, area_id=[]) == "one_target"
    both = {"config_entry_id": config_entry.entry_id, "area_id": area.id}
    assert await many_refused(hass, **both) == "one_target"


async def test_exclude(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    area_registry: ar.AreaRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test that what is excluded is not credited, where Home Assistant knows of that."""
    await set_up(hass, config_entry)
    area = area_registry.async_create("Hall")
    for code in (METER, OTHER):
        device_id = device_of(hass, config_entry, code)
        device_registry.async_update_device(device_id, area_id=area.id)
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    excluded = {"area_id": [area.id], "exclude": {"entity_id": [balance]}}
    if not hasattr(cv, "TARGET_EXCLUDE_SCHEMA"):
        with pytest.raises(vol.Invalid):
            await many(hass, **excluded)
        return
    assert await many(hass, **excluded) == [OTHER]
    excluded["exclude"] = {"area_id": [area.id]}
    assert await many_refused(hass, **excluded) == "no_meters"


async def test_account_that_is_not_loaded(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """Test that an account that isn't loaded is an error, however it is meant."""
    await set_up(hass, config_entry)
    balance = state_of(hass, config_entry, METER, "balance").entity_id
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    for target in ({"config_entry_id": config_entry.entry_id}, {"entity_id": balance}):
        assert await many_refused(hass, **target) == "service_config_entry_not_loaded"


async def test_disabled_meters(
    hass: HomeAssistant, config_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """Test that those whose device a person disabled are not among all of an account."""
    await set_up(hass, config_entry)
    device_registry.async_update_device(
        device_of(hass, config_entry, METER), disabled_by=dr.DeviceEntryDisabler.USER
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    found = await many(hass, config_entry_id=config_entry.entry_id)
    assert METER not in found
    assert OTHER in found


async def test_meter_that_never_answered(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a meter without a device is among all of an account, and found by its code."""
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", user_code=METER, times=None))
    await set_up(hass, config_entry)
    response = await recharge_many(hass, config_entry_id=config_entry.entry_id, amount=20)
    (row,) = [row for row in response["recharges"] if row["user_code"] == METER]
    assert (row["status"], row["device_id"], row["meter"]) == ("refused", None, f"一栋 {METER}")
    simulator.clear_faults()
    assert (await call(hass, user_code=METER, amount=20))["status"] == "confirmed"


async def test_rights_of_many(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    hass_read_only_user: User,
) -> None:
    """Test that only administrators credit many meters."""
    await set_up(hass, config_entry)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "jrhsz",
            "recharge_many",
            {"config_entry_id": config_entry.entry_id, "amount": 20, "batch": "B1"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert simulator.calls_of("Prestore") == []
