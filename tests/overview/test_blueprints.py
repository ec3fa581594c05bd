"""Tests of the blueprints that the dashboard saves."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator


@pytest.mark.parametrize(("language", "suffix"), [("en", ""), ("zh-Hans", ".zh-Hans")])
async def test_saved_through_home_assistant(
    hass: HomeAssistant,
    frontend: None,
    hass_ws_client: WebSocketGenerator,
    hass_config_dir: str,
    *,
    language: str,
    suffix: str,
) -> None:
    """Test that what is missing is offered and taken, and nothing that is there written over."""
    folder = Path(hass_config_dir) / "blueprints" / "automation" / "jrhsz"
    folder.mkdir(parents=True)
    mine = folder / f"low_balance{suffix}.yaml"
    mine.write_text("mine", encoding="utf-8")
    for component in ("automation", "jrhsz"):
        assert await async_setup_component(hass, component, {})
    client = await hass_ws_client(hass)
    ask = {"type": "jrhsz/blueprints", "language": language}
    await client.send_json_auto_id(ask)
    found = (await client.receive_json())["result"]["blueprints"]
    names = ["automatic_recharge", "credit_on_tap", "monthly_report", "unusual_use"]
    assert [item["path"] for item in found] == [f"jrhsz/{name}{suffix}.yaml" for name in names]
    for item in found:
        await client.send_json_auto_id({"type": "blueprint/save", "domain": "automation", **item})
        assert (await client.receive_json())["success"]
    await client.send_json_auto_id(ask)
    assert (await client.receive_json())["result"] == {"blueprints": []}
    assert mine.read_text(encoding="utf-8") == "mine"
    await client.send_json_auto_id({"type": "blueprint/list", "domain": "automation"})
    listed = (await client.receive_json())["result"]
    saved = [listed[item["path"]]["metadata"]["source_url"] for item in found]
    assert all(url.startswith("https://github.com/ha-jrhsz/ha-jrhsz/") for url in saved)


async def test_only_for_administrators(
    hass: HomeAssistant,
    frontend: None,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    """Test that nobody else learns of them."""
    hass_admin_user.groups = []
    assert await async_setup_component(hass, "jrhsz", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "jrhsz/blueprints", "language": "en"})
    assert (await client.receive_json())["error"]["code"] == "unauthorized"
