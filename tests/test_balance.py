"""Tests of what is remembered of a balance: whether it is low, and that it became so."""

from decimal import Decimal
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import MeterInfo
from custom_components.jrhsz.balance import BalanceWatch, BecameLow
from custom_components.jrhsz.coordinator import SIGNAL_BECAME_LOW, MeterCoordinator
from custom_components.jrhsz.settings import Settings

from .simulator import Fault, Simulator
from .support.accounts import restart, set_up, wait_for

METER = "2022040001"


def answer(balance: str | None, meter_type: int = 3) -> MeterInfo:
    """Return an answer with this balance."""
    return MeterInfo(
        table_no="1",
        meter_type=meter_type,
        reading=None,
        read_time=None,
        balance=None if balance is None else Decimal(balance),
    )


@pytest.mark.parametrize(
    ("threshold", "steps"),
    [
        (20.0, {"20.01": False, "20.00": True, "20.99": True, "21.00": False, "20.01 ": False}),
        (5.0, {"5.00": True, "5.49": True, "5.50": False}),
        (0.0, {"0.01": False, "0.00": True, "-3": True, "0.49": True, "0.50": False}),
        (1000.0, {"1000": True, "1049.99": True, "1050": False}),
    ],
)
def test_hysteresis(threshold: float, steps: dict[str, bool]) -> None:
    """Test that it is on at the threshold, and off from 5 %, at least 0.50, above it."""
    watch = BalanceWatch(Settings.of({"low_balance": threshold}))
    for balance, low in steps.items():
        watch.note(answer(balance.strip()))
        assert watch.is_low is low, balance


@pytest.mark.parametrize(
    ("threshold", "near", "far"), [(20.0, "25", "25.01"), (0.0, "5", "5.01"), (100.0, "125", "126")]
)
def test_near(threshold: float, near: str, far: str) -> None:
    """Test that a balance is near its threshold from a quarter above it on, at least 5 yuan."""
    watch = BalanceWatch(Settings.of({"low_balance": threshold}))
    found = [watch.is_near]
    for balance in (far, near, "-3", None):
        watch.note(answer(balance))
        found.append(watch.is_near)
    assert found == [False, False, True, True, True]


def test_a_missing_balance_changes_nothing() -> None:
    """Test that an answer without a balance keeps what was known."""
    watch = BalanceWatch(Settings.of({}))
    watch.note(answer(None))
    assert (watch.last, watch.is_low) == (None, False)
    watch.note(answer("19"))
    watch.note(answer(None))
    assert (watch.last, watch.is_low) == (Decimal(19), True)
    watch.note(answer("20.50"))
    assert watch.is_low


def test_a_file_without_this_memory() -> None:
    """Test that values that were kept without it are looked at anew."""
    watch = BalanceWatch(Settings.of({"low_balance_water": 5}))
    watch.restore(None, answer("4.99", meter_type=2))
    assert (watch.last, watch.is_low) == (Decimal("4.99"), True)


@pytest.mark.parametrize("kept", [None, 3, {}, {"last": 4, "low": "yes", "threshold": []}])
def test_damaged_memory(kept: object) -> None:
    """Test that a memory that can't be read is as good as none."""
    watch = BalanceWatch(Settings.of({}))
    watch.restore(kept, None)
    assert (watch.last, watch.is_low, watch.threshold) == (None, False, Decimal(20))


def test_falls() -> None:
    """Test that a fall is news once, that the first balance is none, and that a rise ends it."""
    watch = BalanceWatch(Settings.of({}))
    watch.note(answer("5"))
    assert (watch.is_low, watch.untold_fall) == (True, None)
    for balance in ("30", None, "19.99", "3", "20.50"):
        watch.note(answer(balance))
    assert watch.untold_fall == BecameLow(Decimal(30), Decimal("19.99"))
    watch.untold_fall = None
    watch.note(answer("1"))
    assert watch.untold_fall is None
    watch.note(answer("21"))
    watch.set_threshold(Decimal(25))
    assert watch.untold_fall == BecameLow(Decimal(21), Decimal(21))


def test_an_untold_fall_is_kept() -> None:
    """Test that it survives a restart, and that a damaged one is none."""
    watch = BalanceWatch(Settings.of({}))
    watch.note(answer("30"))
    watch.note(answer("3.50"))
    kept = json.loads(json.dumps(watch.as_dict()))
    later = BalanceWatch(Settings.of({}))
    later.restore(kept, answer("3.50"))
    assert later.untold_fall == BecameLow(Decimal(30), Decimal("3.50"))
    for damaged in (["x", "3"], ["1"], 5, None):
        later.restore(kept | {"untold": damaged}, None)
        assert later.untold_fall is None


class Heard:
    """What is told of balances that became low."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen."""
        self.falls: list[tuple[str, str, str]] = []
        async_dispatcher_connect(hass, SIGNAL_BECAME_LOW, self._note)

    def _note(self, meter: MeterCoordinator, fall: BecameLow) -> None:
        """Remember what was told."""
        self.falls.append((meter.user_code, f"{fall.before:.0f}", f"{fall.after:.0f}"))


async def test_a_fall_during_an_outage(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that it is told once, however many polls failed before and whatever comes after."""
    simulator.meters[METER].set_balance("100.4")
    await set_up(hass, config_entry)
    heard = Heard(hass)
    simulator.add_fault(Fault(kind="status", interface="GetUserInfo", user_code=METER, times=2))
    await wait_for(hass, freezer, minutes=31)
    await wait_for(hass, freezer, seconds=62)
    simulator.meters[METER].set_balance("5.4")
    await wait_for(hass, freezer, minutes=31)
    assert heard.falls == [(METER, "100", "5")]
    await restart(hass, config_entry)
    await wait_for(hass, freezer, minutes=31)
    simulator.meters[METER].set_balance(4)
    await wait_for(hass, freezer, minutes=31)
    assert len(heard.falls) == 1
    simulator.meters[METER].set_balance("60.4")
    await wait_for(hass, freezer, minutes=31)
    simulator.meters[METER].set_balance("3.4")
    await wait_for(hass, freezer, minutes=31)
    assert heard.falls[1:] == [(METER, "60", "3")]


@pytest.mark.parametrize("unloads", [False, True])
async def test_a_fall_before_the_start_has_ended(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    unloads: bool,
) -> None:
    """Test that it waits until automations are on, over a reload too."""
    simulator.meters[METER].set_balance("100.4")
    await set_up(hass, config_entry)
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    hass.set_state(CoreState.starting)
    heard = Heard(hass)
    simulator.meters[METER].set_balance("5.4")
    freezer.tick(1900)
    await set_up(hass, config_entry)
    assert heard.falls == []
    if unloads:
        await restart(hass, config_entry)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert heard.falls == []
    await wait_for(hass, freezer, seconds=11)
    assert heard.falls == [(METER, "100", "5")]
