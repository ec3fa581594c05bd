"""What the dashboard says in the user's language, read from its own texts."""

from collections.abc import Sequence
import json
import re
from typing import Final

from playwright.async_api import Locator

from tests.support.hass_process import INTEGRATION

from .frontend import Frontend

_VERSION: Final = json.loads((INTEGRATION / "manifest.json").read_bytes())["version"]
_TEXTS: Final = {"en": ("texts_en.js", "EN"), "zh-Hans": ("texts_zh.js", "ZH")}
_SAY: Final = """async ([url, name, key, values]) => {
  const texts = (await import(url))[name];
  const text = key.split(".").reduce((part, each) => part[each], texts);
  return typeof text === "function" ? text(...values) : text;
}"""
_MONEY: Final = """([language, amount]) =>
  (amount < 0 ? "-¥" : "¥") +
  new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).format(Math.abs(amount))"""

_CSV: Final = "async ([url, rows]) => (await import(url)).csvText(rows)"

# All that is written in a card, or read aloud of it.
_WRITTEN: Final = """(card) => {
  const dialogs = document.querySelector("jrhsz-dialogs");
  const roots = [card, dialogs].filter(Boolean).map((host) => host.shadowRoot);
  const all = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  return [
    ...all(".page, dialog").map((part) => part.innerText),
    ...all("[aria-label], [title], [placeholder]").flatMap(
      (part) => ["aria-label", "title", "placeholder"].map((name) => part.getAttribute(name) || ""),
    ),
  ].join("\\n");
}"""
# Names of rooms, accounts and people, and of things that have one name in all languages.
_NAMES: Final = re.compile(
    r"\d+栋[电水]?|\b(demo|second|other|old|csv|kwh|cny|home assistant|ha[0-9a-z]{20,})\b",
    re.IGNORECASE,
)
_FOREIGN: Final = {"en": re.compile(r"[\u3000-\u9fff]+"), "zh-Hans": re.compile(r"[A-Za-z]{2,}")}


async def say(frontend: Frontend, key: str, *values: object) -> str:
    """Return one of the dashboard's texts."""
    name, language = _TEXTS[frontend.language]
    url = f"/jrhsz/{_VERSION}/{name}"
    return str(await frontend.page.evaluate(_SAY, [url, language, key, list(values)]))


async def csv_text(frontend: Frontend, rows: Sequence[Sequence[object]]) -> str:
    """Return rows of cells as the dashboard writes them to a file."""
    asked = [f"/jrhsz/{_VERSION}/csv.js", rows]
    return str(await frontend.page.evaluate(_CSV, asked))


async def money(frontend: Frontend, amount: float) -> str:
    """Return an amount as the user's language writes it."""
    return str(await frontend.page.evaluate(_MONEY, [frontend.language, amount]))


async def foreign_words(frontend: Frontend, card: Locator) -> set[str]:
    """Return what a card says in another language than the user's."""
    written: str = await card.evaluate(_WRITTEN)
    return set(_FOREIGN[frontend.language].findall(_NAMES.sub("", written)))
