"""Tests of changing an account's meters and settings."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.meters import listing_steps

from .simulator import Fault, Simulator
from .support.accounts import account_of, set_up, state_of
from .support.flows import Driver

pytestmark = pytest.mark.usefixtures("no_pace")

SETTINGS = {
    "scan_interval": 30,
    "low_balance": 20.0,
    "low_balance_water": 20.0,
    "silent_hours": 48,
    "history_days": 365,
    "max_recharge": 500.0,
    "max_recharge_per_day": 1000.0,
    "max_recharge_total_per_day": 2000.0,
    "add_new_meters": False,
}
CHOSEN = [
    {"user_code": "2022040002", "building": "Old name", "room": "1"},
    {"user_code": "2022040001", "building": "一栋电", "room": "101"},
]


@pytest.fixture
async def entry(hass: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return an account with two meters and a setting."""
    entry = account_of(simulator, meters=CHOSEN, scan_interval=60)
    await set_up(hass, entry)
    simulator.reset_counts()
    return entry


def codes_of(entry: MockConfigEntry) -> list[str]:
    """Return the chosen meters."""
    return [meter["user_code"] for meter in entry.options["meters"]]


async def finished(hass: HomeAssistant, flow: Driver) -> None:
    """See that a flow ended, and let the entry reload."""
    assert flow.step == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_settings(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator) -> None:
    """Test that settings take effect at once, leave the meters alone and poll nothing anew."""
    flow = await Driver.options(hass, entry.entry_id)
    assert (flow.step, flow.menu) == ("init", ["meters", "settings"])
    await flow.choose("settings")
    assert flow.step == "settings"
    assert {key: flow.default(key) for key in SETTINGS} == {
        **SETTINGS,
        "scan_interval": 60,
        "history_days": 0,
    }
    changed = {**SETTINGS, "scan_interval": 5.0, "low_balance": 12.5, "history_days": 0.0}
    await flow.submit(**changed)
    await finished(hass, flow)
    assert entry.options == {"meters": CHOSEN, **changed}
    assert isinstance(entry.options["scan_interval"], int)
    assert entry.state is ConfigEntryState.LOADED
    assert simulator.calls == []


@pytest.mark.parametrize("key", ["scan_interval", "low_balance", "max_recharge"])
async def test_not_a_number(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> None:
    """Test that what Home Assistant's field takes for a number, and isn't, is refused."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("settings")
    await flow.submit(**{**SETTINGS, key: "nan"})
    assert (flow.step, flow.result["errors"]) == ("settings", {key: "not_a_number"})
    await flow.submit(**SETTINGS)
    assert flow.step == "create_entry"
    await finished(hass, flow)


@pytest.mark.parametrize(("count", "days"), [(20, 365), (21, 62)])
async def test_default_of_history(
    hass: HomeAssistant, simulator: Simulator, count: int, days: int
) -> None:
    """Test that a large account begins with less history."""
    meters = [{"user_code": str(code), "building": "", "room": str(code)} for code in range(count)]
    entry = account_of(simulator)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"meters": meters})
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("settings")
    assert flow.default("history_days") == days


async def test_add_meters(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that meters are added; the old ones keep names, entities, values and poll times."""
    registry = er.async_get(hass)
    before = {e.entity_id for e in er.async_entries_for_config_entry(registry, entry.entry_id)}
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    assert flow.menu == ["by_building", "by_address", "by_code", "pick_meters"]
    assert flow.shown == {"count": "2"}
    await flow.choose("by_building")
    await flow.submit(buildings=["gzfh-3-d"])
    assert (flow.step, flow.shown["count"]) == ("choose", "4")
    await flow.choose("pick_meters")
    assert sorted(flow.default("meters")) == ["2022040001", "2022040002"]
    assert flow.labels("meters")["2022040002"] == "Old name · 1 · 2022040002"
    await flow.submit(meters=[*flow.default("meters"), "2022040005"])
    await finished(hass, flow)
    assert entry.options == {
        "meters": [*CHOSEN, {"user_code": "2022040005", "building": "三栋电", "room": "101"}],
        "scan_interval": 60,
        "history_days": 0,
        "add_new_meters": False,
        "known": ["2022040005", "2022040007"],
        "places": {"by_building": ["gzfh-3-d"]},
    }
    polled = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert polled == ["2022040005"]
    assert simulator.calls_of("login") == []
    after = {e.entity_id for e in er.async_entries_for_config_entry(registry, entry.entry_id)}
    assert before < after
    assert state_of(hass, entry, "2022040001", "balance").state not in {"unknown", "unavailable"}


async def test_adding_in_several_ways(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that adding never takes away, and that all places that were listed are remembered."""
    for way, field, chosen, count in (
        ("by_building", "buildings", ["gzfh-3-d"], 4),
        ("by_building", "buildings", ["gzfh-3-s"], 6),
        ("by_address", "addresses", ['["一栋", "一栋一层"]'], 8),
    ):
        flow = await Driver.options(hass, entry.entry_id)
        await flow.choose("meters")
        await flow.choose(way)
        await flow.submit(**{field: chosen})
        await flow.choose("all_meters")
        await finished(hass, flow)
        assert len(codes_of(entry)) == count
    assert entry.options["places"] == {
        "by_building": ["gzfh-3-d", "gzfh-3-s"],
        "by_address": ['["一栋", "一栋一层"]'],
    }
    assert entry.options["known"] == sorted(simulator.meters)
    everything: dict[str, list[str]] = {}
    for fields in (everything, {"buildings": ["gzfh-1-d"]}):
        flow = await Driver.options(hass, entry.entry_id)
        await flow.choose("meters")
        await flow.choose("by_building")
        await flow.submit(**fields)
        await flow.choose("all_meters")
        await finished(hass, flow)
        assert entry.options["places"]["by_building"] is None


async def test_remove_meters(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a meter is removed without a call, with its device."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("pick_meters")
    assert list(flow.labels("meters")) == ["2022040002", "2022040001"]
    await flow.submit(meters=[])
    assert flow.error == "nothing_chosen"
    await flow.submit(meters=["2022040001"])
    await finished(hass, flow)
    assert entry.options == {
        "meters": CHOSEN[1:],
        "scan_interval": 60,
        "history_days": 0,
        "add_new_meters": False,
    }
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert sorted(str(device.name) for device in devices) == ["demo", "一栋电 101"]
    assert simulator.calls == []


async def test_remove_some_of_many(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that of many meters a few are marked, or their codes typed, to be removed."""
    monkeypatch.setattr(listing_steps, "MARKED", 1)
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    assert flow.menu == ["by_building", "by_address", "by_code", "all_but", "remove_codes"]
    await flow.choose("remove_codes")
    assert flow.shown == {"codes": "", "count": "2"}
    for text, error, unknown in (
        (" ,", "nothing_chosen", ""),
        ("2022040001 2022040002", "nothing_chosen", ""),
        ("2022040001 2022049999，x", "not_chosen", "2022049999, x"),
    ):
        await flow.submit(codes=text)
        assert (flow.step, flow.error) == ("remove_codes", error)
        assert flow.shown["codes"] == unknown
    await flow.submit(codes="2022040002\n")
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040001"]
    assert simulator.calls == []


async def test_many_are_not_marked(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a list of many chosen meters begins with none marked."""
    monkeypatch.setattr(listing_steps, "MARKED", 1)
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("all_but")
    assert (flow.default("meters"), len(flow.labels("meters"))) == ([], 2)
    await flow.submit(meters=["2022040001"])
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040002"]


async def test_add_some_to_many(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that beside many chosen meters only new ones are listed, none marked, and all stay."""
    monkeypatch.setattr(listing_steps, "MARKED", 1)
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_building")
    await flow.submit(buildings=["gzfh-1-d"])
    await flow.choose("pick_meters")
    assert (flow.default("meters"), list(flow.labels("meters"))) == ([], ["2022040003"])
    assert (flow.shown["count"], flow.shown["many"]) == ("1", "20")
    await flow.submit(meters=[])
    assert (flow.step, flow.error) == ("pick_meters", "nothing_chosen")
    await flow.submit(meters=["2022040003"])
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040002", "2022040001", "2022040003"]
    # Where nothing is new there is nothing to pick.
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_building")
    await flow.submit(buildings=["gzfh-1-d"])
    assert (flow.step, flow.menu) == ("choose", ["all_meters", "all_but"])


async def test_leave_meters_out(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Test that what is left out may be an old meter or a new one."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_building")
    await flow.submit()
    await flow.choose("all_but")
    await flow.submit(meters=["2022040001", "2022040008"])
    await finished(hass, flow)
    assert codes_of(entry)[0] == "2022040002"
    assert sorted(codes_of(entry)) == [f"202204000{number}" for number in range(2, 8)]


async def test_add_by_code(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that only codes that are new are checked."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_code")
    await flow.submit(codes="2022040001")
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040002", "2022040001"]
    assert simulator.calls_of("GetUserInfo") == []
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_code")
    await flow.submit(codes="2022040001 2022040008")
    # Once by the form, and once by its first poll.
    assert len(simulator.calls_of("GetUserInfo")) == 1
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040002", "2022040001", "2022040008"]
    assert "places" not in entry.options
    assert entry.options["add_new_meters"] is False


async def test_new_meters_are_followed_where_all_were_chosen(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Test that taking all sets the option, that picking leaves it, and that it can be changed."""
    for way, expected in (("all_meters", True), ("pick_meters", True)):
        flow = await Driver.options(hass, entry.entry_id)
        await flow.choose("meters")
        await flow.choose("by_building")
        await flow.submit()
        await flow.choose(way)
        if way == "pick_meters":
            await flow.submit(meters=["2022040001"])
        await finished(hass, flow)
        assert entry.options["add_new_meters"] is expected
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("settings")
    assert flow.default("add_new_meters") is True
    await flow.submit(**SETTINGS)
    await finished(hass, flow)
    assert entry.options["add_new_meters"] is False


async def test_nothing_changes_by_itself(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    """Test that a meter that the platform no longer lists stays chosen."""
    simulator.meters["2022040001"].hide()
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_building")
    await flow.submit(buildings=["gzfh-1-d"])
    await flow.choose("all_meters")
    await finished(hass, flow)
    assert codes_of(entry) == ["2022040002", "2022040001", "2022040003"]


async def test_account_that_is_not_loaded(hass: HomeAssistant, simulator: Simulator) -> None:
    """Test that the options of an account that couldn't be set up can be changed."""
    entry = account_of(simulator, meters=CHOSEN)
    simulator.add_fault(Fault(kind="status", interface="login"))
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("by_building")
    assert flow.step == "by_building"
    await flow.submit()
    await flow.choose("all_meters")
    await finished(hass, flow)
    assert len(codes_of(entry)) == 8
    assert hass.config_entries.async_loaded_entries("jrhsz") == [entry]
