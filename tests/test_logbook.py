"""Tests of the logbook's lines about recharges."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.models import (
    LazyEventPartialState,
    async_event_to_row,
)
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.translation import async_load_integrations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.logbook import async_describe_events

from .simulator import Fault, Simulator
from .support.accounts import set_up
from .support.recharges import METER, OTHER, recharge


def lines(hass: HomeAssistant, events: list[Event[Any]]) -> list[tuple[str, str]]:
    """Return name and message of each event's line."""
    described = {}

    def describe(
        domain: str, event: str, describer: Callable[[LazyEventPartialState], dict[str, Any]]
    ) -> None:
        """Take what describes an event."""
        assert domain == "jrhsz"
        described[event] = describer

    async_describe_events(hass, describe)
    partial_events = [LazyEventPartialState(async_event_to_row(event), {}) for event in events]
    told = [described["jrhsz_recharge"](event) for event in partial_events]
    return [(line["name"], line["message"]) for line in told]


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            (
                "was credited ¥20.00 (order A)",
                "was not credited ¥20.50: refused (order B)",
                "may have been credited ¥20.00: not known yet (order C)",
                "A recharge was announced that Home Assistant never made",
            ),
        ),
        (
            "zh-Hans",
            (
                "充值 ¥20.00 已到账（订单 A）",
                "充值 ¥20.50 被拒绝，没有到账（订单 B）",
                "充值 ¥20.00 是否到账尚不确定（订单 C）",
                "收到一条充值消息，但 Home Assistant 没有这笔充值",
            ),
        ),
    ],
)
async def test_lines(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    language: str,
    told: tuple[str, str, str, str],
) -> None:
    """Test that every outcome is a line in the language of Home Assistant."""
    await set_up(hass, config_entry)
    hass.config.language = language
    await async_load_integrations(hass, {"jrhsz"})
    events = async_capture_events(hass, "jrhsz_recharge")
    await recharge(hass, config_entry, order_number="A")
    simulator.add_fault(Fault(kind="code", code=1008, interface="Prestore"))
    await recharge(hass, config_entry, OTHER, amount=20.5, order_number="B")
    simulator.add_fault(Fault(kind="cut", interface="Prestore"))
    await recharge(hass, config_entry, OTHER, order_number="C")
    assert lines(hass, events) == [
        (f"一栋 {METER}", told[0]),
        (f"一栋 {OTHER}", told[1]),
        (f"一栋 {OTHER}", told[2]),
    ]
    # Any user's mobile app can fire such an event.
    forged = [
        {"order_number": "D", "device_id": "x", "amount": 499.0, "status": "confirmed"},
        {"order_number": "B", "device_id": "x", "amount": 499.0, "status": "confirmed"},
        {},
    ]
    for data in forged:
        hass.bus.async_fire("jrhsz_recharge", data)
    await hass.async_block_till_done()
    unknown, of_another, empty = lines(hass, events[3:])
    assert unknown == empty == ("jrhsz", told[3])
    assert of_another == (f"一栋 {OTHER}", told[1])
    del events[3:]
    assert await hass.config_entries.async_remove(config_entry.entry_id)
    assert [name for name, _ in lines(hass, events)] == ["jrhsz"] * 3
