"""Define what a meter tells, and the platform's units of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

CST = timezone(timedelta(hours=8), "CST")


@dataclass(frozen=True, slots=True)
class Record:
    """Hold one uploaded reading beside the one before it."""

    table_no: str
    reading: Decimal
    read_time: datetime
    last_reading: Decimal
    last_read_time: datetime

    @property
    def used(self) -> Decimal:
        """Return the difference of both readings."""
        return self.reading - self.last_reading


@dataclass(frozen=True, slots=True)
class Payment:
    """Hold one payment; `sent_number` is the number that came with a recharge."""

    order_number: str
    amount: Decimal
    time: datetime
    channel: str
    sent_number: str | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """Hold what the platform tells about a meter now."""

    table_no: str
    reading: Decimal
    read_time: datetime
    balance: Decimal
    table_type: int


def to_seconds(moment: datetime, *, up: bool = False) -> int:
    """Return whole seconds since 1970."""
    whole = int(moment.timestamp() // 1)
    return whole + 1 if up and moment.microsecond else whole


def to_moment(seconds: int) -> datetime:
    """Return the platform's time."""
    return datetime.fromtimestamp(seconds, CST)


def to_decimal(value: int) -> Decimal:
    """Return a number with two decimals."""
    return Decimal(value).scaleb(-2)


def to_hundredths(value: Decimal | str | float) -> int:
    """Return whole hundredths."""
    return int((Decimal(str(value)) * 100).to_integral_value(ROUND_HALF_UP))
