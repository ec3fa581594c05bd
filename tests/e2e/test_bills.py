"""The dashboard's bills: a month of all rooms, its file against the recorder, and its print."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, expect
import pytest
from yarl import URL

from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from tests.support.hass_process import HassProcess
from tests.support.live import USERNAME, SimulatorProcess

from .clicks import Clicks
from .dashboard import PATH, add_dashboard
from .estate import write_estate
from .frontend import DESKTOP, Frontend, open_frontend
from .test_rooms import saved_rows

CHINA = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
MOST_CLICKS = 4
# What a page of A4 is as wide as, in pixels of a browser, less its margins.
WIDTH_OF_A4 = 1026
METERS = 120
# Two buildings with a heading and a sum each, 60 rooms, and the sum of all.
ROWS = 2 * 2 + 60 + 1
WHOLE, LATE, UNKNOWN = "2022040001", "2022040002", "2022040003"
UNITS = {"electricity": ("kWh", "energy"), "water": ("m³", "volume")}
COLUMNS = {
    "起读数": "first_reading",
    "止读数": "last_reading",
    "用量": "use",
    "费用": "cost",
    "到账": "credited",
    "期初余额": "balance_start",
    "期末余额": "balance_end",
    "其他": "other",
}


@pytest.mark.timeout(300)
async def test_bills_of_a_month(tmp_path: Path, pictures: Path, socket_enabled: None) -> None:
    """Last month is there by one click, and in a file by another; the file is the recorder's."""
    hass = HassProcess(tmp_path / "config", language="zh-Hans")
    async with SimulatorProcess(f"--meters={METERS}", "--history-days=2") as simulator:
        await write_estate(hass, simulator, {})
        async with hass, open_frontend(hass, "zh-Hans", pictures) as frontend:
            await add_dashboard(hass)
            rooms = (await hass.command("jrhsz/rooms"))["rooms"]
            meters = {meter["user_code"]: meter for room in rooms for meter in room["meters"]}
            account = f"{URL(simulator.url).authority}/{USERNAME}"
            kept = await Month(hass, account, meters[WHOLE]).keep()
            late = Month(hass, account, meters[LATE])
            await late.keep(hours=100)
            await late.wait()
            # A name that a person gives is written to a file that a program opens.
            await hass.command(
                "config/device_registry/update",
                device_id=meters[WHOLE]["device_id"],
                name_by_user="=1+1",
            )
            await frontend.open(PATH)
            await frontend.page.locator("jrhsz-overview .meter").first.wait_for()
            clicks = Clicks(frontend.page)
            await clicks.begin()
            await frontend.page.get_by_role("tab", name="账单").click()
            page = frontend.page.locator("jrhsz-bills")
            await page.get_by_role("row").nth(1).wait_for()
            saved = await saved_rows(frontend, page)
            assert await clicks.count() <= MOST_CLICKS
            compare(saved, kept)
            await look_at(frontend, page)
            await look_at_print(frontend)
            assert await frontend.wide_parts() == []
            assert frontend.complaints == []


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

    async def keep(self, hours: int = 0) -> dict[str, Decimal]:
        """Give them to the recorder, from some hours on; return what the bill should say."""
        begin, end = last_month()
        begin += hours * HOUR
        use, cost, paid = Decimal("0.07"), Decimal("0.0413"), begin + 30 * HOUR
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
        for _ in range(100):
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


def compare(saved: list[list[str]], kept: dict[str, Decimal]) -> None:
    """Compare the file with what the recorder was given, and see that its cells are right."""
    head, *rows = saved
    assert len(rows) == METERS
    by_code = {row[head.index("用户编号")]: dict(zip(head, row, strict=True)) for row in rows}
    whole, late, unknown = (by_code[code] for code in (WHOLE, LATE, UNKNOWN))
    assert {COLUMNS[name]: Decimal(whole[name]) for name in COLUMNS} == kept
    begin, end = last_month()
    stamps = [f"{time:%Y-%m-%d %H:%M:%S}" for time in (begin, end)]
    assert [whole["起读数时间"], whole["止读数时间"]] == stamps
    names = ("楼栋", "房间", "类别", "表", "单位", "备注", "其中附加费")
    assert [whole[name] for name in names] == ["1栋", "101", "电", "'=1+1", "kWh", "", ""]
    assert (late["类别"], late["单位"], late["备注"]) == ("水", "m³", "估算")
    assert late["期初余额"] == ""
    assert {unknown[name] for name in COLUMNS} == {""}


async def look_at(frontend: Frontend, page: Locator) -> None:
    """See a row for the room with both kinds, and what is estimated or unknown marked."""
    heading = frontend.page.get_by_role("rowheader", name="101", exact=True)
    row = page.get_by_role("row").filter(has=heading).first
    hours = int((last_month()[1] - last_month()[0]) / HOUR)
    await expect(row).to_contain_text(f"{hours * Decimal('0.07'):.2f}")
    await expect(row.get_by_role("cell").filter(has_text="≈").first).to_be_visible()
    heading = frontend.page.get_by_role("rowheader", name="合计")
    sums = page.get_by_role("row").filter(has=heading)
    await expect(sums).to_have_count(2)
    await expect(sums.first).to_contain_text("*")
    await expect(page.get_by_role("row").last).to_contain_text("总计")
    await expect(page.get_by_role("status")).to_contain_text("金额单位：元。")


async def look_at_print(frontend: Frontend) -> None:
    """See the table alone on paper, and not cut off at its right."""
    page = frontend.page
    await page.set_viewport_size({"width": WIDTH_OF_A4, "height": DESKTOP[1]})
    await page.emulate_media(media="print")
    printed = page.locator(".jrhsz-printout")
    await expect(printed.get_by_role("heading")).to_contain_text("账单")
    await expect(printed.locator("tbody tr")).to_have_count(ROWS)
    assert await printed.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    await expect(page.locator("home-assistant")).to_be_hidden()
    await page.emulate_media(media="screen")
    await expect(printed.locator("tr")).to_have_count(0)
