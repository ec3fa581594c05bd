"""The dashboard's rooms: filtered, sorted, searched, folded, by keys, and read aloud."""

import asyncio
from pathlib import Path
import re
from typing import Any

from playwright.async_api import Locator, expect
import pytest

from tests.support.hass_process import HassProcess
from tests.support.live import PASSWORD, USERNAME, SimulatorProcess

from .dashboard import PATH, add_dashboard
from .estate import write_estate
from .frontend import Frontend, open_frontend
from .looks import look_at, saved_rows

OTHER, OLD = "other", "old"
# There are two buildings with 30 rooms each, with two meters each; the accounts share 3栋.
SHARES = {USERNAME: slice(116), OTHER: slice(116, 119), OLD: slice(119, 120)}
CHANGES = {
    "2022040011": {"balance": "-12.34"},
    "2022040001": {"balance": "8.00"},
    "2022040004": {"readTime": "2020-01-01 08:00:00"},
}
SENT_WITHIN = 40_000


@pytest.mark.timeout(300)
async def test_rooms_are_found_by_whatever_is_known_of_them(
    tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """Counters filter, the order can be chosen, all of it is remembered, and nothing jumps."""
    hass = HassProcess(tmp_path / "config", language="zh-Hans")
    accounts = (f"--account={name}:{PASSWORD}" for name in SHARES)
    async with SimulatorProcess("--meters=120", "--history-days=2", *accounts) as simulator:
        await write_estate(hass, simulator, CHANGES, SHARES, disabled=[OLD])
        async with hass, open_frontend(hass, "zh-Hans", pictures) as frontend:
            await add_dashboard(hass)
            await frontend.open(PATH)
            rooms = frontend.page.locator("jrhsz-overview")
            await look_at_all(rooms)
            await filter_and_sort(frontend, rooms)
            await search(rooms)
            await fold(frontend, rooms)
            await read_aloud(frontend, rooms)
            await stay_in_place(frontend, rooms)
            await credit_a_room(frontend, rooms, simulator)
            await be_the_second_to_credit(frontend, rooms, simulator)
            await look_at_orders(frontend)
            assert await frontend.wide_parts() == []
            assert frontend.complaints == []


async def look_at_all(rooms: Locator) -> None:
    """See all rooms, those of two accounts apart, and which account is missing."""
    await expect(rooms.locator(".number b")).to_have_text(["60", "1", re.compile(r"\d+"), "1"])
    titles = ["欠费或无数据", "1栋", f"3栋 · {USERNAME}", f"3栋 · {OTHER}"]
    await expect(rooms.locator(".group .title")).to_have_text(titles)
    await expect(rooms.locator(".group .count")).to_have_text(["2", "30", "28", "2"])
    await expect(rooms.locator(".notes p")).to_have_text(f"账号“{OLD}”已停用，其房间不再显示。")
    line = rooms.locator(".attention .line").first
    await expect(line.locator(".room")).to_have_text("1栋106")
    await expect(line.locator(".balance").first).to_have_text("-¥12.34")
    await expect(line.locator(".sign").first).to_have_text("欠费")
    await expect(line.locator(".days").first).to_have_text("还可用 0天")


async def filter_and_sort(frontend: Frontend, rooms: Locator) -> None:
    """Show the rooms that a counter counts, lowest balance first, and again after a reload."""
    arrears = rooms.get_by_role("button", name=re.compile("欠费$"))
    await arrears.click()
    await expect(rooms.locator(".line .room")).to_have_text(["房间", "106"])
    await expect(rooms.get_by_role("status")).to_have_text("共 1 间")
    await frontend.page.reload()
    await expect(arrears).to_have_attribute("aria-pressed", "true")
    await expect(rooms.locator(".line .room")).to_have_text(["房间", "106"])
    await arrears.click()
    await rooms.get_by_label("排序").select_option("balance")
    await expect(rooms.locator(".line .room").nth(1)).to_have_text("1栋106")
    await expect(rooms.locator(".line .room").nth(2)).to_have_text("1栋101")
    await expect(rooms.locator(".line")).to_have_count(1 + 60)
    await frontend.page.reload()
    await expect(rooms.get_by_label("排序")).to_have_value("balance")
    await expect(rooms.locator(".line .room").nth(1)).to_have_text("1栋106")
    await rooms.get_by_label("排序").select_option("room")


async def search(rooms: Locator) -> None:
    """Find rooms by building, room, user code and meter number; 1栋 is not 11栋."""
    field = rooms.get_by_role("searchbox")
    for words, found in {
        "3栋 103": ["3栋103"],
        "二": [],
        "1栋电 ３０５": ["1栋305"],
        "2022040119": ["3栋310"],
        "栋 5": [],
    }.items():
        await field.fill(words)
        lines = rooms.locator(".group:not(.attention) .line")
        await expect(lines).to_have_count(len(found))
        titles = [
            re.sub(r"\s.*", "", await group.locator(".title").inner_text()) + name
            for group in await rooms.locator(".group:not(.attention)").all()
            # What isn't on the screen has no inner text yet.
            for name in await group.locator(".room").all_text_contents()
        ]
        assert titles == found, words
    await expect(rooms.get_by_role("status")).to_have_text("没有符合的房间。")
    await field.fill("")


async def fold(frontend: Frontend, rooms: Locator) -> None:
    """Fold a building; it stays so, also while a search shows what is in it."""
    await rooms.get_by_role("button", name="1栋, 共 30 间").click()
    lines = rooms.locator(".line")
    await expect(lines).to_have_count(1 + 2 + 30)
    await frontend.page.reload()
    await expect(lines).to_have_count(1 + 2 + 30)
    await rooms.get_by_role("searchbox").fill("1栋 305")
    await expect(lines).to_have_count(1 + 1)
    await rooms.get_by_role("searchbox").fill("")
    await expect(lines).to_have_count(1 + 2 + 30)
    heading = rooms.get_by_role("button", name="1栋, 共 30 间")
    await expect(heading).to_have_attribute("aria-expanded", "false")
    await heading.focus()
    await frontend.page.keyboard.press("Enter")
    await expect(lines).to_have_count(1 + 2 + 60)


async def read_aloud(frontend: Frontend, rooms: Locator) -> None:
    """Hear all that can be seen; see it well in both themes; open a meter by keys."""
    table = rooms.get_by_role("table", name="房间")
    await expect(table.get_by_role("columnheader")).to_have_text(["房间", "电", "水"])
    heading = frontend.page.get_by_role("rowheader", name="106", exact=True)
    row = table.get_by_role("row").filter(has=heading).first
    await expect(row.get_by_role("cell")).to_have_count(2)
    await look_at(frontend, rooms)
    button = row.get_by_role("button", name=re.compile("^1栋 106, 电, 余额 -¥12.34, 欠费, "))
    await button.focus()
    await frontend.page.keyboard.press("Enter")
    dialog = frontend.page.locator("ha-more-info-dialog")
    await dialog.get_by_text("1栋电 106").first.wait_for()
    await frontend.page.keyboard.press("Escape")
    await dialog.get_by_text("1栋电 106").first.wait_for(state="hidden")


async def stay_in_place(frontend: Frontend, rooms: Locator) -> None:
    """See a balance fall below zero where it stands, not somewhere else."""
    told: dict[str, Any] = await frontend.hass.command("jrhsz/rooms")
    room = next(room for room in told["rooms"] if room["room"] == "110")
    entity_id = room["meters"][0]["entities"]["balance"]
    state = (await frontend.hass.states())[entity_id]
    heading = frontend.page.get_by_role("rowheader", name="110", exact=True)
    line = rooms.get_by_role("row").filter(has=heading).first
    await line.locator(".meter").first.hover()
    before = await line.bounding_box()
    changed = {"state": "-99", "attributes": state["attributes"]}
    await frontend.hass.request("POST", f"/api/states/{entity_id}", changed)
    await expect(line.locator(".balance").first).to_have_text("-¥99.00")
    await expect(rooms.locator(".number.arrears b")).to_have_text("2")
    await asyncio.sleep(2)
    assert await line.bounding_box() == before
    # Whoever asks for it sees the new order.
    await rooms.get_by_label("排序").select_option("balance")
    await expect(rooms.locator(".line .balance").first).to_have_text("-¥99.00")


async def credit_a_room(frontend: Frontend, rooms: Locator, simulator: SimulatorProcess) -> None:
    """Change one's mind, then credit a meter once, by four clicks and an amount."""
    await rooms.get_by_role("button", name="充值：1栋 201, 电").click()
    dialog = frontend.page.get_by_role("dialog", name="1栋 201 · 电")
    await dialog.get_by_role("textbox", name="金额").fill("１２．５0")
    await dialog.get_by_role("button", name="继续").click()
    await dialog.get_by_role("button", name="充值 ¥12.50").click()
    await dialog.get_by_role("button", name="取消").click()
    await expect(dialog.get_by_role("status")).to_have_text("已取消，没有发送。")
    await dialog.get_by_role("button", name="取消").click()
    assert await orders_at(simulator) == 0
    await rooms.get_by_role("button", name="充值：1栋 201, 电").click()
    await dialog.get_by_role("textbox", name="金额").fill("12.5")
    await dialog.get_by_role("button", name="继续").click()
    # A second click finds the countdown.
    await dialog.get_by_role("button", name="充值 ¥12.50").dblclick()
    await expect(dialog.locator(".outcome")).to_have_text("已到账 ¥12.50", timeout=SENT_WITHIN)
    await dialog.get_by_role("button", name="关闭").click()
    await expect(rooms.get_by_role("button", name="充值：1栋 201, 电")).to_be_focused()
    assert await orders_at(simulator) == 1


async def be_the_second_to_credit(
    frontend: Frontend, rooms: Locator, simulator: SimulatorProcess
) -> None:
    """Hear of another manager's recharge before a second one is sent."""
    told: dict[str, Any] = await frontend.hass.command("jrhsz/rooms")
    room = next(room for room in told["rooms"] if room["room"] == "202")
    await rooms.get_by_role("button", name="充值：1栋 202, 电").click()
    dialog = frontend.dialog
    await dialog.get_by_role("textbox").fill("30")
    await dialog.get_by_role("button", name="继续").click()
    confirm = dialog.get_by_role("button", name="充值 ¥30.00")
    await confirm.wait_for()
    other = {"device_id": room["meters"][0]["device_id"], "amount": 30}
    await frontend.hass.service("jrhsz", "recharge", other, response=True)
    await confirm.click()
    told_of = expect(dialog.get_by_role("status"))
    refused = re.compile(r"^Demo \d+ 分钟前已给 .* 充值 ¥30.00。本次未充值。$")
    await told_of.to_have_text(refused, timeout=SENT_WITHIN)
    await expect(dialog.get_by_text(re.compile("^Demo .*充值 ¥30.00：已到账。$"))).to_be_visible()
    await dialog.get_by_role("button", name="取消").click()
    assert await orders_at(simulator) == 1 + 1


async def orders_at(simulator: SimulatorProcess) -> int:
    """Return how many orders the platform has received."""
    return len((await simulator.state())["ledger"])


async def look_at_orders(frontend: Frontend) -> None:
    """See who credited what, find it, compare it with the platform, and take it along."""
    told: dict[str, Any] = await frontend.hass.command("jrhsz/rooms")
    (other,) = [item["id"] for item in told["accounts"] if item["title"] == OTHER]
    room = next(room for room in told["rooms"] if room["account"] == other)
    device_id = room["meters"][0]["device_id"]
    # The name that a person gives a device is written to a file that a program opens.
    await frontend.hass.command(
        "config/device_registry/update", device_id=device_id, name_by_user="=1+1"
    )
    recharge = {"device_id": device_id, "amount": "12.5"}
    answer = await frontend.hass.service("jrhsz", "recharge", recharge, response=True)
    await frontend.open(f"{PATH}/orders")
    page = frontend.page.locator("jrhsz-orders")
    await page.get_by_label("账号").select_option(OTHER)
    row = page.get_by_role("row").nth(1)
    await expect(row).to_contain_text("=1+1¥12.50已到账平台答复Demo")
    await expect(page.get_by_role("status")).to_have_text("共 1 笔，已到账 ¥12.50。")
    await page.get_by_label("结果").select_option("unknown")
    await expect(page.get_by_role("status")).to_have_text("没有符合的充值。")
    await page.get_by_label("结果").select_option("")
    await page.get_by_role("searchbox").fill(answer["order_number"][:9])
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name="与平台核对").click()
    await page.get_by_text("一致", exact=True).wait_for(timeout=SENT_WITHIN)
    rows = await saved_rows(frontend, page)
    assert rows[0][:4] == ["时间", "房间", "用户编号", "金额"]
    assert rows[1][1:6] == ["'=1+1", room["meters"][0]["user_code"], "12.5", "已到账", "平台答复"]
    assert rows[1][8] == answer["order_number"]
    assert await frontend.wide_parts() == []
