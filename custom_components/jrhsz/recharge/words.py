"""What people read about an order."""

from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..api import PlatformError, ReturnCodeError
from ..const import DOMAIN
from ..exceptions import translation
from ..texts import async_text
from .delays import LISTS, ListDelays
from .order import Order

# The last look-up takes its time as well.
_MARGIN: Final = timedelta(seconds=30)
_MINUTE: Final = timedelta(minutes=1)


@callback
def async_reason(hass: HomeAssistant, err: PlatformError) -> str:
    """Return what went wrong: the platform's own words if it has any, else ours."""
    if isinstance(err, ReturnCodeError) and (words := err.message.strip()):
        return words
    told = translation(err)
    return _text(hass, told["translation_key"], **told["translation_placeholders"]) or str(err)


@callback
def async_told(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return what an error says, in the language of Home Assistant."""
    domain, key = err.translation_domain or DOMAIN, f"{err.translation_key}.message"
    told = async_text(hass, "exceptions", key, domain, **(err.translation_placeholders or {}))
    return told or str(err)


async def async_user_name(hass: HomeAssistant, user_id: str | None) -> str | None:
    """Return the name of a user; nobody's, if an automation acted."""
    user = await hass.auth.async_get_user(user_id) if user_id else None
    return user.name if user else user_id


@callback
def async_message(hass: HomeAssistant, order: Order, delays: ListDelays) -> str:
    """Return what there is to say about an order."""
    return async_being_checked(hass, order, delays) or order.message


@callback
def async_being_checked(hass: HomeAssistant, order: Order, delays: ListDelays) -> str:
    """Return until when an order will be settled without anybody's help; nothing of any other."""
    wait = delays.patience(order)
    if not order.is_open or wait is None or order.absences >= LISTS:
        return ""
    end = dt_util.as_local(order.ended + wait + _MARGIN + _MINUTE)
    now = dt_util.now()
    if end < now:
        return ""
    return _text(
        hass,
        "being_checked",
        message=order.message.rstrip(" .。!！;；,，"),
        time=f"{end:%H:%M}" if end.date() == now.date() else f"{end:%Y-%m-%d %H:%M}",
    )


@callback
def async_told_on_the_way(hass: HomeAssistant, order: Order) -> str:
    """Return that the credit of an order is on its way."""
    return _text(hass, "on_the_way", order_number=order.number, amount=f"{order.amount:.2f}")


def _text(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a text of the errors."""
    return async_text(hass, "exceptions", f"{key}.message", **placeholders)
