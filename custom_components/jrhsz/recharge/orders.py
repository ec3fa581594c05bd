"""What becomes of orders after they were sent: look-ups, outcomes, questions to a person.

All of it lives outside the accounts' runtime data: a reload or a removal of an account doesn't
lose an order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from homeassistant.const import CONF_USERNAME, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Context, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..api import Payment, PlatformError, Priority, Turn
from ..connection import client_of, session_of
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry
from ..settings import Settings
from .issues import async_tell_correction, async_update_journal, async_update_open_orders
from .journal import Journal
from .look_up import DAY, FRESH, WATCHED, Span, examined, is_watched, window
from .order import Order, Source, Status
from .request import host_of

EVENT_RECHARGE: Final = f"{DOMAIN}_recharge"

_FOLLOW_PAUSES: tuple[float, ...] = (15, 30, 60, 120, 240, 435)


@dataclass(slots=True, eq=False)
class Attempt:
    """A recharge under way; once it is reserved nothing but the process's end stops it."""

    task: asyncio.Task[object] | None = None
    number: str | None = None
    patience: asyncio.Timeout | None = None


class Orders:
    """The journal, the locks of recharges and the attempts under way, for the whole process."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any."""
        self.journal = journal = Journal(hass)
        journal.on_change = lambda: async_update_journal(hass, journal)
        self.reserving = asyncio.Lock()
        self.attempts: set[Attempt] = set()
        self._hass = hass
        self._meter_locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._following: dict[str, CALLBACK_TYPE] = {}

    def lock_of(self, host: str, user_code: str) -> asyncio.Lock:
        """Return the lock of a meter, the same one for every account that has it."""
        return self._meter_locks[host, user_code]

    async def async_require_journal(self) -> None:
        """Raise HomeAssistantError unless the whole journal is known."""
        await self.journal.async_require()

    @property
    def accounts(self) -> set[str]:
        """Return the accounts that ever recharged."""
        return self.journal.accounts

    def open_of(self, account: str) -> list[Order]:
        """Return the open orders of an account, without those under way."""
        under_way = {attempt.number for attempt in self.attempts}
        return [
            order
            for order in self.journal.unsettled
            if order.account_id == account and order.is_open and order.number not in under_way
        ]

    async def async_conclude(
        self, order: Order, context: Context | None = None, attempt: Attempt | None = None
    ) -> None:
        """Take an outcome over at once, then write it down and tell it, whoever goes away."""
        task = self._hass.async_create_task(
            self._async_conclude(order, context, attempt), f"{DOMAIN} outcome"
        )
        await asyncio.shield(task)

    async def _async_conclude(
        self, order: Order, context: Context | None, attempt: Attempt | None
    ) -> None:
        """Write an outcome down, which ends the attempt, then tell it."""
        before = self.journal.orders.get(order.number)
        await self.journal.async_update(order)
        if attempt is not None:
            self.attempts.discard(attempt)
        LOGGER.info("Order %s: %s (%s)", order.number, order.status, order.source)
        self._hass.bus.async_fire(
            EVENT_RECHARGE,
            {
                "order_number": order.number,
                "device_id": order.device_id,
                "amount": float(order.amount),
                "status": order.status.value,
                "source": order.source.value,
            },
            context=context or Context(user_id=order.user_id),
        )
        if order.status is not Status.REJECTED:
            async_dispatcher_send(self._hass, signal_of(order.account_id, order.user_code))
        self.async_update_issue(order.account_id)
        if before is not None and not before.is_open and before.status is not order.status:
            LOGGER.warning("Order %s was corrected: it is %s", order.number, order.status)
            async_tell_correction(self._hass, order)

    async def async_close(self, number: str, *, credited: bool) -> None:
        """Close an open order by the word of a person, and watch it for a while."""
        order = self.journal.orders[number]
        if order.is_open:
            await self.async_conclude(
                replace(
                    order,
                    status=Status.CONFIRMED if credited else Status.REJECTED,
                    source=Source.PERSON,
                    watch_until=dt_util.utcnow() + WATCHED,
                )
            )

    async def async_look_up(
        self, entry: JrhszConfigEntry, orders: Sequence[Order], priority: Priority
    ) -> list[Payment]:
        """Look orders of one meter up in its list of payments, and return that.

        Raises PlatformError.
        """
        user_code, span = orders[0].user_code, window(orders)
        payments = await client_of(self._hass, entry).get_payments(user_code, *span, Turn(priority))
        await self.async_examine(entry, user_code, payments, span)
        return payments

    async def async_examine(
        self, entry: JrhszConfigEntry, user_code: str, payments: list[Payment], span: Span
    ) -> None:
        """Compare a meter's orders with its payments of a span, and draw the conclusions.

        What was sent less than a day from its ends may be absent for no other reason.
        """
        begin, end = span
        session = session_of(self._hass, entry)
        shown = {(payment.order_number, payment.amount) for payment in payments}
        under_way = {attempt.number for attempt in self.attempts}
        account = str(entry.unique_id)
        found = (self.journal.orders.get(payment.order_number) for payment in payments)
        near = self.journal.of_meter(user_code, begin)
        for order in {order.number: order for order in (*found, *near) if order}.values():
            if (order.account_id, order.user_code) != (account, user_code):
                continue
            if order.number in under_way:
                continue
            is_shown = (order.number, order.amount) in shown
            if order.status is Status.CONFIRMED and order.source is Source.ANSWER:
                if is_shown:
                    session.note(shows_our_numbers=True)
            elif is_shown or begin + DAY <= order.sent <= end - DAY:
                await self._async_follow_up(
                    order,
                    examined(order, payments, shows_our_numbers=session.shows_our_numbers),
                )

    async def _async_follow_up(self, old: Order, new: Order) -> None:
        """Take over what a look-up made of an order, unless it has changed meanwhile."""
        if self.journal.orders.get(old.number) is not old or new == old:
            return
        if new.status is not old.status:
            await self.async_conclude(new)
        elif new.is_open or new.source is not old.source or new.watch_until != old.watch_until:
            await self.journal.async_update(new)

    async def async_look_up_all(self, entry_id: str) -> bool:
        """Look an account's open and watched orders up, meter by meter; tell if any is open."""
        entry = self._hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.disabled_by is not None:
            return False
        account = str(entry.unique_id)
        by_meter: defaultdict[str, list[Order]] = defaultdict(list)
        for order in (*self.open_of(account), *self._watched(entry)):
            by_meter[order.user_code].append(order)
        for orders in by_meter.values():
            try:
                await self.async_look_up(entry, orders, Priority.RECHARGE)
            except PlatformError as err:
                LOGGER.debug("Orders can't be looked up: %s", err)
        return bool(self.open_of(account))

    def _watched(self, entry: JrhszConfigEntry) -> list[Order]:
        """Return closed orders that are worth a look."""
        session = session_of(self._hass, entry)
        account = str(entry.unique_id)
        fresh = self.journal.of_account(account, dt_util.utcnow() - FRESH)
        unsettled = (order for order in self.journal.unsettled if order.account_id == account)
        return [
            order
            for order in {order.number: order for order in (*unsettled, *fresh)}.values()
            if is_watched(order, shows_our_numbers=session.shows_our_numbers)
        ]

    @callback
    def async_follow(
        self, entry: JrhszConfigEntry, pauses: Sequence[float] = _FOLLOW_PAUSES
    ) -> None:
        """Look an account's open orders up with growing pauses, for a quarter of an hour."""
        if (cancel := self._following.pop(entry.entry_id, None)) is not None:
            cancel()
        if not pauses:
            return

        async def async_look_up_again() -> None:
            """Look up, and go on while there is something to look for."""
            if await self.async_look_up_all(entry.entry_id) or self._watched(entry):
                self.async_follow(entry, pauses[1:])

        @callback
        def async_due(_: datetime) -> None:
            """Look up in the background."""
            self._hass.async_create_background_task(
                async_look_up_again(), f"{DOMAIN} look-ups of {entry.title}"
            )

        self._following[entry.entry_id] = async_call_later(
            self._hass, pauses[0], HassJob(async_due, cancel_on_shutdown=True)
        )

    @callback
    def async_watch(self, entry: JrhszConfigEntry) -> None:
        """Take up an account's orders: look them up now and at every pass while it is loaded."""
        account = str(entry.unique_id)
        others = {other.unique_id for other in self._hass.config_entries.async_entries(DOMAIN)}
        # An account may come back under another id: that of an address it had later.
        back = [
            order
            for left in self.journal.accounts - others
            for order in self.journal.of_account(left)
            if order.host == host_of(entry) and order.username == entry.data[CONF_USERNAME]
        ]
        for left in {order.account_id for order in back}:
            async_update_open_orders(self._hass, left, [])
        if back:
            moved = (replace(order, account_id=account) for order in back)
            # It begins at once: what follows finds them already.
            self._hass.async_create_task(
                self.journal.async_update(*moved), f"{DOMAIN} orders of {entry.title}"
            )

        @callback
        def async_pass(_: datetime | HomeAssistant) -> None:
            """Look up in the background."""
            if self.open_of(account) or self._watched(entry):
                self._hass.async_create_background_task(
                    self.async_look_up_all(entry.entry_id), f"{DOMAIN} orders of {entry.title}"
                )

        entry.async_on_unload(
            async_track_time_interval(
                self._hass,
                async_pass,
                Settings.of(entry.options).scan_interval,
                cancel_on_shutdown=True,
            )
        )
        self.async_update_issue(account)
        # Before that no automation could hear of an outcome.
        entry.async_on_unload(async_at_started(self._hass, async_pass))

    @callback
    def async_update_issue(self, account: str) -> None:
        """Keep the issue that lists an account's open orders up to date."""
        async_update_open_orders(self._hass, account, self.open_of(account))

    async def async_stop(self, _: Event) -> None:
        """Give up what wasn't sent yet, and wait for the answer to what was."""
        waited_for = []
        for attempt in self.attempts:
            if attempt.task is not None and attempt.number is None:
                attempt.task.cancel()
            elif attempt.task is not None:
                waited_for.append(attempt.task)
            if attempt.patience is not None and not attempt.patience.expired():
                attempt.patience.reschedule(asyncio.get_running_loop().time())
        if waited_for:
            await asyncio.wait(waited_for)


DATA_ORDERS: HassKey[Orders] = HassKey(f"{DOMAIN}_orders")


async def async_setup_orders(hass: HomeAssistant) -> None:
    """Read the journal and show what it asks of a person."""
    hass.data[DATA_ORDERS] = orders = Orders(hass)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, orders.async_stop)
    await orders.journal.async_load()
    for account in orders.accounts:
        orders.async_update_issue(account)


def signal_of(account: str, user_code: str) -> str:
    """Return the signal that a meter's payments may have changed."""
    return f"{DOMAIN}_payments_{account}|{user_code}"
