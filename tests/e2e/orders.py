"""The dashboard's orders: who credited what, with which outcome."""

from playwright.async_api import expect

from .drive import Drive
from .looks import saved_rows


async def look_at_orders(drive: Drive) -> None:
    """See all orders that the platform has booked, and have them in a file."""
    page = drive.frontend.page
    await drive.open()
    await page.get_by_role("tab", name=await drive.say("orders")).click()
    card = page.locator("jrhsz-orders")
    booked = await drive.booked()
    await expect(card.get_by_role("row")).to_have_count(1 + len(booked))
    total = await drive.money(sum(amount for _, amount in booked))
    words = await drive.say("ordersFound", str(len(booked)), total)
    await expect(card.get_by_role("status")).to_have_text(words)
    await drive.look("orders", card)
    head, *rows = await saved_rows(drive.frontend, card)
    code, amount = [head.index(await drive.say(key)) for key in ("userCode", "amount")]
    assert sorted((row[code], float(row[amount])) for row in rows) == sorted(booked)
