"""Tests of the issues about an account and its meters."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.jrhsz import async_remove_config_entry_device

from .simulator import Simulator
from .support.accounts import account_of, restart, set_up, wait_for
from .support.flows import Driver
from .support.watched import (
    OTHER,
    absent_for_a_day,
    choose,
    chosen,
    decide,
    device_of,
    issue_of,
    listed_account,
    shown,
)

pytestmark = pytest.mark.usefixtures("no_pace")


@pytest.mark.parametrize("choice", ["keep", "remove"])
async def test_unknown_codes(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory, choice: str
) -> None:
    """Test that codes that never answer while others do are told after a day."""
    for _ in range(14):
        simulator.add_meter()
    codes = [*simulator.meters, "9", "１２３"]
    meters = [{"user_code": code, "building": "", "room": code} for code in codes]
    entry = account_of(simulator, meters=meters)
    await set_up(hass, entry)
    await wait_for(hass, freezer, hours=23)
    assert issue_of(hass, entry, "unknown_codes") is None
    await absent_for_a_day(hass, freezer)
    placeholders = shown(hass, entry, "unknown_codes")
    assert placeholders == {"account": "demo", "count": "2", "meters": "- 9\n- １２３"}

    await restart(hass, entry)
    assert shown(hass, entry, "unknown_codes") == placeholders
    await decide(hass, entry, "unknown_codes", choice)
    assert chosen(entry) == set(codes if choice == "keep" else simulator.meters)
    await restart(hass, entry)
    await absent_for_a_day(hass, freezer)
    assert issue_of(hass, entry, "unknown_codes") is None


async def test_unknown_code_that_becomes_known(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that nothing is told any more when a code is known, without waiting for a look."""
    simulator.meters[OTHER].hide()
    entry = account_of(simulator)
    await set_up(hass, entry)
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "unknown_codes")["meters"] == f"- {OTHER}"
    simulator.meters[OTHER].show()
    await wait_for(hass, freezer, minutes=31)
    assert issue_of(hass, entry, "unknown_codes") is None
    assert device_of(hass, entry, OTHER) is not None


async def test_decided_elsewhere(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that issues go when meters are added in the options, or a device is deleted."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    new = simulator.add_meter(building=2).user_code
    simulator.meters[OTHER].hide()
    await absent_for_a_day(hass, freezer)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    assert shown(hass, entry, "gone_meters")["count"] == "1"
    await restart(hass, entry)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    device = device_of(hass, entry, OTHER)
    assert device is not None
    assert await async_remove_config_entry_device(hass, entry, device)
    assert issue_of(hass, entry, "gone_meters") is None

    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_code")
    await flow.submit(codes=new)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert new in chosen(entry)
    assert issue_of(hass, entry, "new_meters") is None

    # What was chosen once isn't new, however it was chosen.
    await choose(hass, entry, chosen(entry) - {new})
    await wait_for(hass, freezer, hours=25)
    assert issue_of(hass, entry, "new_meters") is None


async def test_more_than_was_ignored(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that an ignored issue stays so for its meters, and is told again for others."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter(building=2)
    await wait_for(hass, freezer, hours=25)
    ir.async_ignore_issue(hass, "jrhsz", f"new_meters_{entry.entry_id}", True)
    await wait_for(hass, freezer, hours=25)
    issue = issue_of(hass, entry, "new_meters")
    assert issue is not None
    assert issue.dismissed_version
    simulator.add_meter(building=1)
    await wait_for(hass, freezer, hours=25)
    issue = issue_of(hass, entry, "new_meters")
    assert issue is not None
    assert issue.dismissed_version is None


async def test_names_are_text(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that Markdown in a name is shown as it is in an issue."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, title="de_m_o")
    new = simulator.add_meter(building=2, user_name="**[A](http://evil.example)**").user_code
    await wait_for(hass, freezer, hours=25)
    told = shown(hass, entry, "new_meters")
    assert told["meters"] == rf"- 二栋电 · \*\*\[A\](http\://evil.example)\*\* · {new}"
    assert told["account"] == r"de\_m\_o"
