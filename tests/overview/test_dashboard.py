"""How the dashboard's scripts get into the frontend."""

from pathlib import Path
import re

from homeassistant.components.frontend import (
    DATA_EXTRA_JS_URL_ES5,
    DATA_EXTRA_MODULE_URL,
)
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.jrhsz.overview import dashboard

SCRIPTS = Path(dashboard.__file__).parent / "frontend"
MANY = 30


async def test_scripts_are_served_and_loaded(
    hass: HomeAssistant, frontend: None, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Every browser loads the modules, from addresses that change with the version."""
    assert await async_setup_component(hass, "jrhsz", {})
    (first,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    # As a plain script a module would fail.
    assert hass.data[DATA_EXTRA_JS_URL_ES5].urls == set()
    version = (await async_get_integration(hass, "jrhsz")).version
    assert first == f"/jrhsz/{version}/overview.js"
    client = await hass_client_no_auth()
    found, todo = dict[str, str](), {first}
    while todo:
        url = todo.pop()
        response = await client.get(url)
        assert response.status == 200, url
        assert response.content_type == "text/javascript"
        found[url] = await response.text()
        modules = re.findall(r'from "\./([a-z_]+\.js)"', found[url])
        todo |= {f"/jrhsz/{version}/{module}" for module in modules} - set(found)
    assert 'define("ll-strategy-dashboard-jrhsz"' in found[first]
    # Nothing is delivered that nobody loads.
    assert {url.rpartition("/")[2] for url in found} == {path.name for path in SCRIPTS.iterdir()}


async def test_nothing_is_offered_without_a_frontend(hass: HomeAssistant) -> None:
    """Without frontend and web server the integration works all the same."""
    assert await async_setup_component(hass, "jrhsz", {})
    assert "http" not in hass.config.components
    assert "websocket_api" not in hass.data


def test_scripts_say_everything_in_both_languages() -> None:
    """A text that one language lacks would be shown as undefined."""
    keys = {
        language: re.findall(
            r"^ +(\w+): ", (SCRIPTS / f"texts_{language}.js").read_text(), re.MULTILINE
        )
        for language in ("en", "zh")
    }
    assert keys["en"] == keys["zh"]
    assert len(keys["en"]) > MANY
