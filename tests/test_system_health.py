"""Tests of how the connections to the platform are."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.jrhsz.connection import async_get_http, async_get_session
from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from .simulator import Fault, Simulator
from .support.accounts import account_of, set_up, wait_for
from .support.recharges import lists_our_orders


async def info_of(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the user interface shows, with all answers."""
    assert await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, "jrhsz")
    return {
        key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()
    }


async def test_one_account(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test age of the login, queue, calls and refused calls."""
    await set_up(hass, config_entry)
    simulator.add_fault(Fault(kind="code", code=1001, msg="访问过于频繁", interface="GetUserInfo"))
    await config_entry.runtime_data.coordinators["2022040001"].async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    freezer.tick(34)
    calls = len(simulator.calls)
    info = await info_of(hass)
    assert (
        info
        | {
            "accounts": 1,
            "can_reach_server": "ok",
            "token_age": "0:00:34",
            "queue_length": 0,
            "calls_last_hour": calls,
            "refused_calls": 1,
            "history_import": "–",
            "payment_delay": "–",
            "encoding": "form",
            "date_form": "YYYY-MM-DD HH:MM:SS",
            "widest_span": "∞ / –",
            "page_cap": "– / –",
        }
        == info
    )
    await wait_for(hass, freezer, seconds=1)


async def test_waiting_calls(hass: HomeAssistant, simulator: Simulator, no_pace: None) -> None:
    """Test that waiting calls are counted."""
    entry = account_of(simulator)
    held = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.3))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(0.1)
    assert held.hits
    assert (await info_of(hass))["queue_length"] >= 7
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_two_accounts_of_one_host_are_counted_once(
    hass: HomeAssistant, simulator: Simulator, no_pace: None
) -> None:
    """Test that what is shared is not added up twice."""
    simulator.set_password("other", "pw")
    first, second = account_of(simulator), account_of(simulator)
    second = MockConfigEntry(
        domain="jrhsz",
        title="other",
        unique_id=str(second.unique_id).replace("/demo", "/other"),
        data={**second.data, "username": "other", "password": "pw"},
        options={"meters": []},
    )
    await set_up(hass, first)
    await set_up(hass, second)
    info = await info_of(hass)
    assert info["accounts"] == 2
    assert info["calls_last_hour"] == len(simulator.calls)
    assert info["token_age"].count(",") == 1


@pytest.mark.usefixtures("known_pages")
async def test_import(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, freezer: FrozenDateTimeFactory
) -> None:
    """Test that the progress of each account's first import is told in percent."""
    # Of eight meters one fails.
    simulator.add_fault(Fault(kind="html", interface="GetConsumenList", skip=7))
    await set_up(hass, account_of(simulator, history_days=20))
    assert (await info_of(hass))["history_import"] == "88%"
    await wait_for(hass, freezer, hours=1)
    assert (await info_of(hass))["history_import"] == "100%"


async def test_platform_down(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a host that can't be reached is told."""
    await set_up(hass, config_entry)
    await simulator.stop()
    info = await info_of(hass)
    assert info["can_reach_server"] == {"type": "failed", "error": "unreachable"}


async def test_no_account(hass: HomeAssistant) -> None:
    """Test that without an account there is nothing to tell."""
    assert await async_setup_component(hass, "jrhsz", {})
    info = await info_of(hass)
    assert "can_reach_server" not in info
    assert (
        info
        | {
            "accounts": 0,
            "token_age": "–",
            "queue_length": 0,
            "calls_last_hour": 0,
            "refused_calls": 0,
            "history_import": "–",
            "payment_delay": "–",
            "encoding": "–",
            "date_form": "–",
            "widest_span": "–",
            "page_cap": "–",
        }
        == info
    )


async def test_what_is_learnt(
    hass: HomeAssistant, simulator: Simulator, no_pace: None, freezer: FrozenDateTimeFactory
) -> None:
    """Test that it is told what an account's platform takes."""
    simulator.set_dialect(
        body="json", dates="date", max_span=7, future="refuse", page_cap=20, total_count="missing"
    )
    session = async_get_session(hass, simulator.url, "demo")
    await session.sign_in("demo-password", async_get_http(hass, verify_ssl=True))
    await set_up(hass, account_of(simulator, history_days=31))
    for _ in range(4):
        await wait_for(hass, freezer, hours=1, minutes=1)
    info = await info_of(hass)
    assert info["encoding"] == "json"
    assert info["date_form"] == "YYYY-MM-DD"
    assert info["widest_span"] == "7 d ≤ / 7 d ≤"
    assert info["page_cap"] == "– / 20"


async def test_delay_of_the_list(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that it is told how late the list of payments shows our orders, or that it doesn't."""
    await set_up(hass, config_entry)
    await lists_our_orders(hass, config_entry)
    assert (await info_of(hass))["payment_delay"] == "0:00:00"
    journal = hass.data[DATA_ORDERS].journal
    late = journal.orders["Listed0"]
    minutes = timedelta(minutes=10)
    await journal.async_update(
        replace(late, absent_at=late.sent + minutes, listed_at=late.sent + 3 * minutes)
    )
    assert (await info_of(hass))["payment_delay"] == "0:10:00"
    lost = replace(late, absent_at=late.sent + timedelta(hours=26), listed_at=None)
    await journal.async_update(lost)
    assert (await info_of(hass))["payment_delay"] == "> 26 h"
