"""What the dashboard asks for to credit a meter, or many: for administrators only."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_HOME_ASSISTANT_ERROR
from homeassistant.components.websocket_api.decorators import (
    async_response,
    require_admin,
    websocket_command,
)
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..const import DOMAIN
from ..recharge.actions import (
    AMOUNTS,
    ATTR_BATCH,
    ATTR_ORDER_NUMBER,
    async_meter,
    read_batch,
    read_request,
)
from ..recharge.drafts import async_hand_out
from ..recharge.job import Job, Row
from ..recharge.limits import DayLimit, limits_of_day, newest_order
from ..recharge.many import async_jobs
from ..recharge.orders import DATA_ORDERS
from ..recharge.request import CreditedMeter
from ..recharge.send import async_recharge
from ..recharge.words import async_told, async_user_name
from ..responses import float_or_none, iso_or_none
from ..settings import Settings

ATTR_NEWEST: Final = "newest"
ATTR_TARGET: Final = "target"

type _Handler = Callable[[HomeAssistant, ActiveConnection, dict[str, Any]], Awaitable[None]]


@callback
def async_setup_crediting(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (_async_prepare, _async_send, _async_start, _async_subscribe):
        websocket_api.async_register_command(hass, command)


def _told_in_words(handler: _Handler) -> _Handler:
    """Answer what is refused in the language of Home Assistant; that is nothing to log."""

    @wraps(handler)
    async def async_handle(
        hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
    ) -> None:
        """Handle a command."""
        try:
            await handler(hass, connection, msg)
        except HomeAssistantError as err:
            connection.send_error(
                msg["id"],
                ERR_HOME_ASSISTANT_ERROR,
                async_told(hass, err),
                translation_domain=err.translation_domain,
                translation_key=err.translation_key,
                translation_placeholders=err.translation_placeholders,
            )

    return async_handle


@websocket_command(
    {vol.Required("type"): f"{DOMAIN}/recharge/prepare", vol.Required(ATTR_DEVICE_ID): str}
)
@require_admin
@async_response
@_told_in_words
async def _async_prepare(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send what a dialog shows before anybody says how much, with the number of its order."""
    orders, meter = hass.data[DATA_ORDERS], async_meter(hass, msg[ATTR_DEVICE_ID])
    await orders.async_require_journal()
    number = await async_hand_out(orders.journal, meter, connection.user.id)
    info = meter.coordinator.data if meter.coordinator else None
    connection.send_result(
        msg["id"],
        {
            "order_number": number,
            "device_id": meter.device_id,
            "meter": meter.name,
            "user_code": meter.user_code,
            "balance": float_or_none(info.balance if info else None),
            "read_at": iso_or_none(info.read_time if info else None),
            **await _async_known(hass, meter),
        },
    )


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/recharge/send",
        vol.Required(ATTR_DEVICE_ID): str,
        vol.Required(ATTR_ORDER_NUMBER): str,
        vol.Required(ATTR_NEWEST): vol.Any(None, str),
        **AMOUNTS,
    }
)
@require_admin
@async_response
@_told_in_words
async def _async_send(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Credit a meter, unless it has a newer order than the one that was shown."""
    meter = async_meter(hass, msg[ATTR_DEVICE_ID])
    request = read_request(msg, connection.context(msg), newest=msg[ATTR_NEWEST] or "")
    outcome = await async_recharge(hass, meter, request)
    result = {"device_id": meter.device_id, **outcome.as_response(meter), "earlier": False}
    if request.dry_run:
        result |= await _async_known(hass, meter)
    connection.send_result(msg["id"], result)


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/recharge_many/start",
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Optional(ATTR_TARGET): vol.Schema(cv.ENTITY_SERVICE_FIELDS),
        vol.Required(ATTR_BATCH): object,
        **AMOUNTS,
    }
)
@require_admin
@async_response
@_told_in_words
async def _async_start(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Start a batch as a job, which goes on whoever leaves."""
    data = {**msg.get(ATTR_TARGET, {}), **msg}
    batch = read_batch(hass, data, connection.context(msg))
    job = await async_jobs(hass).async_start(*batch, is_preview=True)
    connection.send_result(msg["id"], {"job": job.id})


@websocket_command({vol.Required("type"): f"{DOMAIN}/recharge_many/subscribe"})
@require_admin
@async_response
async def _async_subscribe(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send the jobs there are, also those of before a restart, then each change of one."""
    jobs = async_jobs(hass)
    await jobs.async_take_over()

    @callback
    def async_send(job: Job, rows: Sequence[Row]) -> None:
        """Send a job with the rows that changed; those of a new one are all new."""
        connection.send_event(msg["id"], {"job": _told(hass, job, rows)})

    connection.subscriptions[msg["id"]] = jobs.async_follow(async_send)
    connection.send_result(msg["id"])
    told = [_told(hass, job, list(job.rows.values())) for job in jobs.jobs]
    connection.send_event(msg["id"], {"jobs": told})


def _told(hass: HomeAssistant, job: Job, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what is told of a job."""
    batch, journal = job.batch, hass.data[DATA_ORDERS].journal
    _, of_account = limits_of_day(journal, job.meter)
    state = "running" if job.is_running else "refused" if job.error else "done"
    return {
        "job": job.id,
        "batch": batch.name,
        "config_entry_id": job.meter.entry.entry_id,
        "account": job.meter.entry.title,
        "user": job.user,
        "begun": job.begun.isoformat(),
        "dry_run": job.dry_run,
        "amount": float_or_none(batch.amount),
        "up_to": float_or_none(batch.up_to),
        "only_below": float_or_none(batch.only_below),
        "state": state,
        "message": async_told(hass, job.error) if job.error else "",
        **job.counts(),
        "sum": float(job.sum),
        "limits": {"order": _per_order(job.meter), "account": _limit(of_account)},
        "rows": [row.as_response() for row in rows],
    }


async def _async_known(hass: HomeAssistant, meter: CreditedMeter) -> dict[str, Any]:
    """Return what is left of today's limits, and a meter's newest order."""
    journal = hass.data[DATA_ORDERS].journal
    of_meter, of_account = limits_of_day(journal, meter)
    newest = newest_order(journal, meter)
    return {
        "limits": {
            "order": _per_order(meter),
            "meter": _limit(of_meter),
            "account": _limit(of_account),
        },
        "newest": newest
        and {
            "order_number": newest.number,
            "user": await async_user_name(hass, newest.user_id),
            "sent": newest.sent.isoformat(),
            "amount": float(newest.amount),
            "status": newest.status.value,
        },
    }


def _per_order(meter: CreditedMeter) -> float:
    """Return the limit of one order; 0 if recharging is off."""
    return float(Settings.of(meter.entry.options).max_recharge)


def _limit(limit: DayLimit) -> dict[str, float]:
    """Return a limit of a day."""
    return {"limit": float(limit.limit), "used": float(limit.used), "left": float(limit.left)}
