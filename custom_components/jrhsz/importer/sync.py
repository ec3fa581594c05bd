"""Import of an account's history, in the background and behind everything else.

At first the records of the past, window by window; then those since the last reading, at most once
an hour and with an overlap, because records come late and get corrected; once a week those of the
last month. Payments are read once a night, and when a balance rose without one. When more days of
history are wanted than before, or the database lost some, all records since then.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..api import (
    CHINA_STANDARD_TIME,
    Consumption,
    Interface,
    NotPermittedError,
    Priority,
    day_in_china,
)
from ..clock import seconds_now
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..history.missing import reread_since
from ..history.plan import (
    are_payments_due,
    costs_at,
    is_credited_due,
    is_renewal_due,
    is_sync_due,
    next_window,
    payments_begin,
)
from ..history.readings import HOUR
from ..history.settlement import Correction
from ..history.usage import hour_of
from .check import async_check_stored, async_stored
from .rebuild import async_begin, async_read_payments, async_rebuild, async_records, note
from .recorder import (
    RecorderError,
    Statistic,
    async_has_recorder,
    async_is_migrating,
    async_rename,
)
from .window import Import
from .worker import Worker, async_update_states

_NAMES: Final = {"name", "name_by_user"}
_CHECK_EVERY: Final = timedelta(minutes=1)
# Machines without a clock of their own start in 1970.
_NEVER_BEFORE: Final = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


class HistoryImport:
    """Looks once a minute, and when a meter became known, for what of an account is due."""

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Prepare; nothing is read before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._workers = (
            Worker(hass, entry, Interface.CONSUMPTION, self._is_sync_due, self._async_sync),
            Worker(
                hass, entry, Interface.PAYMENTS, self._are_payments_due, self._async_read_payments
            ),
        )
        self._told: set[tuple[str, Correction]] = set()
        self._without_cost: set[str] = set()
        self._day = day_in_china(dt_util.utcnow())
        self._checked_on: date | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._unfollow: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Begin to look for what is due."""
        self._cancel_timer = async_track_time_interval(
            self._hass, self._async_check, _CHECK_EVERY, cancel_on_shutdown=True
        )
        self._account.on_known = self._async_check
        self._account.stop_import = self.async_stop
        self._unfollow = self._hass.bus.async_listen(
            dr.EVENT_DEVICE_REGISTRY_UPDATED, self._async_follow_name
        )

    async def async_stop(self) -> None:
        """Stop for good."""
        for stop in (self._cancel_timer, self._unfollow):
            if stop is not None:
                stop()
        for worker in self._workers:
            await worker.async_stop()

    @callback
    def _async_follow_name(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Rename the statistics of a meter whose device was renamed."""
        if event.data["action"] != "update" or not _NAMES & event.data["changes"].keys():
            return
        device = dr.async_get(self._hass).async_get(event.data["device_id"])
        for meter in self._account.polled:
            if device and meter.device_identifier in device.identifiers and meter.is_known:
                self._entry.async_create_background_task(
                    self._hass, self._async_rename(meter), f"{DOMAIN} name of {meter.user_code}"
                )

    async def _async_rename(self, meter: MeterCoordinator) -> None:
        """Rename the statistics of a meter; otherwise the next row does."""
        if async_has_recorder(self._hass) and meter.data.kind:
            with suppress(RecorderError):
                await async_rename(self._hass, meter)

    @callback
    def _async_check(self, _: datetime | None = None) -> None:
        """Begin with what is due, unless it is under way."""
        if (day := day_in_china(dt_util.utcnow())) != self._day:
            self._day = day
            # The values that follow are others now, though nothing is read.
            self._entry.async_create_background_task(
                self._hass,
                async_update_states(self._account.coordinators.values()),
                f"{DOMAIN} states of a new day",
            )
        now = seconds_now()
        if (
            not self._account.settings.history_days
            or self._hass.state is not CoreState.running
            or now < _NEVER_BEFORE
        ):
            return
        if async_is_migrating(self._hass):
            return
        if day != self._checked_on and async_has_recorder(self._hass):
            self._checked_on = day
            self._entry.async_create_background_task(
                self._hass, self._async_check_stored(), f"{DOMAIN} check of what is stored"
            )
        for worker in self._workers:
            worker.async_check()

    def _is_sync_due(self, meter: MeterCoordinator, now: int) -> bool:
        """Tell whether a window of records is to be read, or the cost computed without."""
        history = meter.history
        if meter.listed is not None and hour_of(history.synced_at) < hour_of(now):
            return True
        if Interface.CONSUMPTION in self._account.client.session.denied:
            return not 0 <= now - history.synced_at < HOUR
        is_reread = reread_since(history, self._account.settings.history_days, now) is not None
        return is_reread or self._is_window_due(meter, now)

    def _is_window_due(self, meter: MeterCoordinator, now: int) -> bool:
        """Tell whether a window of records is to be read."""
        history = meter.history
        return is_sync_due(history, meter.answers.reported_at, now) or is_renewal_due(
            history, meter.user_code, now
        )

    def _are_payments_due(self, meter: MeterCoordinator, now: int) -> bool:
        """Tell whether payments are to be read."""
        if meter.listed is not None and is_credited_due(meter.history):
            # They are waiting to be written.
            return False
        denied = Interface.PAYMENTS in self._account.client.session.denied
        return not denied and are_payments_due(meter.history, now)

    async def _async_read_payments(self, meter: MeterCoordinator) -> None:
        """Read the payments of the last month, at first of all the past."""
        now = seconds_now()
        await async_begin(self._hass, meter, now)
        await async_read_payments(meter, payments_begin(meter.history, now), Priority.HISTORY)

    async def _async_sync(self, meter: MeterCoordinator) -> None:
        """Read the next window of records, and write what follows from it."""
        history, now = meter.history, seconds_now()
        since = reread_since(history, self._account.settings.history_days, now)
        if since is not None and not self._is_window_due(meter, now):
            await self._async_reread(meter, since)
            return
        await async_begin(self._hass, meter, now)
        is_renewal = is_renewal_due(history, meter.user_code, now)
        window = next_window(history, now, is_renewal=is_renewal)
        records: list[Consumption] | None = None
        with suppress(NotPermittedError):
            records = await async_records(meter, window[:2], Priority.HISTORY)
        if records is None:
            # The cost needs none of them.
            window = window._replace(end=now, reaches_present=True)
        async with meter.history_lock:
            is_paid = Interface.PAYMENTS not in self._account.client.session.denied
            settles = window.reaches_present and is_paid
            outcome = await Import.of(
                self._hass,
                meter,
                window,
                records,
                listed=meter.listed,
                costs_at=costs_at(history, now) if settles else None,
            ).async_run()
            if records is None:
                history.note_sync(now)
            else:
                note(history, window, outcome.usage)
            history.note_costs(outcome.costs)
        meter.save_history()
        self._tell(meter.user_code, outcome.costs.corrections)

    async def _async_reread(self, meter: MeterCoordinator, since: int) -> None:
        """Read all records since a time, and note what is missing nevertheless."""
        begin = dt_util.utc_from_timestamp(since)
        await async_rebuild(self._hass, meter, begin, Priority.HISTORY)
        lacks = None
        if async_has_recorder(self._hass):
            found = await async_stored(self._hass, [meter], Statistic.CONSUMPTION)
            if meter.user_code in found:
                lacks = found[meter.user_code].lacks
        meter.history.note_reread(since, lacks)
        meter.save_history()

    async def _async_check_stored(self) -> None:
        """Find what is missing from the database; where it can't be read, another day."""
        meters = [meter for meter in self._account.polled if meter.is_known and meter.data.kind]
        try:
            await async_check_stored(self._hass, meters, self._without_cost)
        except RecorderError as err:
            LOGGER.debug("What is stored can't be checked: %s", err)

    def _tell(self, code: str, corrections: Iterable[Correction]) -> None:
        """Log each correction once."""
        for correction in corrections:
            if (code, correction) not in self._told:
                self._told.add((code, correction))
                LOGGER.warning(
                    "The balance of meter %s and its payments differ by %s yuan at %s; that was "
                    "booked as a correction, which is in no cost",
                    code,
                    correction.amount,
                    datetime.fromtimestamp(correction.time, CHINA_STANDARD_TIME),
                )
