"""Tests of texts in the language of Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_load_integrations
import pytest

from custom_components.jrhsz.texts import async_text, plain


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
        ("12.50 CNY, 2026-11-20 12:00", None),
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
