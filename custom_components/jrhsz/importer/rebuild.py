"""Reading what the platform has of a meter, and writing over what is stored with it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..api import (
    UNKNOWN_METER,
    AuthenticationError,
    Consumption,
    ExchangeError,
    Interface,
    InterfaceDeniedError,
    NoApiPermissionError,
    NotPermittedError,
    PlatformError,
    Priority,
    QuotaError,
    RateLimitError,
    ReplyError,
    TokenError,
    Turn,
)
from ..clock import seconds_now
from ..const import DOMAIN
from ..coordinator import MeterCoordinator
from ..history.plan import OVERLAP, RENEWED, first_begin, next_begin, rebuilt_window, spans
from ..history.readings import DAY
from ..history.state import Listed, MeterHistory, Window
from ..history.usage import Usage, hour_of
from .window import Import, async_begin_of_stored, async_end_of_stored

_ABOUT_ALL: Final = (
    AuthenticationError,
    InterfaceDeniedError,
    NoApiPermissionError,
    QuotaError,
    RateLimitError,
    TokenError,
)


@dataclass(slots=True)
class Rebuilt:
    """What came of rebuilding some meters: records read, hours changed, and who failed why."""

    records: int = 0
    changed_hours: int = 0
    failed: list[tuple[MeterCoordinator, PlatformError]] = field(default_factory=list)


async def async_rebuild_all(
    hass: HomeAssistant, meters: Sequence[MeterCoordinator], start: datetime | None
) -> Rebuilt:
    """Rebuild one meter after the other; how far that is, is told by their accounts.

    Of several, one that fails doesn't stop the others. Raises PlatformError if that is about all of
    them, as what fails twice on end may be, ServiceValidationError if an account was unloaded
    meanwhile, and RecorderError.
    """
    result, done, broke = Rebuilt(), 0, False
    # Whoever waits for many meters can wait for whoever waits for one.
    priority = Priority.ASKED if len(meters) == 1 else Priority.POLL
    accounts = [meter.config_entry.runtime_data for meter in meters]
    for account in accounts:
        account.to_rebuild += 1
    try:
        for meter, account in zip(meters, accounts, strict=True):
            if meter.config_entry.state is not ConfigEntryState.LOADED:
                raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_meter")
            try:
                records, rows = await async_rebuild(hass, meter, start, priority)
            except _ABOUT_ALL:
                raise
            except (ReplyError, ExchangeError) as err:
                is_vague = not isinstance(err, UNKNOWN_METER)
                if len(meters) == 1 or (broke and is_vague):
                    raise
                broke = is_vague
                result.failed.append((meter, err))
            else:
                broke = False
                result.records += records
                result.changed_hours += rows
            done += 1
            account.rebuilt += 1
            account.on_update()
    finally:
        for account in accounts:
            account.to_rebuild -= 1
        for account in accounts[:done]:
            account.rebuilt -= 1
            account.on_update()
    return result


async def async_rebuild(
    hass: HomeAssistant, meter: MeterCoordinator, start: datetime | None, priority: Priority
) -> tuple[int, int]:
    """Read all records of a meter from a time on, then write over the consumption that is stored.

    Returns the number of records and of rows that changed. Raises PlatformError if a record
    could not be read, and RecorderError.
    """
    now = seconds_now()
    days = meter.config_entry.runtime_data.settings.history_days
    since = now - max(days * DAY, RENEWED)
    if start is not None:
        since = int(start.timestamp())
    if days:
        await async_begin(hass, meter, now)
    seam = await async_begin_of_stored(hass, meter, since - OVERLAP, hour_of(since))
    window = rebuilt_window(meter.history, since, seam, now)
    records: list[Consumption] = []
    for span in spans(window.begin, window.end):
        records += await async_records(meter, span, priority)
    listed = None
    with suppress(NotPermittedError):
        listed = await async_read_payments(meter, since, priority)
    async with meter.history_lock:
        outcome = await Import.of(hass, meter, window, records, listed=listed).async_run()
        note(meter.history, window, outcome.usage)
    meter.save_history()
    meter.async_update_listeners()
    read = [record.read_time.timestamp() for record in records if record.read_time]
    return sum(time >= since for time in read), len(outcome.consumption_rows)


async def async_begin(hass: HomeAssistant, meter: MeterCoordinator, now: int) -> None:
    """Begin a meter's first import, unless that was done."""
    history = meter.history
    async with meter.history_lock:
        if history.started is not None and history.started <= now:
            return
        end = await async_end_of_stored(hass, meter)
        days = meter.config_entry.runtime_data.settings.history_days
        history.start(first_begin(days, end, now), now - days * DAY)


async def async_records(
    meter: MeterCoordinator, span: tuple[int, int], priority: Priority
) -> list[Consumption]:
    """Return a meter's records of a span."""
    begin, end = map(dt_util.utc_from_timestamp, span)
    account, code = meter.config_entry.runtime_data, meter.user_code
    records = await account.client.get_consumption(code, begin, end, Turn(priority))
    account.outage.note_times(code, Interface.CONSUMPTION, records)
    return records


async def async_read_payments(meter: MeterCoordinator, begin: int, priority: Priority) -> Listed:
    """Read a meter's payments since a time."""
    since = dt_util.utc_from_timestamp(begin)
    client = meter.config_entry.runtime_data.client
    payments = await client.get_payments(
        meter.user_code, since, dt_util.utcnow() + timedelta(days=1), Turn(priority)
    )
    return meter.note_payments(payments, since)


def note(history: MeterHistory, window: Window, usage: Usage | None) -> None:
    """Note what was read and written."""
    begin = history.begin
    if usage is not None:
        history.note_usage(usage)
        begin = next_begin(history, usage)
    history.note_window(window, begin)
