"""The coordinator of one meter, and what the coordinators of an account share."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .api import (
    AuthenticationError,
    Client,
    ContestedError,
    Interface,
    MeterInfo,
    NoApiPermissionError,
    Payment,
    PlatformError,
    Priority,
    QuotaError,
    Turn,
)
from .balance import BalanceWatch, BecameLow
from .const import DOMAIN, LOGGER
from .exceptions import translation
from .history.ledger import credits_of
from .history.readings import Point, limit_of
from .history.state import Listed, MeterHistory
from .history.values import days_left
from .news import BecameSilent, Change, MeterNews, Teller, Values
from .outage import OutageWatch
from .reading import ReadingWatch
from .rhythm import LONGEST_GAP, Rhythm
from .settings import ChosenMeter, Settings
from .store import AccountStore

# After so many answers without a time a meter has none.
_UNTIMED: Final = 2
_REPEAT_AFTER: Final = timedelta(seconds=61)
_SOONEST: Final = timedelta(seconds=1)
# By so much the platform's clock may be ahead of ours.
_CLOCK_SLIP: Final = timedelta(hours=1)

SIGNAL_BECAME_SILENT: Final[SignalType[MeterCoordinator, BecameSilent]] = SignalType(
    f"{DOMAIN}_became_silent"
)
SIGNAL_CHANGED: Final[SignalType[MeterCoordinator, Change]] = SignalType(f"{DOMAIN}_changed")
SIGNAL_BECAME_LOW: Final[SignalType[MeterCoordinator, BecameLow]] = SignalType(
    f"{DOMAIN}_became_low"
)

type JrhszConfigEntry = ConfigEntry[JrhszData]


@dataclass(slots=True)
class JrhszData:
    """What a loaded account consists of.

    `store` keeps what polls and payments told, `history_store` the history of its meters.
    `adders` add the entities of meters to a platform. `new` and `gone` are the meters that came to
    the platform and the codes of those that went, `renamed` those whose rooms have other names, as
    of the last look; what a person should decide about is told by `on_meters_change`. `on_known` is
    called when meters became known, `on_balance` with the balance of each answer, `stop_import`
    ends the import of history. `device_id` is the account's own device.
    """

    client: Client
    settings: Settings
    store: AccountStore
    history_store: AccountStore
    device_id: str
    to_rebuild: int = 0
    rebuilt: int = 0
    coordinators: dict[str, MeterCoordinator] = field(default_factory=dict)
    adders: list[Callable[[Sequence[MeterCoordinator]], None]] = field(default_factory=list)
    outage: OutageWatch = field(kw_only=True)
    new: list[ChosenMeter] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    renamed: list[ChosenMeter] = field(default_factory=list)
    on_meters_change: Callable[[], None] = lambda: None
    on_update: Callable[[], None] = lambda: None
    on_known: Callable[[], None] = lambda: None
    on_balance: Callable[[str, Decimal | None], None] = lambda _code, _balance: None
    stop_import: Callable[[], Awaitable[None]] | None = None

    @property
    def polled(self) -> list[MeterCoordinator]:
        """Return the meters whose devices aren't disabled."""
        return [meter for meter in self.coordinators.values() if not meter.is_disabled]

    @callback
    def async_poll_stranded(self, *, new_token: bool) -> None:
        """Poll the meters that weren't polled for want of a login, or of a quota that is back."""
        session = self.client.session
        is_back = Interface.METER not in session.quota.used_up
        for meter in self.polled:
            if (new_token and isinstance(meter.last_error, ContestedError)) or (
                is_back and isinstance(meter.last_error, QuotaError)
            ):
                meter.async_poll()

    @property
    def import_progress(self) -> float | None:
        """Return which part of the first import, or of a rebuild, is done; nothing if of none."""
        if self.to_rebuild:
            return self.rebuilt / self.to_rebuild
        if not self.settings.history_days or Interface.CONSUMPTION in self.client.session.denied:
            return None
        now = int(dt_util.utcnow().timestamp())
        parts = [
            meter.history.progress(now)
            for meter in self.polled
            if meter.is_known and meter.data.kind
        ]
        return sum(parts) / len(parts) if parts else None

    @callback
    def async_introduce(self, coordinators: Sequence[MeterCoordinator]) -> None:
        """Add the entities of meters that are known by now."""
        for coordinator in coordinators:
            coordinator.introduced = coordinator.data
            if coordinator.data.kind is None:
                LOGGER.warning(
                    "Meter %s has the unknown type %s: its values have no unit",
                    coordinator.user_code,
                    coordinator.data.meter_type,
                )
        for add in self.adders:
            add(coordinators)
        self.on_known()


class MeterCoordinator(DataUpdateCoordinator[MeterInfo]):
    """Polls one meter; the pacer of its host decides when its turn is.

    `data` is `None` until the meter is known. `polled_at` is the time of the last answer or
    failure, `last_error` what went wrong with it, `rhythm` when the meter reports, `reported_at`
    when it was read last, though that may be held back. `history` is
    what is kept of its use and cost; who changes it holds `history_lock`. A meter whose device is
    disabled `is_disabled`: it is neither polled nor counted.
    """

    config_entry: JrhszConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: JrhszConfigEntry,
        meter: ChosenMeter,
        kept: Any,
        history: MeterHistory,
    ) -> None:
        """Start from the values that were kept, due when the meter would have been due anyway."""
        self.user_code = meter.user_code
        self.device_name = meter.device_name
        self.history = history
        self.history_lock = asyncio.Lock()
        self.introduced: MeterInfo | None = None
        self.polled_at: datetime | None = None
        self.rhythm = Rhythm()
        self.last_error: PlatformError | None = None
        self.is_disabled = False
        self._account = entry.runtime_data
        settings = entry.runtime_data.settings
        self._interval = settings.scan_interval
        self._has_history = settings.history_days > 0
        self.balance = BalanceWatch(settings)
        self._baseline: MeterInfo | None = None
        self.readings = ReadingWatch()
        self.reported_at: datetime | None = None
        self._changed_at: datetime | None = None
        self._untimed = 0
        self._failed_once = False
        self._urgent = False
        self.listed: Listed | None = None
        self._turn: Turn | None = None
        self._unfollow: CALLBACK_TYPE | None = None
        self._poll: asyncio.Task[Any] | None = None
        self._answered: asyncio.Future[None] | None = None
        self.news = MeterNews()
        super().__init__(
            hass, LOGGER, config_entry=entry, name=f"meter {self.user_code}", always_update=False
        )
        self.teller = Teller(hass, entry, f"{self.name} news", self._async_tell)
        self._restore(kept)

    @property
    def device_identifier(self) -> tuple[str, str]:
        """Return what the meter's device is known by."""
        return (DOMAIN, f"{self.config_entry.unique_id}|{self.user_code}")

    @property
    def device(self) -> dr.DeviceEntry | None:
        """Return the meter's device, which it has when it is known and its entities were added."""
        return dr.async_get(self.hass).async_get_device_by_identifier(
            self.device_identifier, self.config_entry.entry_id
        )

    @property
    def shown_name(self) -> str:
        """Return the name of the meter's device, which a person may have changed."""
        device = self.device
        return (device and (device.name_by_user or device.name)) or self.device_name

    @property
    def statistic_name(self) -> str:
        """Return the name in statistics, with the account's where another one has the same."""
        name, mine = self.shown_name, self.config_entry
        titles = {
            entry.title
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
            if entry is not mine and self._has_namesake(entry, name)
        }
        if not titles:
            return name
        return f"{name} ({mine.unique_id if mine.title in titles else mine.title})"

    def _has_namesake(self, entry: JrhszConfigEntry, name: str) -> bool:
        """Tell whether another account has the same meter, or one of the same place, by a name."""
        return any(
            meter.shown_name == name
            for meter in entry.runtime_data.coordinators.values()
            if self.user_code == meter.user_code or self.device_name == meter.device_name
        )

    @property
    def is_known(self) -> bool:
        """Tell whether the meter ever answered, so that there is data."""
        return self.data is not None

    @property
    def daily_cost(self) -> Decimal | None:
        """Return what a day of the meter usually costs, in yuan, if that is known."""
        days_per_yuan = days_left(self.history, Decimal(1), dt_util.utcnow())
        return 1 / days_per_yuan.amount if days_per_yuan else None

    @property
    def is_silent(self) -> bool:
        """Tell whether the meter doesn't answer, or its last reading is too old."""
        return self._is_too_old(self.heard_at) or not self.last_update_success

    @property
    def heard_at(self) -> datetime | None:
        """Return when the meter was read last; without a time, when polls saw it change last."""
        return (self.data.read_time if self.is_known else None) or self._changed_at

    def _is_too_old(self, heard_at: datetime | None) -> bool:
        """Tell whether a meter that was last heard then is silent."""
        silent_after = self._account.settings.silent_after
        return heard_at is not None and dt_util.utcnow() - heard_at > silent_after

    @property
    def due_in(self) -> timedelta:
        """Return the time until the next poll is due; not above zero if it is overdue."""
        if self.polled_at is None:
            return timedelta(0)
        due = self.polled_at + self._interval
        if self.rhythm.polled_at == self.polled_at.timestamp():
            next_poll = self.rhythm.next_poll(self._interval.total_seconds())
            due = dt_util.utc_from_timestamp(next_poll.at)
        # A clock that was set back must not put a poll off.
        return min(due - dt_util.utcnow(), LONGEST_GAP * self._interval)

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready."""
        # Mostly they are the same.
        info = baseline = self.data.as_record() if self.is_known else None
        if self._baseline != self.data:
            baseline = self._baseline.as_record() if self._baseline else None
        return {
            "info": info,
            "baseline": baseline,
            "readings": self.readings.as_dict(),
            "balance": self.balance.as_dict(),
            "news": self.news.as_dict(),
            "polled_at": self.polled_at.isoformat() if self.polled_at else None,
            "changed_at": self._changed_at.isoformat() if self._changed_at else None,
            "rhythm": self.rhythm.as_dict(),
        }

    def _restore(self, kept: Any) -> None:
        """Take over what `as_dict` gave; anything else is as good as nothing."""
        if not isinstance(kept, dict):
            return
        if isinstance(info := kept.get("info"), dict):
            self.data = self._baseline = MeterInfo.from_record(info)
            self.reported_at = self.data.read_time
        baseline = kept.get("baseline")
        if baseline != info:
            self._baseline = MeterInfo.from_record(baseline) if isinstance(baseline, dict) else None
        self.readings = ReadingWatch.from_dict(kept.get("readings")) or self._readings_before()
        if isinstance(polled_at := kept.get("polled_at"), str):
            self.polled_at = dt_util.parse_datetime(polled_at)
        if isinstance(changed_at := kept.get("changed_at"), str):
            self._changed_at = dt_util.parse_datetime(changed_at)
        if self.is_known and self.data.read_time is None:
            # It was told before.
            self._untimed = _UNTIMED
        self.rhythm = Rhythm.from_dict(kept.get("rhythm"))
        self.balance.restore(kept.get("balance"), self.data)
        self.news.restore(kept.get("news"), self.balance.last)

    def _readings_before(self) -> ReadingWatch:
        """Return what is known of readings where only the last one was kept, as at first."""
        if (last := self._baseline) is None or last.reading is None:
            return ReadingWatch()
        time = int(last.read_time.timestamp()) if last.read_time else 0
        return ReadingWatch(table_no=last.table_no, last=Point(time, last.reading))

    @callback
    def async_start(self) -> None:
        """Poll when due, and at the interval from then on, whether or not anybody listens."""
        if self.is_disabled or self._unfollow is not None:
            return
        wait = self.due_in
        overdue = wait <= timedelta(0)
        self.update_interval = self._interval if overdue else wait
        self._unfollow = self.async_add_listener(self._async_follow)
        if self.balance.untold_fall is not None or self.news.has_untold_silence:
            self.teller.async_tell()
        if overdue:
            self.async_poll()

    @callback
    def async_poll(self) -> None:
        """Poll in the background when the pace allows it, unless polling is turned off."""
        if not self.config_entry.pref_disable_polling and self._poll is None:
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{self.name} poll"
            )

    @callback
    def async_set_disabled(self, *, disabled: bool) -> None:
        """Stop polling, or begin again, when a person disables or enables the device."""
        self.is_disabled = disabled
        if not disabled:
            self.async_start()
        elif self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
            self._async_cancel_poll()
        self._account.on_update()

    @callback
    def _async_cancel_poll(self) -> None:
        """Let a poll that waits for its turn leave the queue."""
        if self._poll is not None:
            self._poll.cancel()

    async def async_stop(self) -> None:
        """Stop for good; a poll that waits for its turn leaves the queue."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
        self.teller.async_stop()
        await self.async_shutdown()
        self._async_cancel_poll()

    async def async_refresh_now(self) -> None:
        """Poll ahead of the queue and wait for the outcome; a poll that waits is promoted."""
        if self._turn is not None and self._answered is not None and not self._turn.started:
            self._turn.priority = Priority.USER
            await asyncio.shield(self._answered)
            return
        self._urgent = True
        # A task of its own: what stops the meter must not cancel whoever asked.
        refresh = self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{self.name} refresh"
        )
        await asyncio.wait({refresh})

    @override
    async def _async_update_data(self) -> MeterInfo:
        """Poll the meter; the first failure in a row is repeated before it counts."""
        self.update_interval = self._interval
        self._turn = Turn(Priority.USER) if self._urgent else self._turn_of_poll()
        self._urgent = False
        self._poll = asyncio.current_task()
        self._answered = answered = self.hass.loop.create_future()
        try:
            info = await self._account.client.get_meter(self.user_code, self._turn)
        except PlatformError as err:
            self._note_poll(err)
            if self._may_be_repeated(err):
                self._failed_once = True
                self.update_interval = _REPEAT_AFTER
                return self.data
            raise self._failure(err) from err
        finally:
            self._turn = self._poll = None
            answered.set_result(None)
        self._note_poll(None)
        self._learn_rhythm(info)
        # Its traceback would keep all that the failed call held.
        self.last_exception = None
        self._failed_once = False
        self._account.outage.note_success(self.user_code)
        # The base class would log a line for each meter.
        self.last_update_success = True
        self._note_times(info)
        answer, info = info, self._accepted(info)
        self.balance.note(info)
        self._account.on_balance(self.user_code, info.balance)
        self.news.note(is_silent=self._is_too_old(info.read_time or self._changed_at))
        self.teller.async_tell()
        if info is not self.data:
            # With the time of its own reading, though that may be held back.
            self._note_balance(answer)
        return info

    def _note_times(self, info: MeterInfo) -> None:
        """Note when the reading changed, and tell if the times of readings can't be read."""
        now = dt_util.utcnow()
        is_new = not self.is_known or info.reading not in {None, self.data.reading}
        if is_new or self._changed_at is None or self._changed_at > now:
            self._changed_at = now
        if info.reading is None or info.read_time is not None:
            self._untimed = 0
            return
        # One answer without a time may be an accident, of a meter that had times.
        self._untimed = self._untimed + 1 if self.is_known else _UNTIMED
        if self._untimed == _UNTIMED:
            self._account.outage.note_untimed(self.user_code)

    def _turn_of_poll(self) -> Turn:
        """Return the place in the queue: when there is news to expect, a poll goes before others.

        Above all where a balance is low or will be soon.
        """
        now, interval = dt_util.utcnow().timestamp(), self._interval.total_seconds()
        account = self._account
        whole_pass = len(account.coordinators) * account.client.session.pacer.interval
        rises_at, rises_to = self.rhythm.urgent_at(now, interval, whole_pass), Priority.NEWS
        news_at = self.rhythm.next_poll(interval).news_at
        if news_at is not None and news_at <= rises_at:
            rises_at = news_at
            rises_to = Priority.LOW if self.balance.is_near else Priority.NEWS
        return Turn(Priority.POLL, rises=(self.hass.loop.time() + rises_at - now, rises_to))

    def _learn_rhythm(self, info: MeterInfo) -> None:
        """Learn from an answer when the meter reports, and poll next when there is news."""
        read_time, now = info.read_time, self.polled_at or dt_util.utcnow()
        self.rhythm.note(
            None if read_time is None else read_time.timestamp(),
            now.timestamp(),
            self._interval.total_seconds(),
        )
        self.update_interval = max(self.due_in, _SOONEST)

    @property
    def values(self) -> Values:
        """Return what can be compared with thresholds, as far as it is known now."""
        left = days_left(self.history, self.balance.last, dt_util.utcnow())
        return Values(balance=self.balance.last, days_left=left.amount if left else None)

    async def _async_tell(self) -> None:
        """Tell what is new, and save before that it was told; of values only if it matters."""
        fall, self.balance.untold_fall = self.balance.untold_fall, None
        became_silent, change = self.news.take_silence(), self.news.take_change(self.values)
        if fall is not None or became_silent:
            await self.async_save_told()
        if fall is not None:
            async_dispatcher_send(self.hass, SIGNAL_BECAME_LOW, self, fall)
        if became_silent:
            silence = BecameSilent(self.data.read_time if self.is_known else None)
            async_dispatcher_send(self.hass, SIGNAL_BECAME_SILENT, self, silence)
        if change is not None:
            async_dispatcher_send(self.hass, SIGNAL_CHANGED, self, change)

    async def async_save_told(self) -> None:
        """Save what was told, before anybody acts on it."""
        await self._account.store.async_save()
        self.news.is_saved = True

    def _note_balance(self, info: MeterInfo) -> None:
        """Note the balance of an answer for the cost."""
        if (
            self._has_history
            and info.read_time is not None
            and info.balance is not None
            and self.history.note_poll(
                int(dt_util.utcnow().timestamp()), int(info.read_time.timestamp()), info.balance
            )
        ):
            self.save_history()

    @callback
    def note_payments(self, payments: Iterable[Payment], since: datetime) -> Listed:
        """Note the payments since a time for cost and statistics, whoever read them."""
        listed = Listed(int(since.timestamp()), tuple(credits_of(payments)))
        if self._has_history:
            self.history.note_payments(listed.credits, int(dt_util.utcnow().timestamp()))
            self.listed = listed = listed.after(self.listed)
            self.save_history()
        return listed

    @callback
    def note_credited(self, listed: Listed, now: int) -> None:
        """Note that listed payments are in their statistic, those of hours that are over."""
        self.history.note_credited(listed.begin)
        if self.listed is listed and listed.is_over(now):
            self.listed = None

    @callback
    def save_history(self) -> None:
        """Save what was noted of the history, soon."""
        # Made now: making that of a thousand meters at once would block Home Assistant.
        self.history.as_dict()
        self._account.history_store.async_schedule_save()

    def _may_be_repeated(self, err: PlatformError) -> bool:
        """Tell whether a failure is the first in a row, and one that may pass by itself."""
        passing = not isinstance(err, AuthenticationError | NoApiPermissionError)
        return passing and self.is_known and self.last_update_success and not self._failed_once

    @callback
    def _note_poll(self, err: PlatformError | None) -> None:
        """Remember when and how a poll ended."""
        self.polled_at = dt_util.utcnow()
        self.last_error = err
        if err is None and self.user_code in self._account.gone:
            self._account.gone.remove(self.user_code)
            self._account.on_meters_change()
        self._account.store.async_schedule_save()

    def _failure(self, err: PlatformError) -> Exception:
        """Return the error for Home Assistant; that it is logged is the account's business."""
        kind = ConfigEntryAuthFailed if isinstance(err, AuthenticationError) else UpdateFailed
        error = kind(**translation(err))
        self._account.outage.note_failure(
            self.user_code, err, str(error), meters=len(self._account.polled)
        )
        # The base class would log a line for each meter.
        self.last_update_success = False
        # An outage of the account is no silence of its meters.
        alone = self.user_code in self._account.outage.alone
        if self.is_known and (alone or self._is_too_old(self.heard_at)):
            self.news.note(is_silent=True)
            self.teller.async_tell()
        return error

    def _accepted(self, info: MeterInfo) -> MeterInfo:
        """Return what is believed of an answer.

        A missing type or number changes nothing. An answer older than the one before is that of a
        copy of the platform that lags, and says nothing new. A reading that can't go on from the
        one before is held back until later ones tell: a single 0 would add thousands to a total.
        """
        if self.is_known:
            info = replace(
                info,
                table_no=info.table_no or self.data.table_no,
                meter_type=info.meter_type if info.kind else self.data.meter_type,
            )
            if self._is_outdated(info):
                return self.data
        self.reported_at = info.read_time
        if info.reading is None or info.reading < 0:
            return replace(info, reading=None)
        last, is_first = self._baseline, self.readings.held is None
        if self._believes(info, info.reading) or last is None:
            self._baseline = info
            return info
        if is_first:
            LOGGER.warning(
                "The reading of meter %s went from %s to %s; it is held back until later readings "
                "show which of them is right",
                self.user_code,
                last.reading,
                info.reading,
            )
        return replace(info, reading=last.reading, read_time=last.read_time)

    def _believes(self, info: MeterInfo, reading: Decimal) -> bool:
        """Tell whether a reading is right, as far as can be told by now."""
        now = dt_util.utcnow()
        time = now if info.read_time is None else min(now, info.read_time)
        judged = self.history.judged.get(info.table_no or "")
        peak = judged.peaks[-1].reading if judged and judged.peaks else Decimal(0)
        point = Point(int(time.timestamp()), reading)
        return self.readings.believes(info.table_no, point, limit_of(info.kind), peak)

    def _is_outdated(self, info: MeterInfo) -> bool:
        """Tell whether an answer is older than the one before, of the same meter."""
        before, now = self.data.read_time, info.read_time
        return (
            info.table_no == self.data.table_no
            and before is not None
            and now is not None
            # A time in the future is wrong, and must not shut out those that are right.
            and now < before <= dt_util.utcnow() + _CLOCK_SLIP
        )

    @callback
    def _async_follow(self) -> None:
        """Introduce the meter after its first answer; follow a kind or number that changes."""
        self._account.on_update()
        if not self.is_known:
            return
        if self.introduced is None:
            self._account.async_introduce([self])
        elif self.data.kind != self.introduced.kind:
            # Units and device classes are fixed when entities are added.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        elif self.data.table_no != self.introduced.table_no:
            self.introduced = self.data
            if device := self.device:
                registry = dr.async_get(self.hass)
                registry.async_update_device(device.id, serial_number=self.data.table_no)
