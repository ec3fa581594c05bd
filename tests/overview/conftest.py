"""What the tests of the dashboard share."""

from homeassistant.components.frontend import (
    DATA_EXTRA_JS_URL_ES5,
    DATA_EXTRA_MODULE_URL,
    UrlManager,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest


@pytest.fixture
async def frontend(hass: HomeAssistant) -> None:
    """Stand in for the frontend, whose large package the tests can do without."""
    hass.config.components.add("frontend")
    for key in (DATA_EXTRA_MODULE_URL, DATA_EXTRA_JS_URL_ES5):
        hass.data[key] = UrlManager(lambda *_: None, [])
    assert await async_setup_component(hass, "http", {})
