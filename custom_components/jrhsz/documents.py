"""Where the documents tell more, in the system's language."""

from typing import Final

from homeassistant.core import HomeAssistant

_PAGES: Final = "https://github.com/ha-jrhsz/ha-jrhsz/blob/main/docs"


def page_url(hass: HomeAssistant, page: str) -> str:
    """Return the address of a page of the documents."""
    return f"{_PAGES}/{'zh-Hans' if in_chinese(hass) else 'en'}/{page}.md"


def in_chinese(hass: HomeAssistant) -> bool:
    """Return whether the system's language is Chinese, in whatever script."""
    return hass.config.language.startswith("zh")
