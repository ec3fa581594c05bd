"""Texts of the translations, in the language of Home Assistant, for whom it translates nothing."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN


@callback
def async_text(hass: HomeAssistant, category: str, key: str, **placeholders: str) -> str:
    """Return a text of a category, filled in; nothing if there is none."""
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{category}.{key}", "").format(**placeholders)
