"""Crediting from the dashboard: one room, many rooms of which some fail, and both by few clicks."""

from collections.abc import Mapping
import re
from typing import Any

from playwright.async_api import Locator, expect
import pytest

from .drive import IN_TIME, Drive, meter_of, title_of

MOST_FOR_ONE, MOST_FOR_MANY = 4, 6
AMOUNT, SMALL, RISE = 50, 10, 20
# Two rooms have four meters; of more than that, those of one kind are credited.
FEW = 2
MANY = 60
BROKEN = 2
# Some of those with a low balance are credited by themselves first.
CREDITED_BEFORE = 2


async def credit_one(drive: Drive) -> None:
    """Credit a room by four clicks, of which the last one closes the dialog."""
    before = await drive.booked()
    clicks = await drive.open()
    await drive.look("rooms")
    button = await drive.credit_button(0)
    await button.click()
    dialog, amount = drive.dialog, await drive.money(AMOUNT)
    field = dialog.get_by_role("textbox", name=await drive.say("amount"))
    await expect(dialog.get_by_text(await drive.money(500))).to_be_visible()
    meter = meter_of(drive.told[0])
    await expect(dialog.get_by_text(meter["user_code"])).to_be_visible()
    await field.fill(str(AMOUNT))
    await drive.look("credit")
    await drive.press("goOn")
    confirm = dialog.get_by_role("button", name=await drive.say("creditNow", amount))
    await confirm.wait_for(timeout=IN_TIME)
    await drive.look("confirm")
    await confirm.click()
    outcome = f"{await drive.say('statuses.confirmed')} {amount}"
    await expect(dialog.locator(".outcome")).to_have_text(outcome, timeout=IN_TIME)
    await drive.look("credited")
    await drive.press("close")
    await expect(button).to_be_focused()
    assert await clicks.count() <= MOST_FOR_ONE
    assert await drive.booked() == [*before, (meter["user_code"], AMOUNT)]


async def fill_up(drive: Drive) -> None:
    """Fill a balance up by keys; what is cancelled while it counts down is never sent."""
    before, keyboard = await drive.booked(), drive.frontend.page.keyboard
    code = meter_of(drive.told[1])["user_code"]
    balance = float((await drive.simulator.state())["meters"][code]["balance"])
    await drive.open()
    button = await drive.credit_button(1)
    for is_sent in (False, True):
        await button.focus()
        await keyboard.press("Enter")
        dialog = drive.dialog
        await expect(dialog.get_by_role("textbox")).to_be_focused()
        await dialog.get_by_label(await drive.say("how_")).select_option("up_to")
        await dialog.get_by_role("textbox").fill(f"{balance + RISE:.2f}")
        await keyboard.press("Enter")
        amount = re.escape(await drive.money(RISE)).replace("20\\.00", r"(20\.\d\d|19\.\d\d)")
        words = re.compile((await drive.say("creditNow", "#")).replace("#", amount))
        await expect(dialog.get_by_role("button", name=words)).to_be_focused(timeout=IN_TIME)
        await keyboard.press("Enter")
        if not is_sent:
            await keyboard.press("Escape")
            await expect(dialog).to_have_count(0)
            await expect(button).to_be_focused()
            assert await drive.booked() == before
    await expect(dialog.locator(".outcome")).to_have_class(re.compile("confirmed"), timeout=IN_TIME)
    await keyboard.press("Enter")
    await expect(button).to_be_focused()
    *others, (credited, credit) = await drive.booked()
    assert (others, credited) == (before, code)
    assert credit == pytest.approx(RISE, abs=0.5)


async def credit_many(drive: Drive) -> None:
    """Credit sixty rooms by six clicks; two can't be read, and a reload changes nothing."""
    before, rooms = await drive.booked(), drive.rooms
    chosen = rooms_of(drive)
    count = len(chosen)
    meters = 2 * count if count == FEW else count
    clicks = await drive.open()
    is_narrowed = count < len(drive.told)
    if is_narrowed:
        # As many have a low balance: whoever looks at those means those.
        await rooms.get_by_role("button", name=re.compile(f"{await drive.say('low')}$")).click()
    await rooms.get_by_role("button", name=await drive.say("creditMany")).click()
    if not is_narrowed:
        await rooms.get_by_role("button", name=await drive.say("tickShown")).click()
    first = title_of(chosen[0])
    await expect(
        rooms.get_by_role("checkbox", name=await drive.say("tick", first)).first
    ).to_be_checked()
    await drive.look("ticked")
    await rooms.get_by_role("button", name=await drive.say("creditTicked", count)).click()
    dialog = drive.dialog
    kind = dialog.get_by_label(await drive.say("kind"))
    await expect(kind).to_have_value("low" if is_narrowed else "electricity")
    if count == FEW:
        await kind.select_option("")
    await dialog.get_by_role("textbox", name=await drive.say("amount")).fill(str(SMALL))
    await drive.press("preview")
    total = await drive.money(SMALL * meters)
    confirm = dialog.get_by_role("button", name=await drive.say("creditRooms", str(meters), total))
    await confirm.wait_for(timeout=IN_TIME)
    await expect(dialog.get_by_role("row")).to_have_count(1 + meters)
    await drive.look("preview")
    assert await drive.booked() == before
    codes = [meter_of(room)["user_code"] for room in chosen[:BROKEN]]
    for code in codes:
        fault = {"kind": "code", "interface": "GetUserInfo", "user_code": code, "times": None}
        # The platform's own words are in no language of ours.
        await drive.simulator.control("faults", **fault, msg="E42")
    # The second of these clicks stands for the one that closes the dialog.
    await confirm.dblclick()
    assert await clicks.count() <= MOST_FOR_MANY
    # It goes on without the page.
    await drive.frontend.page.reload()
    await see_outcome(drive, meters)
    booked = await drive.booked()
    assert booked[: len(before)] == before
    assert len({code for code, _ in booked[len(before) :]} - set(codes)) == meters - BROKEN
    await try_again(drive, codes)
    assert len(await drive.booked()) == len(before) + meters
    if is_narrowed:
        await rooms.get_by_role("button", name=re.compile(f"{await drive.say('low')}$")).click()


async def see_outcome(drive: Drive, meters: int) -> None:
    """Come back, and see what each room got."""
    note = drive.rooms.locator(".job")
    over = await drive.say("batchOver", str(meters))
    await expect(note.get_by_role("status")).to_have_text(over, timeout=IN_TIME)
    await drive.look("over")
    await note.get_by_role("button", name=await drive.say("look")).click()
    credited, failed = [await drive.say(f"statuses.{key}") for key in ("confirmed", "refused")]
    words = f"{credited} {meters - BROKEN} · {failed} {BROKEN}"
    await expect(drive.dialog.get_by_role("status")).to_have_text(words)
    row = row_of(drive, f"{title_of(rooms_of(drive)[0])} · {await drive.say('electricity')}")
    await expect(row).to_contain_text(failed)
    await drive.look("outcome")


async def try_again(drive: Drive, codes: list[str]) -> None:
    """Repeat the batch for those that failed, by keys; nobody gets anything twice."""
    before = await drive.booked()
    await drive.simulator.control("clear")
    retry = drive.dialog.get_by_role("button", name=await drive.say("retry", str(BROKEN)))
    close = drive.dialog.get_by_role("button", name=await drive.say("close"))
    await expect(close).to_be_focused()
    await drive.frontend.page.keyboard.press("Shift+Tab")
    await expect(retry).to_be_focused()
    await drive.frontend.page.keyboard.press("Enter")
    words = f"{await drive.say('statuses.confirmed')} {BROKEN}"
    await expect(drive.dialog.get_by_role("status")).to_have_text(words, timeout=IN_TIME)
    await expect(close).to_be_focused()
    await drive.frontend.page.keyboard.press("Enter")
    await expect(drive.rooms.locator(".job")).to_be_hidden()
    again = (await drive.booked())[len(before) :]
    assert sorted(again) == [(code, SMALL) for code in sorted(codes)]


def rooms_of(drive: Drive) -> list[Mapping[str, Any]]:
    """Return the rooms to be credited together: all, or those that have a low balance."""
    if len(drive.told) <= MANY:
        return list(drive.told)
    by_code = sorted(drive.told, key=lambda room: str(meter_of(room)["user_code"]))
    low = by_code[CREDITED_BEFORE : CREDITED_BEFORE + MANY]
    return [room for room in drive.told if room in low]


def row_of(drive: Drive, name: str) -> Locator:
    """Return the row of a table in the dialog."""
    heading = drive.frontend.page.get_by_role("rowheader", name=name, exact=True)
    return drive.dialog.get_by_role("row").filter(has=heading)
