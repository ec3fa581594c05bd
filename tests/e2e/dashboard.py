"""The dashboard of all rooms, as somebody adds it."""

from tests.support.hass_process import HassProcess

PATH = "/all-rooms"


async def add_dashboard(hass: HassProcess, at: str = PATH, **options: object) -> None:
    """Add the dashboard, with options of its strategy."""
    path = at.removeprefix("/")
    await hass.command("lovelace/dashboards/create", url_path=path, title="Rooms", mode="storage")
    strategy = {"type": "custom:jrhsz", **options}
    await hass.command("lovelace/config/save", url_path=path, config={"strategy": strategy})
