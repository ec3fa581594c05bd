"""Tests of the steps in which meters are chosen from those found."""

import time

from homeassistant.core import HomeAssistant
import pytest

from ..simulator import Dialect, Simulator
from ..support.flows import Driver, codes_of, entry_of

pytestmark = pytest.mark.usefixtures("no_pace")


async def test_pick_meters(browse: Driver) -> None:
    """Test that meters are picked by what they are called."""
    await browse.choose("by_building")
    await browse.submit()
    await browse.choose("pick_meters")
    assert (browse.step, browse.default("meters")) == ("pick_meters", [])
    assert browse.labels("meters")["2022040004"] == "一栋水 · 102 · 2022040004"
    await browse.submit(meters=[])
    assert (browse.step, browse.error) == ("pick_meters", "nothing_chosen")
    await browse.submit(meters=["2022040008", "2022040004"])
    assert codes_of(browse) == ["2022040004", "2022040008"]
    assert len(entry_of(browse).options["known"]) == 8
    assert entry_of(browse).options["add_new_meters"] is False


async def test_all_but(browse: Driver, simulator: Simulator) -> None:
    """Test that all meters are taken but those left out."""
    await browse.choose("by_building")
    await browse.submit()
    await browse.choose("all_but")
    assert (browse.step, browse.default("meters")) == ("all_but", [])
    await browse.submit(meters=list(simulator.meters))
    assert (browse.step, browse.error) == ("all_but", "nothing_chosen")
    assert sorted(browse.default("meters")) == sorted(simulator.meters)
    await browse.submit(meters=["2022040001", "2022040003"])
    assert len(codes_of(browse)) == 6
    assert entry_of(browse).options["add_new_meters"] is False
    assert "2022040001" not in codes_of(browse)


async def test_all(browse: Driver) -> None:
    """Test that who takes all meters gets those that come later too."""
    await browse.choose("by_building")
    await browse.submit()
    await browse.choose("all_meters")
    assert len(codes_of(browse)) == 8
    assert entry_of(browse).options["add_new_meters"] is True


async def test_too_many_meters(browse: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that more meters than Home Assistant takes are refused in every way to choose."""
    monkeypatch.setattr("custom_components.jrhsz.meters.choosing_steps.MAX_METERS", 2)
    await browse.choose("by_building")
    await browse.submit()
    await browse.choose("all_meters")
    assert (browse.step, browse.menu) == ("too_many", ["pick_meters", "all_but"])
    assert (browse.shown["count"], browse.shown["max_meters"]) == ("8", "2")
    await browse.choose("all_but")
    await browse.submit(meters=["2022040001"])
    assert (browse.error, browse.default("meters")) == ("too_many_meters", ["2022040001"])
    three = ["2022040001", "2022040002", "2022040003"]
    await browse.submit(meters=[code for code in browse.labels("meters") if code not in three])
    assert browse.error == "too_many_meters"
    await browse.submit(meters=[code for code in browse.labels("meters") if code not in three[1:]])
    assert codes_of(browse) == ["2022040003", "2022040002"]


@pytest.mark.usefixtures("mock_setup_entry", "socket_enabled")
async def test_three_thousand_meters(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that each form is answered within a second, however many meters there are."""
    async with Simulator(meters=3000, limit=0.0, dialect=Dialect(), history_days=1) as simulator:
        flow = await Driver.add(hass)
        await flow.sign_in(simulator)
        await flow.choose("by_building")
        await flow.submit()
        monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 2.0)
        took = []
        for step in (
            flow.look(),
            flow.choose("pick_meters"),
            flow.submit(meters=[]),
            flow.look(),
            flow.submit(meters=list(simulator.meters)),
        ):
            started = time.process_time()
            await step
            took.append(time.process_time() - started)
            if flow.step == "choose":
                assert flow.shown["duration"] == "100 minutes"
        assert len(codes_of(flow)) == 3000
        assert max(took) < 1, took
