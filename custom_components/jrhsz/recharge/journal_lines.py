"""The form of the journal's file: lines that are only ever appended.

Each is a checksum and JSON, whose `line` is one more than in the line before. The first one names
the journal; each other one holds an order as it is from then on, something noted, or what is kept
of order numbers whose details are forgotten.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
import hashlib
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads

from .gap import GAP, Gap, is_about_gap
from .order import Order
from .order_index import OrderIndex

VERSION: Final = 2
_CHECKSUM_LENGTH: Final = 16


class DamagedJournalError(Exception):
    """The file holds something else than what was written."""


class _WrongChecksumError(ValueError):
    """A line isn't whole."""


@dataclass(slots=True)
class Contents:
    """What the journal holds: orders, what was noted, and hashes of all other order numbers.

    `line` is the number of its last line, `written` the time of that.
    """

    journal: str = field(default_factory=lambda: uuid4().hex)
    line: int = 0
    written: datetime = field(default_factory=dt_util.utcnow)
    orders: OrderIndex = field(default_factory=OrderIndex)
    notes: dict[str, Any] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def knows(self, number: str) -> bool:
        """Tell whether there ever was an order of this number, capitals or not."""
        return (
            bool(self.orders.alike(number))
            or hash_of(number) in self.forgotten
            or hash_of(number.upper()) in self.forgotten
        )

    def forget_before(self, oldest: datetime) -> bool:
        """Keep no more than the hash of orders that are settled for long; tell if there was any."""
        old = [
            order
            for order in self.orders.by_number.values()
            if order.sent < oldest and not order.is_unsettled
        ]
        for order in old:
            self.orders.drop(order)
            self.forgotten.add(hash_of(order.number.upper()))
        return bool(old)

    @property
    def gap(self) -> Gap | None:
        """Return what may be missing."""
        return Gap.from_record(self.notes[GAP]) if GAP in self.notes else None

    def begin_gap(self, gap: Gap) -> None:
        """Take note of what may be missing from now on, in what is another journal thereby."""
        self.journal = uuid4().hex
        self.notes = {key: note for key, note in self.notes.items() if not is_about_gap(key)}
        self.notes[GAP] = gap.as_record()

    def copy(self) -> Snapshot:
        """Return what is to be written by another thread while this goes on changing."""
        orders = tuple(self.orders.by_number.values())
        return Snapshot(self.journal, orders, dict(self.notes), tuple(self.forgotten))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a journal held at one moment."""

    journal: str
    orders: tuple[Order, ...]
    notes: dict[str, Any]
    forgotten: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return how many records that makes."""
        return 1 + bool(self.forgotten) + len(self.notes) + len(self.orders)

    def records(self) -> Iterator[dict[str, Any]]:
        """Return the records of a whole file."""
        yield {"version": VERSION, "journal": self.journal}
        if self.forgotten:
            yield {"forgotten": sorted(self.forgotten)}
        for key, value in self.notes.items():
            yield note_record(key, value)
        for order in self.orders:
            yield order_record(order)


@dataclass(slots=True)
class Lines:
    """What was read of a file: its contents, how many lines that took, and if the last is torn."""

    contents: Contents
    count: int = 1
    is_torn: bool = False

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read a file, if there is one.

        Its last line may be torn: what was written when the process or the disk ended. Raises
        DamagedJournalError if anything else is wrong; OSError if it can't be read, or if a later
        version wrote it.
        """
        try:
            with path.open("rb") as file:
                read = cls(_begun(_decoded(next(file, b""))))
                for line in file:
                    if line != b"\n":
                        read._take(line)
        except FileNotFoundError:
            return None
        except (ArithmeticError, LookupError, TypeError, ValueError) as err:
            raise DamagedJournalError from err
        return read

    def _take(self, line: bytes) -> None:
        """Take one line over, unless it may be the last one, and torn."""
        contents = self.contents
        if self.is_torn:
            msg = "a line before the last one is torn"
            raise ValueError(msg)
        try:
            record = _decoded(line)
        except _WrongChecksumError:
            self.is_torn = True
            return
        if record["line"] != contents.line + 1:
            msg = "a line is missing"
            raise ValueError(msg)
        contents.line, contents.written = record["line"], _time(record)
        self.count += 1
        if "order" in record:
            contents.orders.put(Order.from_record(record["order"]))
        elif "note" in record:
            contents.notes[record["note"]] = record["value"]
        else:
            contents.forgotten.update(record["forgotten"])


def _begun(head: dict[str, Any]) -> Contents:
    """Return a journal of which only the first line is known."""
    if head["version"] > VERSION:
        msg = "a later version wrote it"
        raise OSError(msg)
    if head["version"] < VERSION:
        msg = "no version ever wrote it"
        raise ValueError(msg)
    return Contents(head["journal"], head["line"], _time(head))


def order_record(order: Order) -> dict[str, Any]:
    """Return the record of an order."""
    return {"order": order.as_record()}


def note_record(key: str, value: Any) -> dict[str, Any]:
    """Return the record of something noted."""
    return {"note": key, "value": value}


def encoded(record: dict[str, Any], line: int) -> bytes:
    """Return a line."""
    body = json_bytes({"line": line, "time": dt_util.utcnow().isoformat(), **record}) + b"\n"
    return b"%s %s" % (_checksum(body), body)


def _decoded(line: bytes) -> dict[str, Any]:
    """Return the record of a line, or raise ValueError or TypeError."""
    checksum, _, body = line.partition(b" ")
    if checksum != _checksum(body):
        raise _WrongChecksumError
    return dict(json_loads(body))  # type: ignore[arg-type]  # anything else than an object raises


def _checksum(body: bytes) -> bytes:
    """Return what changes with any change of a line."""
    return hashlib.sha256(body).hexdigest()[:_CHECKSUM_LENGTH].encode()


def _time(record: dict[str, Any]) -> datetime:
    """Return when a line was written."""
    return datetime.fromisoformat(record["time"])


def hash_of(number: str) -> str:
    """Return what is kept of an order number for ever."""
    return hashlib.sha256(number.encode()).hexdigest()[:32]
