"""Tests of texts in the language of Home Assistant."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import yaml as yaml_util
import pytest

from custom_components.jrhsz.texts import async_text, plain

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / "jrhsz"


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("一栋电 · 101 (2022040001) → 张三", None),
        ("¥12.50, 2026-11-20 12:00", None),
        ("**fat** _thin_ `code` ~~gone~~", r"\*\*fat\*\* \_thin\_ \`code\` \~\~gone\~\~"),
        ("[link](http://evil.example)", r"\[link\](http\://evil.example)"),
        ("![](https://evil.example/x.png)", r"\!\[\](https\://evil.example/x.png)"),
        ("www.evil.example, a@evil.example", r"www\.evil.example, a\@evil.example"),
        ("<img src=x> &lt; |", r"\<img src=x\> \&lt; \|"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("head\n===", "head\n\\==="),
        ("a\\b", r"a\\b"),
    ],
)
def test_markdown_is_text(text: str, shown: str | None) -> None:
    """Test that what means something in Markdown is shown, and what means nothing stays."""
    assert plain(text) == (text if shown is None else shown)


def actions(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the actions in a blueprint that show a notification of Home Assistant's own."""
    if isinstance(value, dict):
        if value.get("action") == "persistent_notification.create":
            yield value
        for inner in value.values():
            yield from actions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from actions(inner)


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda path: path.name)
async def test_markdown_in_blueprints(hass: HomeAssistant, path: Path) -> None:
    """Test that a blueprint's message is text, whatever the names in it hold."""
    message = "一栋 **101** [a](b) c_d\n`e` ~~f~~ <g> #1 & h!: ¥12.50"
    found = [*actions(yaml_util.load_yaml_dict(path))]
    assert len(found) == 1
    shown = Template(found[0]["data"]["message"], hass).async_render(
        {"message": message}, parse_result=False
    )
    assert shown == plain(message)
