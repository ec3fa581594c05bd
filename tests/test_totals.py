"""Tests of what the meters of an account add up to."""

from decimal import Decimal
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.totals import AccountCoordinator

from .simulator import Fault, Simulator
from .support.accounts import account_of, restart, set_up, wait_for
from .support.logs import lines

METER, OTHER = "2022040001", "2022040002"


def totals(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Return the states of the account's sensors."""
    registry = er.async_get(hass)
    found = {}
    for key in ("total_balance", "arrears", "low_balance_meters", "silent_meters"):
        entity_id = registry.async_get_entity_id("sensor", "jrhsz", f"{entry.unique_id}|{key}")
        assert entity_id is not None
        state = hass.states.get(entity_id)
        assert state is not None
        found[key] = state.state
    return found


async def test_sums(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Test sums and counts, and that they belong to the account's device."""
    balances = ["100.10", "20.00", "-3.25", "-0.05", "500", "20.01", "1", "60"]
    for meter, balance in zip(simulator.meters.values(), balances, strict=True):
        meter.set_balance(balance)
    await set_up(hass, config_entry)
    assert totals(hass, config_entry) == {
        "total_balance": "697.81",
        "arrears": "3.3",
        "low_balance_meters": "4",
        "silent_meters": "0",
    }
    account = device_registry.async_get_device_by_identifier(
        ("jrhsz", str(config_entry.unique_id)), config_entry.entry_id
    )
    assert account is not None
    entities = er.async_entries_for_device(er.async_get(hass), account.id)
    assert len(entities) == 4
    for entity in entities:
        state = hass.states.get(entity.entity_id)
        assert state is not None
        money = entity.unique_id.endswith(("total_balance", "arrears"))
        assert state.attributes.get("device_class") == ("monetary" if money else None)
        assert state.attributes.get("unit_of_measurement") == ("CNY" if money else None)
        assert state.attributes["state_class"] == ("total" if money else "measurement")
        # No list of meters hides in an attribute.
        assert not any(isinstance(value, list | dict) for value in state.attributes.values())


async def test_small_accounts_follow_at_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the sums of a few meters are those of their last answers at any time."""
    await set_up(hass, config_entry)
    freezer.tick(1860)
    for meter in simulator.meters.values():
        meter.set_balance("12.50")
    await wait_for(hass, freezer, seconds=0)
    assert totals(hass, config_entry)["total_balance"] == "100.0"
    assert totals(hass, config_entry)["low_balance_meters"] == "8"


async def test_a_meter_that_never_had_a_balance(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the total is unknown until the last meter has told its balance once."""
    simulator.meters[OTHER].set_balance("-7")
    simulator.add_fault(Fault(kind="code", interface="GetUserInfo", user_code=METER))
    await set_up(hass, config_entry)
    first = totals(hass, config_entry)
    assert first["total_balance"] == STATE_UNKNOWN
    assert first["arrears"] == "7.0"
    assert first["silent_meters"] == "1"

    await wait_for(hass, freezer, minutes=31)
    expected = sum(meter.info().balance for meter in simulator.meters.values())
    then = totals(hass, config_entry)
    assert Decimal(then["total_balance"]) == expected
    assert then["silent_meters"] == "0"


async def test_nothing_known(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that before the first balance no sum of money is told."""
    simulator.set_dialect(numbers="empty", numbers_only="GetUserInfo")
    entry = account_of(simulator)
    await set_up(hass, entry)
    assert totals(hass, entry) == {
        "total_balance": STATE_UNKNOWN,
        "arrears": STATE_UNKNOWN,
        "low_balance_meters": "0",
        "silent_meters": "0",
    }


async def test_last_known_values(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that sums are made of last known values, over failures and restarts."""
    await set_up(hass, config_entry)
    before = totals(hass, config_entry)
    simulator.set_dialect(numbers="empty", numbers_only="GetUserInfo")
    await wait_for(hass, freezer, minutes=31)
    assert totals(hass, config_entry) == before

    simulator.reset_counts()
    await restart(hass, config_entry)
    assert simulator.calls_of("GetUserInfo") == []
    assert totals(hass, config_entry) == before

    await simulator.stop()
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    assert totals(hass, config_entry) == before | {"silent_meters": "8"}


async def test_silent_meters(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that an old reading counts, whatever the answer, and a missing time doesn't."""
    record = {"tableNo": "1", "reading": "1", "balance": "50", "tableType": "3"}
    for code, time in ((METER, "2026-01-01 00:00:00"), (OTHER, "0000-00-00 00:00:00")):
        reply = {"code": 200, "data": record | {"readTime": time}}
        simulator.add_fault(
            Fault(kind="wrong", interface="GetUserInfo", user_code=code, reply=reply)
        )
    await set_up(hass, config_entry)
    assert totals(hass, config_entry)["silent_meters"] == "1"
    await wait_for(hass, freezer, minutes=31)
    assert totals(hass, config_entry)["silent_meters"] == "0"


async def test_silence_comes_without_an_answer(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, freezer: FrozenDateTimeFactory
) -> None:
    """Test that readings get old by themselves."""
    entry = account_of(simulator, silent_hours=3, scan_interval=1440)
    await set_up(hass, entry)
    assert totals(hass, entry)["silent_meters"] == "0"
    simulator.reset_counts()
    await wait_for(hass, freezer, hours=4)
    assert totals(hass, entry)["silent_meters"] == "8"
    assert simulator.calls_of("GetUserInfo") == []


async def test_hundreds_of_meters_are_added_up_now_and_then(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, freezer: FrozenDateTimeFactory
) -> None:
    """Test that in a large account no answer costs a look at all meters."""
    for _ in range(22):
        simulator.add_meter()
    entry = account_of(simulator)
    looks: list[Any] = []
    add_up = AccountCoordinator._totals

    def counted(self: AccountCoordinator) -> Any:
        """Count the times that all meters are looked at."""
        looks.append(self)
        return add_up(self)

    with patch.object(AccountCoordinator, "_totals", counted):
        await set_up(hass, entry)
        await wait_for(hass, freezer, seconds=31)
        looks.clear()
        freezer.tick(1860)
        for meter in simulator.meters.values():
            meter.set_balance("10")
        await wait_for(hass, freezer, seconds=0)
        assert len(simulator.calls_of("GetUserInfo")) == 60
        assert len(looks) <= 2
    await wait_for(hass, freezer, seconds=31)
    assert totals(hass, entry)["total_balance"] == "300.0"
    assert totals(hass, entry)["low_balance_meters"] == "30"


@pytest.mark.parametrize("meters", [1000])
async def test_a_thousand_meters_take_a_moment(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, meters: int
) -> None:
    """Test that adding up a thousand meters takes a few milliseconds."""
    entry = account_of(simulator)
    await set_up(hass, entry)
    some = list(entry.runtime_data.coordinators.values())
    many = {str(number): some[number % len(some)] for number in range(meters)}
    account = AccountCoordinator(hass, entry)
    with patch.object(entry.runtime_data, "coordinators", many):
        started = hass.loop.time()
        for _ in range(10):
            account._totals()
        assert (hass.loop.time() - started) / 10 < 0.02


@pytest.mark.usefixtures("no_pace")
@pytest.mark.parametrize("times", ["empty", "zero", "null", "unreadable"])
async def test_silence_without_times(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    times: Any,
) -> None:
    """Test that where no time can be read polls tell who is silent, and that that is said once."""
    simulator.set_dialect(times=times)
    entry = account_of(simulator, silent_hours=6)
    await set_up(hass, entry)
    record = {"tableNo": "1", "reading": "9999", "balance": "50", "tableType": "3"}
    reply = {"code": 200, "data": record | {"readTime": ""}}
    stuck = Fault(kind="wrong", interface="GetUserInfo", user_code=METER, reply=reply, times=None)
    simulator.add_fault(stuck)
    for _ in range(9):
        await wait_for(hass, freezer, minutes=31)
    assert totals(hass, entry)["silent_meters"] == "0"
    await restart(hass, entry)
    for _ in range(5):
        await wait_for(hass, freezer, minutes=31)
    assert totals(hass, entry)["silent_meters"] == "1"
    assert [entry.runtime_data.coordinators[code].is_silent for code in (METER, OTHER)] == [
        True,
        False,
    ]
    told = [line for _, line in lines(caplog) if "times of meter" in line]
    assert len(told) == 1
    assert told[0].startswith("None of the times of meter 2022")
    simulator.set_dialect(times="full")
    await wait_for(hass, freezer, minutes=31)
    other = entry.runtime_data.coordinators[OTHER]
    assert other.heard_at == simulator.meters[OTHER].info().read_time
