"""Blueprints for who would like them: the dashboard saves them through Home Assistant."""

from pathlib import Path
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import (
    async_response,
    require_admin,
    websocket_command,
)
from homeassistant.core import HomeAssistant, callback
import voluptuous as vol

from ..const import DOMAIN

_PATH: Final = Path("blueprints") / "automation" / DOMAIN
_CHINESE: Final = ".zh-Hans"
# In a release they are beside the integration's files, in the repository beside its folder.
_HERE: Final = Path(__file__).resolve()
_PLACES: Final = (_HERE.parents[1], _HERE.parents[3])


@callback
def async_setup_blueprints(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, _async_send_blueprints)


@websocket_command({vol.Required("type"): f"{DOMAIN}/blueprints", vol.Required("language"): str})
@require_admin
@async_response
async def _async_send_blueprints(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send the blueprints in a language that aren't there yet."""
    folder = Path(hass.config.path()) / _PATH
    found = await hass.async_add_executor_job(_missing, folder, msg["language"].startswith("zh"))
    connection.send_result(msg["id"], {"blueprints": found})


def _missing(folder: Path, is_chinese: bool) -> list[dict[str, str]]:  # noqa: FBT001  a job's
    """Return the blueprints that a folder lacks, as `blueprint/save` takes them."""
    ours = next((place / _PATH for place in _PLACES if (place / _PATH).is_dir()), None)
    return [
        {"path": f"{DOMAIN}/{path.name}", "yaml": path.read_text(encoding="utf-8")}
        for path in sorted(ours.glob("*.yaml") if ours else ())
        if path.stem.endswith(_CHINESE) is is_chinese and not (folder / path.name).exists()
    ]
