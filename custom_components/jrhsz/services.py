"""The actions, registered once for all accounts."""

from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .api import AuthenticationError, Consumption, PlatformError, Priority, Turn
from .const import DOMAIN
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .exceptions import translation
from .history.usage import hour_of
from .importer.bills import async_bills
from .importer.rebuild import async_rebuild_all
from .importer.recorder import RecorderError, async_has_recorder
from .recharge.actions import (
    ATTR_BATCH,
    RECHARGE_MANY_SCHEMA,
    RECHARGE_SCHEMA,
    async_handle_recharge,
    async_handle_recharge_many,
    async_meter,
    read_batch_name,
)
from .recharge.journal_file import DETAILS_KEPT
from .recharge.records import async_recharge_records
from .recharge.rights import async_require_administrator, async_require_reader
from .responses import float_or_none, iso_or_none, payment_record

ATTR_END: Final = "end"
ATTR_START: Final = "start"
ATTR_VERIFY: Final = "verify"

_DAYS: Final = timedelta(days=30)
_WEEK: Final = timedelta(days=7)
# Beyond, calculations with times overflow.
_YEARS: Final = range(2000, 2101)
_SPAN: Final = {vol.Optional(ATTR_START): cv.datetime, vol.Optional(ATTR_END): cv.datetime}

GET_RECHARGES_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        **_SPAN,
        vol.Optional(ATTR_BATCH): object,
        vol.Optional(ATTR_VERIFY, default=False): cv.boolean,
    }
)
REBUILD_HISTORY_SCHEMA: Final = vol.Schema(
    {
        vol.Exclusive(ATTR_DEVICE_ID, "meters"): vol.All(cv.ensure_list, [cv.string]),
        vol.Exclusive(ATTR_CONFIG_ENTRY_ID, "meters"): cv.string,
        vol.Optional(ATTR_START): cv.datetime,
    }
)
GET_BILLS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_START): cv.datetime,
        vol.Required(ATTR_END): cv.datetime,
    }
)
METER_SPAN_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string, **_SPAN})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_admin_service(
        hass, DOMAIN, "recharge", async_handle_recharge, RECHARGE_SCHEMA, SupportsResponse.OPTIONAL
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        "recharge_many",
        async_handle_recharge_many,
        RECHARGE_MANY_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        "get_recharges",
        _async_get_recharges,
        GET_RECHARGES_SCHEMA,
        SupportsResponse.ONLY,
    )
    async_register_admin_service(
        hass, DOMAIN, "get_bills", _async_get_bills, GET_BILLS_SCHEMA, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, "get_payments", _async_get_payments, METER_SPAN_SCHEMA, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN,
        "get_consumption",
        _async_get_consumption,
        METER_SPAN_SCHEMA,
        SupportsResponse.ONLY,
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        "rebuild_history",
        _async_rebuild_history,
        REBUILD_HISTORY_SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _async_get_recharges(call: ServiceCall) -> ServiceResponse:
    """Return the orders of an account."""
    await async_require_administrator(call)
    entry: JrhszConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    span = async_span(call, DETAILS_KEPT)
    batch = read_batch_name(call.data[ATTR_BATCH]) if ATTR_BATCH in call.data else None
    try:
        return await async_recharge_records(
            call.hass, entry, span, batch=batch, verify=call.data[ATTR_VERIFY]
        )
    except PlatformError as err:
        raise platform_failure(call.hass, entry, err) from err


async def _async_get_bills(call: ServiceCall) -> ServiceResponse:
    """Return what each meter of an account used, cost and was credited, in whole hours."""
    await async_require_administrator(call)
    entry: JrhszConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    _require_recorder(call.hass)
    begin, end = (hour_of(int(time.timestamp())) for time in async_span(call))
    if begin == end:
        raise invalid_span()
    try:
        return {"bills": await async_bills(call.hass, entry, begin, end)}
    except RecorderError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_read") from err


async def _async_get_payments(call: ServiceCall) -> ServiceResponse:
    """Return the payments of a meter, newest first; those without a time last."""
    meter = async_meter(call.hass, call.data[ATTR_DEVICE_ID])
    begin, end = async_span(call)
    await async_require_reader(call, meter, "balance")
    client = meter.entry.runtime_data.client
    try:
        payments = await client.get_payments(meter.user_code, begin, end, Turn(Priority.ASKED))
    except PlatformError as err:
        raise platform_failure(call.hass, meter.entry, err) from err
    oldest = datetime.min.replace(tzinfo=dt_util.UTC)
    payments.sort(key=lambda payment: payment.time or oldest, reverse=True)
    return {"payments": [payment_record(payment) for payment in payments]}


async def _async_get_consumption(call: ServiceCall) -> ServiceResponse:
    """Return the platform's records of a meter, oldest first; those without a time last."""
    meter = async_meter(call.hass, call.data[ATTR_DEVICE_ID])
    begin, end = async_span(call, _WEEK)
    await async_require_reader(call, meter, "reading")
    client = meter.entry.runtime_data.client
    try:
        records = await client.get_consumption(meter.user_code, begin, end, Turn(Priority.ASKED))
    except PlatformError as err:
        raise platform_failure(call.hass, meter.entry, err) from err
    records.sort(key=lambda record: record.read_time or end + timedelta(days=1))
    return {"records": [_as_response(record) for record in records]}


async def _async_rebuild_history(call: ServiceCall) -> ServiceResponse:
    """Read the records of meters from a time on, then write their statistics over."""
    meters = _meters_to_rebuild(call)
    _require_recorder(call.hass)
    if (start := async_time(call, ATTR_START)) is not None and start > dt_util.utcnow():
        raise invalid_span()
    try:
        result = await async_rebuild_all(call.hass, meters, start)
    except PlatformError as err:
        raise platform_failure(call.hass, meters[0].config_entry, err) from err
    except RecorderError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_written") from err
    failed: list[Any] = [
        {
            "user_code": meter.user_code,
            "meter": meter.shown_name,
            "error": str(HomeAssistantError(**translation(err))),
        }
        for meter, err in result.failed
    ]
    if not call.return_response:
        if failed:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_all_rebuilt",
                translation_placeholders={
                    "meters": " ".join(f"{row['meter']}: {row['error']}" for row in failed)
                },
            )
        return None
    response: dict[str, Any] = {
        "records": result.records,
        "changed_hours": result.changed_hours,
    }
    return response if len(meters) == 1 else {**response, "failed": failed}


def _meters_to_rebuild(call: ServiceCall) -> list[MeterCoordinator]:
    """Return the meters that are named, or all of an account whose kind is known.

    Raises ServiceValidationError if there are none.
    """
    if ATTR_CONFIG_ENTRY_ID in call.data:
        entry: JrhszConfigEntry = async_get_config_entry(
            call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
        )
        polled = entry.runtime_data.polled
        meters = [meter for meter in polled if meter.is_known and meter.data.kind]
    else:
        named = [
            async_meter(call.hass, device_id)
            for device_id in dict.fromkeys(call.data.get(ATTR_DEVICE_ID, ()))
        ]
        meters = [meter.entry.runtime_data.coordinators[meter.user_code] for meter in named]
        if any(not meter.is_known or meter.data.kind is None for meter in meters):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_kind")
    if not meters:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meter")
    return meters


def _as_response(record: Consumption) -> dict[str, Any]:
    """Return a record in words of ours, JSON-ready."""
    return {
        "meter_number": record.table_no,
        "reading": float_or_none(record.reading),
        "time": iso_or_none(record.read_time),
        "last_reading": float_or_none(record.last_reading),
        "last_time": iso_or_none(record.last_read_time),
        "device": record.device_id,
    }


def _require_recorder(hass: HomeAssistant) -> None:
    """Raise ServiceValidationError unless statistics are kept."""
    if not async_has_recorder(hass):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recorder")


def async_span(call: ServiceCall, default: timedelta = _DAYS) -> tuple[datetime, datetime]:
    """Return the span that is asked for, by default the last 30 days.

    Raises ServiceValidationError if it ends before it begins.
    """
    now = dt_util.utcnow()
    end = async_time(call, ATTR_END) or now
    begin = async_time(call, ATTR_START) or min(now, end) - default
    if begin > end:
        raise invalid_span()
    return begin, end


def async_time(call: ServiceCall, key: str) -> datetime | None:
    """Return a time that is asked for; without a zone it is meant in that of Home Assistant.

    Raises ServiceValidationError if it is out of all reason.
    """
    time: datetime | None = call.data.get(key)
    if time is None:
        return None
    if time.year not in _YEARS:
        raise invalid_span()
    return dt_util.as_utc(time)


def invalid_span() -> ServiceValidationError:
    """Return the error for a span that can't be meant."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="invalid_span")


def platform_failure(
    hass: HomeAssistant, entry: JrhszConfigEntry, err: PlatformError
) -> HomeAssistantError:
    """Return the error of an action that the platform failed."""
    if isinstance(err, AuthenticationError):
        entry.async_start_reauth(hass)
    return HomeAssistantError(**translation(err))
