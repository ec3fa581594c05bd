"""Tests of the steps in which meters are found."""

import time
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    FlowResultType,
    UnknownFlow,
)
import pytest

from custom_components.jrhsz.meters import listing_steps

from ..simulator import Fault, Simulator
from ..support.flows import LISTS, Driver, asked, codes_of, entry_of

pytestmark = pytest.mark.usefixtures("no_pace")


async def test_some_buildings(browse: Driver, simulator: Simulator) -> None:
    """Test that only the chosen buildings are listed, at least one."""
    await browse.choose("by_building")
    await browse.submit(buildings=[])
    assert (browse.step, browse.error) == ("by_building", "nothing_chosen")
    await browse.submit(buildings=["gzfh-3-s", "gzfh-1-s"])
    assert browse.shown["count"] == "4"
    await browse.choose("all_meters")
    options = entry_of(browse).options
    assert [meter["building"] for meter in options["meters"]] == ["一栋水"] * 2 + ["三栋水"] * 2
    assert options["places"] == {"by_building": ["gzfh-1-s", "gzfh-3-s"]}
    assert options["known"] == ["2022040002", "2022040004", "2022040006", "2022040008"]
    assert len(simulator.calls_of("getUserCodeByAccount")) == 2


async def test_buildings_of_the_same_name(browse: Driver, simulator: Simulator) -> None:
    """Test that buildings of the same name are told apart by their codes."""
    simulator.world.lists["gzfh-3-d"] = "一栋电"
    await browse.choose("by_building")
    labels = browse.labels("buildings")
    assert labels["gzfh-1-d"] == "一栋电 (gzfh-1-d)"
    assert labels["gzfh-3-d"] == "一栋电 (gzfh-3-d)"
    assert labels["gzfh-3-s"] == "三栋水"
    await browse.submit()
    await browse.choose("all_meters")
    names = [f"{meter['building']} {meter['room']}" for meter in entry_of(browse).options["meters"]]
    assert len(set(names)) == 8
    assert names[0] == "一栋电 101"
    assert "一栋电 101 (2022040005)" in names


@pytest.mark.parametrize("address_code", ["name", "code"])
async def test_by_address(browse: Driver, simulator: Simulator, address_code: Any) -> None:
    """Test that meters are found by address; the same room's second meter gets its code."""
    simulator.set_dialect(address_code=address_code)
    await browse.choose("by_address")
    assert browse.step == "by_address"
    first, second = browse.default("addresses")
    assert list(browse.labels("addresses").values()) == ["一栋一层", "三栋一层"]
    await browse.submit(addresses=[first])
    await browse.choose("all_meters")
    options = entry_of(browse).options
    assert [(meter["building"], meter["room"]) for meter in options["meters"]] == [
        ("一栋一层", "101"),
        ("一栋一层", "101 (2022040002)"),
        ("一栋一层", "102"),
        ("一栋一层", "102 (2022040004)"),
    ]
    assert options["places"] == {"by_address": [first]}
    assert second != first
    assert asked(simulator, "addressUserInfo", "address") == ["一栋一层"]


async def test_addresses_of_the_same_name(browse: Driver, simulator: Simulator) -> None:
    """Test that addresses are told apart by their buildings."""
    simulator.set_dialect(address_form="floor")
    await browse.choose("by_address")
    assert list(browse.labels("addresses").values()) == ["一栋 一层", "三栋 一层"]
    await browse.submit()
    await browse.choose("all_meters")
    assert len(codes_of(browse)) == 8
    assert asked(simulator, "addressUserInfo", "build_code") == ["一栋", "三栋"]


async def test_account_without_buildings(browse: Driver, simulator: Simulator) -> None:
    """Test that an account without buildings is listed as a whole, without asking which."""
    simulator.world.lists.clear()
    await browse.choose("by_building")
    assert (browse.step, browse.shown["count"]) == ("choose", "8")
    await browse.choose("all_meters")
    options = entry_of(browse).options
    assert options["meters"][0] == {"user_code": "2022040001", "building": "", "room": "101"}
    assert options["places"] == {"by_building": None}
    assert asked(simulator, "getUserCodeByAccount", "build_code") == [None]


@pytest.mark.parametrize("empty_list", ["string", "native", "blank", "null", "missing", "failure"])
async def test_nothing_found(browse: Driver, simulator: Simulator, empty_list: Any) -> None:
    """Test that an account without meters is said to have none, and another way is offered."""
    simulator.set_dialect(empty_list=empty_list)
    for meter in simulator.meters.values():
        meter.hide()
    await browse.choose("by_address")
    assert (browse.step, browse.menu) == ("nothing_found", ["browse", "by_code"])
    for meter in simulator.meters.values():
        meter.show()
    await browse.choose("by_code")
    await browse.submit(codes="2022040001")
    assert codes_of(browse) == ["2022040001"]


async def test_listing_that_fails(browse: Driver, simulator: Simulator) -> None:
    """Test that one list that fails hides none after it, is named, and only it is asked again."""
    simulator.add_fault(Fault(kind="status", interface="getUserCodeByAccount", skip=2))
    await browse.choose("by_building")
    await browse.submit()
    assert (browse.step, browse.menu) == ("listing_failed", ["listing", "choose", "browse"])
    places = asked(simulator, "getUserCodeByAccount", "build_code")
    assert len(places) == len(LISTS)
    name = simulator.world.lists[str(places[2])]
    assert browse.shown["error"] == f"{name}: The platform answered with HTTP status 500."
    assert (await browse.look()).step == "listing_failed"
    await browse.choose("listing")
    assert (browse.step, browse.shown["count"]) == ("choose", "8")
    places = asked(simulator, "getUserCodeByAccount", "build_code")
    assert len(places) == len(LISTS) + 1
    assert places[2] == places[-1]
    await browse.choose("all_meters")
    assert len(codes_of(browse)) == 8


async def test_many_lists_that_fail(
    browse: Driver, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that of many lists that fail the first are named, and that a dead network ends it."""
    monkeypatch.setattr("custom_components.jrhsz.meters.listing_steps._NAMED", 2)
    simulator.add_fault(Fault(kind="code", interface="getUserCodeByAccount", times=None))
    await browse.choose("by_building")
    await browse.submit()
    assert (browse.step, browse.menu) == ("listing_failed", ["listing", "browse"])
    assert len(browse.shown["error"].splitlines()) == 3
    simulator.clear_faults()
    simulator.add_fault(Fault(kind="cut", interface="getUserCodeByAccount", times=None))
    simulator.reset_counts()
    await browse.choose("listing")
    assert browse.step == "listing_failed"
    # The first list, once more since its connection had been kept, and another list.
    assert len(simulator.calls_of("getUserCodeByAccount")) == 3


@pytest.mark.parametrize("answer", ["listing", "add_anyway", "by_code"])
async def test_codes_that_are_all_refused(
    browse: Driver, simulator: Simulator, answer: str
) -> None:
    """Test that a failure of all codes is told in the platform's words, and none called unknown."""
    simulator.add_fault(Fault(kind="code", msg="系统异常", interface="GetUserInfo", times=None))
    await browse.choose("by_code")
    await browse.submit(codes="2022040001 2022040002")
    assert (browse.step, browse.menu) == ("codes_refused", ["listing", "add_anyway", "by_code"])
    assert "系统异常" in browse.shown["error"]
    assert (await browse.look()).step == "codes_refused"
    simulator.clear_faults()
    await browse.choose(answer)
    if answer == "by_code":
        assert browse.error == "unknown_codes"
        await browse.submit(codes="2022040001 2022040002")
    assert codes_of(browse) == ["2022040001", "2022040002"]


async def test_going_on_with_what_is_there(
    hass: HomeAssistant, browse: Driver, simulator: Simulator
) -> None:
    """Test that what was listed before a failure can be chosen, and that it is said in Chinese."""
    hass.config.language = "zh-Hans"
    simulator.add_fault(Fault(kind="code", interface="getUserCodeByAccount", skip=1))
    await browse.choose("by_building")
    await browse.submit(buildings=["gzfh-1-d", "gzfh-1-s"])
    assert browse.shown["error"].startswith("一栋水")
    assert "失败" in browse.shown["error"]
    assert "1001" in browse.shown["error"]
    await browse.choose("choose")
    assert (browse.step, browse.shown["count"]) == ("choose", "2")
    await browse.choose("all_meters")
    options = entry_of(browse).options
    assert options["known"] == ["2022040001", "2022040003"]
    assert options["places"] == {"by_building": ["gzfh-1-d", "gzfh-1-s"]}


async def test_nothing_to_go_on_with(browse: Driver, simulator: Simulator) -> None:
    """Test that without anything listed another way is offered."""
    simulator.add_fault(Fault(kind="cut", interface="getUserCodeByAccount", times=3))
    await browse.choose("by_building")
    await browse.submit()
    assert (browse.step, browse.menu) == ("listing_failed", ["listing", "browse"])
    await browse.choose("browse")
    simulator.add_fault(Fault(kind="cut", interface="getAddress"))
    await browse.choose("by_address")
    assert (browse.step, browse.menu) == ("listing_failed", ["by_address", "browse"])
    await browse.choose("by_address")
    assert (browse.step, browse.error) == ("by_address", None)
    await browse.submit()
    assert (browse.step, browse.shown["count"]) == ("choose", "8")


@pytest.mark.parametrize("code", [1009, 1002])
@pytest.mark.parametrize(
    ("way", "forbidden"),
    [
        ("by_building", "getBuildCode"),
        ("by_building", "getUserCodeByAccount"),
        ("by_address", "getAddress"),
        ("by_address", "addressUserInfo"),
    ],
)
async def test_listing_not_permitted(
    *, browse: Driver, simulator: Simulator, way: str, forbidden: str, code: Any
) -> None:
    """Test that an account that may not list is told so and led to codes."""
    simulator.set_dialect(forbidden=(forbidden,), forbidden_code=code)
    await browse.choose(way)
    if browse.step == way:
        await browse.submit()
    assert (browse.step, browse.error) == ("by_code", "listing_not_permitted")
    assert ((await browse.look()).step, browse.error) == ("by_code", "listing_not_permitted")
    # What is about the first of several could be about it alone.
    first = forbidden in {"getUserCodeByAccount", "addressUserInfo"}
    assert len(simulator.calls_of(forbidden)) == 1 + first
    await browse.submit(codes="2022040003")
    options = entry_of(browse).options
    assert options == {
        "meters": [{"user_code": "2022040003", "building": "", "room": "2022040003"}],
        "add_new_meters": False,
    }


async def test_reading_not_permitted(browse: Driver, simulator: Simulator) -> None:
    """Test that an account that may not read meters is told so."""
    simulator.set_dialect(forbidden=("GetUserInfo",))
    await browse.choose("by_code")
    await browse.submit(codes="2022040001 2022040002")
    assert (browse.step, browse.error) == ("by_code", "reading_not_permitted")
    assert browse.default("codes") == "2022040001\n2022040002"
    assert len(simulator.calls_of("GetUserInfo")) == 2


async def test_by_code(browse: Driver, simulator: Simulator) -> None:
    """Test that unknown codes are named, and that no known one is asked for twice."""
    await browse.choose("by_code")
    await browse.submit(codes=" ，")
    assert browse.error == "nothing_chosen"
    await browse.submit(codes="2022040001, nobody；2022040002、ＮＯ 2022040001")
    assert (browse.step, browse.error) == ("by_code", "unknown_codes")
    assert browse.shown["codes"] == "nobody, ＮＯ"
    assert browse.default("codes") == "2022040001\n2022040002"
    assert ((await browse.look()).error, browse.shown["codes"]) == ("unknown_codes", "nobody, ＮＯ")
    assert asked(simulator, "GetUserInfo", "user_code") == [
        "2022040001",
        "nobody",
        "2022040002",
        "ＮＯ",
        "NO",
    ]
    # Whoever typed codes has chosen: all, some or all but some isn't asked.
    await browse.submit(codes="2022040001 2022040002 ２０２２０４０００３")
    assert len(simulator.calls_of("GetUserInfo")) == 7
    assert codes_of(browse) == ["2022040001", "2022040002", "2022040003"]
    assert entry_of(browse).options["add_new_meters"] is False


async def test_many_codes(browse: Driver, simulator: Simulator) -> None:
    """Test that of many codes the first 20 are checked, and the rest accepted as typed."""
    known = [*simulator.meters, *(simulator.add_meter().user_code for _ in range(11))]
    rest = [f"Ａ{number}" for number in range(5)]
    await browse.choose("by_code")
    await browse.submit(codes="\n".join([*known, "9", *rest]))
    assert (browse.step, browse.error, browse.shown["codes"]) == ("by_code", "unknown_codes", "9")
    assert browse.default("codes").split() == [*known, *rest]
    await browse.submit(codes=browse.default("codes"))
    assert codes_of(browse) == [*known, *rest]
    checked = [call.params["user_code"] for call in simulator.calls_of("GetUserInfo")]
    assert checked == [*known, "9"]


async def test_too_many_codes(
    browse: Driver, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that more codes than an account can have are refused before any is checked."""
    monkeypatch.setattr("custom_components.jrhsz.meters.listing_steps.MAX_METERS", 2)
    await browse.choose("by_code")
    await browse.submit(codes="2022040001 2022040002 2022040003")
    assert (browse.step, browse.error) == ("by_code", "too_many_meters")
    assert ((await browse.look()).error, browse.shown["max_meters"]) == ("too_many_meters", "2")
    assert browse.default("codes").split() == ["2022040001", "2022040002", "2022040003"]
    assert simulator.calls_of("GetUserInfo") == []
    await browse.submit(codes="2022040001 2022040002")
    assert codes_of(browse) == ["2022040001", "2022040002"]


@pytest.mark.parametrize(
    ("way", "field", "chosen", "listed"),
    [
        ("by_building", "buildings", [], 5),
        ("by_building", "buildings", ["gzfh-1-d"], 1),
        ("by_address", "addresses", [], 2),
    ],
)
async def test_many_lists(
    *,
    browse: Driver,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    field: str,
    chosen: list[str],
    listed: int,
) -> None:
    """Test that of many lists none is marked, that they are searched, and that none means all."""
    monkeypatch.setattr(listing_steps, "MARKED", 1)
    await browse.choose(way)
    assert (browse.default(field), browse.shown) == ([], {"many": "1"})
    selector = next(value for key, value in browse.fields.items() if key == field)
    assert selector.config["mode"] == "dropdown"
    await browse.submit(**{field: chosen} if chosen else {})
    interface = "getUserCodeByAccount" if way == "by_building" else "addressUserInfo"
    assert (browse.step, len(simulator.calls_of(interface))) == ("choose", listed)


async def test_codes_that_can_not_be_checked(browse: Driver, simulator: Simulator) -> None:
    """Test that a failure while checking can be tried again, or what is known be taken."""
    simulator.add_fault(Fault(kind="cut", interface="GetUserInfo", skip=1, times=2))
    await browse.choose("by_code")
    await browse.submit(codes="2022040001 2022040002")
    assert (browse.step, browse.menu) == ("listing_failed", ["listing", "choose", "browse"])
    await browse.choose("choose")
    assert codes_of(browse) == ["2022040001"]


async def test_progress(
    hass: HomeAssistant, browse: Driver, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a bar moves while the platform is asked, with the time left."""
    bar: list[float] = []

    async def moved(event: Event) -> None:
        """Remember a position."""
        bar.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, moved)
    await browse.choose("by_building")
    flow_id = browse.result["flow_id"]
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 30.0)
    result = await hass.config_entries.flow.async_configure(flow_id, {})
    assert (result["type"], result["step_id"]) == (FlowResultType.SHOW_PROGRESS, "listing")
    assert result["progress_action"] == "listing"
    assert result["description_placeholders"] == {"done": "0", "total": "5", "left": "3 minutes"}
    hass.config_entries.flow.async_abort(flow_id)
    await hass.async_block_till_done()
    assert simulator.calls_of("getUserCodeByAccount") == []

    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.0)
    flow = await Driver.add(hass)
    await flow.sign_in(simulator)
    await flow.choose("by_building")
    await flow.submit()
    assert bar == pytest.approx([0, 0, 0.2, 0.4, 0.6, 0.8, 1.0])


async def test_cancelled(hass: HomeAssistant, browse: Driver, simulator: Simulator) -> None:
    """Test that a flow closed in the middle of its listing makes no more calls."""
    simulator.add_fault(Fault(kind="hang", interface="getUserCodeByAccount", skip=1))
    await browse.choose("by_building")
    flow_id = browse.result["flow_id"]
    await hass.config_entries.flow.async_configure(flow_id, {})
    while len(simulator.calls_of("getUserCodeByAccount")) < 2:
        await hass.async_add_executor_job(time.sleep, 0.01)
    assert ((await browse.look()).step, browse.shown["done"]) == ("listing", "1")
    hass.config_entries.flow.async_abort(flow_id)
    await hass.async_block_till_done()
    with pytest.raises(UnknownFlow):
        await browse.look()
    assert len(simulator.calls_of("getUserCodeByAccount")) == 2
