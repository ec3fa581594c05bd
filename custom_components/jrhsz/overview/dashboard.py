"""The dashboard: the scripts that show it, and the command that tells them what there is."""

from pathlib import Path
from typing import Any, Final

from homeassistant.components import frontend, websocket_api
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_integration
import voluptuous as vol

from ..const import DOMAIN
from .blueprints import async_setup_blueprints
from .crediting import async_setup_crediting
from .rooms import async_rooms

_SCRIPTS: Final = Path(__file__).parent / "frontend"


async def async_setup_overview(hass: HomeAssistant) -> None:
    """Offer the overview as a dashboard, if there is a frontend."""
    if frontend.DOMAIN not in hass.config.components:
        return
    integration = await async_get_integration(hass, DOMAIN)
    # Browsers keep what they load for a month: another version has to have other addresses.
    base = f"/{DOMAIN}/{integration.version}"
    await hass.http.async_register_static_paths([StaticPathConfig(base, str(_SCRIPTS))])
    frontend.add_extra_js_url(hass, f"{base}/overview.js")
    websocket_api.async_register_command(hass, _async_send_rooms)
    async_setup_blueprints(hass)
    async_setup_crediting(hass)


@callback
@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/rooms",
        vol.Optional("join_accounts", default=False): bool,
    }
)
def _async_send_rooms(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send which entities show the meters of which room."""
    rooms = async_rooms(hass, connection.user, join_accounts=msg["join_accounts"])
    connection.send_result(msg["id"], rooms)
