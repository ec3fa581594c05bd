"""The actions about the history of a meter."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError
import voluptuous as vol

from .api import Consumption, PlatformError, Turn
from .const import DOMAIN
from .importer.recorder import NotWrittenError, async_has_recorder
from .services import (
    ATTR_START,
    METER_SPAN_SCHEMA,
    async_meter,
    async_span,
    async_time,
    invalid_span,
    platform_failure,
)

_WEEK: Final = timedelta(days=7)

REBUILD_HISTORY_SCHEMA: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Optional(ATTR_START): cv.datetime}
)


@callback
def async_setup_history_services(hass: HomeAssistant) -> None:
    """Register the actions."""
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


async def _async_get_consumption(call: ServiceCall) -> ServiceResponse:
    """Return the platform's records of a meter, oldest first; those without a time last."""
    meter = async_meter(call.hass, call.data[ATTR_DEVICE_ID])
    begin, end = async_span(call, _WEEK)
    client = meter.entry.runtime_data.client
    try:
        records = await client.get_consumption(meter.user_code, begin, end, Turn())
    except PlatformError as err:
        raise platform_failure(call.hass, meter.entry, err) from err
    records.sort(key=lambda record: record.read_time or end + timedelta(days=1))
    return {"records": [_as_response(record) for record in records]}


async def _async_rebuild_history(call: ServiceCall) -> ServiceResponse:
    """Read the records of a meter from a time on, then write its statistic over."""
    meter = async_meter(call.hass, call.data[ATTR_DEVICE_ID])
    if not async_has_recorder(call.hass):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recorder")
    if (start := async_time(call, ATTR_START)) is not None and start > dt_util.utcnow():
        raise invalid_span()
    account = meter.entry.runtime_data
    coordinator = account.coordinators[meter.user_code]
    if coordinator.data.kind is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_kind")
    try:
        records, rows = await account.history.async_rebuild(coordinator, start)
    except PlatformError as err:
        raise platform_failure(call.hass, meter.entry, err) from err
    except (NotWrittenError, SQLAlchemyError) as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_written") from err
    return {"records": records, "changed_hours": rows} if call.return_response else None


def _as_response(record: Consumption) -> dict[str, Any]:
    """Return a record in words of ours, JSON-ready."""
    return {
        "meter_number": record.table_no,
        "reading": None if record.reading is None else float(record.reading),
        "time": record.read_time.isoformat() if record.read_time else None,
        "last_reading": None if record.last_reading is None else float(record.last_reading),
        "last_time": record.last_read_time.isoformat() if record.last_read_time else None,
        "device": record.device_id,
    }
