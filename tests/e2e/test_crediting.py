"""Crediting from the dashboard: one room, many rooms of which some fail, and both by few clicks."""

from pathlib import Path
import re
from typing import Any

from playwright.async_api import Locator, expect
import pytest

from tests.support.hass_process import HassProcess
from tests.support.live import SimulatorProcess

from .clicks import Clicks
from .dashboard import PATH, add_dashboard
from .estate import write_estate
from .frontend import PHONE, Frontend, open_frontend
from .test_rooms import CONTRAST, ENOUGH

METERS, ROOMS = 12, 6
MOST_FOR_ONE, MOST_FOR_MANY = 4, 6
# Each meter is read before its order, at the platform's pace.
IN_TIME = 60_000
BROKEN = ("2022040003", "2022040007")
LOW = "2022040005"


@pytest.mark.timeout(300)
async def test_rooms_are_credited(tmp_path: Path, pictures: Path, socket_enabled: None) -> None:
    """One room and many are credited once each, whatever the manager's clicks and pages do."""
    hass = HassProcess(tmp_path / "config", language="zh-Hans")
    async with SimulatorProcess(f"--meters={METERS}", "--history-days=2") as simulator:
        await write_estate(hass, simulator, {LOW: {"balance": "8.00"}})
        async with hass, open_frontend(hass, "zh-Hans", pictures) as frontend:
            await add_dashboard(hass)
            rooms = frontend.page.locator("jrhsz-overview")
            await credit_one(frontend, rooms, simulator)
            await fill_up(frontend, rooms, simulator)
            await credit_many(frontend, rooms, simulator)
            await try_again(frontend, rooms, simulator)
            assert await frontend.wide_parts() == []
            assert frontend.complaints == []


async def open_rooms(frontend: Frontend, rooms: Locator) -> Clicks:
    """Open the dashboard, and count from there."""
    await frontend.open(PATH)
    await rooms.locator(".meter").first.wait_for()
    clicks = Clicks(frontend.page)
    await clicks.begin()
    return clicks


async def ledger(simulator: SimulatorProcess) -> list[tuple[str, str]]:
    """Return what the platform has booked: user codes and amounts."""
    orders: list[dict[str, Any]] = (await simulator.state())["ledger"]
    return [(order["user_code"], str(order["amount"])) for order in orders]


async def credit_one(frontend: Frontend, rooms: Locator, simulator: SimulatorProcess) -> None:
    """Credit a room by four clicks, of which the last one closes the dialog."""
    clicks = await open_rooms(frontend, rooms)
    await rooms.get_by_role("button", name="充值：1栋 101, 电").click()
    dialog = rooms.get_by_role("dialog", name="1栋 101 · 电")
    await expect(dialog.get_by_text("今天还可充：本表 ¥1,000.00，账号 ¥2,000.00")).to_be_visible()
    await dialog.get_by_role("textbox", name="金额").fill("50")
    await dialog.get_by_role("button", name="继续").click()
    await dialog.get_by_role("button", name="充值 ¥50.00").click()
    await expect(dialog.locator(".outcome")).to_have_text("已到账 ¥50.00", timeout=IN_TIME)
    await dialog.get_by_role("button", name="关闭").click()
    assert await clicks.count() <= MOST_FOR_ONE
    assert await ledger(simulator) == [("2022040001", "50.00")]


async def fill_up(frontend: Frontend, rooms: Locator, simulator: SimulatorProcess) -> None:
    """Fill a balance up by keys; a page that is closed while it counts down sends nothing."""
    state = (await simulator.state())["meters"][LOW]
    button = rooms.get_by_role("button", name="充值：1栋 103, 电")
    await button.focus()
    await frontend.page.keyboard.press("Enter")
    dialog = rooms.get_by_role("dialog")
    await dialog.get_by_label("方式").select_option("up_to")
    await dialog.get_by_role("textbox").fill(f"{float(state['balance']) + 20:.2f}")
    await frontend.page.keyboard.press("Enter")
    confirm = dialog.get_by_role("button", name=re.compile("^充值 ¥"))
    await expect(confirm).to_be_focused(timeout=IN_TIME)
    amount = (await confirm.inner_text()).removeprefix("充值 ¥")
    await frontend.page.keyboard.press("Enter")
    await frontend.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(button).to_be_focused()
    assert len(await ledger(simulator)) == 1
    assert float(amount) == pytest.approx(20, abs=0.5)


async def credit_many(frontend: Frontend, rooms: Locator, simulator: SimulatorProcess) -> None:
    """Credit all rooms by six clicks; two can't be read, and a reload changes nothing."""
    clicks = await open_rooms(frontend, rooms)
    await rooms.get_by_role("button", name="充值多间").click()
    await rooms.get_by_role("button", name="选择所有显示的房间").click()
    await expect(rooms.get_by_role("checkbox", name="选择 1栋 的全部房间")).to_be_checked()
    await rooms.get_by_role("button", name=f"充值 {ROOMS} 间……").click()
    dialog = rooms.get_by_role("dialog", name="充值多间")
    await expect(dialog.get_by_text("刚刚给 ", exact=False)).to_have_count(0)
    await dialog.get_by_role("textbox", name="金额").fill("10")
    await dialog.get_by_role("button", name="预览").click()
    confirm = dialog.get_by_role("button", name=f"给 {ROOMS} 块表充值，共 ¥60.00")
    await confirm.wait_for(timeout=IN_TIME)
    await expect(dialog.get_by_text("合计 ¥60.00；账号今天还可充 ¥1,950.00。")).to_be_visible()
    await expect(dialog.get_by_role("row")).to_have_count(1 + ROOMS)
    assert len(await ledger(simulator)) == 1
    for code in BROKEN:
        fault = {"kind": "code", "interface": "GetUserInfo", "user_code": code, "times": None}
        await simulator.control("faults", **fault)
    # The second of these clicks stands for the one that closes the dialog.
    await confirm.dblclick()
    assert await clicks.count() <= MOST_FOR_MANY
    # It goes on without the page.
    await frontend.page.reload()
    note = rooms.locator(".job")
    await expect(note.get_by_role("status")).to_have_text("6 块表的充值已结束。", timeout=IN_TIME)
    await note.get_by_role("button", name="查看").click()
    await expect(dialog.get_by_role("status")).to_have_text("已到账 4 · 没有发送 2")
    rows = dialog.get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("1栋 101 · 电")
    await expect(rows.nth(2)).to_contain_text("没有发送")
    assert len(await ledger(simulator)) == 1 + 4


async def try_again(frontend: Frontend, rooms: Locator, simulator: SimulatorProcess) -> None:
    """Repeat the batch for those that failed; nobody gets anything twice."""
    await simulator.control("clear")
    dialog = rooms.get_by_role("dialog", name="充值多间")
    for scheme in ("dark", "light"):
        await frontend.page.emulate_media(color_scheme=scheme)
        await frontend.page.wait_for_timeout(500)
        ratio, what = await rooms.evaluate(CONTRAST)
        assert ratio >= ENOUGH, (scheme, what)
    await frontend.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await dialog.get_by_role("button", name="重试未成功的 2 块").click()
    await expect(dialog.get_by_role("status")).to_have_text("已到账 2", timeout=IN_TIME)
    await dialog.get_by_role("button", name="关闭").click()
    await expect(rooms.locator(".job")).to_be_hidden()
    booked = await ledger(simulator)
    assert len(booked) == len({code for code, _ in booked[1:]}) + 1 == 1 + ROOMS
