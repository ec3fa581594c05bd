"""When a meter's list of payments is read, and which payments were seen: each is told once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from typing import Any, Final, Self

from homeassistant.core import CALLBACK_TYPE, CoreState, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .api import Interface, Payment, PlatformError, Priority, Turn
from .const import DOMAIN, LOGGER
from .coordinator import MeterCoordinator
from .recharge.orders import DATA_ORDERS, signal_of
from .recharge.proof import ONE_DAY

# A list is read 31 days back; what was seen is kept a little longer.
WINDOW: Final = timedelta(days=31)
_REMEMBERED_FOR: Final = timedelta(days=35)
# Without any other reason.
LOOK_AFTER: Final = timedelta(days=1)
# After a rise of the balance the list may need a while to show why.
_LOOKS: Final = 3
_LOOK_EVERY: Final = timedelta(minutes=30)
_SECONDS_APART: Final = 0.01


@dataclass(slots=True)
class SeenPayments:
    """What was seen of one meter's list; what was in it at first is no news.

    A payment's identity is all of its fields, with multiplicity: two equal records are two
    payments, and the order number may be empty. A record may come late, with an earlier time.
    """

    since: datetime
    looked_at: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    last_seen: dict[str, datetime] = field(default_factory=dict)

    def take(self, payments: Iterable[Payment], now: datetime) -> list[Payment]:
        """Return the new payments of a list, oldest first, and remember all of it."""
        listed: Counter[str] = Counter()
        new = []
        # A clock that is wrong for a while must not make all of it forgotten, nor what is long
        # forgotten new: time goes on from what was seen.
        latest = max(self.last_seen.values(), default=now)
        seen_at = min(now, latest + 2 * LOOK_AFTER)
        after = latest - WINDOW if self.looked_at else self.since
        for payment in payments:
            listed[key := _identity(payment)] += 1
            self.last_seen[key] = seen_at
            if listed[key] > self.counts[key]:
                self.counts[key] = listed[key]
                if self.looked_at if payment.time is None else payment.time > after:
                    new.append(payment)
        self.looked_at = now
        for key in [
            key for key, seen in self.last_seen.items() if seen < seen_at - _REMEMBERED_FOR
        ]:
            del self.last_seen[key], self.counts[key]
        return sorted(new, key=lambda payment: payment.time or now)

    def forget(self, payments: Iterable[Payment]) -> None:
        """Take back that payments were seen, so that the next look is due: nobody was told."""
        self.counts.subtract(_identity(payment) for payment in payments)
        if self.looked_at is not None:
            self.looked_at -= LOOK_AFTER

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept over a restart, JSON-ready."""
        return {
            "since": self.since.isoformat(),
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
            "seen": {
                key: [count, self.last_seen[key].isoformat()] for key, count in self.counts.items()
            },
        }

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Take over what `as_dict` gave; anything else is as good as a new meter."""
        try:
            looked_at = kept["looked_at"]
            return cls(
                since=_aware(kept["since"]),
                looked_at=None if looked_at is None else _aware(looked_at),
                counts=Counter({key: int(count) for key, (count, _) in kept["seen"].items()}),
                last_seen={key: _aware(seen) for key, (_, seen) in kept["seen"].items()},
            )
        except AttributeError, LookupError, TypeError, ValueError:
            return cls(since=dt_util.utcnow())


class PaymentWatch:
    """Tells every new payment of a meter once, whoever made it.

    New payments are looked for when the balance has risen between polls, after our own recharges
    and once a day: the platform's pace allows no more with many meters.
    """

    def __init__(
        self,
        coordinator: MeterCoordinator,
        seen: SeenPayments,
        *,
        tell: Callable[[Payment], None],
        can_tell: Callable[[], bool],
    ) -> None:
        """Go on from what was seen; `tell` is called with each new payment, while it `can_tell`."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._seen = seen
        self._tell = tell
        self._can_tell = can_tell
        self._balance = coordinator.data.balance
        self._looks = 0
        self._task: asyncio.Task[None] | None = None
        self._untold: list[Payment] = []
        self._cancel_telling: CALLBACK_TYPE | None = None
        self._on_stop: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> None:
        """Look when something is due, and when somebody recharged here."""
        account_id = str(self._coordinator.config_entry.unique_id)
        self._on_stop = [
            async_dispatcher_connect(
                self._hass,
                signal_of(account_id, self._coordinator.user_code),
                self._async_handle_recharge,
            ),
            # Polls that change nothing aren't told.
            async_track_time_interval(
                self._hass, self._async_look_if_due, _LOOK_EVERY, cancel_on_shutdown=True
            ),
            async_at_started(self._hass, self._async_started),
        ]

    async def async_stop(self) -> None:
        """Stop looking; what couldn't be told any more is told after the next start."""
        for stop in self._on_stop:
            stop()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._cancel_telling is not None:
            self._cancel_telling()
        if self._untold:
            self._seen.forget(self._untold)
            self._coordinator.config_entry.runtime_data.store.async_schedule_save()

    @callback
    def async_note_answer(self) -> None:
        """Look after a rise of the balance; tell what waited for an answer."""
        if (balance := self._coordinator.data.balance) is not None:
            if self._balance is not None and balance > self._balance:
                self._looks = _LOOKS
            self._balance = balance
        self._async_look_if_due()
        self._async_tell_next()

    @callback
    def _async_handle_recharge(self) -> None:
        """Look after a recharge of ours."""
        self._looks = _LOOKS
        self._async_look_if_due()

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        """Look once Home Assistant has started."""
        self._async_look_if_due()

    @callback
    def _async_look_if_due(self, _: datetime | None = None) -> None:
        """Look in the background if that is due and not under way.

        Not while the meter doesn't answer or Home Assistant starts: nobody could be told, and the
        meter's next answer, or the end of the start, looks again.
        """
        last, now = self._seen.looked_at, dt_util.utcnow()
        is_long_ago = last is None or not timedelta(0) <= now - last < LOOK_AFTER
        if is_long_ago and not self._coordinator.config_entry.pref_disable_polling:
            self._looks = max(self._looks, 1)
        if (
            self._looks
            and self._can_tell()
            and self._hass.state is CoreState.running
            and (self._task is None or self._task.done())
        ):
            self._task = self._coordinator.config_entry.async_create_background_task(
                self._hass,
                self._async_look(),
                f"{DOMAIN} payments of {self._coordinator.user_code}",
            )

    async def _async_look(self) -> None:
        """Read the list and tell what is new; an error leaves it to the next time."""
        try:
            await self._async_tell(await self._async_new_payments())
        except PlatformError as err:
            LOGGER.debug("Payments of %s can't be read: %s", self._coordinator.user_code, err)

    async def _async_new_payments(self) -> list[Payment]:
        """Return the payments that are new, oldest first."""
        entry, user_code = self._coordinator.config_entry, self._coordinator.user_code
        now = dt_util.utcnow()
        span = (now - WINDOW, now + ONE_DAY)
        payments = await entry.runtime_data.client.get_payments(
            user_code, *span, Turn(Priority.POLL)
        )
        entry.runtime_data.outage.note_times(user_code, Interface.PAYMENTS, payments)
        self._coordinator.note_payments(payments, span[0])
        await self._hass.data[DATA_ORDERS].async_examine(entry, user_code, payments, span)
        if self._hass.is_stopping or not self._can_tell():
            # What was seen couldn't be saved before it is told, or nobody be told after it.
            return []
        new = self._seen.take(payments, now)
        self._looks = 0 if new else max(0, self._looks - 1)
        return new

    async def _async_tell(self, payments: list[Payment]) -> None:
        """Save what was seen, then tell it."""
        store = self._coordinator.config_entry.runtime_data.store
        if not payments:
            store.async_schedule_save()
            return
        try:
            await store.async_save()
        except asyncio.CancelledError:
            self._seen.forget(payments)
            store.async_schedule_save()
            raise
        self._untold.extend(payments)
        self._async_tell_next()

    @callback
    def _async_tell_next(self) -> None:
        """Tell one payment after the other: events of one millisecond would become one.

        While the meter doesn't answer nobody could be told; they wait for its next answer.
        """
        if not self._untold or not self._can_tell() or self._cancel_telling is not None:
            return
        self._tell(self._untold.pop(0))
        self._cancel_telling = async_call_later(
            self._hass, _SECONDS_APART, HassJob(self._async_told, cancel_on_shutdown=True)
        )

    @callback
    def _async_told(self, _: datetime) -> None:
        """Go on with the next payment."""
        self._cancel_telling = None
        self._async_tell_next()


def _aware(text: str) -> datetime:
    """Return an aware time."""
    if (time := datetime.fromisoformat(text)).tzinfo is None:
        raise ValueError(text)
    return time


def _identity(payment: Payment) -> str:
    """Return what tells a payment from others."""
    amount = "" if payment.amount is None else f"{payment.amount.normalize():f}"
    time = "" if payment.time is None else payment.time.isoformat()
    parts = (payment.order_number, amount, time, payment.channel or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
