"""Take the pictures of the READMEs: Home Assistant's pages in Chromium, with simulated meters."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
import shutil
import sys
import time
from typing import Any

from aiohttp import ClientSession

from custom_components.jrhsz.const import DEFAULT_URL
from custom_components.jrhsz.history.state import MeterHistory
from tests.e2e.frontend import CHROMIUM, Frontend, open_frontend
from tests.support.hass_process import HassProcess, HassProcessError
from tests.support.live import PASSWORD, USERNAME, SimulatorProcess, set_options, shown_meters

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
FOLDER = ROOT / ".cache" / "screenshots"
LANGUAGES = ("en", "zh-Hans")
METERS = 12
HISTORY_DAYS = 45
# Home Assistant is to have followed the account for so long: cost begins with the first poll.
FOLLOWED = timedelta(days=32)
POLLS_APART = timedelta(hours=3)
# Narrow, so that the sidebar doesn't take half of a picture.
SIZE = (800, 640)
IMPORT_LIMIT = 300
# What makes the overview worth a look.
BALANCES = (-12.4, 4.35, 17.8)
SEARCHED = {"en": "jrhsz", "zh-Hans": "抄表"}
PREVIOUS = {"en": "Previous", "zh-Hans": "后退"}


def main() -> int:
    """Take the pictures in the languages that are asked for."""
    if CHROMIUM is None:
        print("screenshots: please install Chromium (on Debian: chromium fonts-noto-cjk)")
        return 1
    for language in sys.argv[1:] or LANGUAGES:
        asyncio.run(take_all(language))
    return 0


async def take_all(language: str) -> None:
    """Take all pictures in one language."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    simulator = SimulatorProcess("--meters", str(METERS), "--limit", "2", "--upload-every", "600")
    hass = HassProcess(FOLDER, integrations=("energy", "history", "logbook"), language=language)
    async with simulator, hass:
        async with open_frontend(hass, language, FOLDER) as frontend:
            entry_id = await add_account(frontend, simulator)
        await set_options(hass, entry_id, scan_interval=5, history_days=HISTORY_DAYS)
        await hass.stop()
        await write_past(hass, simulator, entry_id)
        await hass.start()
        await wait_for_cost(hass)
        await set_up_dashboards(hass)
        async with open_frontend(hass, language, FOLDER) as frontend:
            await take_pages(frontend, entry_id)
            await take_workplace(frontend, simulator)


async def add_account(frontend: Frontend, simulator: SimulatorProcess) -> str:
    """Add the account in the browser, with pictures on the way; return the entry's id."""
    found = await frontend.search(SEARCHED[frontend.language])
    await take(frontend, "search")
    await found.click()
    await frontend.expect_step("config", "user")
    await frontend.fill(DEFAULT_URL, USERNAME, PASSWORD)
    await take(frontend, "account", height=820)
    await frontend.fill(simulator.url)
    await frontend.submit()
    await frontend.expect_step("config", "browse")
    await frontend.choose("config", "browse", "by_building")
    await frontend.expect_step("config", "by_building")
    await frontend.submit()
    await frontend.expect_step("config", "choose")
    await take(frontend, "config_flow")
    await frontend.choose("config", "choose", "all_meters", count=METERS)
    await frontend.flow.locator("step-flow-create-entry").wait_for()
    entries = await frontend.hass.command("config_entries/get", domain="jrhsz")
    return str(entries[0]["entry_id"])


async def write_past(hass: HassProcess, simulator: SimulatorProcess, entry_id: str) -> None:
    """Write the balances that polls of the last days would have seen."""
    now = datetime.now().astimezone()
    meters = {}
    async with ClientSession() as session:
        codes = list((await simulator.state())["meters"])
        for code, balance in zip(codes[1::4], BALANCES, strict=True):
            change = {"user_code": code, "balance": balance}
            await session.post(f"{simulator.url}/control/meter", json=change)
        for code, meter in (await simulator.state())["meters"].items():
            async with session.get(f"{simulator.url}/control/meter/{code}") as response:
                known = await response.json()
            meters[code] = past_of(meter, known, now).as_dict()
    hass.write_store(f"jrhsz.{entry_id}.history", 1, 1, {"meters": meters})


def past_of(meter: Mapping[str, Any], known: Mapping[str, Any], now: datetime) -> MeterHistory:
    """Return what is kept of a meter after weeks of polls."""
    history, next_poll = MeterHistory(), now - FOLLOWED
    reading, balance = Decimal(meter["reading"]), Decimal(meter["balance"])
    payments = [(time_of(item["time"]), Decimal(item["amount"])) for item in known["payments"]]
    for record in known["records"]:
        uploaded = time_of(record["read_time"])
        if next_poll < uploaded <= now:
            next_poll = uploaded + POLLS_APART
            cost = Decimal(known["price"]) * (reading - Decimal(record["reading"]))
            paid = sum((amount for time, amount in payments if time > uploaded), Decimal(0))
            seen = int(uploaded.timestamp())
            history.note_poll(seen + 60, seen, round(balance + cost - paid, 2))
    return history


def time_of(text: str) -> datetime:
    """Return the time that the simulator names."""
    return datetime.fromisoformat(text).astimezone()


async def wait_for_cost(hass: HassProcess) -> None:
    """Wait until the statistics of all meters are there, up to the last hours."""
    start = (datetime.now().astimezone() - timedelta(hours=6)).isoformat()
    deadline = time.monotonic() + IMPORT_LIMIT
    while time.monotonic() < deadline:
        found: dict[str, Any] = {}
        with suppress(HassProcessError):
            ids = [item["statistic_id"] for item in await statistics_of(hass)]
            found = await hass.command(
                "recorder/statistics_during_period",
                start_time=start,
                statistic_ids=ids,
                period="hour",
                types=["change"],
            )
        if len(found) == 2 * METERS:
            return
        await asyncio.sleep(2)
    msg = f"only {len(found)} statistics were complete after {IMPORT_LIMIT} s"
    raise HassProcessError(msg)


async def statistics_of(hass: HassProcess) -> list[dict[str, Any]]:
    """Return our statistics."""
    known = await hass.command("recorder/list_statistic_ids")
    return [item for item in known if item["source"] == "jrhsz"]


async def set_up_dashboards(hass: HassProcess) -> None:
    """Put all meters on the Energy dashboard, and add the overview of rooms."""
    sources: list[dict[str, Any]] = []
    for item in sorted(await statistics_of(hass), key=lambda item: str(item["name"])):
        statistic = item["statistic_id"]
        if statistic.endswith("_cost"):
            continue
        cost = statistic.removesuffix("consumption") + "cost"
        flow = {"stat_energy_from": statistic, "stat_cost": cost}
        flow |= {"entity_energy_price": None, "number_energy_price": None}
        if item["unit_class"] == "energy":
            grid = {"type": "grid", "cost_adjustment_day": 0}
            sources.append(grid | flow)
        else:
            sources.append({"type": "water"} | flow)
    await hass.command("energy/save_prefs", energy_sources=sources, device_consumption=[])
    await hass.command(
        "lovelace/dashboards/create", url_path="jrhsz-overview", title="JRHSZ", icon="mdi:home"
    )
    await hass.command(
        "lovelace/config/save",
        url_path="jrhsz-overview",
        config={"strategy": {"type": "custom:jrhsz"}},
    )


async def take_pages(frontend: Frontend, entry_id: str) -> None:
    """Take the pictures of a device, the Energy dashboard and the overview."""
    meters = await shown_meters(frontend.hass, entry_id)
    meter = min(
        (meter for meter in meters.values() if meter.form("reading")[0] == "energy"),
        key=lambda meter: meter.name,
    )
    await frontend.open(f"/config/devices/device/{meter.device['id']}")
    await take(frontend, "device")
    await frontend.open("/jrhsz-overview")
    await frontend.page.get_by_text("101", exact=True).first.wait_for()
    await take(frontend, "overview")
    await frontend.open("/energy")
    # A day that is over has all its bars.
    selector = frontend.page.locator("hui-energy-period-selector")
    await selector.get_by_role("button", name=PREVIOUS[frontend.language]).click()
    await take(frontend, "energy", height=820)


async def take_workplace(frontend: Frontend, simulator: SimulatorProcess) -> None:
    """Take the pictures of what managers do: credit one room and many, bills and orders."""
    page = frontend.page
    await frontend.open("/jrhsz-overview")
    rooms = page.locator("jrhsz-overview")
    await rooms.locator(".credit").first.click()
    dialog = frontend.dialog
    amount, main = dialog.locator("input"), dialog.locator(".main")
    await amount.fill("50")
    await dialog.locator(".small", has_text="500").wait_for()
    await take(frontend, "credit")
    await main.click()
    await main.filter(has_text="50.00").click()
    await dialog.locator(".outcome").wait_for()
    await dialog.locator(".action").click()
    many, go, shown, _ = await rooms.locator(".selection .action").all()
    await many.click()
    await shown.click()
    await go.click()
    await amount.fill("20")
    await main.click()
    await main.filter(has_text=f"{METERS // 2}").wait_for()
    await take(frontend, "preview")
    codes = list((await simulator.state())["meters"])
    for code in (codes[2], codes[6]):
        fault = {"kind": "code", "interface": "GetUserInfo", "user_code": code, "times": None}
        await simulator.control("faults", **fault)
    await main.click()
    await dialog.locator(".refused").nth(1).wait_for(timeout=60_000)
    # It is over when there is a second button: to try again what failed.
    await dialog.locator(".action").nth(1).wait_for(timeout=60_000)
    await take(frontend, "outcome")
    await frontend.open("/jrhsz-overview/bills")
    await page.locator("jrhsz-bills .sums").first.wait_for()
    await take(frontend, "bills")
    await frontend.open("/jrhsz-overview/orders")
    await page.locator("jrhsz-orders .outcome").first.wait_for()
    await take(frontend, "orders")


async def take(frontend: Frontend, name: str, height: int = SIZE[1]) -> None:
    """Take a picture of the page once it has come to rest."""
    await frontend.page.set_viewport_size({"width": SIZE[0], "height": height})
    await frontend.page.wait_for_timeout(3000)
    await frontend.page.screenshot(path=IMAGES / f"{name}.{frontend.language}.png")


if __name__ == "__main__":
    sys.exit(main())
