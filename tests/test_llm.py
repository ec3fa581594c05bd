"""Tests of what language models may ask, and of what Home Assistant's own sentences answer."""

from dataclasses import replace
from typing import Any

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    llm,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.settings import chosen_meters, kept_meters

from .simulator import Simulator
from .support.accounts import set_up, state_of
from .support.recharges import METER, OTHER, device_of


@pytest.fixture
async def account(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> MockConfigEntry:
    """Return an account with Assist, of whose meters two are in one room and one is low."""
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    for meter in simulator.meters.values():
        meter.set_balance(100)
    simulator.meters[METER].set_balance("3.50")
    config_entry.add_to_hass(hass)
    chosen = chosen_meters(config_entry.options)
    chosen[METER] = replace(chosen[METER], building="一栋电", room="101")
    chosen[OTHER] = replace(chosen[OTHER], building="一栋水", room="101")
    options = {**config_entry.options, "meters": kept_meters(chosen.values())}
    hass.config_entries.async_update_entry(config_entry, options=options)
    await set_up(hass, config_entry)
    return config_entry


def expose(hass: HomeAssistant, entry: MockConfigEntry, *codes: str) -> None:
    """Expose the balances of meters to Assist."""
    for code in codes:
        entity_id = state_of(hass, entry, code, "balance").entity_id
        async_expose_entity(hass, "conversation", entity_id, should_expose=True)


async def api_of(hass: HomeAssistant) -> llm.APIInstance:
    """Return what a model gets of Home Assistant."""
    context = llm.LLMContext(
        platform="test", context=Context(), language="en", assistant="conversation", device_id=None
    )
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)


async def tools_of(hass: HomeAssistant) -> list[str]:
    """Return the names of our tools that a model gets."""
    tools = (await api_of(hass)).tools
    return [tool.name for tool in tools if tool.name.startswith("jrhsz")]


async def ask(hass: HomeAssistant, tool: str, **arguments: Any) -> dict[str, Any]:
    """Let a model use a tool, and return what it learns."""
    answer: Any = await (await api_of(hass)).async_call_tool(
        llm.ToolInput(tool_name=f"jrhsz__{tool}", tool_args=arguments)
    )
    data: dict[str, Any] = getattr(answer, "data", answer)
    assert getattr(answer, "error", "error" in data) is ("error" in data)
    return data


async def test_only_what_is_exposed(
    hass: HomeAssistant, account: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that there are tools as soon as a meter is exposed, and that they tell of no other."""
    assert await tools_of(hass) == []
    expose(hass, account, OTHER)
    assert await tools_of(hass) == ["jrhsz__get_room", "jrhsz__get_low_balances"]
    assert "recharge" in (await api_of(hass)).api_prompt
    found = await ask(hass, "get_room", room="一栋101")
    assert [meter["name"] for meter in found["meters"]] == ["一栋水 101"]
    assert (await ask(hass, "get_low_balances"))["meters"] == []
    expose(hass, account, METER)
    assert len((await ask(hass, "get_low_balances"))["meters"]) == 1
    dr.async_get(hass).async_update_device(
        device_of(hass, account), disabled_by=dr.DeviceEntryDisabler.USER
    )
    await hass.async_block_till_done()
    assert (await ask(hass, "get_low_balances"))["meters"] == []
    assert "LLM tool" not in caplog.text
    assert await hass.config_entries.async_unload(account.entry_id)
    assert await tools_of(hass) == []


async def test_room(hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator) -> None:
    """Test what is told of a room, and that nothing is claimed that isn't known."""
    expose(hass, account, METER, OTHER)
    simulator.reset_counts()
    found = await ask(hass, "get_room", room="一栋101")
    assert found["left_out"] == 0
    meter = found["meters"][0]
    assert {key: meter[key] for key in ("name", "kind", "balance", "is_low", "unit")} == {
        "name": "一栋电 101",
        "kind": "electricity",
        "balance": 3.5,
        "is_low": True,
        "unit": "kWh",
    }
    spans = {"today", "yesterday", "month", "last_month", "year"}
    assert meter["days_left"] is None
    assert meter["use"] == meter["cost"] == dict.fromkeys(spans)
    # A model that asks costs the platform nothing.
    assert simulator.calls == []
    assert await hass.config_entries.async_unload(account.entry_id)


@pytest.mark.parametrize(
    "name",
    ["一栋电 101", "1栋电101", "一栋 101", "１栋－101", "101", "客厅", "Living room", "我家"],
)
async def test_names(hass: HomeAssistant, account: MockConfigEntry, name: str) -> None:
    """Test that a room is known by its meter, its place, its area and what people call it."""
    area = ar.async_get(hass).async_create("客厅", aliases={"Living room"})
    dr.async_get(hass).async_update_device(device_of(hass, account), area_id=area.id)
    balance = state_of(hass, account, METER, "balance").entity_id
    er.async_get(hass).async_update_entity(balance, aliases=["我家"])
    expose(hass, account, METER, OTHER)
    found = await ask(hass, "get_room", room=name)
    assert found["meters"][0]["name"] == "一栋电 101"
    assert await hass.config_entries.async_unload(account.entry_id)


@pytest.mark.parametrize(("name", "count"), [("栋", 2), ("999", None), ("?", None)])
async def test_parts_of_names(
    hass: HomeAssistant, account: MockConfigEntry, name: str, count: int | None
) -> None:
    """Test that a part of a name finds all that have it, and that a stranger learns the names."""
    expose(hass, account, METER, OTHER)
    found = await ask(hass, "get_room", room=name)
    if count is None:
        assert found["names"] == ["一栋电 101", "一栋水 101"]
    else:
        assert len(found["meters"]) == count
    assert await hass.config_entries.async_unload(account.entry_id)


async def test_low_balances(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that those that are low are told, the lowest first, and how many there are."""
    simulator.meters[OTHER].set_balance("-2.25")
    await account.runtime_data.coordinators[OTHER].async_refresh_now()
    expose(hass, account, *simulator.meters)
    found = await ask(hass, "get_low_balances")
    assert [meter["balance"] for meter in found.pop("meters")] == [-2.25, 3.5]
    assert found == {"left_out": 0, "low": 2, "not_low": 6}
    assert await hass.config_entries.async_unload(account.entry_id)


ALIASES = {"balance": {"101电费", "101 credit"}, "low_balance": {"101 low"}}


@pytest.mark.parametrize(
    ("language", "sentence", "answer"),
    [
        ("en", "what is 101 credit", "101 credit is 3.50 CNY"),
        ("en", "what is the state of 101 credit?", "101 credit is 3.50 CNY"),
        ("en", "is 101 low on", "Yes"),
        ("en", "what is the balance of 101", None),
        ("en", "which balances are low", None),
        ("zh-CN", "101电费是多少", "101电费是3.50 CNY"),
        ("zh-CN", "101电费状态是什么", "101电费是3.50 CNY"),
        ("zh-CN", "101电费还剩多少电", "101电费是3.50 CNY"),
        ("zh-CN", "101还剩多少电费", None),
        ("zh-CN", "101的余额是多少", None),
        ("zh-CN", "哪些房间余额不足", None),
    ],
)
async def test_sentences(
    hass: HomeAssistant, account: MockConfigEntry, language: str, sentence: str, answer: str | None
) -> None:
    """Test which of Home Assistant's own sentences work: those that ask for a state by its name.

    The documents tell them. None knows what a balance is, and integrations can't bring sentences.
    """
    for key, aliases in ALIASES.items():
        entity_id = state_of(hass, account, METER, key).entity_id
        er.async_get(hass).async_update_entity(entity_id, aliases=[*aliases])
        async_expose_entity(hass, "conversation", entity_id, should_expose=True)
    result = await conversation.async_converse(hass, sentence, None, Context(), language=language)
    told = result.response.speech["plain"]["speech"]
    if answer is None:
        assert result.response.response_type.value == "error", told
    else:
        assert told == answer
    assert await hass.config_entries.async_unload(account.entry_id)
