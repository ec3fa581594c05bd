"""Tests of what an order's answer means."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import (
    ConnectError,
    ExchangeError,
    FailedError,
    HttpStatusError,
    RateLimitError,
    UnreadableReplyError,
)
from custom_components.jrhsz.recharge.answer import classified
from custom_components.jrhsz.recharge.order import Order
from custom_components.jrhsz.recharge.request import CreditedMeter

from ..simulator import Simulator
from ..support.accounts import set_up
from ..support.orders import DAY, order
from ..support.recharges import METER


def answered(hass: HomeAssistant, entry: MockConfigEntry, err: Exception | None) -> Order:
    """Return what an answer makes of an order that was just sent."""
    meter = CreditedMeter(entry=entry, user_code=METER, device_id="device", name="meter")
    return classified(hass, meter, order(sent=dt_util.utcnow(), answered=None), err)


@pytest.mark.parametrize(
    ("err", "status", "code"),
    [
        (None, "confirmed", None),
        (ConnectError("x"), "rejected", None),
        (FailedError(1001, "失败"), "unknown", 1001),
        (RateLimitError(429, ""), "unknown", 429),
        (HttpStatusError(500), "unknown", None),
        (ExchangeError("x"), "unknown", None),
        (UnreadableReplyError("x"), "unknown", None),
        (ZeroDivisionError(), "unknown", None),
    ],
)
async def test_answers(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    err: Exception | None,
    status: str,
    code: int | None,
) -> None:
    """Test that only success confirms, and only what never left is rejected at once."""
    await set_up(hass, config_entry)
    done = answered(hass, config_entry, err)
    assert (done.status, done.source, done.code) == (status, "answer", code)
    assert done.answered == dt_util.utcnow()
    assert (done.message == "") == (err is None or isinstance(err, ZeroDivisionError))
    # A credit is followed until the list shows it.
    assert done.watch_until == (done.sent + 7 * DAY if status == "confirmed" else None)


async def test_time_of_the_platform(
    hass: HomeAssistant, simulator: Simulator, config_entry: MockConfigEntry
) -> None:
    """Test that the time that the platform's clock shows is kept."""
    simulator.advance(7200)
    await set_up(hass, config_entry)
    done = answered(hass, config_entry, None)
    assert done.platform_time is not None
    assert abs((done.platform_time - simulator.now()).total_seconds()) < 3
