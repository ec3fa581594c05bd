"""Import of an account's history, in the background and behind everything else.

At first the records of the past, window by window; then those since the last reading, at most once
an hour and with an overlap, because records come late and get corrected; once a week those of the
last month. Payments are read once a night, and when a balance rose without one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import itertools
from typing import Any, Final
from zlib import crc32

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.recorder import async_migration_in_progress
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from .api import (
    CHINA_STANDARD_TIME,
    Consumption,
    FailedError,
    MeterInfo,
    NotPermittedError,
    Payment,
    PlatformError,
    Priority,
    Turn,
)
from .const import (
    CONF_HISTORY_DAYS,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_HISTORY_DAYS_LARGE,
    DOMAIN,
    LOGGER,
    SMALL_ACCOUNT,
)
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .cost import Correction, paid
from .history import DAY, HOUR, Usage
from .history_import import Import, async_end_of_stored
from .meter_history import MeterHistory, Window
from .statistics import NotWrittenError, async_has_recorder
from .store import AccountStore

_CONSUMPTION: Final = "GetConsumenList"
_PAYMENTS: Final = "GetPaymentList"

_CHECK_EVERY: Final = timedelta(minutes=1)
_OVERLAP: Final = 3 * DAY
_RENEWED: Final = 30 * DAY
# With the days that are asked for around it, hourly records of so many days are one page.
_WINDOW: Final = 38 * DAY
_NIGHT: Final = timedelta(hours=1)
_PAYMENTS_VALID: Final = 36 * HOUR
_REST: Final = 300
_REST_OF_METER: Final = HOUR
_SAVE_DELAY: Final = 300
_SAVE_DELAY_LARGE: Final = 1800
# Machines without a clock of their own start in 1970.
_NEVER_BEFORE: Final = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


@dataclass(slots=True)
class _Lane:
    """The work that needs one interface: which meters are due, and what to do for one."""

    interface: str
    is_due: Callable[[MeterCoordinator, MeterHistory, int], bool]
    run: Callable[[MeterCoordinator, MeterHistory], Awaitable[None]]
    task: asyncio.Task[None] | None = None
    rests_until: int = 0
    not_before: dict[str, int] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)


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
            _Lane(_CONSUMPTION, self._is_sync_due, self._async_sync),
            _Lane(_PAYMENTS, self._are_payments_due, self._async_read_payments),
        )
        self._locks: dict[str, asyncio.Lock] = {}
        self._numbers = itertools.count(1)
        self._told: set[tuple[str, Correction]] = set()
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
        if self.days:
            self._cancel_timer = async_track_time_interval(
                self._hass, self._async_check, _CHECK_EVERY, cancel_on_shutdown=True
            )

    async def async_stop(self) -> None:
        """Stop for good, and save."""
        if self._cancel_timer is not None:
            self._cancel_timer()
        for lane in self._lanes:
            if lane.task is not None:
                lane.task.cancel()
                with suppress(asyncio.CancelledError):
                    await lane.task
        await self._store.async_close()

    @property
    def progress(self) -> float | None:
        """Return which part of the first import is done; nothing if there is none to do."""
        now = _now()
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
                _now(), int(info.read_time.timestamp()), info.balance
            )
        ):
            self._store.async_schedule_save()

    @callback
    def note_payments(self, user_code: str, payments: list[Payment]) -> None:
        """Note a meter's payments of the last days, whoever read them."""
        self.meters[user_code].note_payments(paid(payments), _now())
        self._store.async_schedule_save()

    async def async_rebuild(
        self, meter: MeterCoordinator, start: datetime | None
    ) -> tuple[int, int]:
        """Read all records from a time on, then write over the consumption that is stored.

        Returns the number of records and of rows that changed. Raises PlatformError if a record
        could not be read, and NotWrittenError.
        """
        history = self.meters[meter.user_code]
        now = _now()
        begin = now - max(self.days * DAY, _RENEWED)
        if start is not None:
            begin = int(start.timestamp())
        # An import that isn't complete goes on after this one: it must not leave a gap between.
        begin = min(begin, history.begin or history.started or begin)
        goes_on = history.started is not None and begin > history.started
        window = Window(begin, now, goes_on=goes_on, reaches_present=True)
        records = await self._async_records(meter, window, Priority.USER)
        async with self._locks[meter.user_code]:
            outcome = await Import(
                hass=self._hass, meter=meter, history=history, window=window, records=records
            ).async_run()
            history.started = min(begin, history.started or begin)
            self._note(history, window, outcome.usage)
        meter.async_update_listeners()
        return len(records), len(outcome.consumption_rows)

    @callback
    def _async_check(self, _: datetime | None = None) -> None:
        """Begin with what is due, unless it is under way."""
        now = _now()
        if self._hass.state is not CoreState.running or now < _NEVER_BEFORE:
            return
        if async_has_recorder(self._hass) and async_migration_in_progress(self._hass):
            return
        for lane in self._lanes:
            if (lane.task is None or lane.task.done()) and self._next_of(lane, now):
                lane.task = self._entry.async_create_background_task(
                    self._hass, self._async_work(lane), f"{DOMAIN} history {lane.interface}"
                )

    def _next_of(self, lane: _Lane, now: int) -> MeterCoordinator | None:
        """Return the meter that is due, and was served longest ago."""
        if now < lane.rests_until <= now + _REST:
            return None
        due = [
            meter
            for code, meter in self._account.coordinators.items()
            if meter.is_known
            and meter.data.kind
            and not now < lane.not_before.get(code, 0) <= now + _REST_OF_METER
            and lane.is_due(meter, self.meters[code], now)
        ]
        return min(due, key=lambda meter: lane.served.get(meter.user_code, 0), default=None)

    async def _async_work(self, lane: _Lane) -> None:
        """Serve one meter after the other until none is due."""
        while (meter := self._next_of(lane, now := _now())) is not None:
            code = meter.user_code
            lane.served[code] = next(self._numbers)
            try:
                await lane.run(meter, self.meters[code])
            except (PlatformError, NotWrittenError, SQLAlchemyError) as err:
                LOGGER.debug("History of meter %s has to wait: %s", code, err)
                lane.not_before[code] = now + _REST_OF_METER
                if not isinstance(err, FailedError):
                    # What is wrong is not about this meter.
                    lane.rests_until = now + _REST
            else:
                meter.async_update_listeners()

    def _is_sync_due(self, meter: MeterCoordinator, history: MeterHistory, now: int) -> bool:
        """Tell whether a window of records is to be read."""
        since = now - history.synced_at
        if _CONSUMPTION in self._account.client.session.denied:
            return not 0 <= since < HOUR
        if not history.complete or since < 0:
            return True
        read_time = meter.data.read_time
        is_read = read_time is not None and read_time.timestamp() > history.used_until
        pause = HOUR if is_read or history.awaits_payment else DAY
        return since >= pause or self._is_renewal_due(meter, history, now)

    def _is_renewal_due(self, meter: MeterCoordinator, history: MeterHistory, now: int) -> bool:
        """Tell whether the night of the week has come in which the last month is read again."""
        night = _last_night(now)
        night -= (night // DAY - crc32(meter.user_code.encode())) % 7 * DAY
        return history.renewed_at < night

    def _are_payments_due(self, _: MeterCoordinator, history: MeterHistory, now: int) -> bool:
        """Tell whether payments are to be read."""
        if _PAYMENTS in self._account.client.session.denied:
            return False
        if history.paid_at < _last_night(now) or history.paid_at > now:
            return True
        return history.awaits_payment and now - history.paid_at >= HOUR

    async def _async_read_payments(self, meter: MeterCoordinator, history: MeterHistory) -> None:
        """Read the payments of the last days."""
        now = dt_util.utcnow()
        since = min(
            now - timedelta(days=2), dt_util.utc_from_timestamp(history.paid_since or 2**31)
        )
        payments = await self._account.client.get_payments(
            meter.user_code, since, now + timedelta(days=1), Turn(Priority.HISTORY)
        )
        self.note_payments(meter.user_code, payments)

    async def _async_sync(self, meter: MeterCoordinator, history: MeterHistory) -> None:
        """Read the next window of records, and write what follows from it."""
        code, now = meter.user_code, _now()
        if history.started is None or history.started > now:
            end = await async_end_of_stored(self._hass, meter)
            start = now - self.days * DAY
            # What is stored of an earlier time goes on where it ended.
            history.start(start if end is None else min(max(start, end - _OVERLAP), now))
        is_renewal = history.complete and self._is_renewal_due(meter, history, now)
        window = _next_window(history, now, is_renewal=is_renewal)
        records: list[Consumption] | None = None
        with suppress(NotPermittedError):
            records = await self._async_records(meter, window, Priority.HISTORY)
        async with self._locks[code]:
            costs_at = self._costs_at(history, now) if window.reaches_present else None
            outcome = await Import(
                hass=self._hass,
                meter=meter,
                history=history,
                window=window,
                records=records,
                costs_at=costs_at,
            ).async_run()
            if records is None:
                history.synced_at = now
            else:
                if is_renewal or (window.reaches_present and not history.complete):
                    history.renewed_at = now
                self._note(history, window, outcome.usage)
            history.note_costs(outcome.costs)
        self._tell(code, outcome.costs.corrections)

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
        self, meter: MeterCoordinator, window: Window, priority: Priority
    ) -> list[Consumption]:
        """Return the records of a window."""
        return await self._account.client.get_consumption(
            meter.user_code,
            dt_util.utc_from_timestamp(window.begin),
            dt_util.utc_from_timestamp(window.end),
            Turn(priority),
        )

    def _costs_at(self, history: MeterHistory, now: int) -> int | None:
        """Return as of when the cost can be settled: when payments were read, if that is new."""
        if _PAYMENTS in self._account.client.session.denied:
            return None
        return history.paid_at if now - _PAYMENTS_VALID < history.paid_at <= now else None

    def _note(self, history: MeterHistory, window: Window, usage: Usage | None) -> None:
        """Note what was read and written."""
        begin = history.begin
        if usage is not None:
            history.note_usage(usage)
            needed = usage.end - _OVERLAP
            if history.samples:
                needed = min(needed, history.samples[0].read_time)
            begin = usage.boundary(needed) or begin
        history.note_window(window, begin)
        self._store.async_schedule_save()


async def async_remove_history(hass: HomeAssistant, entry: JrhszConfigEntry) -> None:
    """Remove what was kept of an account's history; its statistics stay."""
    await AccountStore(hass, _file_of(entry)).async_remove()


def _file_of(entry: JrhszConfigEntry) -> str:
    """Return the name of the file of an account's history."""
    return f"{entry.entry_id}.history"


def _now() -> int:
    """Return the time in seconds since 1970."""
    return int(dt_util.utcnow().timestamp())


def _last_night(now: int) -> int:
    """Return when the last night's work began, in China."""
    china = datetime.fromtimestamp(now, CHINA_STANDARD_TIME) - _NIGHT
    midnight = china.replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight + _NIGHT).timestamp())


def _next_window(history: MeterHistory, now: int, *, is_renewal: bool) -> Window:
    """Return the span of records to read next."""
    started = history.started if history.started is not None else now
    begin = history.begin or started
    if is_renewal:
        begin = min(begin, max(started, now - _RENEWED))
        return Window(begin, now, goes_on=begin > started, reaches_present=True)
    end = now
    if not history.complete:
        # Where there are few records, the next window begins at an old one.
        end = min(now, max(begin + _WINDOW, (history.cursor or started) + _RENEWED))
    goes_on = history.begin is not None
    return Window(begin, end, goes_on=goes_on, reaches_present=end == now)
