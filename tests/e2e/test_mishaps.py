"""What goes wrong at the dashboard: nothing is credited twice, by accident, or mixed up."""

import asyncio
from pathlib import Path
import re
from typing import Final

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
from playwright.async_api import Locator, expect
import pytest

from tests.support.hass_process import HassProcess
from tests.support.live import SimulatorProcess

from .billing import bill, keep_months
from .dashboard import add_dashboard
from .drive import IN_TIME, OTHER_PACE, Drive, hasten, meter_of
from .estate import write_estate
from .frontend import open_frontend
from .words import csv_text

IS_NEWEST = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)
# Each end of what is supported sees one language.
LANGUAGE = "zh-Hans" if IS_NEWEST else "en"
ROOMS = 4
QUICK = 0.05
NEW_YORK = "America/New_York"
NORTH, SOUTH = "n1", "s2"
COUNTDOWN = 5
PHONE_WITH_KEYBOARD = (390, 400)

# The connection breaks, and comes back by itself.
BREAK: Final = """() =>
  document.querySelector("home-assistant").hass.connection.socket.close()"""
CELLS: Final[list[object]] = [
    *("=1+1", "+1", "-1+2", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "－1"),
    *("0123", "123456789012", "3-12", "1/2", "12:30", "1E5", "3.10"),
    *("1栋电 101", "A-1", 'a"b', "2022040001", -1.5, None),
]


@pytest.mark.timeout(300)
async def test_nothing_is_credited_twice_or_by_accident(
    tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """Who leaves, hesitates, hurries, or loses the connection credits what was confirmed, once."""
    hass = HassProcess(tmp_path / "config", language=LANGUAGE, integrations=("history", OTHER_PACE))
    arguments = f"--meters={2 * ROOMS}", f"--limit={QUICK}", "--history-days=2", "--no-wechat"
    async with SimulatorProcess(*arguments) as simulator:
        hasten(hass, QUICK)
        changes = {code: {"balance": "100.00"} for code in (await simulator.state())["meters"]}
        await write_estate(hass, simulator, changes)
        async with hass, open_frontend(hass, LANGUAGE, pictures) as frontend:
            await add_dashboard(hass)
            drive = Drive(frontend, simulator, (await hass.command("jrhsz/rooms"))["rooms"])
            await leave_in_the_last_moment(drive)
            await change_the_amount(drive)
            await use_two_tabs(drive)
            await lose_the_connection(drive)
            await lose_it_in_a_batch(drive)
            await restart_in_a_batch(drive)
            assert frontend.complaints == []


async def leave_in_the_last_moment(drive: Drive) -> None:
    """Send nothing for who leaves the page, loads it anew, or holds the Enter key down."""
    page = drive.frontend.page
    for leave in (page.go_back, page.reload):
        await drive.open()
        for path in ("orders", "rooms"):
            await page.get_by_role("tab", name=await drive.say(path)).click()
        await (await ask(drive, 0, "50")).click()
        await expect(drive.dialog.get_by_role("status")).not_to_be_empty()
        await leave()
        await expect(drive.dialog).to_have_count(0)
        await asyncio.sleep(COUNTDOWN + 1)
        assert await drive.booked() == []
    await drive.open()
    await ask(drive, 0, "50")
    for _ in range(20):
        await page.keyboard.press("Enter")
        await asyncio.sleep(COUNTDOWN / 20)
    assert await drive.booked() == []


async def change_the_amount(drive: Drive) -> None:
    """Credit what was previewed last, on a phone whose keyboard leaves half of its screen."""
    page = drive.frontend.page
    size = page.viewport_size
    assert size
    await drive.open()
    await drive.frontend.resize(PHONE_WITH_KEYBOARD)
    await ask(drive, 0, "50")
    await drive.press("back")
    field = drive.dialog.get_by_role("textbox")
    await field.fill("5元")
    await page.keyboard.press("Enter")
    status = drive.dialog.get_by_role("status")
    await expect(status).to_have_text(await drive.say("badAmount"))
    await field.fill("5")
    await page.keyboard.press("Enter")
    amount = await drive.money(5)
    confirm = drive.dialog.get_by_role("button", name=await drive.say("creditNow", amount))
    await expect(confirm).to_be_in_viewport(timeout=IN_TIME)
    await confirm.click()
    await see(drive, 5)
    await drive.press("close")
    assert await drive.booked() == [(code_of(drive, 0), 5)]
    await drive.frontend.resize((size["width"], size["height"]))


async def use_two_tabs(drive: Drive) -> None:
    """Confirm the same in two tabs: it is one order, and both tell how it ended."""
    before, hass = await drive.booked(), drive.frontend.hass
    async with drive.frontend.beside(hass.username, hass.password) as frontend:
        other = Drive(frontend, drive.simulator, drive.told)
        confirms = []
        for tab in (drive, other):
            await tab.open()
            confirms.append(await ask(tab, 1, "7"))
        for confirm in confirms:
            await confirm.dblclick()
        for tab in (drive, other):
            await see(tab, 7)
            await tab.press("close")
    assert await drive.booked() == [*before, (code_of(drive, 1), 7)]


async def lose_the_connection(drive: Drive) -> None:
    """Hear nothing of an order that is on its way: look, and find it there."""
    before, page = await drive.booked(), drive.frontend.page
    await drive.open()
    confirm = await ask(drive, 2, "9")
    await drive.simulator.control("faults", kind="delay", interface="Prestore", seconds=3)
    await confirm.click()
    status = drive.dialog.get_by_role("status")
    await expect(status).to_have_text(await drive.say("sending"), timeout=IN_TIME)
    await page.evaluate(BREAK)
    await expect(status).to_have_text(await drive.say("lost"))
    await drive.press("close")
    await wait_for_order(drive, len(before))
    await (await drive.credit_button(2)).click()
    await expect(drive.dialog.locator(".last")).to_contain_text(await drive.money(9))
    await drive.press("cancel")
    assert await drive.booked() == [*before, (code_of(drive, 2), 9)]


async def lose_it_in_a_batch(drive: Drive) -> None:
    """See how a batch ends that began before the connection was lost."""
    before = await drive.booked()
    await confirm_batch(drive, 3)
    await drive.frontend.page.evaluate(BREAK)
    words = f"{await drive.say('statuses.confirmed')} {2 * ROOMS}"
    await expect(drive.dialog.get_by_role("status")).to_have_text(words, timeout=IN_TIME)
    await drive.press("close")
    booked = (await drive.booked())[len(before) :]
    assert sorted(booked) == [(code, 3) for code in codes_of(drive)]


async def restart_in_a_batch(drive: Drive) -> None:
    """See what was sent before Home Assistant was restarted, and credit the others."""
    before = await drive.booked()
    await confirm_batch(drive, 4)
    await wait_for_order(drive, len(before))
    await drive.frontend.hass.restart()
    await drive.simulator.control("clear")
    sent = len(await drive.booked()) - len(before)
    assert 0 < sent < 2 * ROOMS
    credited, refused = [await drive.say(f"statuses.{key}") for key in ("confirmed", "refused")]
    words = f"{credited} {sent} · {refused} {2 * ROOMS - sent}"
    status = drive.dialog.get_by_role("status")
    await expect(status).to_have_text(words, timeout=IN_TIME)
    await drive.press("retry", str(2 * ROOMS - sent))
    await expect(status).to_have_text(f"{credited} {2 * ROOMS - sent}", timeout=IN_TIME)
    await drive.press("close")
    booked = (await drive.booked())[len(before) :]
    assert sorted(booked) == [(code, 4) for code in codes_of(drive)]
    await drive.open()
    await expect(drive.rooms.locator(".job")).to_be_hidden()


async def confirm_batch(drive: Drive, amount: int) -> None:
    """Let the same be credited to all meters, slowly."""
    await drive.open()
    rooms, dialog, meters = drive.rooms, drive.dialog, 2 * ROOMS
    await rooms.get_by_role("button", name=await drive.say("creditMany")).click()
    await rooms.get_by_role("button", name=await drive.say("tickShown")).click()
    await rooms.get_by_role("button", name=await drive.say("creditTicked", ROOMS)).click()
    await dialog.get_by_label(await drive.say("kind")).select_option("")
    await dialog.get_by_role("textbox").fill(str(amount))
    await drive.press("preview")
    total = await drive.money(amount * meters)
    confirm = dialog.get_by_role("button", name=await drive.say("creditRooms", str(meters), total))
    await confirm.wait_for(timeout=IN_TIME)
    slow = {"kind": "delay", "interface": "GetUserInfo", "seconds": 1, "times": None}
    await drive.simulator.control("faults", **slow)
    await confirm.click()
    under_way = (await drive.say("creditingMany", "#", str(meters))).replace("#", r"\d")
    await expect(dialog.get_by_role("status")).to_have_text(re.compile(under_way))


async def ask(drive: Drive, room: int, amount: str) -> Locator:
    """Ask for a recharge up to the button that confirms it."""
    await (await drive.credit_button(room)).click()
    await drive.dialog.get_by_role("textbox").fill(amount)
    await drive.press("goOn")
    words = await drive.say("creditNow", await drive.money(float(amount)))
    confirm = drive.dialog.get_by_role("button", name=words)
    await confirm.wait_for(timeout=IN_TIME)
    return confirm


async def wait_for_order(drive: Drive, before: int) -> None:
    """Wait until the platform has booked another order."""
    for _ in range(IN_TIME // 200):
        if len(await drive.booked()) > before:
            return
        await asyncio.sleep(0.2)
    raise TimeoutError


async def see(drive: Drive, amount: int) -> None:
    """See that an amount was credited."""
    outcome = f"{await drive.say('statuses.confirmed')} {await drive.money(amount)}"
    await expect(drive.dialog.locator(".outcome")).to_have_text(outcome, timeout=IN_TIME)


def code_of(drive: Drive, room: int) -> str:
    """Return the user code of a room's electricity meter."""
    return str(meter_of(drive.told[room])["user_code"])


def codes_of(drive: Drive) -> list[str]:
    """Return the user codes of all meters."""
    return sorted(meter["user_code"] for room in drive.told for meter in room["meters"])


@pytest.mark.timeout(300)
async def test_bills_and_buildings_are_not_mixed_up(
    tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """Bills are of China's days in New York too; two buildings of one name stay two."""
    hass = HassProcess(
        tmp_path / "config",
        language=LANGUAGE,
        time_zone=NEW_YORK,
        integrations=("history", OTHER_PACE),
    )
    arguments = f"--meters={2 * ROOMS}", f"--limit={QUICK}", "--history-days=2", "--no-wechat"
    async with SimulatorProcess(*arguments) as simulator:
        hasten(hass, QUICK)
        meters = list((await simulator.state())["meters"])
        *_, north, north_too, south, south_too = meters
        codes = {north: NORTH, north_too: NORTH, south: SOUTH, south_too: SOUTH}
        await write_estate(hass, simulator, {}, codes=codes)
        async with hass, open_frontend(hass, LANGUAGE, pictures, NEW_YORK) as frontend:
            await add_dashboard(hass)
            drive = Drive(frontend, simulator, (await hass.command("jrhsz/rooms"))["rooms"])
            kept = await keep_months(drive)
            drive.told = (await hass.command("jrhsz/rooms"))["rooms"]
            await drive.open()
            await tell_buildings_apart(drive)
            await find_by_codes(drive)
            await bill(drive, kept)
            await choose_wrong_days(drive)
            assert await csv_text(frontend, [CELLS]) == (
                "\ufeff'=1+1,'+1,'-1+2,'@SUM(1),\"'\t=1\",\"'\r=1\",\"'\n=1\",'＝1,'－1,"
                '"\t0123","\t123456789012","\t3-12","\t1/2","\t12:30","\t1E5","\t3.10",'
                '1栋电 101,A-1,"a""b",2022040001,-1.5,\r\n'
            )
            assert frontend.complaints == []


async def tell_buildings_apart(drive: Drive) -> None:
    """See each building with its code, and find the rooms of one by it."""
    titles = drive.rooms.locator(".group:not(.attention) .title")
    twins = [f"3栋{kind} ({code})" for kind in "水电" for code in (NORTH, SOUTH)]
    await expect(titles).to_have_text(["1栋", *twins])
    search = drive.rooms.get_by_role("searchbox")
    for words in (twins[-1], f"{SOUTH.upper()} 3栋电"):
        await search.fill(words)
        await expect(titles).to_have_text(twins[-1:])
    await search.fill("")


async def find_by_codes(drive: Drive) -> None:
    """Find a room by a meter's number or user code; where there is none, nothing can be ticked."""
    search = drive.rooms.get_by_role("searchbox")
    room = drive.told[-1]
    for key in ("number", "user_code"):
        await search.fill(room["meters"][0][key])
        rows = drive.rooms.locator(".group:not(.attention) .line .room")
        await expect(rows).to_have_text([room["name"] or room["room"]])
    await search.fill("2099999999")
    await expect(drive.rooms.get_by_role("status").filter(visible=True)).to_have_text(
        await drive.say("nothing")
    )
    await drive.rooms.get_by_role("button", name=await drive.say("creditMany")).click()
    go = drive.rooms.get_by_role("button", name=await drive.say("creditTicked", 0))
    await expect(go).to_be_disabled()
    await search.fill("")


async def choose_wrong_days(drive: Drive) -> None:
    """Hear what is wrong with a span that ends before it begins; nothing is shown or saved."""
    page = drive.frontend.page
    for path in ("bills", "orders"):
        await page.get_by_role("tab", name=await drive.say(path)).click()
        card = page.locator(f"jrhsz-{path}")
        status = card.get_by_role("status")
        await expect(status).not_to_have_text(await drive.say("loading"))
        first, last = await card.locator("input[type=date]").all()
        await first.fill("2027-01-02")
        await last.fill("2027-01-01")
        await expect(status).to_have_text(await drive.say("badSpan"))
        await expect(card.get_by_role("button", name=await drive.say("csv"))).to_be_hidden()
        await expect(card.get_by_role("row")).to_have_count(0)
