"""The journal of orders: the memory that keeps an order from being sent twice.

It is one for all accounts of the process, so that it survives their removal. An order is in it, on
disk, before anything of it is sent, and stays there with the status `unknown` until it is known
what came of it: whatever happens in between, that is what is found afterwards.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN, LOGGER
from .gap import GAP, Gap
from .journal_file import FileChangedError, JournalFile
from .journal_lines import Contents, note_record, order_record
from .order import Order


class Journal:
    """The orders of all accounts, and what else must outlive a restart for their sake.

    Only its methods change what it holds. `on_change` is called when it has become, or is no
    longer, such that a person should know: `set_aside` is the name of a damaged file that nobody
    has confirmed yet, `gap` what may be missing after a restore.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any."""
        self.set_aside: str | None = None
        self.is_loaded = False
        self.is_written = True
        self.on_change: Callable[[], None] = lambda: None
        self._hass = hass
        self._file = JournalFile(hass)
        self._contents = Contents()
        self._unwritten: dict[str, Order] = {}
        self._lock = asyncio.Lock()

    @property
    def path(self) -> Path:
        """Return the file that holds it."""
        return self._file.path

    @property
    def since(self) -> datetime:
        """Return since when this machine has had it."""
        return self._file.since

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return the orders by number."""
        return self._contents.orders.by_number

    @property
    def notes(self) -> Mapping[str, Any]:
        """Return what was noted."""
        return self._contents.notes

    @property
    def gap(self) -> Gap | None:
        """Return which orders may be missing after a restore or a loss."""
        return self._contents.gap

    @property
    def accounts(self) -> set[str]:
        """Return the accounts that ever recharged."""
        return self._contents.orders.accounts

    @property
    def unsettled(self) -> list[Order]:
        """Return the orders that are open or watched, oldest first."""
        return self._contents.orders.unsettled

    def unsettled_of(self, user_code: str) -> list[Order]:
        """Return those of a user code, on whatever platform, oldest first."""
        return self._contents.orders.unsettled_of(user_code)

    def unsettled_of_account(self, account_id: str) -> list[Order]:
        """Return those of an account, oldest first."""
        return self._contents.orders.unsettled_of_account(account_id)

    def open_of_account(self, account_id: str) -> list[Order]:
        """Return the open orders of an account, oldest first."""
        return self._contents.orders.open_of_account(account_id)

    def knows(self, number: str) -> bool:
        """Tell whether there ever was an order of this number, capitals or not."""
        return self._contents.knows(number)

    def alike(self, number: str) -> list[Order]:
        """Return the orders of this number, capitals or not."""
        return self._contents.orders.alike(number)

    def sent_since(self, begin: datetime) -> list[Order]:
        """Return all orders since a time, oldest first."""
        return self._contents.orders.sent_since(begin)

    def of_meter(self, user_code: str, begin: datetime | None = None) -> list[Order]:
        """Return the orders of a user code on whatever platform, oldest first."""
        return self._contents.orders.of_meter(user_code, begin)

    def of_account(self, account: str, begin: datetime | None = None) -> list[Order]:
        """Return the orders of an account, oldest first."""
        return self._contents.orders.of_account(account, begin)

    def last_of_account(self, account_id: str, count: int) -> list[Order]:
        """Return the last orders of an account, oldest first."""
        return self._contents.orders.last_of_account(account_id, count)

    async def async_load(self) -> None:
        """Read the file, unless that has succeeded before; a damaged one is set aside."""
        async with self._lock:
            if self.is_loaded:
                return
            try:
                await self._async_read()
            except OSError as err:
                LOGGER.warning("The journal of orders can't be read: %s", err)
                self.on_change()
                return
        if self._file.must_replace and not self.set_aside:
            with suppress(HomeAssistantError):
                await self._async_write()
        self.on_change()

    async def async_require(self) -> None:
        """Raise HomeAssistantError unless the whole journal is known."""
        await self.async_load()
        if not self.is_loaded:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="journal_unreadable"
            )
        if self.set_aside:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="journal_damaged",
                translation_placeholders={"file": self.set_aside},
            )

    async def async_reserve(self, *orders: Order) -> None:
        """Write new orders to disk.

        Raises HomeAssistantError, and they are not in the journal, if that fails.
        """
        await self.async_require()
        await self._async_write(orders)

    async def async_update(self, *orders: Order) -> None:
        """Remember what became of orders.

        If it can't be written now, which is logged, the next write makes up for it; until then the
        file says what was known before, and the orders would be looked up again.
        """
        for order in orders:
            self._contents.orders.put(order)
            self._unwritten[order.number] = order
        with suppress(HomeAssistantError):
            await self._async_write()

    async def async_note(self, key: str, value: Any) -> None:
        """Remember something beside orders, JSON-ready.

        Raises HomeAssistantError, and it is not remembered, if it can't be written.
        """
        await self._async_write(notes={key: value})

    async def async_accept_loss(self) -> None:
        """Begin a new journal after a person has looked at the damaged one.

        Raises HomeAssistantError if it can't be written.
        """
        aside, self.set_aside = self.set_aside, None
        try:
            await self.async_confirm_gap()
        except HomeAssistantError:
            self.set_aside = aside
            raise
        finally:
            self.on_change()

    async def async_confirm_gap(self) -> None:
        """Remember that a person knows what may be missing.

        Raises HomeAssistantError if it can't be written.
        """
        if (gap := self.gap) is not None:
            await self.async_note(GAP, replace(gap, confirmed=True).as_record())
        self.on_change()

    async def async_rewrite(self) -> None:
        """Write the whole file anew, after it could not be written.

        Raises HomeAssistantError if it can't be written now either.
        """
        self._file.must_replace = True
        await self._async_write()

    async def _async_write(
        self, orders: tuple[Order, ...] = (), notes: Mapping[str, Any] | None = None
    ) -> None:
        """Write what is new; once begun it isn't cancelled with its caller."""
        task = self._hass.async_create_task(
            self._async_write_in_turn(orders, notes or {}), f"{DOMAIN} journal"
        )
        if (error := await asyncio.shield(task)) is not None:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="journal_not_written"
            ) from error

    async def _async_write_in_turn(
        self, orders: tuple[Order, ...], notes: Mapping[str, Any]
    ) -> OSError | None:
        """Write what is new after the writers before; return what failed.

        After somebody else wrote, new orders were judged by what isn't true any more. Raised, an
        error would be one that nobody handles where the caller has gone.
        """
        async with self._lock:
            try:
                try:
                    await self._async_write_once(orders, notes)
                except FileChangedError:
                    await self._async_read()
                    self.on_change()
                    if orders and (self.gap or any(self.knows(order.number) for order in orders)):
                        raise
                    await self._async_write_once(orders, notes)
            except OSError as err:
                LOGGER.warning("The journal of orders can't be written: %s", err)
                self._tell(is_written=False)
                return err
            self._tell(is_written=True)
            return None

    async def _async_read(self) -> None:
        """Read the file, or raise OSError."""
        self._contents, self.set_aside = await self._hass.async_add_executor_job(self._file.load)
        for order in self._unwritten.values():
            self._contents.orders.put(order)
        self.is_loaded = True

    async def _async_write_once(self, orders: tuple[Order, ...], notes: Mapping[str, Any]) -> None:
        """Write what is new, and what could not be written before, or raise OSError."""
        if self.set_aside:
            msg = "it is damaged"
            raise OSError(msg)
        everything = self._contents.copy() if self._file.must_replace else None
        late = list(self._unwritten.values())
        records = [
            *map(order_record, () if everything else late),
            *map(order_record, orders),
            *(note_record(key, value) for key, value in notes.items()),
        ]
        await self._hass.async_add_executor_job(self._file.write, records, everything)
        for order in late:
            if self._unwritten.get(order.number) is order:
                del self._unwritten[order.number]
        for order in orders:
            self._contents.orders.put(order)
        self._contents.notes.update(notes)

    def _tell(self, *, is_written: bool) -> None:
        """Let it be known if the file can or can't be written any more."""
        if is_written is not self.is_written:
            self.is_written = is_written
            self.on_change()
