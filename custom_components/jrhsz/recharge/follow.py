"""When orders are looked up, after they were sent and for as long as something may be learnt."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..api import PlatformError, Priority
from ..const import DOMAIN, LOGGER
from ..coordinator import JrhszConfigEntry
from ..settings import Settings
from .delays import next_look
from .order import Order
from .orders import DATA_ORDERS, Orders
from .request import AccountMeter
from .rights import DATA_STARTED_BY_HAND, StartedByHand

# A clock that was set must not put a look-up off for long.
_LONGEST_PAUSE: Final = timedelta(hours=1)


class Follower:
    """Looks the orders of all accounts up when that is due."""

    def __init__(self, hass: HomeAssistant, orders: Orders) -> None:
        """Start without anything to do."""
        self._hass = hass
        self._orders = orders
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._next: dict[str, datetime] = {}
        self._looked: dict[str, datetime] = {}
        # What waits for its turn to be looked up, which in a large account takes long.
        self._waiting: set[str] = set()

    @callback
    def async_watch(self, entry: JrhszConfigEntry) -> None:
        """Take up an account's orders: look them up now and at every pass while it is loaded."""
        self._orders.async_adopt(entry)

        @callback
        def async_pass(_: datetime | HomeAssistant) -> None:
            """Look up, in the background, what isn't due by itself."""
            if not self._orders.journal.is_loaded:
                self._hass.async_create_background_task(
                    self._async_load(entry), f"{DOMAIN} journal"
                )
                return
            orders = _wanted(entry, self._orders.unsettled_of(str(entry.unique_id)))
            if orders := [order for order in orders if _is_of_pass(order)]:
                self._async_begin(entry, orders)

        entry.async_on_unload(
            async_track_time_interval(
                self._hass,
                async_pass,
                Settings.of(entry.options).scan_interval,
                cancel_on_shutdown=True,
            )
        )
        # Before that no automation could hear of an outcome.
        entry.async_on_unload(async_at_started(self._hass, async_pass))

        @callback
        def async_note_balance(user_code: str, balance: Decimal | None) -> None:
            """Note a balance for the orders that it may tell of."""
            meter = AccountMeter(entry=entry, user_code=user_code)
            self._orders.async_note_balance(meter, balance)

        entry.runtime_data.on_balance = async_note_balance
        self.async_schedule(entry)

    async def _async_load(self, entry: JrhszConfigEntry) -> None:
        """Read the journal if that works now, and take up the account's orders."""
        await self._orders.journal.async_load()
        self._orders.async_adopt(entry)
        self.async_schedule(entry)

    @callback
    def async_schedule(
        self, entry: JrhszConfigEntry, orders: Iterable[Order] | None = None
    ) -> None:
        """Look up what is due of an account's orders by now, or wait until something is.

        Only some orders are looked at if they are given; nothing is due of others before.
        """
        if self._hass.config_entries.async_get_entry(entry.entry_id) is None or entry.disabled_by:
            return
        if orders is None:
            self._stop_waiting(entry)
            orders = self._orders.unsettled_of(str(entry.unique_id))
        due, now = self._due(entry, orders), dt_util.utcnow()
        self._async_begin(entry, [order for order, at in due if at <= now])
        if later := [at for _, at in due if at > now]:
            self._async_wait(entry, min(*later, now + _LONGEST_PAUSE))

    @callback
    def _async_wait(self, entry: JrhszConfigEntry, until: datetime) -> None:
        """Wait until something is due of an account's orders, unless something is before."""
        if entry.entry_id in self._next and self._next[entry.entry_id] <= until:
            return
        self._stop_waiting(entry)

        @callback
        def async_again(_: datetime) -> None:
            """See what is due."""
            del self._timers[entry.entry_id], self._next[entry.entry_id]
            self.async_schedule(entry)

        self._next[entry.entry_id] = until
        self._timers[entry.entry_id] = async_call_later(
            self._hass,
            until - dt_util.utcnow(),
            HassJob(async_again, cancel_on_shutdown=True),
        )

    @callback
    def _stop_waiting(self, entry: JrhszConfigEntry) -> None:
        """Wait for nothing of an account's orders any more."""
        if (cancel := self._timers.pop(entry.entry_id, None)) is not None:
            del self._next[entry.entry_id]
            cancel()

    async def async_look_up_all(self, entry_id: str) -> None:
        """Look all orders of an account up that are worth it."""
        entry = self._hass.config_entries.async_get_entry(entry_id)
        if entry is not None:
            await self._async_look_up(entry, self._orders.unsettled_of(str(entry.unique_id)))

    @callback
    def _async_begin(self, entry: JrhszConfigEntry, orders: list[Order]) -> None:
        """Look orders of an account up in the background, then wait for the next."""
        orders = [order for order in orders if order.number not in self._waiting]
        if not orders:
            return
        numbers = {order.number for order in orders}
        self._waiting |= numbers

        async def async_look_up() -> None:
            """Look up, then wait."""
            try:
                await self._async_look_up(entry, orders)
            finally:
                self._waiting -= numbers
            self.async_schedule(entry)

        self._hass.async_create_background_task(
            async_look_up(), f"{DOMAIN} orders of {entry.title}"
        )

    async def _async_look_up(self, entry: JrhszConfigEntry, orders: Iterable[Order]) -> None:
        """Look orders of an account up, meter by meter."""
        if entry.disabled_by is not None:
            return
        by_meter: defaultdict[str, list[Order]] = defaultdict(list)
        for order in orders:
            by_meter[order.user_code].append(order)
        for user_code, group in by_meter.items():
            self._looked.update((order.number, dt_util.utcnow()) for order in group)
            # Those of many orders that are only followed must not keep an open one waiting.
            is_learning = all(order.is_followed for order in group)
            priority = Priority.POLL if is_learning else Priority.RECHARGE
            try:
                await self._orders.async_look_up(
                    AccountMeter(entry=entry, user_code=user_code), group, priority
                )
            except PlatformError as err:
                LOGGER.debug("Orders can't be looked up: %s", err)
        kept = {number: at for number, at in self._looked.items() if self._is_unsettled(number)}
        self._looked = kept

    def _is_unsettled(self, number: str) -> bool:
        """Tell whether an order is to be looked up still."""
        order = self._orders.journal.orders.get(number)
        return order is not None and order.is_unsettled

    def _due(
        self, entry: JrhszConfigEntry, orders: Iterable[Order]
    ) -> list[tuple[Order, datetime]]:
        """Return the orders of an account that are due by themselves, and when."""
        orders = [x for x in _wanted(entry, orders) if x.number not in self._waiting]
        delays = {
            platform: self._orders.delays_at(entry, platform)
            for platform in {order.platform for order in orders}
        }
        looks = [
            (order, next_look(order, delays[order.platform], self._looked.get(order.number)))
            for order in orders
        ]
        return [(order, at) for order, at in looks if at is not None]


async def async_setup_orders(hass: HomeAssistant) -> None:
    """Read the journal, which shows what it asks of a person."""
    hass.data[DATA_ORDERS] = orders = Orders(hass)
    hass.data[DATA_FOLLOWER] = Follower(hass, orders)
    hass.data[DATA_STARTED_BY_HAND] = StartedByHand(hass)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, orders.async_stop)
    await orders.journal.async_load()
    orders.outcomes.async_start()


DATA_FOLLOWER: HassKey[Follower] = HassKey(f"{DOMAIN}_follower")


def _wanted(entry: JrhszConfigEntry, orders: Iterable[Order]) -> list[Order]:
    """Return the orders to look up by themselves: without polling, those that block a meter."""
    return [order for order in orders if order.is_open or not entry.pref_disable_polling]


def _is_of_pass(order: Order) -> bool:
    """Tell whether an order is looked up at every pass: not one that is only followed."""
    return order.doubted or not order.is_followed
