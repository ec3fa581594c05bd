"""What a user does with an account, from adding it to the Energy dashboard."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
import time
from typing import Any

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
import pytest

from tests.support.hass_process import HassProcess, HassProcessError
from tests.support.live import (
    PASSWORD,
    USERNAME,
    ShownMeter,
    SimulatorProcess,
    shown_meters,
    wait_for_readings,
)
from tests.test_documentation import SEARCHED

from .frontend import PRIMARY, Frontend, open_frontend

METERS = 4
# It takes minutes: each end of what is supported sees one language.
LANGUAGES = ["zh-Hans"] if (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11) else ["en"]
NEW_PASSWORD = "another-password"
AMOUNT = Decimal("12.50")
THRESHOLD = 33

# How many bars a chart has: runs of columns in which something is drawn in a colour.
BARS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let bars = 0;
  let before = false;
  for (let x = 0; x < width; x += 1) {
    let coloured = 0;
    for (let y = 0; y < height; y += 1) {
      const i = 4 * (y * width + x);
      const [red, green, blue] = data.slice(i, i + 3);
      coloured += Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
    }
    if (coloured > 3 && !before) bars += 1;
    before = coloured > 3;
  }
  return bars;
}"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_user_gets_from_the_account_to_the_energy_dashboard(
    language: str, tmp_path: Path, pictures: Path, socket_enabled: None
) -> None:
    """Every step works by clicks and keys alone, in both languages, and fits on a phone."""
    hass = HassProcess(tmp_path / "config", integrations=("history", "energy"), language=language)
    async with (
        SimulatorProcess("--meters", str(METERS), "--history-days", "40") as simulator,
        hass,
        open_frontend(hass, language, pictures) as frontend,
    ):
        entry_id = await add_account(frontend, simulator)
        meters, wrong = await wait_for_readings(hass, simulator, entry_id, limit=40)
        assert not wrong
        code, meter = min(meters.items())
        await look_at_device(frontend, meter)
        await recharge(frontend, simulator, entry_id, code)
        await change_password(frontend, simulator, meter)
        await change_settings(frontend, entry_id)
        await look_at_overview(frontend, meter)
        await look_at_energy(frontend, meters.values())
        assert (await simulator.state())["early"] == 0
        assert frontend.complaints == []


async def add_account(frontend: Frontend, simulator: SimulatorProcess) -> str:
    """Add the account by building, with all meters; return the entry's id."""
    for word in SEARCHED:
        found = await frontend.search(word)
    await found.click()
    await frontend.expect_step("config", "user")
    assert await frontend.wide_parts() == []
    await frontend.fill(simulator.url, USERNAME, "wrong")
    await frontend.submit()
    await frontend.expect_error("config", "invalid_auth")
    await frontend.fill(simulator.url, USERNAME, PASSWORD)
    await frontend.submit()
    await frontend.expect_step("config", "browse")
    assert await frontend.wide_parts() == []
    await frontend.choose("config", "browse", "by_building")
    await frontend.expect_step("config", "by_building")
    assert await frontend.wide_parts() == []
    await frontend.submit()
    await frontend.expect_step("config", "choose")
    assert await frontend.wide_parts() == []
    await frontend.choose("config", "choose", "all_meters", count=METERS)
    await frontend.flow.locator("step-flow-create-entry").wait_for()
    assert await frontend.wide_parts() == []
    await frontend.submit()
    entries = await frontend.hass.command("config_entries/get", domain="jrhsz")
    return str(entries[0]["entry_id"])


async def look_at_device(frontend: Frontend, meter: ShownMeter) -> None:
    """Open the page of a meter's device, and see its entities with their values."""
    await frontend.open(f"/config/devices/device/{meter.device['id']}")
    for key in ("balance", "reading"):
        name = frontend.text("entity", "sensor", key, "name")
        row = frontend.page.locator("hui-sensor-entity-row").filter(has_text=name).first
        await row.get_by_text(f"{meter.number(key):,.2f}").wait_for()
    assert await frontend.wide_parts() == []


async def recharge(
    frontend: Frontend, simulator: SimulatorProcess, entry_id: str, code: str
) -> None:
    """Perform the action in the developer tools, and see the balance rise."""
    before = (await shown_meters(frontend.hass, entry_id))[code]
    balance = before.number("balance")
    assert balance is not None
    # Where the tools are depends on the version; the old address leads there, less its query.
    await frontend.open("/developer-tools/action")
    await frontend.page.wait_for_url("**/action")
    path = frontend.page.url.removeprefix(frontend.hass.url)
    await frontend.open(f"{path}?service=jrhsz.recharge")
    form = frontend.page.locator("ha-service-control")
    await form.get_by_text(frontend.text("services", "recharge", "description")).wait_for()
    # Neither is required by itself: a meter can be named by its code, a balance be filled up.
    for selector in ("ha-selector-device", "ha-selector-number"):
        field = form.locator("ha-settings-row").filter(has=frontend.page.locator(selector)).first
        await field.locator("ha-checkbox").click()
    await form.locator("ha-selector-device").click()
    picker = form.locator("ha-device-picker")
    await picker.get_by_text(before.name, exact=True).last.click()
    await picker.locator("ha-picker-field").get_by_text(before.name, exact=True).wait_for()
    await form.locator("ha-selector-number input").first.fill(f"{AMOUNT}")
    await frontend.page.locator("ha-progress-button").last.click()
    await frontend.page.get_by_text("confirmed").first.wait_for()
    orders = (await simulator.state())["ledger"]
    assert [(order["user_code"], order["amount"]) for order in orders] == [(code, f"{AMOUNT}")]
    await frontend.open(f"/config/devices/device/{before.device['id']}")
    after = await rise_of_balance(frontend.hass, entry_id, code, balance + AMOUNT / 2)
    name = frontend.text("entity", "sensor", "balance", "name")
    row = frontend.page.locator("hui-sensor-entity-row").filter(has_text=name).first
    await row.get_by_text(f"{after:,.2f}").wait_for()


async def rise_of_balance(hass: HassProcess, entry_id: str, code: str, least: Decimal) -> Decimal:
    """Wait until a balance is at least this much, and return it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        balance = (await shown_meters(hass, entry_id))[code].number("balance")
        if balance is not None and balance >= least:
            return balance
        await asyncio.sleep(0.5)
    pytest.fail("the balance did not rise")


async def change_password(
    frontend: Frontend, simulator: SimulatorProcess, meter: ShownMeter
) -> None:
    """Enter the new password where Home Assistant asks for it, at the second attempt."""
    await simulator.control("password", account=USERNAME, password=NEW_PASSWORD)
    await simulator.control("forget")
    entity_id = meter.sensors["reading"]["entity_id"]
    await frontend.hass.service("homeassistant", "update_entity", {"entity_id": entity_id})
    await frontend.open("/config/integrations/integration/jrhsz")
    await frontend.page.locator("ha-config-integration-page .attention ha-button").click()
    await frontend.expect_step("config", "reauth_confirm")
    assert await frontend.wide_parts() == []
    await frontend.fill("wrong")
    await frontend.submit()
    await frontend.expect_error("config", "invalid_auth")
    await frontend.fill(NEW_PASSWORD)
    await frontend.submit()
    done = frontend.text("config", "abort", "reauth_successful")
    await frontend.flow.locator("step-flow-abort", has_text=done).wait_for()
    assert await frontend.hass.command("config_entries/flow/progress") == []


async def change_settings(frontend: Frontend, entry_id: str) -> None:
    """Change a threshold in the options."""
    await frontend.open("/config/integrations/integration/jrhsz")
    await frontend.page.locator("ha-config-entry-row ha-icon-button[slot=end]").first.click()
    await frontend.expect_step("options", "init")
    assert await frontend.wide_parts() == []
    await frontend.choose("options", "init", "settings")
    await frontend.expect_step("options", "settings")
    assert await frontend.wide_parts() == []
    # The first field is the time between two readings.
    await frontend.fill("15", f"{THRESHOLD}")
    await frontend.submit()
    await frontend.flow.locator("step-flow-create-entry").wait_for()
    step = await frontend.hass.start_options_flow(entry_id)
    step = await frontend.hass.choose(step, "settings")
    assert step.defaults["scan_interval"] == 15
    assert step.defaults["low_balance"] == THRESHOLD


async def look_at_overview(frontend: Frontend, meter: ShownMeter) -> None:
    """Add the landlord's overview as a dashboard, and see a room with both of its meters."""
    await frontend.open("/config/lovelace/dashboards")
    await frontend.page.locator("ha-config-lovelace-dashboards ha-button[slot=fab]").click()
    await frontend.page.locator("ha-dialog dashboard-card").last.click()
    await frontend.page.locator("dialog-lovelace-dashboard-detail").locator(PRIMARY).click()
    await frontend.page.locator("dialog-lovelace-dashboard-detail").wait_for(state="hidden")
    await frontend.open(f"/{await path_of_overview(frontend.hass)}")
    building, room = meter.name.rsplit(" ", 1)
    group = frontend.page.locator("jrhsz-overview .group")
    line = group.filter(has_text=building.removesuffix("电")).locator(".line").filter(has_text=room)
    await line.first.get_by_text("kWh").wait_for()
    await line.first.get_by_text("m³").wait_for()
    assert await frontend.wide_parts() == []


async def path_of_overview(hass: HassProcess) -> str:
    """Wait until the dashboard is saved, which the page does after its dialog; return its path."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for dashboard in await hass.command("lovelace/dashboards/list"):
            path = str(dashboard["url_path"])
            with suppress(HassProcessError):
                config = await hass.command("lovelace/config", url_path=path)
                if config.get("strategy") == {"type": "custom:jrhsz"}:
                    return path
        await asyncio.sleep(0.2)
    pytest.fail("the dashboard was not saved")


async def look_at_energy(frontend: Frontend, meters: Iterable[ShownMeter]) -> None:
    """See bars in the Energy dashboard for what the platform has recorded."""
    use = await recorded_use(frontend.hass, meters)
    grid: dict[str, Any] = {
        "type": "grid",
        "stat_energy_from": use["kWh"],
        "stat_energy_to": None,
        "stat_cost": None,
        "cost_adjustment_day": 0,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
    }
    await frontend.hass.command(
        "energy/save_prefs",
        energy_sources=[grid, {"type": "water", "stat_energy_from": use["m³"]}],
    )
    assert (await frontend.hass.command("energy/validate"))["energy_sources"] == [[], []]
    await frontend.open("/energy")
    canvas = frontend.page.locator("hui-energy-usage-graph-card canvas").first
    await canvas.wait_for()
    # The bars grow for a moment.
    await frontend.page.wait_for_timeout(2000)
    assert await canvas.evaluate(BARS) > 0


async def recorded_use(hass: HassProcess, meters: Iterable[ShownMeter]) -> dict[str, str]:
    """Let the history of meters be read now, and return one of their statistics by unit."""
    start = (datetime.now().astimezone() - timedelta(days=30)).isoformat()
    for meter in meters:
        span = {"device_id": meter.device["id"], "start": start}
        await hass.service("jrhsz", "rebuild_history", span)
    return {
        item["statistics_unit_of_measurement"]: item["statistic_id"]
        for item in await hass.command("recorder/list_statistic_ids")
        if item["source"] == "jrhsz" and item["statistic_id"].endswith("_consumption")
    }
