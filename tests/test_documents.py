"""Tests of the addresses under which the documents tell more."""

import ast
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components import jrhsz
from custom_components.jrhsz.documents import page_url

PACKAGE = Path(jrhsz.__file__).parent
ROOT = PACKAGE.parents[1]


@pytest.mark.parametrize(
    ("language", "folder"),
    [("en", "en"), ("de", "en"), ("zh-Hans", "zh-Hans"), ("zh-Hant", "zh-Hans")],
)
def test_language(hass: HomeAssistant, language: str, folder: str) -> None:
    """Test that whoever reads Chinese gets the Chinese page."""
    hass.config.language = language
    repository = "https://github.com/ha-jrhsz/ha-jrhsz/blob/main"
    assert page_url(hass, "recharges") == f"{repository}/docs/{folder}/recharges.md"


def test_every_issue_tells_where_to_read_on() -> None:
    """Test that each issue names a page that there is, in both languages."""
    pages = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(
                "async_create_issue"
            ):
                continue
            urls = [word.value for word in node.keywords if word.arg == "learn_more_url"]
            assert len(urls) == 1, f"{path.name}:{node.lineno}"
            pages.append(ast.unparse(urls[0]).split("'")[1])
    assert len(pages) >= 4
    for page in pages:
        for language in ("en", "zh-Hans"):
            assert (ROOT / "docs" / language / f"{page}.md").is_file()
