"""What a drive through the dashboard has at hand, whatever the size, the language and the width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Locator

from tests.support.hass_process import HassProcess, write_json
from tests.support.live import SimulatorProcess

from .clicks import Clicks
from .dashboard import PATH
from .frontend import Frontend
from .looks import look_at
from .words import money, say

# Each meter is read before its order, at the pace of the platform.
IN_TIME = 120_000
OTHER_PACE = "other_pace"


@dataclass(slots=True)
class Drive:
    """A manager at the dashboard of an account with so many rooms."""

    frontend: Frontend
    simulator: SimulatorProcess
    told: Sequence[Mapping[str, Any]]
    pictures: Path | None = None
    rooms: Locator = field(init=False)

    def __post_init__(self) -> None:
        """Find the card with the rooms."""
        self.rooms = self.frontend.page.locator("jrhsz-overview")

    @property
    def dialog(self) -> Locator:
        """Return the dialog that is open."""
        return self.frontend.dialog

    async def say(self, key: str, *values: object) -> str:
        """Return one of the dashboard's texts."""
        return await say(self.frontend, key, *values)

    async def money(self, amount: float) -> str:
        """Return an amount as the user's language writes it."""
        return await money(self.frontend, amount)

    async def open(self) -> Clicks:
        """Open the dashboard, and count the clicks from there."""
        await self.frontend.open(PATH)
        await self.rooms.locator(".group .meter").first.wait_for()
        clicks = Clicks(self.frontend.page)
        await clicks.begin()
        return clicks

    async def press(self, key: str, *values: object) -> None:
        """Press the button of the dialog that says so."""
        await self.dialog.get_by_role("button", name=await self.say(key, *values)).click()

    async def credit_button(self, room: int, kind: str = "electricity") -> Locator:
        """Return the button that credits a meter of a room."""
        what = f"{title_of(self.told[room])}, {await self.say(kind)}"
        name = await self.say("creditFor", what)
        return self.rooms.get_by_role("button", name=name, exact=True).first

    async def look(self, name: str, card: Locator | None = None) -> None:
        """See the card well; keep a picture of it if there are to be any."""
        picture = self.pictures / name if self.pictures else None
        await look_at(self.frontend, card or self.rooms, picture)

    async def booked(self) -> list[tuple[str, float]]:
        """Return what the platform has booked: user codes and amounts."""
        orders: list[dict[str, Any]] = (await self.simulator.state())["ledger"]
        return [(order["user_code"], float(order["amount"])) for order in orders]


def title_of(room: Mapping[str, Any]) -> str:
    """Return what a room is called on the dashboard."""
    code = room["building_code"]
    building = f"{room['building']} ({code})" if code else room["building"]
    return f"{building} {room['name'] or room['room']}"


def meter_of(room: Mapping[str, Any], kind: str = "electricity") -> dict[str, Any]:
    """Return a meter of a room."""
    return next(meter for meter in room["meters"] if meter["kind"] == kind)


def hasten(hass: HassProcess, seconds: float) -> None:
    """Write an integration that lets the platform be called sooner in a process.

    At two seconds per meter, crediting all would take longer than anybody waits for a test.
    """
    folder = hass.directory / "custom_components" / OTHER_PACE
    manifest = {
        "domain": OTHER_PACE,
        "name": OTHER_PACE,
        "version": "1",
        "codeowners": [],
        "documentation": "",
    }
    write_json(folder / "manifest.json", manifest)
    (folder / "__init__.py").write_text(
        "from custom_components.jrhsz.api import pacer\n"
        f"pacer.INTERVAL = {seconds}\n"
        "async def async_setup(hass, config):\n"
        "    return True\n"
    )
