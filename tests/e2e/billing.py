"""Bills from the dashboard: last month of all rooms, its file against the recorder, its print."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
import time
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, expect
from yarl import URL

from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from tests.support.hass_process import HassProcess
from tests.support.live import USERNAME

from .drive import Drive
from .frontend import PHONE
from .looks import saved_rows

CHINA = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
MOST_CLICKS = 4
# What a page of A4 is as wide as, in pixels of a browser, less its margins.
WIDTH_OF_A4 = 1026
KEPT = 20
# A recorder that begins with hundreds of meters has much to write first.
WRITTEN_WITHIN = 120
UNITS = {"electricity": ("kWh", "energy"), "water": ("m³", "volume")}
AMOUNTS = (
    "first_reading",
    "last_reading",
    "use",
    "cost",
    "credited",
    "balance_start",
    "balance_end",
    "other",
)


async def keep_months(drive: Drive) -> dict[str, dict[str, Decimal]]:
    """Let the recorder have last month of some meters; return what their bills should say.

    The second meter has a part of it only, the third one nothing; the first one has a name that a
    program would take for a formula.
    """
    hass, account = drive.frontend.hass, f"{URL(drive.simulator.url).authority}/{USERNAME}"
    meters = {meter["user_code"]: meter for room in drive.told for meter in room["meters"]}
    whole, late, _, *others = [meters[code] for code in sorted(meters)][:KEPT]
    kept = {}
    for number, meter in enumerate([whole, *others]):
        kept[meter["user_code"]] = await Month(hass, account, meter, 1 + number).keep()
    month = Month(hass, account, late)
    await month.keep(hours=100)
    await month.wait()
    name = {"device_id": whole["device_id"], "name_by_user": "=1+1"}
    await hass.command("config/device_registry/update", **name)
    return kept


async def bill(drive: Drive, kept: Mapping[str, Mapping[str, Decimal]]) -> None:
    """See last month by one click, and have it in a file by another; the file is the recorder's."""
    page, frontend = drive.frontend.page, drive.frontend
    clicks = await drive.open()
    await page.get_by_role("tab", name=await drive.say("bills")).click()
    card = page.locator("jrhsz-bills")
    await card.get_by_role("row").nth(1).wait_for()
    saved = await saved_rows(frontend, card)
    assert await clicks.count() <= MOST_CLICKS
    await compare(drive, saved, kept)
    await look_at_table(drive, card)
    await drive.look("bills", card)
    await look_at_print(drive)


def last_month() -> tuple[datetime, datetime]:
    """Return when the last month began and ended in China."""
    end = datetime.now(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (end - timedelta(days=1)).replace(day=1), end


@dataclass(frozen=True, slots=True)
class Month:
    """The statistics of a meter, as the integration would have kept them over the last month."""

    hass: HassProcess
    account: str
    meter: Mapping[str, Any]
    factor: int = 1

    async def keep(self, hours: int = 0) -> dict[str, Decimal]:
        """Give them to the recorder, from some hours on; return what the bill should say."""
        begin, end = last_month()
        begin += hours * HOUR
        use, cost = self.factor * Decimal("0.07"), self.factor * Decimal("0.0413")
        paid = begin + 30 * HOUR
        ends = [begin + number * HOUR for number in range((end - begin) // HOUR + 2)]
        readings = [(at, 100 + n * use, n * use) for n, at in enumerate(ends)]
        costs = [(at, cost, n * cost) for n, at in enumerate(ends)]
        balances = [(at, 30 - n * cost + 50 * (at >= paid), 0) for n, at in enumerate(ends)]
        await self._keep("consumption", readings)
        await self._keep("cost", costs)
        await self._keep("credited", [(begin, 0, 0), (paid, 50, 50), (end + HOUR, 20, 70)])
        await self._keep("balance", balances)
        count = len(ends) - 2
        return {
            "first_reading": Decimal(100),
            "last_reading": 100 + count * use,
            "use": count * use,
            "cost": round(count * cost, 2),
            "credited": Decimal(50),
            "balance_start": Decimal(30),
            "balance_end": round(80 - count * cost, 2),
            "other": Decimal(0),
        }

    async def wait(self) -> None:
        """Wait until the recorder has written what it was given last."""
        name = self.meter["entities"]["balance"]
        asked = {"start_time": last_month()[0].isoformat(), "statistic_ids": [name]}
        deadline = time.monotonic() + WRITTEN_WITHIN
        while time.monotonic() < deadline:
            found = await self.hass.command(
                "recorder/statistics_during_period", period="month", types=["state"], **asked
            )
            if found.get(name):
                return
            await asyncio.sleep(0.1)
        raise TimeoutError

    async def _keep(self, key: str, rows: Iterable[tuple[datetime, Any, Any]]) -> None:
        """Give the recorder rows of a statistic: when their hours end, their state and sum."""
        is_use, is_balance, meter = key == "consumption", key == "balance", self.meter
        unit, unit_class = UNITS[meter["kind"]] if is_use else ("CNY", None)
        name = meter["entities"]["balance"]
        if not is_balance:
            name = statistic_id(self.account, meter["user_code"], Statistic(key))
        metadata = {
            "mean_type": 0,
            "has_sum": True,
            "name": None,
            "source": "recorder" if is_balance else "jrhsz",
            "statistic_id": name,
            "unit_of_measurement": unit,
            "unit_class": unit_class,
        }
        stats = [
            {"start": (at - HOUR).isoformat(), "state": float(state), "sum": float(total)}
            for at, state, total in rows
        ]
        await self.hass.command("recorder/import_statistics", metadata=metadata, stats=stats)


async def compare(
    drive: Drive, saved: list[list[str]], kept: Mapping[str, Mapping[str, Decimal]]
) -> None:
    """Compare the file with what the recorder was given, and see that its cells are right."""
    head, *rows = saved
    meters = sorted(meter["user_code"] for room in drive.told for meter in room["meters"])
    columns = {await drive.say(key): key for key in AMOUNTS}
    by_code = {
        row[head.index(await drive.say("userCode"))]: dict(zip(head, row, strict=True))
        for row in rows
    }
    assert sorted(by_code) == meters
    for code, amounts in kept.items():
        assert {key: Decimal(by_code[code][name]) for name, key in columns.items()} == amounts, code
    whole, late, unknown = (by_code[code] for code in meters[:3])
    stamps = [f"{time:%Y-%m-%d %H:%M:%S}" for time in last_month()]
    assert [whole[await drive.say(key)] for key in ("first_time", "last_time")] == stamps
    room = drive.told[0]
    names = ("building", "room", "kind", "meter", "unit", "note", "charges")
    kinds = [await drive.say(kind) for kind in UNITS]
    assert [whole[await drive.say(name)] for name in names] == [
        *(room["building"], room["room"], kinds[0], "'=1+1", "kWh", "", "")
    ]
    shown = [late[await drive.say(name)] for name in ("kind", "unit", "note", "balance_start")]
    assert shown == [kinds[1], "m³", await drive.say("estimate"), ""]
    assert {unknown[name] for name in columns} == {""}


async def look_at_table(drive: Drive, card: Locator) -> None:
    """See a row for the room with both kinds, and what is estimated or unknown marked."""
    page = drive.frontend.page
    heading = page.get_by_role("rowheader", name=drive.told[0]["room"], exact=True)
    row = card.get_by_role("row").filter(has=heading).first
    begin, end = last_month()
    await expect(row).to_contain_text(f"{(end - begin) / HOUR * 0.07:.2f}")
    await expect(row.get_by_role("cell").filter(has_text="≈").first).to_be_visible()
    heading = page.get_by_role("rowheader", name=await drive.say("sum"), exact=True)
    sums = card.get_by_role("row").filter(has=heading)
    await expect(sums).to_have_count(len(buildings_of(drive)))
    await expect(card.get_by_role("row").last).to_contain_text(await drive.say("total"))
    await expect(card.get_by_role("status")).to_contain_text(await drive.say("inYuan"))


def buildings_of(drive: Drive) -> set[tuple[str, str]]:
    """Return the buildings, of which two may have one name."""
    return {(room["building"], room["building_code"]) for room in drive.told}


async def look_at_print(drive: Drive) -> None:
    """See the table alone on paper, and not cut off at its right; see how many sheets it takes."""
    page, frontend = drive.frontend.page, drive.frontend
    size = page.viewport_size
    assert size
    await frontend.resize((WIDTH_OF_A4, PHONE[1]))
    await page.emulate_media(media="print")
    printed = page.locator(".jrhsz-printout")
    await expect(printed.get_by_role("heading")).to_contain_text(await drive.say("bills"))
    rows = len(drive.told) + 2 * len(buildings_of(drive)) + 1
    await expect(printed.locator("tbody tr")).to_have_count(rows)
    assert await printed.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    await expect(page.locator("home-assistant")).to_be_hidden()
    if drive.pictures:
        await page.screenshot(path=drive.pictures / "print.png", full_page=True)
        await page.pdf(path=drive.pictures / "print.pdf", prefer_css_page_size=True)
    await page.emulate_media(media="screen")
    await expect(printed.locator("tr")).to_have_count(0)
    await frontend.resize((size["width"], size["height"]))
