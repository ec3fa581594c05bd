"""The fix flows of issues."""

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.core import HomeAssistant

from .issues import (
    GONE_METERS,
    MISSING_PERMISSIONS,
    NEW_METERS,
    RENAMED_ROOMS,
    UNKNOWN_CODES,
)
from .meters.fixes import LostMetersFlow, NewMetersFlow, PermissionsFlow, RenamedRoomsFlow
from .recharge.fixes import DoubtedOrderFlow, JournalFlow, OpenOrdersFlow
from .recharge.issues import JOURNAL, OPEN_ORDERS, ORDER_DOUBTED


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue; to most there is nothing but to confirm."""
    if issue_id.startswith(JOURNAL):
        return JournalFlow(issue_id)
    if issue_id.startswith(ORDER_DOUBTED) and data:
        return DoubtedOrderFlow(str(data["account"]), str(data["number"]))
    if issue_id.startswith(OPEN_ORDERS) and data:
        return OpenOrdersFlow(str(data["account"]))
    if issue_id.startswith(NEW_METERS):
        return NewMetersFlow()
    if issue_id.startswith((GONE_METERS, UNKNOWN_CODES)):
        return LostMetersFlow()
    if issue_id.startswith(RENAMED_ROOMS):
        return RenamedRoomsFlow()
    if issue_id.startswith(MISSING_PERMISSIONS):
        return PermissionsFlow()
    return ConfirmRepairFlow()
