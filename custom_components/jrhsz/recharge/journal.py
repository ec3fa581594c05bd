"""The journal of orders: the memory that keeps an order from being sent twice.

It is one file for all accounts of the process, so that it survives their removal. An order is in
it, on disk, before anything of it is sent, and stays there with the status `unknown` until it is
known what came of it: whatever happens in between, that is what is found afterwards.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError, write_utf8_file_atomic

from ..const import DOMAIN, LOGGER
from .order import Order

FILE_NAME: Final = f"{DOMAIN}.orders"
_VERSION: Final = 1
_ASIDE: Final = f"{FILE_NAME}.damaged."
DETAILS_KEPT: Final = timedelta(days=400)


class DamagedJournalError(Exception):
    """The file holds something else than what was written."""


class Journal:
    """The orders of all accounts by number, and the file that holds them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare the file in Home Assistant's storage folder."""
        self.orders: dict[str, Order] = {}
        self.set_aside: str | None = None
        self.path = Path(hass.config.path(STORAGE_DIR, FILE_NAME))
        self._hass = hass
        self._hashes: set[str] = set()
        self._loaded = False
        self._lock = asyncio.Lock()

    def knows(self, number: str) -> bool:
        """Tell whether there ever was an order of this number."""
        return number in self.orders or _hash(number) in self._hashes

    async def async_load(self) -> None:
        """Read the file, unless that has succeeded before; a damaged one is set aside."""
        async with self._lock:
            if self._loaded:
                return
            try:
                orders, hashes, self.set_aside = await self._hass.async_add_executor_job(self._read)
            except OSError as err:
                LOGGER.warning("The journal of orders can't be read: %s", err)
                return
            self.orders = {order.number: order for order in orders}
            self._hashes = set(hashes)
            self._loaded = True

    async def async_require(self) -> None:
        """Raise HomeAssistantError unless the whole journal is known."""
        await self.async_load()
        if not self._loaded:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="journal_unreadable"
            )
        if self.set_aside:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="journal_damaged",
                translation_placeholders={"file": self.set_aside},
            )

    async def async_reserve(self, order: Order) -> None:
        """Write a new order to disk.

        Raises HomeAssistantError, and the order is not in the journal, if that fails.
        """
        await self.async_require()
        try:
            await self._async_write(order)
        except WriteError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="journal_not_written"
            ) from err

    async def async_update(self, order: Order) -> None:
        """Remember what became of an order.

        If it can't be written now, which is logged, the next write makes up for it; until then the
        file says that nothing is known, and the order would be looked up again.
        """
        self.orders[order.number] = order
        with suppress(WriteError):
            await self._async_write()

    async def async_accept_loss(self) -> None:
        """Begin a new journal after a person has looked at the damaged one.

        Raises HomeAssistantError if it can't be written.
        """
        try:
            await self._async_write()
        except WriteError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="journal_not_written"
            ) from err
        self.set_aside = None

    async def _async_write(self, *new: Order) -> None:
        """Write the file with new orders; once begun it isn't cancelled with its caller."""
        task = self._hass.async_create_task(self._async_write_in_turn(*new), f"{DOMAIN} journal")
        await asyncio.shield(task)

    async def _async_write_in_turn(self, *new: Order) -> None:
        """Write the file once the writers before are done."""
        async with self._lock:
            oldest = dt_util.utcnow() - DETAILS_KEPT
            orders = {
                order.number: order
                for order in (*self.orders.values(), *new)
                if order.is_open or order.sent >= oldest
            }
            hashes = self._hashes | {_hash(order.number) for order in new}
            await self._hass.async_add_executor_job(self._write, [*orders.values()], hashes)
            self._hashes = hashes
            self.orders.update({order.number: order for order in new})

    def _read(self) -> tuple[list[Order], list[str], str | None]:
        """Return orders, hashes, and the name of a damaged file that nobody has confirmed yet."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            # After one was set aside, a new one is written only when a person has confirmed.
            aside = sorted(self.path.parent.glob(f"{_ASIDE}*"))
            return [], [], aside[-1].name if aside else None
        try:
            return *_parsed(content), None
        except DamagedJournalError:
            name = f"{_ASIDE}{dt_util.utcnow():%Y%m%dT%H%M%S}"
            LOGGER.warning("The journal of orders is damaged; it is set aside as %s", name)
            self.path.rename(self.path.with_name(name))
            return [], [], name

    def _write(self, orders: list[Order], hashes: set[str]) -> None:
        """Write all to disk: the file, then its name in the folder."""
        records = [order.as_record() for order in orders]
        body = _serialized({"orders": records, "hashes": sorted(hashes)})
        head = json.dumps({"version": _VERSION, "checksum": _checksum(body)})
        write_utf8_file_atomic(str(self.path), f"{head[:-1]}, {body[1:]}", private=True)


def _parsed(content: bytes) -> tuple[list[Order], list[str]]:
    """Return the orders and hashes of a file.

    Raises DamagedJournalError if it isn't whole, OSError if a later version wrote it.
    """
    try:
        record = json.loads(content)
        if record["version"] > _VERSION:
            msg = "a later version wrote it"
            raise OSError(msg)
        body = {"orders": record["orders"], "hashes": record["hashes"]}
        if record["checksum"] != _checksum(_serialized(body)):
            msg = "The checksum is wrong"
            raise DamagedJournalError(msg)
        return [Order.from_record(order) for order in body["orders"]], body["hashes"]
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as err:
        raise DamagedJournalError from err


def _serialized(body: dict[str, Any]) -> str:
    """Return the content as the one text that the checksum is of."""
    return json.dumps(body, sort_keys=True)


def _checksum(body: str) -> str:
    """Return what changes with any change of the content."""
    return hashlib.sha256(body.encode()).hexdigest()


def _hash(number: str) -> str:
    """Return what is kept of an order number for ever."""
    return hashlib.sha256(number.encode()).hexdigest()[:32]
