"""What managers and tenants do with the dashboard, driven from one end to the other.

The suite drives the smallest account in one language; `scripts/drive` any.
"""

import os
from pathlib import Path

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
import pytest

from tests.support.hass_process import HassProcess
from tests.support.live import SimulatorProcess

from .billing import bill, keep_months
from .crediting import CREDITED_BEFORE, FEW, MANY, credit_many, credit_one, fill_up
from .dashboard import add_dashboard
from .drive import OTHER_PACE, Drive, hasten
from .estate import write_estate
from .frontend import DESKTOP, PHONE, open_frontend
from .orders import look_at_orders
from .together import AUTH, add_people, credit_together, see_one_room

IS_NEWEST = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)
SIZES = {size[0]: size for size in (DESKTOP, PHONE)}
# Hundreds of meters that are read at once leave a process no time for anything else.
QUICK, SLOWER = 0.05, 0.4


def asked_for() -> tuple[int, str, list[int], bool]:
    """Return how many rooms, the language, the widths, and whether pictures are to be taken."""
    if asked := os.environ.get("JRHSZ_DRIVE", "").split():
        rooms, language, *widths = asked
        return int(rooms), language, [int(width) for width in widths] or list(SIZES), True
    # Each end of what is supported sees one language and one width.
    return (FEW, "zh-Hans", [1280], False) if IS_NEWEST else (FEW, "en", [390], False)


@pytest.mark.timeout(3000)
async def test_managers_and_tenants_get_what_they_came_for(
    tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """One room and many are credited once each, bills agree, and a tenant sees one room."""
    count, language, widths, is_pictured = asked_for()
    hass = HassProcess(tmp_path / "config", language=language, integrations=("history", OTHER_PACE))
    pace = QUICK if count <= MANY else SLOWER
    arguments = f"--meters={2 * count}", f"--limit={pace}", "--history-days=2", "--no-wechat"
    async with SimulatorProcess(*arguments) as simulator:
        hasten(hass, pace)
        hass.write_store("auth", 1, 1, AUTH)
        await write_estate(hass, simulator, await balances(simulator, count))
        async with hass, open_frontend(hass, language, pictures) as frontend:
            await add_dashboard(hass)
            told = (await hass.command("jrhsz/rooms"))["rooms"]
            drive = Drive(frontend, simulator, told)
            await add_people(drive)
            kept = await keep_months(drive)
            drive.told = (await hass.command("jrhsz/rooms"))["rooms"]
            for width in widths:
                if is_pictured:
                    drive.pictures = pictures / f"{count}-{language}-{width}"
                    drive.pictures.mkdir(exist_ok=True)
                await frontend.resize(SIZES[width])
                await credit_one(drive)
                await fill_up(drive)
                await credit_together(drive)
                await credit_many(drive)
                await look_at_orders(drive)
                await bill(drive, kept)
                await see_one_room(drive)
                assert frontend.complaints == []


async def balances(simulator: SimulatorProcess, count: int) -> dict[str, dict[str, str]]:
    """Let as many rooms have a low balance as are credited at once; return all balances."""
    changes = {}
    for number, code in enumerate((await simulator.state())["meters"]):
        is_low = count > MANY and number < 2 * (CREDITED_BEFORE + MANY) and number % 2 == 0
        changes[code] = {"balance": "8.00" if is_low else f"{100 + number % 50}.00"}
        await simulator.control("meter", user_code=code, balance=changes[code]["balance"])
    return changes
