"""What somebody asks for, and what came of it."""

from dataclasses import dataclass
from decimal import Decimal
import math
import re
from typing import Any, Final, Self

from homeassistant.const import CONF_URL
from homeassistant.core import Context
from yarl import URL

from ..coordinator import JrhszConfigEntry
from .order import Order

ORDER_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,32}")

_AMOUNT: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_TOLERANCE: Final = 1e-9
_TOO_MUCH: Final = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """The meter that is to be credited."""

    entry: JrhszConfigEntry
    user_code: str
    device_id: str
    name: str

    @property
    def account(self) -> str:
        """Return the account's id."""
        return str(self.entry.unique_id)

    @property
    def host(self) -> str:
        """Return the platform that it is on."""
        return host_of(self.entry)

    def is_of(self, order: Order) -> bool:
        """Tell whether an order, of whatever account, is about this meter."""
        return order.user_code == self.user_code and (
            order.host == self.host or order.account_id == self.account
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for, checked as far as that goes without the meter."""

    amount: Decimal
    order_number: str | None = None
    only_below: Decimal | None = None
    dry_run: bool = False
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    status: str
    order_number: str | None
    amount: Decimal
    balance_before: Decimal | None
    balance: Decimal | None
    message: str

    @classmethod
    def of(cls, order: Order) -> Self:
        """Return the outcome of an order as far as it is known."""
        return cls(
            status=order.status.value,
            order_number=order.number,
            amount=order.amount,
            balance_before=order.balance_before,
            balance=order.balance_after,
            message=order.message,
        )

    @classmethod
    def without_order(cls, status: str, request: Request, balance: Decimal | None) -> Self:
        """Return the outcome of a request that nothing was sent for."""
        return cls(
            status=status,
            order_number=request.order_number,
            amount=request.amount,
            balance_before=balance,
            balance=balance,
            message="",
        )

    def as_response(self) -> dict[str, Any]:
        """Return it as an action's response."""
        return {
            "status": self.status,
            "order_number": self.order_number,
            "amount": float(self.amount),
            "balance_before": _float(self.balance_before),
            "balance": _float(self.balance),
            "message": self.message,
        }


def read_amount(value: object) -> Decimal | None:
    """Return an amount in yuan with at most two decimals; nothing for anything else.

    A template gives a float, which may be a little beside what was meant.
    """
    match value:
        case bool():
            return None
        case int() if abs(value) < _TOO_MUCH:
            text = str(value)
        case float() if math.isfinite(value) and abs(value - round(value, 2)) <= _TOLERANCE:
            text = f"{value:.2f}"
        case str():
            text = value
        case _:
            return None
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def host_of(entry: JrhszConfigEntry) -> str:
    """Return the host of an account, with its port unless that is a usual one."""
    url = URL(entry.data[CONF_URL])
    return str(url.host) if url.port in {80, 443} else f"{url.host}:{url.port}"


def _float(amount: Decimal | None) -> float | None:
    """Return an amount for a response."""
    return None if amount is None else float(amount)
