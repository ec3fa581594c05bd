"""The event of a meter: a payment has come in."""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import CALLBACK_TYPE, CoreState, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .api import Payment, PlatformError, Priority, Turn
from .const import DOMAIN, LOGGER
from .coordinator import JrhszConfigEntry, MeterCoordinator
from .entity import JrhszEntity, async_add_for_meters
from .payments import LOOK_AFTER, WINDOW, SeenPayments
from .recharge.look_up import DAY
from .recharge.orders import DATA_ORDERS, signal_of

PARALLEL_UPDATES = 0

RECHARGED: Final = "recharged"
REVERSED: Final = "reversed"
DESCRIPTION = EventEntityDescription(
    key="recharge", translation_key="recharge", event_types=[RECHARGED, REVERSED]
)

# After a rise of the balance the list may need a while to show why.
_LOOKS: Final = 3
_LOOK_EVERY: Final = timedelta(minutes=30)
_SECONDS_APART: Final = 0.01


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JrhszConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event of every meter."""
    store = entry.runtime_data.store
    kept = store.data.get("payments")
    known: dict[str, Any] = kept if isinstance(kept, dict) else {}
    seen = {
        code: SeenPayments.from_dict(known.get(code)) for code in entry.runtime_data.coordinators
    }
    store.register("payments", lambda: {code: item.as_dict() for code, item in seen.items()})
    async_add_for_meters(
        entry,
        async_add_entities,
        lambda coordinator: [RechargeEvent(coordinator, seen[coordinator.user_code])],
    )


class RechargeEvent(JrhszEntity, EventEntity):
    """Tells every new payment once, whoever made it.

    New payments are looked for when the balance has risen between polls, after our own recharges
    and once a day: the platform's pace allows no more with many meters.
    """

    def __init__(self, coordinator: MeterCoordinator, seen: SeenPayments) -> None:
        """Go on from what was seen."""
        super().__init__(coordinator, DESCRIPTION)
        self._seen = seen
        self._balance = coordinator.data.balance
        self._looks = 0
        self._task: asyncio.Task[None] | None = None
        self._untold: deque[Payment] = deque()
        self._cancel_telling: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Look when something is due, and when somebody recharged here."""
        await super().async_added_to_hass()
        account = str(self.coordinator.config_entry.unique_id)
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass,
                signal_of(account, self.coordinator.user_code),
                self._async_handle_recharge,
            )
        )
        # Polls that change nothing aren't told.
        self.async_on_remove(
            async_track_time_interval(
                self.hass, self._async_look_if_due, _LOOK_EVERY, cancel_on_shutdown=True
            )
        )
        self.async_on_remove(async_at_started(self.hass, self._async_started))

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop looking; what couldn't be told any more is told after the next start."""
        await super().async_will_remove_from_hass()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._cancel_telling is not None:
            self._cancel_telling()
        if self._untold:
            self._seen.forget(self._untold)
            self.coordinator.config_entry.runtime_data.store.async_schedule_save()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Look after a rise of the balance."""
        if (balance := self.coordinator.data.balance) is not None:
            if self._balance is not None and balance > self._balance:
                self._looks = _LOOKS
            self._balance = balance
        self._async_look_if_due()
        super()._handle_coordinator_update()
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
        if last is None or not timedelta(0) <= now - last < LOOK_AFTER:
            self._looks = max(self._looks, 1)
        if (
            self._looks
            and self.available
            and self.hass.state is CoreState.running
            and (self._task is None or self._task.done())
        ):
            self._task = self.coordinator.config_entry.async_create_background_task(
                self.hass, self._async_look(), f"{DOMAIN} payments of {self.coordinator.user_code}"
            )

    async def _async_look(self) -> None:
        """Read the list and tell what is new; an error leaves it to the next time."""
        try:
            await self._async_tell(await self._async_new_payments())
        except PlatformError as err:
            LOGGER.debug("Payments of %s can't be read: %s", self.coordinator.user_code, err)

    async def _async_new_payments(self) -> list[Payment]:
        """Return the payments that are new, oldest first."""
        entry, user_code = self.coordinator.config_entry, self.coordinator.user_code
        now = dt_util.utcnow()
        span = (now - WINDOW, now + DAY)
        payments = await entry.runtime_data.client.get_payments(
            user_code, *span, Turn(Priority.POLL)
        )
        entry.runtime_data.history.note_payments(user_code, payments)
        await self.hass.data[DATA_ORDERS].async_examine(entry, user_code, payments, span)
        if self.hass.is_stopping or not self.available:
            # What was seen couldn't be saved before it is told, or nobody be told after it.
            return []
        new = self._seen.take(payments, now)
        self._looks = 0 if new else max(0, self._looks - 1)
        return new

    async def _async_tell(self, payments: list[Payment]) -> None:
        """Save what was seen, then tell it."""
        store = self.coordinator.config_entry.runtime_data.store
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
        if not self._untold or not self.available or self._cancel_telling is not None:
            return
        self._async_tell_one(self._untold.popleft())
        self._cancel_telling = async_call_later(
            self.hass, _SECONDS_APART, HassJob(self._async_told, cancel_on_shutdown=True)
        )

    @callback
    def _async_told(self, _: datetime) -> None:
        """Go on with the next payment."""
        self._cancel_telling = None
        self._async_tell_next()

    @callback
    def _async_tell_one(self, payment: Payment) -> None:
        """Tell one payment."""
        amount = payment.amount
        self._trigger_event(
            REVERSED if amount is not None and amount <= 0 else RECHARGED,
            {
                "amount": None if amount is None else float(amount),
                "order_number": payment.order_number,
                "channel": payment.channel,
                "time": payment.time.isoformat() if payment.time else None,
            },
        )
        self.async_write_ha_state()
