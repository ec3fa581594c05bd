"""Tests of the trigger by what comes of recharges."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, Event, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.recharge.order import Status
from custom_components.jrhsz.recharge.orders import DATA_ORDERS
from custom_components.jrhsz.settled_trigger import RechargeSettledTrigger

from .simulator import Fault, Simulator
from .support.accounts import set_up, state_of, wait_for
from .support.recharges import (
    METER,
    OTHER,
    an_order,
    device_of,
    look_up_all,
    orders_of,
    recharge,
    restart_process,
)

pytestmark = pytest.mark.usefixtures("no_pauses")

KEYS = (
    "order_number",
    "device_id",
    "user_code",
    "meter",
    "amount",
    "status",
    "source",
    "message",
    "balance_before",
    "sent",
    "later",
)


async def outcomes(
    hass: HomeAssistant, target: dict[str, Any], **options: Any
) -> list[Event[dict[str, Any]]]:
    """Switch on an automation that tells of each run, and return what it tells."""
    told = async_capture_events(hass, "told")
    automation = {
        "triggers": {"trigger": "jrhsz.recharge_settled", "target": target, "options": options},
        "actions": {
            "event": "told",
            "event_data": {key: f"{{{{ trigger.{key} }}}}" for key in KEYS},
        },
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    return told


def statuses(told: list[Event[dict[str, Any]]]) -> list[tuple[str, str]]:
    """Return the orders that were told, and what came of them."""
    return [(event.data["order_number"], event.data["status"]) for event in told]


async def test_outcome_and_later_one(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that each outcome of a meter of the target is told with the order's data."""
    await set_up(hass, config_entry)
    told = await outcomes(hass, {"device_id": device_of(hass, config_entry)})
    await recharge(hass, config_entry, OTHER)
    await recharge(hass, config_entry, order_number="Mine1")
    assert statuses(told) == [("Mine1", "confirmed")]
    order = orders_of(hass)["Mine1"]
    assert told[0].data == {
        "order_number": "Mine1",
        "device_id": device_of(hass, config_entry),
        "user_code": int(METER),
        "meter": order.meter,
        "amount": 20,
        "status": "confirmed",
        "source": "answer",
        "message": "",
        "balance_before": float(order.balance_before or 0),
        "sent": str(order.sent),
        "later": False,
    }
    assert told[0].context.user_id is None

    simulator.set_dialect(payment_delay=-1)
    simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
    await recharge(hass, config_entry, order_number="Mine2")
    assert statuses(told)[1:] == [("Mine2", "unknown")]
    assert told[1].data["later"] is False
    simulator.set_dialect(payment_delay=0)
    await look_up_all(hass, config_entry)
    assert statuses(told)[2:] == [("Mine2", "confirmed")]
    assert (told[2].data["source"], told[2].data["later"]) == ("payments", True)
    # What is listed now was known before.
    await look_up_all(hass, config_entry)
    assert len(told) == 3


async def test_statuses(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that only the outcomes that are asked for are told, for a meter of an area."""
    await set_up(hass, config_entry)
    area = ar.async_get(hass).async_create("101")
    dr.async_get(hass).async_update_device(device_of(hass, config_entry), area_id=area.id)
    told = await outcomes(hass, {"area_id": area.id}, statuses=["rejected"])
    await recharge(hass, config_entry)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, order_number="Mine2")
    assert told == []
    await hass.data[DATA_ORDERS].async_close("Mine2", credited=False)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert statuses(told) == [("Mine2", "rejected")]
    assert told[0].data["source"] == "person"
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, order_number="Mine3")
    await hass.data[DATA_ORDERS].async_close("Mine3", credited=False)
    assert len(told) == 1


@pytest.mark.parametrize("is_known", [True, False])
async def test_settled_during_the_start(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    is_known: bool,
) -> None:
    """Test that what is settled before automations are on, or at a kill, is told when they are."""
    await set_up(hass, config_entry)
    orders = hass.data[DATA_ORDERS]
    entity_id = state_of(hass, config_entry, METER, "balance").entity_id
    order = an_order("Mine1", account_id=config_entry.unique_id, untold=True)
    await orders.journal.async_reserve(order)
    hass.set_state(CoreState.starting)
    await restart_process(hass, config_entry)
    if is_known:
        await hass.data[DATA_ORDERS].async_close("Mine1", credited=True)
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    told = await outcomes(hass, {"entity_id": entity_id})
    assert told == []
    await wait_for(hass, freezer, seconds=11)
    assert statuses(told) == [("Mine1", "confirmed" if is_known else "unknown")]
    assert told[0].data["later"] is True
    assert not orders_of(hass)["Mine1"].untold
    await restart_process(hass, config_entry)
    await wait_for(hass, freezer, seconds=11)
    assert len(told) == 1
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_settled_while_stopping(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that what is settled while Home Assistant stops is told after the restart."""
    await set_up(hass, config_entry)
    told = await outcomes(hass, {"device_id": device_of(hass, config_entry)})
    orders = hass.data[DATA_ORDERS]
    await orders.journal.async_reserve(an_order("Mine1", account_id=config_entry.unique_id))
    hass.set_state(CoreState.stopping)
    await orders.async_close("Mine1", credited=False)
    assert told == []
    hass.set_state(CoreState.running)
    await restart_process(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert statuses(told) == [("Mine1", "rejected")]


async def test_orders_of_an_earlier_version(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that what an earlier version wrote is not told again."""
    await set_up(hass, config_entry)
    told = await outcomes(hass, {"device_id": device_of(hass, config_entry)})
    old = an_order("Mine1", account_id=config_entry.unique_id, status=Status.CONFIRMED)
    await hass.data[DATA_ORDERS].journal.async_reserve(
        replace(old, sent=old.sent - timedelta(days=3))
    )
    await restart_process(hass, config_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told == []


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"target": {"device_id": "a"}, "options": {"statuses": ["paid"]}},
        {"target": {"device_id": "a"}, "options": {"statuses": []}},
        {"target": {"device_id": "a"}, "options": {"behavior": "each"}},
    ],
)
async def test_refused(hass: HomeAssistant, config: dict[str, Any]) -> None:
    """Test that a target is required, and statuses that exist."""
    with pytest.raises(Exception, match=r"statuses|target|behavior|length"):
        await RechargeSettledTrigger.async_validate_config(hass, config)


async def test_defaults(hass: HomeAssistant) -> None:
    """Test that all outcomes are told if nothing else is said, and that one may stand alone."""
    validate = RechargeSettledTrigger.async_validate_config
    config = await validate(hass, {"target": {"device_id": "a"}})
    assert config["options"] == {"statuses": ["confirmed", "rejected", "unknown"]}
    one = {"target": {"device_id": "a"}, "options": {"statuses": "unknown"}}
    assert (await validate(hass, one))["options"] == {"statuses": ["unknown"]}
