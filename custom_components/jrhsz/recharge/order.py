"""One order: what was asked of the platform, and what is known of it."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from sys import intern
from typing import Any, Final, Self

_NOTHING: Final = Decimal(0)


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


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise of a meter's balance, seen at a time."""

    at: datetime
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """Return by how much it rose."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One recharge: what was ordered, by whom, and what is known about it.

    What was asked: `account_id` is the unique id of the account's entry, `platform` whom it was
    sent to, `sent` the moment before. Its amount filled the balance `up_to` so much, if that was
    asked for. It may be one of a `batch`.

    What was answered: `code` and `message` at `answered`, when the platform's own clock showed
    `platform_time`.

    What its meter's list of payments shows: it was there at `listed_at`, or missing at `absent_at`;
    `absences` of these lists are counted as a proof, the last one at `counted_at`. A closed order
    is looked up until `watch_until`. It is `doubted` if the platform said that it was credited and
    the list never showed it.

    What the balance shows: it was `balance_before` when it was sent, with `awaited` on its way from
    earlier orders, `balance_after` once it was read again, and last seen as `balance_seen`; `rises`
    are those since, as long as it matters. The credit is `in_balance` or still on its way there.

    What came of it is `untold` as long as no automation could hear of it.
    """

    number: str
    account_id: str
    platform: str
    username: str
    user_code: str
    device_id: str
    meter: str
    amount: Decimal
    user_id: str | None
    sent: datetime
    up_to: Decimal | None = None
    batch: str = ""
    status: Status = Status.UNKNOWN
    source: Source = Source.ANSWER
    code: int | None = None
    message: str = ""
    answered: datetime | None = None
    platform_time: datetime | None = None
    absences: int = 0
    counted_at: datetime | None = None
    absent_at: datetime | None = None
    listed_at: datetime | None = None
    watch_until: datetime | None = None
    doubted: bool = False
    balance_before: Decimal | None = None
    balance_after: Decimal | None = None
    balance_seen: Decimal | None = None
    awaited: Decimal = _NOTHING
    rises: tuple[Rise, ...] = ()
    in_balance: bool = False
    untold: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether it isn't known yet whether the order was credited."""
        return self.status is Status.UNKNOWN

    @property
    def is_unsettled(self) -> bool:
        """Tell whether it is looked up, because something isn't known or may be corrected."""
        return self.is_open or self.doubted or self.watch_until is not None

    @property
    def is_followed(self) -> bool:
        """Tell whether the platform said that it was credited, and the list has yet to show it."""
        return (
            self.status is Status.CONFIRMED
            and self.source is Source.ANSWER
            and self.watch_until is not None
        )

    @property
    def is_taken_over(self) -> bool:
        """Tell whether it was learnt from the payments alone: nobody remembers what was asked."""
        return self.source is Source.PAYMENTS and self.balance_before is None and self.up_to is None

    @property
    def ended(self) -> datetime:
        """Return when it was answered, or else sent."""
        return self.answered or self.sent

    @property
    def times(self) -> tuple[datetime, ...]:
        """Return when it was sent and answered, by our clock and the platform's."""
        known = (self.sent, self.answered, self.platform_time)
        return tuple(time for time in known if time is not None)

    def as_record(self) -> dict[str, Any]:
        """Return what is written, JSON-ready: all but what is nothing by default."""
        values = ((field, getattr(self, field.name)) for field in fields(self))
        return {
            field.name: _plain(value) for field, value in values if value or value != field.default
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what was written, also by a version that wrote less.

        Raises KeyError, TypeError, ValueError or ArithmeticError if it is anything else.
        """
        if "host" in record:
            record = _renamed(record)
        values = {
            field.name: record[field.name]
            for field in fields(cls)
            if field.name in record or field.default is MISSING
        }
        for name, read in _READERS.items():
            if values.get(name) is not None:
                values[name] = read(values[name])
        return cls(**values)


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an early version, which kept the path in the account's id alone."""
    account_id: str = record.get("account_id") or record["account"]
    host, platform = record["host"], account_id.removesuffix(f"/{record['username']}")
    is_of_host = platform == host or platform.startswith(f"{host}/")
    return record | {
        "account_id": account_id,
        "platform": platform if is_of_host else host,
        # They were not counted apart from each other.
        "absences": 0,
    }


def _rises(written: list[list[str]]) -> tuple[Rise, ...]:
    """Read the rises of a balance."""
    return tuple(
        Rise(datetime.fromisoformat(at), Decimal(before), Decimal(after))
        for at, before, after in written
    )


# Of many orders these are the same: each is kept once.
_READERS: Final[dict[str, Callable[[Any], object]]] = {
    "account_id": intern,
    "platform": intern,
    "username": intern,
    "user_code": intern,
    "device_id": intern,
    "meter": intern,
    "user_id": intern,
    "message": intern,
    "amount": Decimal,
    "sent": datetime.fromisoformat,
    "up_to": Decimal,
    "batch": intern,
    "status": Status,
    "source": Source,
    "answered": datetime.fromisoformat,
    "platform_time": datetime.fromisoformat,
    "counted_at": datetime.fromisoformat,
    "absent_at": datetime.fromisoformat,
    "listed_at": datetime.fromisoformat,
    "watch_until": datetime.fromisoformat,
    "balance_before": Decimal,
    "balance_after": Decimal,
    "balance_seen": Decimal,
    "awaited": Decimal,
    "rises": _rises,
}


def _plain(value: object) -> object:
    """Return a value as JSON can hold it."""
    match value:
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case tuple():
            return [[_plain(rise.at), str(rise.before), str(rise.after)] for rise in value]
        case _:
            return value
