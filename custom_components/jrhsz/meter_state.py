"""What is known of one meter, and kept over restarts; how it gets known is in `coordinator.py`."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .answers import AnswerWatch
from .api import MeterInfo, Payment
from .balance import BalanceWatch
from .clock import seconds_now
from .const import DOMAIN, LOGGER
from .history.ledger import credits_of
from .history.state import Listed, MeterHistory
from .history.values import days_left
from .news import MeterNews, Values
from .rhythm import LONGEST_GAP, Rhythm
from .settings import ChosenMeter, Settings
from .store import AccountStore


class MeterState(DataUpdateCoordinator[MeterInfo]):
    """What is known of one meter.

    `data` is `None` until the meter is known, `introduced` what its entities were added with.
    `polled_at` is the time of the last answer or failure, `rhythm` when the meter reports.
    `history` is what is kept of its use and cost; who changes it holds `history_lock`. `listed` are
    payments that aren't in their statistic yet. A meter whose device is disabled `is_disabled`: it
    is neither polled nor counted.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        meter: ChosenMeter,
        history: MeterHistory,
        *,
        settings: Settings,
        history_store: AccountStore,
    ) -> None:
        """Know nothing but the history."""
        self.user_code = meter.user_code
        self.device_name = meter.device_name
        self.introduced: MeterInfo | None = None
        self.is_disabled = False
        self.answers = AnswerWatch(meter.user_code)
        self.balance = BalanceWatch(settings)
        self.news = MeterNews()
        self.polled_at: datetime | None = None
        self.rhythm = Rhythm()
        self.history = history
        self.history_lock = asyncio.Lock()
        self.listed: Listed | None = None
        self._settings = settings
        self._interval = settings.scan_interval
        self._history_store = history_store
        super().__init__(
            hass, LOGGER, config_entry=entry, name=f"meter {self.user_code}", always_update=False
        )

    @property
    def device_identifier(self) -> tuple[str, str]:
        """Return what the meter's device is known by."""
        return (DOMAIN, f"{self.config_entry.unique_id}|{self.user_code}")

    def unique_id_of(self, key: str) -> str:
        """Return the unique ID of one of the meter's entities."""
        return f"{self.device_identifier[1]}|{key}"

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

    def _has_namesake(self, entry: ConfigEntry, name: str) -> bool:
        """Tell whether another account has the same meter, or one of the same place, by a name."""
        meters: Iterable[MeterState] = entry.runtime_data.coordinators.values()
        return any(
            meter.shown_name == name
            for meter in meters
            if self.user_code == meter.user_code or self.device_name == meter.device_name
        )

    @property
    def is_known(self) -> bool:
        """Tell whether the meter ever answered, so that there is data."""
        return self.data is not None

    @property
    def is_silent(self) -> bool:
        """Tell whether the meter doesn't answer, or its last reading is too old."""
        return self._is_too_old(self.heard_at) or not self.last_update_success

    @property
    def heard_at(self) -> datetime | None:
        """Return when the meter was read last; without a time, when polls saw it change last."""
        return self.answers.heard_at(self.data.read_time if self.is_known else None)

    def _is_too_old(self, heard_at: datetime | None) -> bool:
        """Tell whether a meter that was last heard then is silent."""
        return heard_at is not None and dt_util.utcnow() - heard_at > self._settings.silent_after

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

    @property
    def daily_cost(self) -> Decimal | None:
        """Return what a day of the meter usually costs, in yuan, if that is known."""
        days_per_yuan = days_left(self.history, Decimal(1), dt_util.utcnow())
        return 1 / days_per_yuan.amount if days_per_yuan else None

    @property
    def values(self) -> Values:
        """Return what can be compared with thresholds, as far as it is known now."""
        left = days_left(self.history, self.balance.last, dt_util.utcnow())
        return Values(balance=self.balance.last, days_left=left.amount if left else None)

    def as_dict(self) -> dict[str, Any]:
        """Return what to keep over a restart, JSON-ready, except the history."""
        info = self.data.as_record() if self.is_known else None
        return {
            "info": info,
            **self.answers.as_dict(self.data, info),
            "balance": self.balance.as_dict(),
            "news": self.news.as_dict(),
            "polled_at": self.polled_at.isoformat() if self.polled_at else None,
            "rhythm": self.rhythm.as_dict(),
        }

    def _restore(self, kept: Any) -> None:
        """Take over what `as_dict` gave; anything else is as good as nothing."""
        if not isinstance(kept, dict):
            return
        if isinstance(info := kept.get("info"), dict):
            self.data = MeterInfo.from_record(info)
        self.answers.restore(kept, self.data)
        self.balance.restore(kept.get("balance"), self.data)
        self.news.restore(kept.get("news"), self.balance.last)
        # One that never answered is asked at once.
        if self.is_known and isinstance(polled_at := kept.get("polled_at"), str):
            self.polled_at = dt_util.parse_datetime(polled_at)
        self.rhythm = Rhythm.from_dict(kept.get("rhythm"))

    def _note_balance(self, info: MeterInfo) -> None:
        """Note the balance of an answer for the cost."""
        if (
            self._settings.history_days
            and info.read_time is not None
            and info.balance is not None
            and self.history.note_poll(seconds_now(), int(info.read_time.timestamp()), info.balance)
        ):
            self.save_history()

    @callback
    def note_payments(self, payments: Iterable[Payment], since: datetime) -> Listed:
        """Note the payments since a time for cost and statistics, whoever read them."""
        listed = Listed(int(since.timestamp()), tuple(credits_of(payments)))
        if self._settings.history_days:
            self.history.note_payments(listed.credits, seconds_now())
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
        self._history_store.async_schedule_save()
