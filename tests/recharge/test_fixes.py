"""Tests of the fix flows about orders."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.connection import DATA_CONNECTIONS
from custom_components.jrhsz.recharge.follow import async_setup_orders
from custom_components.jrhsz.recharge.issues import open_orders_issue
from custom_components.jrhsz.recharge.order import Rise
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..simulator import Fault, Simulator
from ..support.accounts import set_up
from ..support.recharges import METER, OTHER, answer, fix, orders_of, recharge

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with a few meters, which shows other numbers than ours."""
    async with Simulator(meters=4, limit=0.0, seed=1, history_days=40) as simulator:
        simulator.set_dialect(payment_number="other")
        yield simulator


async def open_orders(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, *user_codes: str
) -> str:
    """Make booked orders of which nobody knows what came; return their issue."""
    await set_up(hass, entry)
    for user_code in user_codes:
        simulator.add_fault(Fault(kind="cut", interface="Prestore", when="after"))
        await recharge(hass, entry, user_code, order_number=f"Mine{user_code}")
    await hass.async_block_till_done(wait_background_tasks=True)
    return open_orders_issue(str(entry.unique_id))


def exists(hass: HomeAssistant, issue_id: str) -> bool:
    """Tell whether an issue is there."""
    return ir.async_get(hass).async_get_issue("jrhsz", issue_id) is not None


async def test_one_order_was_credited(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a person sees what there is to see, and settles an order."""
    before = simulator.meters[METER].info().balance
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    step = await fix(hass, issue_id)
    assert step["type"] is FlowResultType.MENU
    assert step["menu_options"] == ["check", "order"]
    assert f"Mine{METER}" in step["description_placeholders"]["orders"]

    step = await answer(hass, step, next_step_id="order")
    assert (step["type"], step["step_id"]) == (FlowResultType.MENU, "decide")
    assert step["menu_options"] == ["credited", "not_credited", "init"]
    seen = step["description_placeholders"]
    payment = simulator.meters[METER].payments()[-1]
    line = f"- {payment.time:%Y-%m-%d %H:%M:%S} · ¥20.00 · 微信充值 · {payment.order_number}"
    assert seen["order"].startswith(f"一栋 {METER} · ¥20.00 · ")
    assert seen["balance_before"] == f"¥{before:.2f}"
    assert seen["balance"] == f"¥{before + 20:.2f}"
    assert line in seen["payments"]
    assert seen["probable"] == line
    assert seen["message"] == "The connection to the platform broke before it answered."

    step = await answer(hass, step, next_step_id="credited")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    order = orders_of(hass)[f"Mine{METER}"]
    assert (order.status, order.source) == ("confirmed", "person")
    assert order.watch_until is not None
    assert not exists(hass, issue_id)
    assert len(simulator.calls_of("Prestore")) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Rise of the balance by just this amount: "), ("zh-Hans", "余额恰好增加该金额：")],
)
async def test_balance_that_rose_by_the_amount(
    *,
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    language: str,
    words: str,
) -> None:
    """Test that each rise by exactly the order's amount is named, and none by another one."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    order = orders_of(hass)[f"Mine{METER}"]
    at = datetime(2026, 11, 20, 4, 5, tzinfo=UTC)
    rises = tuple(
        Rise(at + timedelta(hours=hours), Decimal(before), Decimal(after))
        for hours, before, after in (
            (0, "-3.50", "16.50"),
            (1, "16.50", "36.49"),
            (2, "36.49", "56.50"),
            (3, "56.00", "76.00"),
        )
    )
    await hass.data[DATA_ORDERS].journal.async_update(replace(order, rises=rises))
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList", times=None))
    step = await answer(hass, await fix(hass, issue_id), next_step_id="order")
    shown = "2026-11-20 12:05 · -¥3.50 → ¥16.50; 2026-11-20 15:05 · ¥56.00 → ¥76.00"
    assert step["description_placeholders"]["rise"] == shown
    texts = await async_get_translations(hass, language, "issues", {"jrhsz"})
    text = texts["component.jrhsz.issues.open_orders.fix_flow.step.decide.description"]
    assert f"{words}{shown}\n" in text.format(**step["description_placeholders"])
    # Where none is by the amount it is said that there is none.
    await hass.data[DATA_ORDERS].journal.async_update(replace(order, rises=rises[1:3]))
    step = await answer(hass, await fix(hass, issue_id), next_step_id="order")
    assert step["description_placeholders"]["rise"] == "–"


async def test_several_orders(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that orders are chosen one by one, and the issue stays until all are settled."""
    issue_id = await open_orders(hass, config_entry, simulator, METER, OTHER)
    step = await answer(hass, await fix(hass, issue_id), next_step_id="order")
    assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "order")
    step = await answer(hass, step, order=f"Mine{OTHER}")
    assert f"Mine{OTHER}" in step["description_placeholders"]["order"]
    step = await answer(hass, step, next_step_id="init")
    assert step["step_id"] == "init"
    step = await answer(hass, step, next_step_id="order")
    step = await answer(hass, step, order=f"Mine{OTHER}")
    step = await answer(hass, step, next_step_id="not_credited")
    assert step["step_id"] == "init"
    assert f"Mine{OTHER}" not in step["description_placeholders"]["orders"]
    assert exists(hass, issue_id)
    step = await answer(hass, step, next_step_id="order")
    step = await answer(hass, step, next_step_id="credited")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert not exists(hass, issue_id)
    assert {number: order.status for number, order in orders_of(hass).items()} == {
        f"Mine{METER}": "confirmed",
        f"Mine{OTHER}": "rejected",
    }


async def test_check_again(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that all orders can be looked up again at once."""
    issue_id = await open_orders(hass, config_entry, simulator, METER, OTHER)
    step = await answer(hass, await fix(hass, issue_id), next_step_id="check")
    assert step["step_id"] == "init"
    for user_code in (METER, OTHER):
        simulator.meters[user_code].add_payment(20, order_number=f"Mine{user_code}")
    step = await answer(hass, step, next_step_id="check")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert not exists(hass, issue_id)
    assert {order.status for order in orders_of(hass).values()} == {"confirmed"}


async def test_settled_while_a_person_looks(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that what the list settles isn't asked any more."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    step = await fix(hass, issue_id)
    simulator.meters[METER].add_payment(20, order_number=f"Mine{METER}")
    step = await answer(hass, step, next_step_id="order")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert orders_of(hass)[f"Mine{METER}"].source == "payments"


async def test_platform_down(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a person can decide while the platform doesn't answer."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    simulator.add_fault(Fault(kind="status", interface="GetPaymentList", times=None))
    step = await answer(hass, await fix(hass, issue_id), next_step_id="order")
    seen = step["description_placeholders"]
    assert (seen["balance"], seen["payments"], seen["probable"]) == ("–", "–", "–")
    step = await answer(hass, step, next_step_id="not_credited")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert orders_of(hass)[f"Mine{METER}"].status == "rejected"


async def test_settled_before_one_is_chosen(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that there is nothing to choose from once others have settled all."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    step = await fix(hass, issue_id)
    await hass.data[DATA_ORDERS].async_close(f"Mine{METER}", credited=True)
    step = await answer(hass, step, next_step_id="order")
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_disabled_account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a person can decide, and nothing is read, while the account is disabled."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    await hass.config_entries.async_set_disabled_by(config_entry.entry_id, ConfigEntryDisabler.USER)
    # After a restart its session has no credentials.
    hass.data.pop(DATA_CONNECTIONS)
    await async_setup_orders(hass)
    simulator.reset_counts()
    step = await answer(hass, await fix(hass, issue_id), next_step_id="check")
    step = await answer(hass, step, next_step_id="order")
    seen = step["description_placeholders"]
    assert (seen["balance"], seen["payments"], seen["probable"]) == ("–", "–", "–")
    step = await answer(hass, step, next_step_id="not_credited")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert orders_of(hass)[f"Mine{METER}"].status == "rejected"
    assert simulator.calls == []


@pytest.mark.parametrize("step_id", ["check", "order"])
async def test_account_removed_meanwhile(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry, step_id: str
) -> None:
    """Test that the flow ends when the account is removed."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    step = await fix(hass, issue_id)
    await hass.config_entries.async_remove(config_entry.entry_id)
    step = await answer(hass, step, next_step_id=step_id)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "account_removed")
    assert exists(hass, issue_id)


async def test_correction_is_confirmed(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that who was told of a correction makes its issue go."""
    issue_id = await open_orders(hass, config_entry, simulator, METER)
    step = await answer(hass, await fix(hass, issue_id), next_step_id="order")
    await answer(hass, step, next_step_id="not_credited")
    simulator.meters[METER].add_payment(20, order_number=f"Mine{METER}")
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    corrected: dict[str, Any] = await fix(hass, f"order_corrected_Mine{METER}")
    assert corrected["step_id"] == "confirm"
    assert f"Mine{METER}" in corrected["description_placeholders"]["order"]
    assert (await answer(hass, corrected))["type"] is FlowResultType.CREATE_ENTRY
    assert not exists(hass, f"order_corrected_Mine{METER}")
