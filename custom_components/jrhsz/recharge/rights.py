"""Who may recharge, and who may see a meter's payments and records.

Home Assistant lets every user trigger an automation by hand; what it does then bears no user. So
the runs that were started that way are known here, and what they lead to, for as long as Home
Assistant runs: none of them lives longer. An automation that was started by anything else acts for
whoever wrote it.
"""

import asyncio
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_DOMAIN, ATTR_SERVICE, EVENT_CALL_SERVICE
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .limits import refusal
from .request import CreditedMeter

_AUTOMATION: Final = "automation"
_AUTOMATION_TRIGGERED: Final = "automation_triggered"


class StartedByHand:
    """The contexts of runs that users started by triggering an automation."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to what is called and triggered."""
        self._users: dict[str, str] = {}
        hass.bus.async_listen(EVENT_CALL_SERVICE, self._async_note)
        hass.bus.async_listen(_AUTOMATION_TRIGGERED, self._async_note)

    def user_of(self, *context_ids: str | None) -> str | None:
        """Return the id of the user who started the run of one of these contexts, if one did."""
        known = (self._users.get(context_id) for context_id in context_ids if context_id)
        return next((user_id for user_id in known if user_id), None)

    @callback
    def _async_note(self, event: Event[Any]) -> None:
        """Remember a run that a user starts, and what comes of one that is remembered."""
        context, data = event.context, event.data
        called = (data.get(ATTR_DOMAIN), data.get(ATTR_SERVICE))
        by_hand = context.user_id if called == (_AUTOMATION, "trigger") else None
        if user_id := by_hand or self.user_of(context.id, context.parent_id):
            self._users[context.id] = user_id


DATA_STARTED_BY_HAND: HassKey[StartedByHand] = HassKey(f"{DOMAIN}_started_by_hand")


async def async_require_administrator(call: ServiceCall) -> None:
    """Refuse a call by a run that a user who is no administrator started by hand.

    A call with a user of its own is none of these: Home Assistant has looked at that user.
    """
    # Events that are fired by the listener of another one are dispatched after it.
    await asyncio.sleep(0)
    context = call.context
    if context.user_id is not None:
        return
    started = call.hass.data[DATA_STARTED_BY_HAND].user_of(context.id, context.parent_id)
    if started is None:
        return
    user = await call.hass.auth.async_get_user(started)
    if user is None or not user.is_admin:
        raise refusal(key="started_by_hand", user=(user and user.name) or "?")


async def async_require_reader(call: ServiceCall, meter: CreditedMeter, key: str) -> None:
    """Raise Unauthorized unless the caller may see a sensor of the meter.

    Calls without a user are those of automations.
    """
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    entity_id = er.async_get(call.hass).async_get_entity_id(
        "sensor", DOMAIN, f"{meter.account_id}|{meter.user_code}|{key}"
    )
    can_see = entity_id is not None and user.permissions.check_entity(entity_id, POLICY_READ)
    if not can_see and not user.is_admin:
        raise Unauthorized(context=call.context, entity_id=entity_id, permission=POLICY_READ)
