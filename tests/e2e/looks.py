"""How the dashboard looks, and what it gives to take along."""

from codecs import BOM_UTF8
import csv
from pathlib import Path
from typing import Final

from playwright.async_api import Locator

from .frontend import Frontend
from .words import foreign_words

_ENOUGH: Final = 4.5
_SCHEMES: Final = ("dark", "light")

# The lowest contrast of what is written in a card, with what it is.
_CONTRAST: Final = """(card) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const luminance = (data) => {
    const [r, g, b] = [...data].slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parentOf = (node) => node.parentElement || node.getRootNode().host;
  const paint = (element) => {
    const parent = parentOf(element);
    if (parent) paint(parent);
    context.fillStyle = getComputedStyle(element).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  let least = [21, ""];
  const dialogs = document.querySelector("jrhsz-dialogs");
  const parts = [card, dialogs].filter(Boolean).flatMap(
    (host) => [...host.shadowRoot.querySelectorAll("*")],
  );
  for (const element of parts) {
    const text = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim(),
    );
    if (!(text || element.localName === "input")) continue;
    // What is scrolled away is not drawn at all.
    if (!element.checkVisibility({ contentVisibilityAuto: true })) continue;
    context.fillStyle = "white";
    context.fillRect(0, 0, 1, 1);
    const behind = luminance(paint(element));
    context.fillStyle = getComputedStyle(element).color;
    context.fillRect(0, 0, 1, 1);
    const written = luminance(context.getImageData(0, 0, 1, 1).data);
    const [low, high] = [behind, written].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < least[0]) least = [ratio, `${element.localName}.${element.className}`];
  }
  return least;
}"""


async def look_at(frontend: Frontend, card: Locator, picture: Path | None = None) -> None:
    """See a card well in both themes, without scrolling sideways, and in the user's language."""
    for scheme in _SCHEMES:
        await frontend.page.emulate_media(color_scheme=scheme)
        await frontend.page.wait_for_timeout(500)
        if picture:
            path = picture.with_name(f"{picture.name}-{scheme}.png")
            await frontend.page.screenshot(path=path)
        ratio, what = await card.evaluate(_CONTRAST)
        assert ratio >= _ENOUGH, (scheme, what)
    assert await frontend.wide_parts_here() == []
    assert await foreign_words(frontend, card) == set()


async def saved_rows(frontend: Frontend, page: Locator) -> list[list[str]]:
    """Save what a page shows, and read it as Excel does."""
    async with frontend.page.expect_download() as download:
        await page.get_by_role("button", name="CSV").click()
    data = (await (await download.value).path()).read_bytes()
    assert data.startswith(BOM_UTF8)
    return list(csv.reader(data.decode("utf-8-sig").splitlines()))
