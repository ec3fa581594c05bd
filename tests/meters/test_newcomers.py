"""Tests of following meters that came to the platform."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.jrhsz.meters.newcomers import async_follow_too
from custom_components.jrhsz.settings import ChosenMeter

from ..simulator import Fault, Simulator
from ..support.accounts import account_of, restart, set_up, state_of, wait_for
from ..support.watched import METER, chosen, decide, device_of, issue_of, listed_account, shown

pytestmark = pytest.mark.usefixtures("no_pace")


async def test_new_meters_are_followed(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a new meter gets its entities within a day, while all others go on as they were."""
    entry = listed_account(simulator, add_new_meters=True)
    await set_up(hass, entry)
    account, coordinator = entry.runtime_data, entry.runtime_data.coordinators[METER]
    new = simulator.add_meter(building=2, user_name="201")
    await wait_for(hass, freezer, hours=25)
    assert entry.runtime_data is account
    assert account.coordinators[METER] is coordinator
    assert chosen(entry) == set(simulator.meters)
    assert issue_of(hass, entry, "new_meters") is None
    device = device_of(hass, entry, new.user_code)
    assert device is not None
    assert device.name == "二栋电 201"
    for key in ("balance", "reading", "recharge", "low_balance", "days_left"):
        assert state_of(hass, entry, new.user_code, key)
    before = state_of(hass, entry, new.user_code, "balance").state
    new.set_balance(777)
    await wait_for(hass, freezer, minutes=31)
    balance = state_of(hass, entry, new.user_code, "balance").state
    assert 700 < float(balance) != float(before)
    await restart(hass, entry)
    assert state_of(hass, entry, new.user_code, "balance").state == balance
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_was_removed_does_not_come_back(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a meter whose device a person deleted is not new."""
    entry = listed_account(simulator, add_new_meters=True)
    await set_up(hass, entry)
    new = simulator.add_meter(building=2)
    await wait_for(hass, freezer, hours=25)
    assert new.user_code in chosen(entry)
    new.hide()
    for hours in (25, 13, 13):
        await wait_for(hass, freezer, hours=hours)
    await decide(hass, entry, "gone_meters", "remove")
    new.show()
    await wait_for(hass, freezer, hours=25)
    assert new.user_code not in chosen(entry)
    assert issue_of(hass, entry, "new_meters") is None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_wanted_after_they_were_found(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Test that who turns the option on gets what an issue tells of, without another look."""
    entry = listed_account(simulator)
    await set_up(hass, entry)
    simulator.add_meter()
    await wait_for(hass, freezer, hours=25)
    assert shown(hass, entry, "new_meters")["count"] == "1"
    options = entry.options | {"add_new_meters": True}
    hass.config_entries.async_update_entry(entry, options=options)
    await restart(hass, entry)
    await wait_for(hass, freezer, hours=1, minutes=1)
    assert chosen(entry) == set(simulator.meters)
    assert issue_of(hass, entry, "new_meters") is None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_too_many(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a person is asked if all together would be too many."""
    monkeypatch.setattr("custom_components.jrhsz.meters.newcomers.MAX_METERS", 8)
    entry = listed_account(simulator, add_new_meters=True)
    await set_up(hass, entry)
    simulator.add_meter()
    await wait_for(hass, freezer, hours=25)
    assert len(chosen(entry)) == 8
    assert shown(hass, entry, "new_meters")["count"] == "1"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_another_size(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an account that isn't small any more is loaded anew, and that names are unique."""
    monkeypatch.setattr("custom_components.jrhsz.settings._SMALL_ACCOUNT", 8)
    entry = listed_account(simulator, add_new_meters=True)
    await set_up(hass, entry)
    account = entry.runtime_data
    new = simulator.add_meter(building=2)
    await wait_for(hass, freezer, hours=25)
    assert entry.runtime_data is not account
    assert not entry.runtime_data.settings.is_small_account
    assert device_of(hass, entry, new.user_code) is not None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_account_that_is_not_loaded(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that meters are kept for an account that the platform doesn't let in now."""
    entry = account_of(simulator)
    simulator.add_fault(Fault(kind="status", interface="login"))
    await set_up(hass, entry)
    known = [ChosenMeter(user_code=code, building="一栋", room=METER) for code in (METER, "7")]
    assert async_follow_too(hass, entry, known)
    assert entry.options["meters"][-1] == {
        "user_code": "7",
        "building": "一栋",
        "room": f"{METER} (7)",
    }
    assert len(entry.options["meters"]) == 9
