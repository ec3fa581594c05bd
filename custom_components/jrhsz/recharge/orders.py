"""The orders of all accounts: the journal, what is under way, and what becomes of them.

All of it lives outside the accounts' runtime data: a reload or a removal of an account doesn't
lose an order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from homeassistant.const import CONF_URL, CONF_USERNAME
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..address import platform_of
from ..api import Payment, Priority
from ..connection import async_get_session
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry
from ..texts import plain
from .balances import ARRIVAL, with_balance
from .delays import ListDelays, needs_whole
from .issues import (
    async_tell_correction,
    async_update_doubt,
    async_update_journal,
    async_update_open_orders,
    described,
    listed,
)
from .journal import Journal
from .look_up import async_look, has_shown_payments
from .order import Order, Source, Status
from .outcomes import Outcomes
from .proof import ONE_DAY, WATCHED, Look, Span, examined
from .request import AccountMeter
from .words import async_being_checked

EVENT_RECHARGE: Final = f"{DOMAIN}_recharge"

# Among these are enough that were credited.
_RECENT: Final = 60


@dataclass(slots=True, eq=False)
class Attempt:
    """A recharge under way; once it is reserved nothing but the process's end stops it.

    It was `sent` at a time of the event loop, and is `concluded` when its outcome is known; then it
    only reads the meter again.
    """

    task: asyncio.Task[object] | None = None
    number: str | None = None
    sent: float | None = None
    patience: asyncio.Timeout | None = None
    concluded: bool = False


class Orders:
    """The journal, the locks of recharges and the attempts under way, for the whole process."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any."""
        self.journal = journal = Journal(hass)
        journal.on_change = self._async_show_journal
        self.reserving = asyncio.Lock()
        self.attempts: set[Attempt] = set()
        self.outcomes = Outcomes(hass, journal, self.is_under_way)
        self._hass = hass
        self._answered: dict[str, float] = {}
        self._meter_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @callback
    def _async_show_journal(self) -> None:
        """Show what the journal asks of a person, and tell what it holds that wasn't told."""
        async_update_journal(self._hass, self.journal)
        for account_id in self.journal.accounts:
            self.async_update_issue(account_id)
        for order in self.journal.unsettled:
            async_update_doubt(self._hass, order)
        self.outcomes.async_tell_rest()

    def lock_of(self, user_code: str) -> asyncio.Lock:
        """Return the lock of a meter.

        It is that of a user code on whatever platform: one platform may have two names, and two
        accounts may have one meter.
        """
        return self._meter_locks[user_code]

    async def async_require_journal(self) -> None:
        """Raise HomeAssistantError unless the whole journal is known."""
        await self.journal.async_require()

    def attempt_of(self, number: str) -> Attempt | None:
        """Return the attempt that sends an order, or reads its meter after it."""
        return next((attempt for attempt in self.attempts if attempt.number == number), None)

    def is_under_way(self, order: Order) -> bool:
        """Tell whether an attempt is about to find out what comes of an order."""
        attempt = self.attempt_of(order.number)
        return attempt is not None and not attempt.concluded

    def unsettled_of(self, account_id: str) -> list[Order]:
        """Return an account's orders that are looked up, oldest first, but for those under way."""
        return self._but_under_way(self.journal.unsettled_of_account(account_id))

    def open_of(self, account_id: str) -> list[Order]:
        """Return the open orders of an account, oldest first, but for those under way."""
        return self._but_under_way(self.journal.open_of_account(account_id))

    def _but_under_way(self, orders: Iterable[Order]) -> list[Order]:
        """Return the orders whose outcome no attempt is about to find out."""
        under_way = {attempt.number for attempt in self.attempts if not attempt.concluded}
        return [order for order in orders if order.number not in under_way]

    def delays_of(self, order: Order, entry: JrhszConfigEntry) -> ListDelays:
        """Return what the other orders of an account tell about the list that an order is in."""
        return self._delays(entry, order.platform, but=order.number)

    def delays_at(self, entry: JrhszConfigEntry, platform: str | None = None) -> ListDelays:
        """Return what the orders of an account tell about its list, where it is now or was."""
        return self._delays(entry, platform or platform_of(entry.data[CONF_URL]))

    def _delays(
        self, entry: JrhszConfigEntry, platform: str, *, but: str | None = None
    ) -> ListDelays:
        """Return what the last orders of an account at a platform tell."""
        orders = (
            order
            for order in self.journal.last_of_account(str(entry.unique_id), _RECENT)
            if order.platform == platform and order.number != but
        )
        # Asked before accounts are set up too, when nothing may be sent yet.
        session = async_get_session(self._hass, entry.data[CONF_URL], entry.data[CONF_USERNAME])
        has_shown = has_shown_payments(session)
        return ListDelays.of(orders, has_shown=has_shown)

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
        order = self.outcomes.to_be_told(order)
        await self.journal.async_update(order)
        if attempt is not None:
            attempt.concluded = True
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
        self.outcomes.async_tell(order, later=attempt is None)
        if not order.is_unsettled:
            self._answered.pop(order.number, None)
        if order.status is not Status.REJECTED:
            async_dispatcher_send(self._hass, signal_of(order.account_id, order.user_code))
        self.async_update_issue(order.account_id)
        async_update_doubt(self._hass, order)
        if (
            before is not None
            and not before.is_open
            and before.status is not order.status
            and order.source is Source.PAYMENTS
        ):
            LOGGER.warning("Order %s was corrected: it is %s", order.number, order.status)
            async_tell_correction(self._hass, order)

    async def async_close(self, number: str, *, credited: bool) -> None:
        """Close an open or doubted order by the word of a person, and watch it for a while."""
        order = self.journal.orders[number]
        if order.is_open or order.doubted:
            await self.async_conclude(
                replace(
                    order,
                    status=Status.CONFIRMED if credited else Status.REJECTED,
                    source=Source.PERSON,
                    message="" if credited else order.message,
                    doubted=False,
                    watch_until=dt_util.utcnow() + WATCHED,
                )
            )

    async def async_look_up(
        self, meter: AccountMeter, orders: Sequence[Order], priority: Priority
    ) -> Look:
        """Look orders of one meter up and draw the conclusions.

        Raises PlatformError if its list of payments can't be had.
        """
        look = await self.async_look(meter, orders, priority)
        await self.async_take(meter, look)
        return look

    async def async_look(
        self, meter: AccountMeter, orders: Sequence[Order], priority: Priority
    ) -> Look:
        """Look for orders of one meter, as thoroughly as they need it.

        Raises PlatformError if its list of payments can't be had.
        """
        whole = any(map(needs_whole, orders))
        return await async_look(
            self._hass, meter, orders, priority, whole=whole, time_of=self._time_of
        )

    async def async_take(self, meter: AccountMeter, look: Look) -> None:
        """Take over what a look at a meter tells of its orders."""
        self.async_note_balance(meter, look.balance)
        for order in self.journal.unsettled_of(meter.user_code):
            if not meter.shares(order) or self.is_under_way(order):
                continue
            new = self.examined(meter, order, look)
            if new == order or self.journal.orders.get(order.number) is not order:
                continue
            if new.status is not order.status:
                await self.async_conclude(new)
            else:
                if not new.is_unsettled:
                    self._answered.pop(new.number, None)
                await self.journal.async_update(new)
                async_update_doubt(self._hass, new)
                # What is told of it may be over.
                self.async_update_issue(new.account_id)

    async def async_examine(
        self, entry: JrhszConfigEntry, user_code: str, payments: Sequence[Payment], span: Span
    ) -> None:
        """Compare a meter's orders with payments of a span: what is shown is proven."""
        meter = AccountMeter(entry=entry, user_code=user_code)
        await self.async_take(meter, Look.of(meter.platform, span, payments))

    @callback
    def async_note_answer(self, number: str) -> None:
        """Note when an order was answered by a clock that nobody sets."""
        self._answered[number] = self._hass.loop.time()

    def _time_of(self, order: Order, clock: float) -> datetime | None:
        """Return what time it is for an order that this process sent, by its unset clock.

        The time of day may have been set since it was answered.
        """
        answered = self._answered.get(order.number)
        if answered is None or order.answered is None:
            return None
        return order.answered + timedelta(seconds=clock - answered)

    def examined(self, meter: AccountMeter, order: Order, look: Look) -> Order:
        """Return what a look at its meter makes of an order."""
        if look.clock is not None and (at := self._time_of(order, look.clock)) is not None:
            look = replace(look, at=at)
        near = self.journal.of_meter(order.user_code, min(order.times) - 2 * ONE_DAY)
        others = [other for other in near if other.number != order.number]
        # Without a whole list nothing depends on how late it may be.
        delays = self.delays_of(order, meter.entry) if look.is_complete else None
        return examined(order, look, others, delays)

    @callback
    def async_note_balance(self, meter: AccountMeter, balance: Decimal | None) -> None:
        """Take over what a look at a meter's balance tells of its orders."""
        now = dt_util.utcnow()
        code = meter.user_code
        recent = self.journal.of_meter(code, now - ARRIVAL)
        unsettled = self.journal.unsettled_of(code)
        if balance is None or not (recent or unsettled):
            return
        daily_cost = meter.daily_cost
        changed = [
            new
            for order in {order.number: order for order in (*recent, *unsettled)}.values()
            if meter.shares(order)
            and (new := with_balance(order, balance, now, daily_cost)) != order
        ]
        if changed:
            self._hass.async_create_task(
                self.journal.async_update(*changed), f"{DOMAIN} balance of orders"
            )

    @callback
    def async_adopt(self, entry: JrhszConfigEntry) -> None:
        """Take over the orders of an account that came back under another id."""
        account_id = str(entry.unique_id)
        others = {other.unique_id for other in self._hass.config_entries.async_entries(DOMAIN)}
        # That of an address that it had later.
        back = [
            order
            for left in self.journal.accounts - others
            for order in self.journal.of_account(left)
            if order.platform == platform_of(entry.data[CONF_URL])
            and order.username == entry.data[CONF_USERNAME]
        ]
        for left in {order.account_id for order in back}:
            async_update_open_orders(self._hass, left, "")
        if back:
            moved = (replace(order, account_id=account_id) for order in back)
            # It begins at once: what follows finds them already.
            self._hass.async_create_task(
                self.journal.async_update(*moved), f"{DOMAIN} orders of {entry.title}"
            )
        self.async_update_issue(account_id)

    @callback
    def async_update_issue(self, account_id: str) -> None:
        """Keep the issue that lists an account's open orders up to date."""
        orders = self.open_of(account_id)
        username = orders[0].username if orders else ""
        async_update_open_orders(self._hass, account_id, self.lines(orders), username)

    @callback
    def lines(self, orders: Sequence[Order]) -> str:
        """Return a line for each order, also when it will be settled without anybody's help."""
        return listed(
            orders,
            lambda order: plain(
                " · ".join(filter(None, (described(order), self._being_checked(order))))
            ),
        )

    def _being_checked(self, order: Order) -> str:
        """Return what is told of an order that will be settled without anybody's help."""
        entries = self._hass.config_entries
        entry = entries.async_entry_for_domain_unique_id(DOMAIN, order.account_id)
        if entry is None:
            return ""
        return async_being_checked(self._hass, order, self.delays_of(order, entry))

    async def async_stop(self, _: Event) -> None:
        """Give up what wasn't sent yet, and wait for the answer to what was."""
        waited_for = []
        for attempt in self.attempts:
            if attempt.task is not None and attempt.number is None:
                attempt.task.cancel()
            elif attempt.task is not None and not attempt.concluded:
                waited_for.append(attempt.task)
            if attempt.patience is not None and not attempt.patience.expired():
                attempt.patience.reschedule(asyncio.get_running_loop().time())
        if waited_for:
            await asyncio.wait(waited_for)


DATA_ORDERS: HassKey[Orders] = HassKey(f"{DOMAIN}_orders")


def signal_of(account_id: str, user_code: str) -> str:
    """Return the signal that a meter's payments may have changed."""
    return f"{DOMAIN}_payments_{account_id}|{user_code}"
