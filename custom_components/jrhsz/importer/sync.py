"""Import of an account's history, in the background and behind everything else.

At first the records of the past, window by window; then those since the last reading, at most once
an hour and with an overlap, because records come late and get corrected; once a week those of the
last month. Payments are read once a night, and when a balance rose without one.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.recorder import async_migration_in_progress
from homeassistant.util import dt as dt_util

from ..api import (
    CHINA_STANDARD_TIME,
    Consumption,
    Interface,
    MeterInfo,
    NotPermittedError,
    Payment,
    Priority,
    Turn,
)
from ..const import (
    CONF_HISTORY_DAYS,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_HISTORY_DAYS_LARGE,
    DOMAIN,
    LOGGER,
    SMALL_ACCOUNT,
)
from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..history.cost import paid
from ..history.plan import (
    OVERLAP,
    RENEWED,
    are_payments_due,
    costs_at,
    first_begin,
    is_renewal_due,
    is_sync_due,
    next_begin,
    next_window,
    rebuilt_window,
    spans,
)
from ..history.readings import DAY, HOUR
from ..history.settlement import Correction
from ..history.state import MeterHistory, Window, day_of
from ..history.usage import Usage, hour_of
from ..store import AccountStore
from .recorder import async_has_recorder
from .window import Import, async_begin_of_stored, async_end_of_stored
from .worker import Lane, async_update_states, seconds_now

_CHECK_EVERY: Final = timedelta(minutes=1)
_SAVE_DELAY: Final = 300
_SAVE_DELAY_LARGE: Final = 1800
# Machines without a clock of their own start in 1970.
_NEVER_BEFORE: Final = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


class AccountHistory:
    """The history of an account's meters."""

    def __init__(self, hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
        """Prepare; nothing is read before `async_start`."""
        self.meters: dict[str, MeterHistory] = {}
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        is_small = len(self._account.coordinators) <= SMALL_ACCOUNT
        default = DEFAULT_HISTORY_DAYS if is_small else DEFAULT_HISTORY_DAYS_LARGE
        self.days = int(entry.options.get(CONF_HISTORY_DAYS, default))
        self._store = AccountStore(
            hass,
            _file_of(entry),
            delay=_SAVE_DELAY if is_small else _SAVE_DELAY_LARGE,
        )
        self._lanes = (
            Lane(hass, entry, Interface.CONSUMPTION, self._is_sync_due, self._async_sync),
            Lane(
                hass, entry, Interface.PAYMENTS, self._are_payments_due, self._async_read_payments
            ),
        )
        self._locks: dict[str, asyncio.Lock] = {}
        self._told: set[tuple[str, Correction]] = set()
        self._day = day_of(dt_util.utcnow())
        self._cancel_timer: CALLBACK_TYPE | None = None

    async def async_load(self) -> None:
        """Load what was kept."""
        await self._store.async_load()
        kept = self._store.data.get("meters")
        known: dict[str, Any] = kept if isinstance(kept, dict) else {}
        codes = list(self._account.coordinators)
        self.meters = await self._hass.async_add_executor_job(
            lambda: {code: MeterHistory.from_dict(known.get(code)) for code in codes}
        )
        self._locks = {code: asyncio.Lock() for code in self.meters}
        self._store.register(
            "meters", lambda: {code: meter.as_dict() for code, meter in self.meters.items()}
        )

    @callback
    def async_start(self) -> None:
        """Begin to look for what is due."""
        self._cancel_timer = async_track_time_interval(
            self._hass, self._async_check, _CHECK_EVERY, cancel_on_shutdown=True
        )

    async def async_stop(self) -> None:
        """Stop for good, and save."""
        if self._cancel_timer is not None:
            self._cancel_timer()
        for lane in self._lanes:
            await lane.async_stop()
        await self._store.async_close()

    @property
    def progress(self) -> float | None:
        """Return which part of the first import is done; nothing if there is none to do."""
        now = seconds_now()
        parts = [
            self.meters[code].progress(now)
            for code, meter in self._account.coordinators.items()
            if meter.is_known and meter.data.kind
        ]
        return sum(parts) / len(parts) if parts and self.days else None

    @callback
    def note_poll(self, user_code: str, info: MeterInfo) -> None:
        """Note the balance of an answer."""
        if (
            self.days
            and info.read_time is not None
            and info.balance is not None
            and self.meters[user_code].note_poll(
                seconds_now(), int(info.read_time.timestamp()), info.balance
            )
        ):
            self._store.async_schedule_save()

    @callback
    def note_payments(self, user_code: str, payments: list[Payment]) -> None:
        """Note a meter's payments of the last days, whoever read them."""
        if self.days:
            self.meters[user_code].note_payments(paid(payments), seconds_now())
            self._save(self.meters[user_code])

    async def async_rebuild(
        self, meter: MeterCoordinator, start: datetime | None
    ) -> tuple[int, int]:
        """Read all records from a time on, then write over the consumption that is stored.

        Returns the number of records and of rows that changed. Raises PlatformError if a record
        could not be read, and NotWrittenError.
        """
        history, now = self.meters[meter.user_code], seconds_now()
        since = now - max(self.days * DAY, RENEWED)
        if start is not None:
            since = int(start.timestamp())
        if self.days:
            await self._async_begin(meter, now)
        seam = await async_begin_of_stored(self._hass, meter, since - OVERLAP, hour_of(since))
        window = rebuilt_window(history, since, seam, now)
        records: list[Consumption] = []
        for span in spans(window.begin, window.end):
            records += await self._async_records(meter, span, Priority.USER)
        async with self._locks[meter.user_code]:
            outcome = await Import(
                hass=self._hass, meter=meter, history=history, window=window, records=records
            ).async_run()
            self._note(history, window, outcome.usage)
        self._save(history)
        meter.async_update_listeners()
        read = [record.read_time.timestamp() for record in records if record.read_time]
        return sum(time >= since for time in read), len(outcome.consumption_rows)

    @callback
    def _async_check(self, _: datetime | None = None) -> None:
        """Begin with what is due, unless it is under way."""
        if (day := day_of(dt_util.utcnow())) != self._day:
            self._day = day
            # The values that follow are others now, though nothing is read.
            self._entry.async_create_background_task(
                self._hass,
                async_update_states(self._account.coordinators.values()),
                f"{DOMAIN} states of a new day",
            )
        now = seconds_now()
        if not self.days or self._hass.state is not CoreState.running or now < _NEVER_BEFORE:
            return
        if async_has_recorder(self._hass) and async_migration_in_progress(self._hass):
            return
        for lane in self._lanes:
            lane.async_check()

    def _is_sync_due(self, meter: MeterCoordinator, now: int) -> bool:
        """Tell whether a window of records is to be read, or the cost computed without."""
        history = self.meters[meter.user_code]
        if Interface.CONSUMPTION in self._account.client.session.denied:
            return not 0 <= now - history.synced_at < HOUR
        return is_sync_due(history, meter.data.read_time, now) or is_renewal_due(
            history, meter.user_code, now
        )

    def _are_payments_due(self, meter: MeterCoordinator, now: int) -> bool:
        """Tell whether payments are to be read."""
        denied = Interface.PAYMENTS in self._account.client.session.denied
        return not denied and are_payments_due(self.meters[meter.user_code], now)

    async def _async_read_payments(self, meter: MeterCoordinator) -> None:
        """Read the payments of the last days."""
        code, now = meter.user_code, seconds_now()
        payments = await self._account.client.get_payments(
            code,
            dt_util.utc_from_timestamp(self.meters[code].paid_since or now - 2 * DAY),
            dt_util.utc_from_timestamp(now + DAY),
            Turn(Priority.HISTORY),
        )
        self.note_payments(code, payments)

    async def _async_begin(self, meter: MeterCoordinator, now: int) -> None:
        """Begin the first import, unless that was done."""
        history = self.meters[meter.user_code]
        async with self._locks[meter.user_code]:
            if history.started is not None and history.started <= now:
                return
            end = await async_end_of_stored(self._hass, meter)
            history.start(first_begin(self.days, end, now))

    async def _async_sync(self, meter: MeterCoordinator) -> None:
        """Read the next window of records, and write what follows from it."""
        code, now = meter.user_code, seconds_now()
        history = self.meters[code]
        await self._async_begin(meter, now)
        is_renewal = is_renewal_due(history, code, now)
        window = next_window(history, now, is_renewal=is_renewal)
        records: list[Consumption] | None = None
        with suppress(NotPermittedError):
            records = await self._async_records(meter, window[:2], Priority.HISTORY)
        async with self._locks[code]:
            is_paid = Interface.PAYMENTS not in self._account.client.session.denied
            settles = window.reaches_present and is_paid
            outcome = await Import(
                hass=self._hass,
                meter=meter,
                history=history,
                window=window,
                records=records,
                costs_at=costs_at(history, now) if settles else None,
            ).async_run()
            if records is None:
                history.note_sync(now)
            else:
                self._note(history, window, outcome.usage)
            history.note_costs(outcome.costs)
        self._save(history)
        self._tell(code, outcome.costs.corrections)

    @callback
    def _save(self, history: MeterHistory) -> None:
        """Save what was noted, soon."""
        # Made now: making that of a thousand meters at once would block Home Assistant.
        history.as_dict()
        self._store.async_schedule_save()

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

    async def _async_records(
        self, meter: MeterCoordinator, span: tuple[int, int], priority: Priority
    ) -> list[Consumption]:
        """Return the records of a span."""
        begin, end = map(dt_util.utc_from_timestamp, span)
        client = self._account.client
        return await client.get_consumption(meter.user_code, begin, end, Turn(priority))

    def _note(self, history: MeterHistory, window: Window, usage: Usage | None) -> None:
        """Note what was read and written."""
        begin = history.begin
        if usage is not None:
            history.note_usage(usage)
            begin = next_begin(history, usage)
        history.note_window(window, begin)


async def async_remove_history(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Remove what was kept of an account's history; its statistics stay."""
    await AccountStore(hass, _file_of(entry)).async_remove()


def _file_of(entry: JrhszConfigEntry) -> str:
    """Return the name of the file of an account's history."""
    return f"{entry.entry_id}.history"
