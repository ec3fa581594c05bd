"""The dashboard's button that saves the blueprints, as an administrator taps on it."""

from pathlib import Path

from playwright.async_api import expect

from tests.support.hass_process import HassProcess
from tests.support.live import SimulatorProcess

from .dashboard import PATH, add_dashboard
from .estate import write_estate
from .frontend import open_frontend


async def test_blueprints_are_saved_once(
    tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """The button saves the blueprints in the user's language, and is gone after that."""
    hass = HassProcess(
        tmp_path / "config", language="zh-Hans", integrations=("history", "automation")
    )
    async with SimulatorProcess("--meters=4", "--history-days=2") as simulator:
        await write_estate(hass, simulator, {})
        async with hass, open_frontend(hass, "zh-Hans", pictures) as frontend:
            await add_dashboard(hass)
            await frontend.open(PATH)
            rooms = frontend.page.locator("jrhsz-overview")
            button = rooms.get_by_role("button", name="保存蓝图")
            await button.click()
            await expect(rooms.get_by_text("已保存")).to_be_visible()
            folder = hass.directory / "blueprints" / "automation" / "jrhsz"
            names = sorted(path.name for path in folder.iterdir())
            assert len(names) == 5
            assert all(name.endswith(".zh-Hans.yaml") for name in names)
            await frontend.page.reload()
            await expect(rooms.locator(".line .room").nth(1)).to_be_visible()
            await expect(button).to_be_hidden()
            assert await frontend.wide_parts() == []
            assert frontend.complaints == []
