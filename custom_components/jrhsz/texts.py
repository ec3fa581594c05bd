"""Texts of the translations, in the language of Home Assistant, for whom it translates nothing."""

from decimal import Decimal
import re
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

# What means something in Markdown: anywhere, in an address, or where a line begins.
_ANYWHERE: Final = re.compile(
    r"[\\`*_\[\]<>~|&#!@]|(?<=http):|(?<=https):|(?<=www)\.", re.IGNORECASE
)
_AT_BEGIN: Final = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))", re.MULTILINE)


def plain(text: str) -> str:
    """Return a text as Markdown that shows it as it is: names may hold anything."""
    escaped = _ANYWHERE.sub(r"\\\g<0>", text)
    return _AT_BEGIN.sub(_escaped_begin, escaped)


def _escaped_begin(match: re.Match[str]) -> str:
    """Return the begin of a line that would be that of a list or a heading."""
    space, begin = match.groups()
    return f"{space}{begin}\\" if begin.isdigit() else f"{space}\\{begin}"


def yuan(amount: Decimal) -> str:
    """Return an amount as people write it, the same in all languages."""
    return f"{'-' if amount < 0 else ''}¥{abs(amount):.2f}"


@callback
def async_text(
    hass: HomeAssistant, category: str, key: str, domain: str = DOMAIN, /, **placeholders: str
) -> str:
    """Return a text of a category, of ours or another domain; nothing if there is none."""
    texts = async_get_cached_translations(hass, hass.config.language, category, domain)
    return texts.get(f"component.{domain}.{category}.{key}", "").format(**placeholders)
