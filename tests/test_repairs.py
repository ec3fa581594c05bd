"""Tests of which flow fixes which issue."""

from homeassistant.components.repairs import ConfirmRepairFlow
from homeassistant.core import HomeAssistant
import pytest

from custom_components.jrhsz.meters.fixes import (
    LostMetersFlow,
    NewMetersFlow,
    PermissionsFlow,
    RenamedRoomsFlow,
)
from custom_components.jrhsz.recharge.fixes import JournalFlow, OpenOrdersFlow
from custom_components.jrhsz.repairs import async_create_fix_flow


@pytest.mark.parametrize(
    ("issue_id", "data", "flow"),
    [
        ("journal_damaged", None, JournalFlow),
        ("open_orders_0123456789", {"account": "platform.example/demo"}, OpenOrdersFlow),
        ("new_meters_entry", {}, NewMetersFlow),
        ("gone_meters_entry", {}, LostMetersFlow),
        ("unknown_codes_entry", {}, LostMetersFlow),
        ("missing_permissions_entry", {}, PermissionsFlow),
        ("renamed_rooms_entry", {}, RenamedRoomsFlow),
        ("order_corrected_Mine1", None, ConfirmRepairFlow),
    ],
)
async def test_flows(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
    flow: type,
) -> None:
    """Test that an issue is fixed by the package that it is about, or just confirmed."""
    assert type(await async_create_fix_flow(hass, issue_id, data)) is flow
