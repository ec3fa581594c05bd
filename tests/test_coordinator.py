"""Tests of polling a meter: failures, order, what follows."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.jrhsz.api import Client, MeterInfo, Priority
from custom_components.jrhsz.diagnostics import async_get_config_entry_diagnostics
from custom_components.jrhsz.rhythm import Rhythm

from .simulator import Fault, Simulator
from .support.accounts import (
    account_of,
    account_state,
    coordinator_of,
    restart,
    set_up,
    state_of,
    wait_for,
)
from .support.logs import lines

METER, OTHER = "2022040001", "2022040002"


async def test_one_failure_is_repeated(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that one failed poll is repeated after a minute and changes nothing."""
    await set_up(hass, config_entry)
    before = state_of(hass, config_entry, METER, "reading").state
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", user_code=METER))
    simulator.reset_counts()
    await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, METER, "reading").state == before
    assert len(simulator.calls_of("GetUserInfo")) == len(simulator.meters)

    await wait_for(hass, freezer, seconds=59)
    assert len(simulator.calls_of("GetUserInfo")) == len(simulator.meters)
    await wait_for(hass, freezer, seconds=3)
    repeated = simulator.calls_of("GetUserInfo")[len(simulator.meters) :]
    assert [call.params["user_code"] for call in repeated] == [METER]
    assert Decimal(state_of(hass, config_entry, METER, "reading").state) == (
        simulator.meters[METER].info().reading
    )


async def test_two_failures_make_one_meter_unavailable(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that only the meter that fails goes, with one line down and one up."""
    await set_up(hass, config_entry)
    simulator.add_fault(
        Fault(kind="code", code=1001, interface="GetUserInfo", user_code=METER, times=None)
    )
    caplog.clear()
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    assert state_of(hass, config_entry, METER, "reading").state == STATE_UNAVAILABLE
    assert state_of(hass, config_entry, OTHER, "reading").state != STATE_UNAVAILABLE
    for _ in range(4):
        await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, METER, "reading").state == STATE_UNAVAILABLE
    simulator.clear_faults()
    await wait_for(hass, freezer, minutes=31)
    assert state_of(hass, config_entry, METER, "reading").state != STATE_UNAVAILABLE
    assert lines(caplog) == [
        (
            "ERROR",
            (
                "Meter 2022040001 can't be read, others can: "
                "The platform refused the request: 失败 (code 1001)"
            ),
        ),
        ("INFO", "Meter 2022040001 can be read again"),
    ]


async def test_platform_down_is_said_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that eight meters whose platform is gone log one line down and one up."""
    await set_up(hass, config_entry)
    port = int(simulator.url.rpartition(":")[2])
    await simulator.stop()
    caplog.clear()
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    for code in simulator.meters:
        assert state_of(hass, config_entry, code, "reading").state == STATE_UNAVAILABLE
    await simulator.start(port=port)
    await wait_for(hass, freezer, minutes=31)
    for code in simulator.meters:
        assert state_of(hass, config_entry, code, "reading").state != STATE_UNAVAILABLE
    assert [level for level, _ in lines(caplog)] == ["ERROR", "INFO"]
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 502}, {"kind": "html"}, {"kind": "cut"}, {"kind": "code"}],
    ids=lambda fault: fault["kind"],
)
async def test_outage_is_said_once(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    fault: dict[str, Any],
) -> None:
    """Test that an outage of all meters is one line down and one up, whatever it looks like."""
    await set_up(hass, config_entry)
    caplog.clear()
    simulator.add_fault(Fault(**fault, interface="GetUserInfo", times=None))
    for _ in range(4):
        await wait_for(hass, freezer, minutes=31)
    for code in simulator.meters:
        assert state_of(hass, config_entry, code, "reading").state == STATE_UNAVAILABLE
    simulator.clear_faults()
    await wait_for(hass, freezer, minutes=31)
    for code in simulator.meters:
        assert state_of(hass, config_entry, code, "reading").state != STATE_UNAVAILABLE
    assert [level for level, _ in lines(caplog)] == ["ERROR", "INFO"]


async def test_polling_turned_off(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that nothing of ours calls then, but a person can, and the totals follow."""
    await set_up(hass, config_entry)
    options = {**config_entry.options, "history_days": 30}
    hass.config_entries.async_update_entry(config_entry, options=options, pref_disable_polling=True)
    await restart(hass, config_entry)
    simulator.reset_counts()
    for _ in range(3):
        await wait_for(hass, freezer, hours=25)
    assert simulator.calls == []
    simulator.meters[METER].set_balance(-700)
    await coordinator_of(config_entry, METER).async_refresh_now()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert 700 <= Decimal(account_state(hass, config_entry, "arrears")) < 710


async def test_kind_that_changes_reloads(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that unit and device class follow a kind that changes."""
    await set_up(hass, config_entry)
    simulator.meters[METER].table_type = 2
    await wait_for(hass, freezer, minutes=31)
    state = state_of(hass, config_entry, METER, "reading")
    assert state.attributes["unit_of_measurement"] == "m³"
    assert state.attributes["device_class"] == "water"
    assert config_entry.state is ConfigEntryState.LOADED


async def test_refresh_promotes_a_poll_that_waits(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a user's refresh goes ahead of the queue without a second call."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.02)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    last = max(simulator.meters)
    while not simulator.calls_of("GetUserInfo"):
        await hass.async_block_till_done()
        await coordinator_of(config_entry, last).async_refresh_now()
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert polled.index(last) <= 1
    await hass.async_block_till_done(wait_background_tasks=True)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert sorted(polled) == sorted(simulator.meters)


async def test_refresh_polls_if_nothing_waits(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a user's refresh of a meter polls just that one, at once."""
    await set_up(hass, config_entry)
    simulator.reset_counts()
    simulator.meters[METER].set_balance("1.23")
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": state_of(hass, config_entry, METER, "balance").entity_id},
        blocking=True,
    )
    assert [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")] == [METER]
    assert state_of(hass, config_entry, METER, "balance").state == "1.23"


async def test_reload_cancels_no_script(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a script that refreshes a meter goes on when its account is reloaded."""
    await set_up(hass, config_entry)
    assert await async_setup_component(hass, "homeassistant", {})
    reading = state_of(hass, config_entry, METER, "reading").entity_id
    update = {"action": "homeassistant.update_entity", "target": {"entity_id": reading}}
    script = {"refresh": {"sequence": [update, {"event": "refreshed"}]}}
    assert await async_setup_component(hass, "script", {"script": script})
    refreshed = async_capture_events(hass, "refreshed")
    fault = simulator.add_fault(Fault(kind="hang", interface="GetUserInfo", seconds=0.3))
    await hass.services.async_call("script", "turn_on", {"entity_id": "script.refresh"})
    while not fault.hits:  # noqa: ASYNC110  the simulator has no event for it
        await asyncio.sleep(0.01)
    assert await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(refreshed) == 1


async def test_stopped_meter_leaves_the_queue(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a meter that is stopped while its poll waits is never polled."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.02)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await coordinator_of(config_entry, OTHER).async_stop()
    await hass.async_block_till_done(wait_background_tasks=True)
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert sorted(polled) == sorted(set(simulator.meters) - {OTHER})


async def test_polls_follow_reports(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    no_pace: None,
) -> None:
    """Test that a meter is polled soon after its reports, and still is after a restart."""
    entry = account_of(simulator)
    meters = [meter for meter in entry.options["meters"] if meter["user_code"] == METER]
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "meters": meters})
    await set_up(hass, entry)
    began, reading, seen = (
        dt_util.utcnow(),
        coordinator_of(entry, METER).data,
        dict[datetime, datetime](),
    )
    polls = 0

    async def answer(*_: Any) -> MeterInfo:
        """Answer with the last reading, which takes 400 s to come."""
        nonlocal polls
        polls += 1
        now = dt_util.utcnow()
        hours = (now - began - timedelta(seconds=400)) // timedelta(hours=1)
        info = replace(reading, read_time=began + timedelta(hours=hours, minutes=-17))
        assert info.read_time is not None
        seen.setdefault(info.read_time, now)
        return info

    with patch.object(Client, "get_meter", answer):
        for part in range(2):
            for _ in range(10 * 60):
                await wait_for(hass, freezer, minutes=1)
            if not part:
                learnt = coordinator_of(entry, METER).rhythm
                await restart(hass, entry)
                assert coordinator_of(entry, METER).rhythm.as_dict() == learnt.as_dict()
    late = [at - read_time - timedelta(minutes=17, seconds=400) for read_time, at in seen.items()]
    assert max(late[10:]) < timedelta(minutes=3)
    assert polls <= 1.1 * 40 + 4
    diagnosed = await async_get_config_entry_diagnostics(hass, entry)
    (meter,) = diagnosed["meters"]
    assert meter["rhythm"]["period"] == 3600
    assert meter["rhythm"]["early"] <= 17 * 60 + 400 <= meter["rhythm"]["late"] + 60


async def test_news_go_first(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that a poll that is to show something new goes first, above all for a low balance."""
    await set_up(hass, config_entry)
    meter = coordinator_of(config_entry, METER)
    now, loop = dt_util.utcnow().timestamp(), hass.loop.time()
    meter.rhythm = Rhythm(
        times=[now - 3 * 3600, now - 2 * 3600, now - 3600], late=0, polled_at=now - 60
    )
    for balance, priority in ((400, Priority.NEWS), (21, Priority.LOW)):
        meter.balance.last = Decimal(balance)
        turn = meter._turn_of_poll()
        assert [turn.priority_at(loop + passed) for passed in (-60, 60)] == [
            Priority.POLL,
            priority,
        ]
    meter.rhythm = Rhythm(polled_at=now)
    turn = meter._turn_of_poll()
    assert [turn.priority_at(loop + 60 * minutes) for minutes in (35, 37)] == [
        Priority.POLL,
        Priority.NEWS,
    ]
