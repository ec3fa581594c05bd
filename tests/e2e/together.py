"""Several people at once: two managers who credit the same room, and tenants who see one."""

from contextlib import AbstractAsyncContextManager
import re

from playwright.async_api import expect

from .crediting import AMOUNT
from .dashboard import add_dashboard
from .drive import IN_TIME, Drive, meter_of, title_of
from .frontend import Frontend

TENANT = "tenant"
PASSWORD = "a-password"
# The names of groups and areas are not looked up anywhere: this one may read what is in an area.
GROUP = {
    "id": TENANT,
    "name": TENANT,
    "policy": {"entities": {"area_ids": {TENANT: {"read": True}}}},
}
AUTH = {"users": [], "groups": [GROUP], "credentials": [], "refresh_tokens": []}
ONE_ROOM = "/one-room"
# The devices of those states of the integration that a user's page knows.
KNOWN = """() => {
  const { hass } = document.querySelector("home-assistant");
  return Object.keys(hass.states)
    .map((id) => hass.entities[id])
    .filter((entity) => entity && entity.platform === "jrhsz")
    .map((entity) => entity.device_id);
}"""
TOLD = """() => document.querySelector("home-assistant").hass.callWS({ type: "jrhsz/rooms" })"""


async def add_people(drive: Drive) -> None:
    """Add another manager, a tenant who may read a room, and one for a tablet on a wall."""
    command = drive.frontend.hass.command
    for name, group in (("second", "system-admin"), (TENANT, TENANT), ("tablet", "system-users")):
        user = (await command("config/auth/create", name=name.title(), group_ids=[group]))["user"]
        login = {"user_id": user["id"], "username": name, "password": PASSWORD}
        await command("config/auth_provider/homeassistant/create", **login)
    area = await command("config/area_registry/create", name=TENANT)
    for meter in drive.told[-1]["meters"]:
        update = {"device_id": meter["device_id"], "area_id": area["area_id"]}
        await command("config/device_registry/update", **update)
    await add_dashboard(drive.frontend.hass, ONE_ROOM, room=title_of(drive.told[-1]))


def log_in(drive: Drive, name: str) -> AbstractAsyncContextManager[Frontend]:
    """Log one of them in."""
    return drive.frontend.beside(name, PASSWORD)


async def credit_together(drive: Drive) -> None:
    """Let two managers confirm the same recharge within a second: one is sent."""
    before = await drive.booked()
    async with log_in(drive, "second") as frontend:
        other = Drive(frontend, drive.simulator, drive.told, drive.pictures)
        for manager in (drive, other):
            await manager.open()
            await (await manager.credit_button(0, "water")).click()
            await manager.dialog.get_by_role("textbox").fill(str(AMOUNT))
            await manager.press("goOn")
        amount = await drive.money(AMOUNT)
        words = await drive.say("creditNow", amount)
        confirms = [each.dialog.get_by_role("button", name=words) for each in (drive, other)]
        for confirm in confirms:
            await confirm.wait_for(timeout=IN_TIME)
        for confirm in confirms:
            await confirm.click()
        for manager in (drive, other):
            told = manager.dialog.locator(".outcome, .last")
            await expect(told).to_be_visible(timeout=IN_TIME)
        # Who is quicker by a moment depends on the machine.
        is_first = await drive.dialog.locator(".outcome").count() == 1
        winner, loser = (drive, other) if is_first else (other, drive)
        name = "Demo" if is_first else "Second"
        outcome = f"{await drive.say('statuses.confirmed')} {amount}"
        await expect(winner.dialog.locator(".outcome")).to_have_text(outcome)
        refused = re.compile(rf"{name}.*¥{AMOUNT}\.00")
        await expect(loser.dialog.get_by_role("status")).to_have_text(refused)
        await expect(loser.dialog.locator(".last")).to_contain_text(name)
        await loser.look("second")
        await winner.press("close")
        await loser.press("cancel")
    code = meter_of(drive.told[0], "water")["user_code"]
    assert await drive.booked() == [*before, (code, AMOUNT)]


async def see_one_room(drive: Drive) -> None:
    """See one room as a tenant: nothing of another one is in the page, nothing can be credited."""
    room = drive.told[-1]
    async with log_in(drive, TENANT) as frontend:
        tenant = Drive(frontend, drive.simulator, drive.told, drive.pictures)
        await tenant.open()
        await expect(tenant.rooms.locator(".number b").first).to_have_text("1")
        await expect(tenant.rooms.locator(".credit, .selection:visible")).to_have_count(0)
        await expect(frontend.page.get_by_role("tab")).to_have_count(0)
        told = await frontend.page.evaluate(TOLD)
        assert [each["room"] for each in told["rooms"]] == [room["room"]]
        known = set(await frontend.page.evaluate(KNOWN))
        assert known == {meter["device_id"] for meter in room["meters"]}
        await tenant.look("tenant")
    async with log_in(drive, "tablet") as frontend:
        tablet = Drive(frontend, drive.simulator, drive.told, drive.pictures)
        await frontend.open(ONE_ROOM)
        await tablet.rooms.locator(".group .meter").first.wait_for()
        await expect(tablet.rooms.locator(".number:visible, .credit")).to_have_count(0)
        rows = tablet.rooms.locator(".group:not(.attention) .line .room")
        await expect(rows).to_have_text([room["name"] or room["room"]])
        # Nothing lies above it.
        await tablet.rooms.locator(".group .meter").first.click(trial=True)
        await tablet.look("tablet")
