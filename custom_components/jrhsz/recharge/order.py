"""One order: what was asked of the platform, and what is known of it."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self


class Status(StrEnum):
    """What is known about an order."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """What an order's status was learnt from."""

    ANSWER = "answer"
    PAYMENTS = "payments"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One recharge: what was ordered, by whom, and what is known about it.

    `account_id` is the unique id of the account's entry, `sent` the moment before it was sent,
    `code` and `message` are the platform's answer to it, `absences` counts the look-ups that
    didn't find it. A closed order is looked up until `watch_until` all the same.
    """

    number: str
    account_id: str
    host: str
    username: str
    user_code: str
    device_id: str
    meter: str
    amount: Decimal
    user_id: str | None
    sent: datetime
    status: Status = Status.UNKNOWN
    source: Source = Source.ANSWER
    code: int | None = None
    message: str = ""
    absences: int = 0
    balance_before: Decimal | None = None
    balance_after: Decimal | None = None
    watch_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it isn't known yet whether the order was credited."""
        return self.status is Status.UNKNOWN

    def as_record(self) -> dict[str, Any]:
        """Return what is written, JSON-ready."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what was written, also by a version that wrote less.

        Raises KeyError, TypeError, ValueError or ArithmeticError if it is anything else.
        """
        if "account" in record:
            record = record | {"account_id": record["account"]}
        values = {
            field.name: record[field.name]
            for field in fields(cls)
            if field.name in record or field.default is MISSING
        }
        for name, read in _READERS.items():
            if values.get(name) is not None:
                values[name] = read(values[name])
        return cls(**values)


_READERS: Final[dict[str, Callable[[Any], object]]] = {
    "amount": Decimal,
    "balance_before": Decimal,
    "balance_after": Decimal,
    "sent": datetime.fromisoformat,
    "watch_until": datetime.fromisoformat,
    "status": Status,
    "source": Source,
}


def _plain(value: object) -> object:
    """Return a value as JSON can hold it."""
    match value:
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value
