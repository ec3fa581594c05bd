"""Tests of what is told of a meter: silence and changes, each once."""

from decimal import Decimal
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.coordinator import SIGNAL_CHANGED, MeterCoordinator
from custom_components.jrhsz.news import Change, MeterNews, Values

from .simulator import Simulator
from .support.accounts import restart, set_up, wait_for

METER = "2022040001"


def values(balance: str | None, days_left: str | None = None) -> Values:
    """Return values."""
    return Values(
        balance=None if balance is None else Decimal(balance),
        days_left=None if days_left is None else Decimal(days_left),
    )


def test_silence_is_told_once() -> None:
    """Test that only a meter that was heard becomes silent, and anew after it was heard again."""
    news = MeterNews()
    taken = []
    for is_silent in (True, True, False, True, True, False, True):
        news.note(is_silent=is_silent)
        taken.append(news.take_silence())
    assert taken == [False, False, False, True, False, False, True]


def test_silence_that_ended_before_it_was_told() -> None:
    """Test that it is no news any more, and that one that lasts waits."""
    news = MeterNews()
    for is_silent in (False, True, True):
        news.note(is_silent=is_silent)
    assert news.has_untold_silence
    news.note(is_silent=False)
    assert not news.take_silence()


def test_what_is_not_known_changes_nothing() -> None:
    """Test that a change is from what was known last to what is known next."""
    news = MeterNews()
    assert news.take_change(values(None)) is None
    assert news.take_change(values("30")) == Change(values(None), values("30"))
    assert news.take_change(values(None, "6")) == Change(values("30"), values("30", "6"))
    assert news.take_change(values("30")) is None
    assert news.take_change(values("29.5")) == Change(values("30", "6"), values("29.5", "6"))
    assert not news.is_saved


@pytest.mark.parametrize("damaged", [None, 1, [], {}, {"told": 1}])
def test_kept(damaged: object) -> None:
    """Test that what was told is kept, and that of what was never told the balance is known."""
    news = MeterNews()
    news.take_change(values("30.10", "6.25"))
    for is_silent in (False, True):
        news.note(is_silent=is_silent)
    later = MeterNews()
    later.restore(json.loads(json.dumps(news.as_dict())), Decimal(1))
    assert (later.told, later.is_silent, later.has_untold_silence) == (news.told, True, True)
    assert later.is_saved
    later = MeterNews()
    later.restore(damaged, Decimal(1))
    assert (later.told, later.is_silent, later.has_untold_silence) == (values("1"), None, False)


@pytest.mark.parametrize("unloads", [False, True])
async def test_a_change_before_the_start_has_ended(
    hass: HomeAssistant,
    simulator: Simulator,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    unloads: bool,
) -> None:
    """Test that it waits until automations are on, over a reload too, and is told as one."""
    simulator.meters[METER].set_balance(100)
    await set_up(hass, config_entry)
    before = config_entry.runtime_data.coordinators[METER].balance.last
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    hass.set_state(CoreState.starting)
    heard: list[Change] = []

    def note(meter: MeterCoordinator, change: Change) -> None:
        """Remember what was told of the meter."""
        if meter.user_code == METER:
            heard.append(change)

    async_dispatcher_connect(hass, SIGNAL_CHANGED, note)
    simulator.meters[METER].set_balance(5)
    freezer.tick(1900)
    await set_up(hass, config_entry)
    if unloads:
        simulator.meters[METER].set_balance(4)
        await restart(hass, config_entry)
    assert heard == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await wait_for(hass, freezer, seconds=11)
    after = config_entry.runtime_data.coordinators[METER].balance.last
    assert heard == [Change(Values(balance=before), Values(balance=after))]
    assert await hass.config_entries.async_unload(config_entry.entry_id)
