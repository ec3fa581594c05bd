"""What calls of the actions that recharge ask for, in the words of people, and their answers."""

from decimal import Decimal
import reprlib
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import Context, HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
import voluptuous as vol

from ..const import DOMAIN
from ..coordinator import JrhszConfigEntry
from ..settings import chosen_meters
from ..targets import async_balances_in
from .batch import BATCH, Batch
from .job import FAILED
from .many import async_jobs
from .order import Status
from .request import ORDER_NUMBER, CreditedMeter, Request, read_amount
from .rights import async_require_administrator
from .send import async_recharge

ATTR_AMOUNT: Final = "amount"
ATTR_BATCH: Final = "batch"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_ONLY_BELOW: Final = "only_below"
ATTR_ORDER_NUMBER: Final = "order_number"
ATTR_UP_TO: Final = "up_to"
ATTR_USER_CODE: Final = "user_code"

# Read by ourselves: our errors are translated, and nothing is converted.
AMOUNTS: Final = {
    vol.Optional(ATTR_AMOUNT): object,
    vol.Optional(ATTR_UP_TO): object,
    vol.Optional(ATTR_ONLY_BELOW): object,
    vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
}
_TARGET: Final = {str(key) for key in cv.ENTITY_SERVICE_FIELDS}
RECHARGE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_USER_CODE): cv.string,
        vol.Optional(ATTR_ORDER_NUMBER): object,
        **AMOUNTS,
    }
)


RECHARGE_MANY_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_BATCH): object,
        **cv.ENTITY_SERVICE_FIELDS,
        **AMOUNTS,
    }
)


async def async_handle_recharge(call: ServiceCall) -> ServiceResponse:
    """Book credit on a meter; without a response to tell it, everything but success raises."""
    await async_require_administrator(call)
    meter = async_named_meter(call.hass, call.data)
    outcome = await async_recharge(call.hass, meter, read_request(call.data, call.context))
    if call.return_response:
        return outcome.as_response(meter)
    if outcome.status in {Status.REJECTED, Status.UNKNOWN}:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"recharge_{outcome.status}",
            translation_placeholders={
                "meter": meter.name,
                "amount": f"{outcome.amount:.2f}",
                "order_number": outcome.order_number or "",
                "message": outcome.message,
            },
        )
    return None


async def async_handle_recharge_many(call: ServiceCall) -> ServiceResponse:
    """Book credit on many meters; without a response to tell it, everything but success raises."""
    await async_require_administrator(call)
    jobs = async_jobs(call.hass)
    job = await jobs.async_start(*read_batch(call.hass, call.data, call.context))
    await jobs.async_wait(job)
    counts = job.counts()
    if not call.return_response and any(counts[status] for status in FAILED):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="recharge_many_failed",
            translation_placeholders={
                "batch": job.batch.name,
                **{key: str(count) for key, count in counts.items()},
            },
        )
    return job.as_response() if call.return_response else None


def read_batch_name(name: object) -> str:
    """Return the name of a batch, or raise ServiceValidationError if it is none."""
    if not isinstance(name, str) or not BATCH.fullmatch(name):
        raise _invalid(key="invalid_batch", value=name)
    return name


@callback
def read_batch(
    hass: HomeAssistant, data: dict[str, Any], context: Context
) -> tuple[Batch, list[CreditedMeter], Request]:
    """Return which batch is meant, its meters, and what is asked for each of them.

    Raises ServiceValidationError if it isn't clear beyond doubt.
    """
    name = read_batch_name(data[ATTR_BATCH])
    request = read_request(data, context)
    entry, meters = _async_meters(hass, data)
    batch = Batch(
        name=name,
        account_id=str(entry.unique_id),
        amount=request.amount,
        up_to=request.up_to,
        only_below=request.only_below,
    )
    return batch, meters, request


@callback
def _async_meters(
    hass: HomeAssistant, data: dict[str, Any]
) -> tuple[JrhszConfigEntry, list[CreditedMeter]]:
    """Return the account and its meters that are meant: all of them, or those of a target."""
    target = {key: value for key, value in data.items() if key in _TARGET and value}
    if (ATTR_CONFIG_ENTRY_ID in data) is bool(target):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_target")
    entry: JrhszConfigEntry
    if not target:
        entry = async_get_config_entry(hass, DOMAIN, data[ATTR_CONFIG_ENTRY_ID])
        coordinators = entry.runtime_data.polled
    else:
        balances = async_balances_in(hass, target)
        entry_ids = {str(balance.config_entry_id) for balance in balances}
        if len(entry_ids) > 1:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="several_accounts"
            )
        if not entry_ids:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meters")
        entry = async_get_config_entry(hass, DOMAIN, entry_ids.pop())
        unique_ids = {balance.unique_id for balance in balances}
        coordinators = [
            coordinator
            for coordinator in entry.runtime_data.coordinators.values()
            if f"{coordinator.device_identifier[1]}|balance" in unique_ids
        ]
    if not coordinators:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meters")
    return entry, [CreditedMeter.of(coordinator) for coordinator in coordinators]


@callback
def async_named_meter(hass: HomeAssistant, data: dict[str, Any]) -> CreditedMeter:
    """Return the meter that is named, by its device or by its user code.

    Raises ServiceValidationError unless it is exactly one, of an account that is loaded.
    """
    if _only_one(data, ATTR_DEVICE_ID, ATTR_USER_CODE, key="one_meter") == ATTR_DEVICE_ID:
        return async_meter(hass, data[ATTR_DEVICE_ID])
    user_code: str = data[ATTR_USER_CODE]
    entries: list[JrhszConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_disabled=False
    )
    # That of an account that isn't loaded now may be the one that is meant.
    titles = [entry.title for entry in entries if user_code in chosen_meters(entry.options)]
    if len(titles) > 1:
        raise _invalid(key="several_meters", value=user_code, accounts=", ".join(titles))
    for entry in entries:
        if entry.state is ConfigEntryState.LOADED:
            coordinator = entry.runtime_data.coordinators.get(user_code)
            if coordinator is not None:
                return CreditedMeter.of(coordinator)
    raise _invalid(key="no_user_code", value=user_code)


@callback
def async_meter(hass: HomeAssistant, device_id: str) -> CreditedMeter:
    """Return the meter that a device is, of an account that is loaded.

    Raises ServiceValidationError if it is anything else.
    """
    device = dr.async_get(hass).async_get(device_id)
    identifiers = device.identifiers if device else set()
    entry: JrhszConfigEntry
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is not ConfigEntryState.LOADED:
            continue
        for coordinator in entry.runtime_data.coordinators.values():
            if coordinator.device_identifier in identifiers:
                return CreditedMeter.of(coordinator)
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meter")


def read_request(data: dict[str, Any], context: Context, *, newest: str | None = None) -> Request:
    """Return what is asked for, by somebody who saw the meter's newest order if that is told.

    Raises ServiceValidationError if it isn't clear beyond doubt.
    """
    asked = _only_one(data, ATTR_AMOUNT, ATTR_UP_TO, key="one_amount")
    amount = read_amount(data[asked])
    if not amount:
        raise _invalid(key=f"invalid_{asked}", value=data[asked])
    number = data.get(ATTR_ORDER_NUMBER)
    is_number = isinstance(number, str) and ORDER_NUMBER.fullmatch(number)
    if ATTR_ORDER_NUMBER in data and not is_number:
        raise _invalid(key="invalid_order_number", value=number)
    only_below: Decimal | None = None
    if ATTR_ONLY_BELOW in data:
        only_below = read_amount(data[ATTR_ONLY_BELOW])
        if only_below is None:
            raise _invalid(key="invalid_only_below", value=data[ATTR_ONLY_BELOW])
    return Request(
        amount=amount if asked == ATTR_AMOUNT else None,
        up_to=amount if asked == ATTR_UP_TO else None,
        order_number=number,
        only_below=only_below,
        dry_run=data[ATTR_DRY_RUN],
        context=context,
        newest=newest,
    )


def _only_one(data: dict[str, Any], one: str, other: str, *, key: str) -> str:
    """Return which of two fields is there, or raise ServiceValidationError unless it is one."""
    if (one in data) is (other in data):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
    return one if one in data else other


def _invalid(*, key: str, value: object, **placeholders: str) -> ServiceValidationError:
    """Return the error for a value that can't be meant."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"value": reprlib.repr(value), **placeholders},
    )
