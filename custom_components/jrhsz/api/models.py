"""What the platform's replies hold, as values one can compute with.

Readings are in kWh (electricity) or m³ (water), money in yuan (CNY), both `Decimal`. Times are
aware, in China Standard Time, as the platform means them. What a reply lacks, or holds in a form
that can't be read, is `None`: never 0. Records come from `reply.py`, which leaves every JSON
number as the text that it was sent as.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from . import values

_METER_TYPES: Final = range(1, 16)

type Record = Mapping[str, Any]


class MeterKind(StrEnum):
    """What a meter measures."""

    ELECTRICITY = "electricity"
    WATER = "water"

    @classmethod
    def of(cls, meter_type: int | None) -> Self | None:
        """Return the kind for a `tableType`: even is water, odd is electricity, within 1-15."""
        if meter_type is None or meter_type not in _METER_TYPES:
            return None
        return cls.ELECTRICITY if meter_type % 2 else cls.WATER


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A building 楼栋, or any group of rooms that the operator made (document, section 4.2)."""

    build_code: str
    name: str

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Read a record; one without a code names no building."""
        if not (code := values.code(record.get("build_code"))):
            return None
        return cls(build_code=code, name=values.name(record.get("name")) or code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address 地址; its `build_code` may be a name (document, section 4.8)."""

    address: str
    build_code: str

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Read a record; one without an address is none."""
        if not (address := values.code(record.get("address"))):
            return None
        return cls(address=address, build_code=values.code(record.get("build_code")) or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room with one meter, known by its `user_code` 用户编号 (document, 4.3 and 4.9)."""

    user_code: str
    user_name: str
    house_number: str

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Read a record; one without a user code has no meter."""
        if not (code := values.code(record.get("user_code"))):
            return None
        return cls(
            user_code=code,
            user_name=values.name(record.get("user_name")) or "",
            house_number=values.name(record.get("house_number")) or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterInfo:
    """What a meter showed last (document, section 4.4)."""

    table_no: str | None
    meter_type: int | None
    reading: Decimal | None
    read_time: datetime | None
    balance: Decimal | None

    @property
    def kind(self) -> MeterKind | None:
        """Return what the meter measures, if its type is one that the document names."""
        return MeterKind.of(self.meter_type)

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a record; each field by itself."""
        return cls(
            table_no=values.name(record.get("tableNo")),
            meter_type=values.integer(record.get("tableType")),
            reading=values.number(record.get("reading")),
            read_time=values.time(record.get("readTime")),
            balance=values.number(record.get("balance")),
        )

    def as_record(self) -> dict[str, str | None]:
        """Return the record that `from_record` reads, to keep the values as JSON."""
        read_time = None
        if self.read_time is not None:
            local = self.read_time.astimezone(values.CHINA_STANDARD_TIME).replace(tzinfo=None)
            read_time = local.isoformat(" ", "seconds")
        return {
            "tableNo": self.table_no,
            "tableType": None if self.meter_type is None else str(self.meter_type),
            "reading": None if self.reading is None else f"{self.reading:f}",
            "readTime": read_time,
            "balance": None if self.balance is None else f"{self.balance:f}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """An entry of a meter's list of payments, of any channel (document, section 4.6)."""

    order_number: str
    amount: Decimal | None
    time: datetime | None
    channel: str | None

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Read a record; the order number may be empty, but neither it nor the amount damaged."""
        number = record.get("out_trade_no")
        order_number = values.code(number)
        is_lost = order_number is None and isinstance(number, str) and number != ""
        if is_lost or values.is_damaged(record.get("total_fee")):
            return None
        return cls(
            order_number=order_number or "",
            amount=values.number(record.get("total_fee")),
            time=values.time(record.get("create_time")),
            channel=values.name(record.get("trade_type")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """Two successive readings of a meter (document, section 4.7)."""

    table_no: str | None
    reading: Decimal | None
    read_time: datetime | None
    last_reading: Decimal | None
    last_read_time: datetime | None
    device_id: str | None

    @property
    def time(self) -> datetime | None:
        """Return the time that places the record in a list."""
        return self.read_time

    @classmethod
    def from_record(cls, record: Record) -> Self | None:
        """Read a record; each field by itself, but not a number that lost a character."""
        if any(values.is_damaged(record.get(name)) for name in ("reading", "lastRead")):
            return None
        return cls(
            table_no=values.name(record.get("tableNo")),
            reading=values.number(record.get("reading")),
            read_time=values.time(record.get("readTime")),
            last_reading=values.number(record.get("lastRead")),
            last_read_time=values.time(record.get("lastReadTime")),
            device_id=values.name(record.get("deviceId")),
        )
