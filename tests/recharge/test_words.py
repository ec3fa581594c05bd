"""Tests of what people read about an order."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_load_integrations
import pytest

from custom_components.jrhsz.api import ExchangeTimeoutError, FailedError, PlatformError
from custom_components.jrhsz.recharge.delays import ListDelays
from custom_components.jrhsz.recharge.words import async_message, async_reason

from ..support.orders import DAY, SENT, confirmed, order

MINUTE = timedelta(minutes=1)
DELAYS = ListDelays.of([], has_shown=True)


@pytest.fixture(autouse=True)
async def _texts(hass: HomeAssistant) -> None:
    """Load the texts, at noon in Shanghai."""
    await hass.config.async_set_time_zone("Asia/Shanghai")
    await async_load_integrations(hass, {"jrhsz"})


@pytest.mark.parametrize(
    ("err", "told"),
    [
        (FailedError(1001, "系统繁忙"), "系统繁忙"),
        (FailedError(1001, ""), "The platform refused the request (code 1001)."),
        (FailedError(1001, " "), "The platform refused the request (code 1001)."),
        (ExchangeTimeoutError("x"), "The platform did not answer in time."),
    ],
)
async def test_reasons(hass: HomeAssistant, err: PlatformError, told: str) -> None:
    """Test that the platform's own words are told if it has any, else ours, without a gap."""
    reason = async_reason(hass, err)
    assert reason == told or isinstance(err, ExchangeTimeoutError)
    assert reason


@pytest.mark.parametrize(
    ("code", "message", "told", "time"),
    [
        (1001, "系统繁忙。", "系统繁忙", "12:11"),
        (1008, "Bad request!", "Bad request", "12:02"),
        (1001, "a (b)", "a (b)", "12:11"),
    ],
)
async def test_being_checked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    *,
    code: int,
    message: str,
    told: str,
    time: str,
) -> None:
    """Test that it is told until when there will be a result."""
    freezer.move_to(SENT)
    message = async_message(hass, order(code=code, message=message), DELAYS)
    assert message == (
        f"The platform answered: {told}. It is being checked whether this was credited; there will "
        f"be a result by {time}. Please don't recharge the meter before then."
    )


async def test_result_of_tomorrow(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Test that the day is told if it is another one."""
    late = SENT + timedelta(hours=11, minutes=55)
    freezer.move_to(late)
    assert "by 2026-11-25 00:06." in async_message(hass, order(code=1001, sent=late), DELAYS)


@pytest.mark.parametrize(
    ("details", "later"),
    [
        ({"code": None}, 0 * MINUTE),
        ({"code": 4711}, 0 * MINUTE),
        # Three lists lack it, and something hints at a credit all the same.
        ({"code": 1001, "absences": 3}, 10 * MINUTE),
        # The lists could not be had.
        ({"code": 1001}, DAY),
    ],
)
async def test_nothing_is_promised(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    details: dict[str, Any],
    later: timedelta,
) -> None:
    """Test that nothing is promised about an order that may not settle by itself."""
    freezer.move_to(SENT + later)
    assert async_message(hass, order(message="失败", **details), DELAYS) == "失败"


async def test_settled(hass: HomeAssistant) -> None:
    """Test that of a settled order there is nothing more to tell."""
    assert async_message(hass, confirmed(message=""), DELAYS) == ""


async def test_without_texts(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Test that the platform's words are told if no text is loaded in a language."""
    freezer.move_to(SENT)
    hass.config.language = "fr"
    assert async_message(hass, order(code=1001, message="失败"), DELAYS) == "失败"
