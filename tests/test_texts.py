"""Tests of texts in the language of Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_load_integrations
import pytest

from custom_components.jrhsz.texts import async_text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "The platform answered with HTTP status 500."),
        ("zh-Hans", "平台返回了 HTTP 状态 500。"),
    ],
)
async def test_text(hass: HomeAssistant, language: str, told: str) -> None:
    """Test that a text is filled in, in either language."""
    hass.config.language = language
    await async_load_integrations(hass, {"jrhsz"})
    assert async_text(hass, "exceptions", "http_status.message", status="500") == told


async def test_no_text(hass: HomeAssistant) -> None:
    """Test that what isn't there is no text."""
    assert async_text(hass, "exceptions", "nothing.message") == ""
