"""The coordinator of one meter: when it is polled, and what follows from that."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .account import Account
from .api import (
    AuthenticationError,
    CodeDeniedError,
    ContestedError,
    Interface,
    MeterInfo,
    NoApiPermissionError,
    PlatformError,
    Priority,
    QuotaError,
    Turn,
)
from .balance import BecameLow
from .const import DOMAIN
from .exceptions import translation
from .history.state import MeterHistory
from .meter_state import MeterState
from .news import BecameSilent, Change, Teller
from .settings import ChosenMeter

_REPEAT_AFTER: Final = timedelta(seconds=61)
_SOONEST: Final = timedelta(seconds=1)

SIGNAL_BECAME_SILENT: Final[SignalType[MeterCoordinator, BecameSilent]] = SignalType(
    f"{DOMAIN}_became_silent"
)
SIGNAL_CHANGED: Final[SignalType[MeterCoordinator, Change]] = SignalType(f"{DOMAIN}_changed")
SIGNAL_BECAME_LOW: Final[SignalType[MeterCoordinator, BecameLow]] = SignalType(
    f"{DOMAIN}_became_low"
)

type JrhszConfigEntry = ConfigEntry[JrhszData]


class MeterCoordinator(MeterState):
    """Polls one meter; the pacer of its host decides when its turn is.

    `last_error` is what went wrong when it was polled last.
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
        self._account = account = entry.runtime_data
        super().__init__(
            hass,
            entry,
            meter,
            history,
            settings=account.settings,
            history_store=account.history_store,
        )
        self.last_error: PlatformError | None = None
        self._failed_once = False
        self._urgent = False
        self._turn: Turn | None = None
        self._unfollow: CALLBACK_TYPE | None = None
        self._poll: asyncio.Task[Any] | None = None
        self._answered: asyncio.Future[None] | None = None
        self.teller = Teller(hass, entry, f"{self.name} news", self._async_tell)
        self._restore(kept)

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
        self._account.on_meters_change()

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
            if isinstance(err, CodeDeniedError) and len(self._account.polled) == 1:
                # What is denied to the only meter is denied to the account.
                self._account.client.session.deny(Interface.METER)
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
        if self.answers.note_times(info, self.data):
            self._account.outage.note_untimed(self.user_code)
        answer, info = info, self.answers.accepted(info, self.data, self.history.judged)
        self.balance.note(info)
        self._account.on_balance(self.user_code, info.balance)
        self.news.note(is_silent=self._is_too_old(self.answers.heard_at(info.read_time)))
        self.teller.async_tell()
        if info is not self.data:
            # With the time of its own reading, though that may be held back.
            self._note_balance(answer)
        return info

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

    @callback
    def _async_follow(self) -> None:
        """Introduce the meter after its first answer; follow a kind or number that changes."""
        self._account.on_update()
        if not self.is_known:
            return
        if self.introduced is None:
            self._account.async_introduce([self])
            self._account.on_known()
        elif self.data.kind != self.introduced.kind:
            # Units and device classes are fixed when entities are added.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        elif self.data.table_no != self.introduced.table_no:
            self.introduced = self.data
            if device := self.device:
                registry = dr.async_get(self.hass)
                registry.async_update_device(device.id, serial_number=self.data.table_no)


@dataclass(slots=True)
class JrhszData(Account[MeterCoordinator]):
    """What a loaded account consists of."""

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
