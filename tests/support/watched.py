"""What tests share of accounts whose meters come and go."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..simulator import Simulator
from .accounts import account_of, wait_for
from .flows import Driver

METER, OTHER = "2022040001", "2022040002"


def listed_account(simulator: Simulator, **options: Any) -> MockConfigEntry:
    """Return an account that was set up with all buildings."""
    watched = {"places": {"by_building": None}, "known": sorted(simulator.meters)}
    return account_of(simulator, **{**watched, **options})


def issue_of(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> ir.IssueEntry | None:
    """Return an issue of an account."""
    return ir.async_get(hass).async_get_issue("jrhsz", f"{key}_{entry.entry_id}")


def shown(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dict[str, str]:
    """Return what an issue of an account tells."""
    issue = issue_of(hass, entry, key)
    assert issue is not None
    assert issue.translation_key == key
    assert issue.is_fixable
    return dict(issue.translation_placeholders or {})


def chosen(entry: MockConfigEntry) -> set[str]:
    """Return the codes of the chosen meters."""
    return {meter["user_code"] for meter in entry.options["meters"]}


def device_of(hass: HomeAssistant, entry: MockConfigEntry, code: str) -> dr.DeviceEntry | None:
    """Return the device of a meter."""
    return dr.async_get(hass).async_get_device_by_identifier(
        ("jrhsz", f"{entry.unique_id}|{code}"), entry.entry_id
    )


async def choose(hass: HomeAssistant, entry: MockConfigEntry, codes: set[str]) -> None:
    """Choose meters in the options."""
    flow = await Driver.options(hass, entry.entry_id)
    await flow.choose("meters")
    await flow.choose("pick_meters")
    await flow.submit(meters=sorted(codes))
    assert flow.step == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)


async def decide(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, choice: str
) -> dict[str, Any]:
    """Choose from an issue's menu, as a person does."""
    assert await async_setup_component(hass, "repairs", {})
    flows = hass.data["repairs"]["flow_manager"]
    menu = await flows.async_init("jrhsz", data={"issue_id": f"{key}_{entry.entry_id}"})
    assert menu["step_id"] == "init"
    assert menu["description_placeholders"] == shown(hass, entry, key)
    assert choice in menu["menu_options"]
    result = await flows.async_configure(menu["flow_id"], {"next_step_id": choice})
    await hass.async_block_till_done(wait_background_tasks=True)
    return dict(result)


async def absent_for_a_day(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let three looks find that a meter is absent, over a day."""
    for hours in (25, 13, 13):
        await wait_for(hass, freezer, hours=hours)
