"""Home Assistant sets up no entry of an integration without this."""

from homeassistant.config_entries import ConfigFlow

from . import DOMAIN


class FloorConfigFlow(ConfigFlow, domain=DOMAIN):
    """Is there."""
