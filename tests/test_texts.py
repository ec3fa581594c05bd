"""Tests of texts in the language of Home Assistant."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import yaml as yaml_util
import pytest

from custom_components.jrhsz.texts import async_text, plain

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "jrhsz"
BLUEPRINTS = ROOT / "blueprints" / "automation" / "jrhsz"
# What texts that Home Assistant renders as Markdown are filled in with: what comes from outside,
# which has to be escaped, and numbers and words of our own.
FROM_OUTSIDE = {
    *("account", "error", "file", "message", "meters", "name", "order", "orders", "payments"),
    "probable",
}
OUR_OWN = {
    *("balance", "balance_before", "begin", "checked", "count", "done", "duration", "effects"),
    *("end", "interfaces", "left", "many", "max_meters", "rise", "total"),
}
# These escape each line that they return.
ESCAPING = {"plain", "_lines", "_listed", "lines"}
# Titles are shown as they are, the data of an issue isn't shown, and lines were escaped one by one.
NO_MARKDOWN = {
    "account_id",
    "order.account_id",
    "entry.title",
    "entry.title if entry else username",
    "json.dumps(kept_meters(new), ensure_ascii=False)",
    "json.dumps(kept_meters(renamed), ensure_ascii=False)",
    "lines",
}


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
    message = (
        "一栋 **101** [a](b) c_d\n`e` ~~f~~ <g> #1 & h!: ¥12.50\nHTTP://i www.j https://k 1:2 3-4"
        "\n- l\n  + m\n12. n\n3) o\n4.5 p\n=="
    )
    found = [*actions(yaml_util.load_yaml_dict(path))]
    assert len(found) == 1
    shown = Template(found[0]["data"]["message"], hass).async_render(
        {"message": message}, parse_result=False
    )
    assert shown == plain(message)


def markdown(language: str) -> Iterator[str]:
    """Yield the texts that Home Assistant renders as Markdown."""
    texts = json.loads((INTEGRATION / "translations" / f"{language}.json").read_bytes())

    def walk(value: Any, path: tuple[str, ...]) -> Iterator[str]:
        """Yield those within a value."""
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, (*path, key))
        elif path[-1] in {"description", "listing"} or {"abort", "progress"} & {*path}:
            yield value

    for section in ("config", "options", "issues"):
        yield from walk(texts[section], ())


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_what_markdown_is_filled_in_with(language: str) -> None:
    """Test that of each placeholder it is known whether it comes from outside."""
    names = {name for text in markdown(language) for name in re.findall(r"{(\w+)}", text)}
    assert names == FROM_OUTSIDE | OUR_OWN


def given(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a module fills in for what comes from outside."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in FROM_OUTSIDE:
                    yield key.value, value


@pytest.mark.parametrize(
    "name",
    [
        *("config_flow.py", "issues.py", "options_flow.py", "repairs.py"),
        *("meters/choosing_steps.py", "meters/fixes.py", "meters/listing_steps.py"),
        *("recharge/fixes.py", "recharge/issues.py"),
    ],
)
def test_what_comes_from_outside_is_escaped(name: str) -> None:
    """Test that whatever fills in Markdown goes through the one function that makes it text."""
    for key, value in given(INTEGRATION / name):
        calls = {ast.unparse(x.func) for x in ast.walk(value) if isinstance(x, ast.Call)}
        is_escaped = ESCAPING & {call.rpartition(".")[2] for call in calls}
        assert is_escaped or ast.unparse(value) in NO_MARKDOWN, (key, ast.unparse(value))
