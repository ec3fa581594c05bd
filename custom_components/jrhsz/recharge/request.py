"""What somebody asks for, and what came of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
import math
import re
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, CONF_USERNAME
from homeassistant.core import Context
from homeassistant.util import dt as dt_util

from ..address import are_two_names, platform_of
from ..coordinator import JrhszConfigEntry, MeterCoordinator
from ..responses import float_or_none
from .order import Order
from .proof import Look

ORDER_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,32}")

_AMOUNT: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_TOLERANCE: Final = 1e-9
_TOO_MUCH: Final = 10**6
_CENT: Final = Decimal("0.01")
_LEAST_TO_FILL: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMeter:
    """A meter of an account, and which orders are about it."""

    entry: JrhszConfigEntry
    user_code: str

    @property
    def account_id(self) -> str:
        """Return the account's id."""
        return str(self.entry.unique_id)

    @property
    def platform(self) -> str:
        """Return the platform that it is on."""
        return platform_of(self.entry.data[CONF_URL])

    @property
    def username(self) -> str:
        """Return the name that the account logs in with."""
        return str(self.entry.data[CONF_USERNAME])

    @property
    def coordinator(self) -> MeterCoordinator | None:
        """Return what polls the meter, if something does."""
        if self.entry.state is not ConfigEntryState.LOADED:
            return None
        return self.entry.runtime_data.coordinators.get(self.user_code)

    @property
    def daily_cost(self) -> Decimal | None:
        """Return what the meter usually costs a day, in yuan, if that is known."""
        return self.coordinator.daily_cost if self.coordinator else None

    def is_of(self, order: Order) -> bool:
        """Tell whether an order was sent for this very meter.

        One platform may be known under two names, but two paths are two platforms.
        """
        return order.user_code == self.user_code and (
            order.platform == self.platform
            or (self._may_be_at(order) and _path(order.platform) == _path(self.platform))
        )

    def shares(self, order: Order) -> bool:
        """Tell whether an order, of whatever account, may be about this meter: then it counts."""
        return self.is_of(order) or (
            order.user_code == self.user_code
            and (order.account_id == self.account_id or self._may_be_at(order))
        )

    def _may_be_at(self, order: Order) -> bool:
        """Tell whether an order's platform may be this one under another name."""
        return order.username == self.username and are_two_names(order.platform, self.platform)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedMeter(AccountMeter):
    """The meter that is to be credited, as people know it."""

    device_id: str
    name: str

    @classmethod
    def of(cls, coordinator: MeterCoordinator) -> Self:
        """Return the meter of a coordinator; it may have no device yet."""
        device = coordinator.device
        return cls(
            entry=coordinator.config_entry,
            user_code=coordinator.user_code,
            device_id=device.id if device else "",
            name=coordinator.shown_name,
        )

    def order(self, number: str, amount: Decimal) -> Order:
        """Return an order that is sent now by nobody in particular, come of it what may."""
        return Order(
            number=number,
            account_id=self.account_id,
            platform=self.platform,
            username=self.username,
            user_code=self.user_code,
            device_id=self.device_id,
            meter=self.name,
            amount=amount,
            user_id=None,
            sent=dt_util.utcnow(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for, checked as far as that goes without the meter.

    It is an amount, or to fill the balance up to so much. A number that was made up elsewhere may
    have been used within the time that `searched` tells.

    An order of a `batch` has the number of one of its `attempts`. Its caller waits neither for what
    an answer leaves open nor for the new balance, and may hand over a `look` of the last minutes.

    Who saw which order of the meter was the `newest` one wants no other one to have come since.
    """

    amount: Decimal | None = None
    up_to: Decimal | None = None
    order_number: str | None = None
    only_below: Decimal | None = None
    dry_run: bool = False
    context: Context
    searched: timedelta = timedelta(days=31)
    batch: str = ""
    attempts: tuple[str, ...] = ()
    look: Look | None = None
    newest: str | None = None

    def wanted(self, balance: Decimal) -> Decimal | None:
        """Return how much to credit at a balance; nothing if nothing is needed."""
        if self.only_below is not None and balance >= self.only_below:
            return None
        if self.up_to is None:
            return self.amount
        missing = self.up_to - balance
        return missing.quantize(_CENT, ROUND_CEILING) if missing >= _LEAST_TO_FILL else None

    def is_that_of(self, order: Order) -> bool:
        """Tell whether an order was made for the same amount, or to fill up to the same balance."""
        if self.up_to is None:
            return order.up_to is None and order.amount == self.amount
        return order.up_to == self.up_to or order.is_taken_over


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeOutcome:
    """What came of it."""

    status: str
    order_number: str | None
    amount: Decimal | None
    balance_before: Decimal | None
    balance: Decimal | None
    message: str
    look: Look | None = field(default=None, repr=False)

    @classmethod
    def of(cls, order: Order, message: str) -> Self:
        """Return the outcome of an order as far as it is known."""
        return cls(
            status=order.status.value,
            order_number=order.number,
            amount=order.amount,
            balance_before=order.balance_before,
            balance=order.balance_after,
            message=message,
        )

    @classmethod
    def without_order(
        cls,
        status: str,
        request: Request,
        balance: Decimal | None,
        *,
        amount: Decimal | None,
        order_number: str | None = None,
        message: str = "",
        look: Look | None = None,
    ) -> Self:
        """Return the outcome of a request that nothing was sent for.

        Its number is that of an order that is on its way, or one to be used next.
        """
        return cls(
            status=status,
            order_number=order_number or request.order_number,
            amount=amount,
            balance_before=balance,
            balance=balance,
            message=message,
            look=look,
        )

    def as_response(self, meter: CreditedMeter) -> dict[str, Any]:
        """Return it as an action's response."""
        return {
            "status": self.status,
            "order_number": self.order_number,
            "meter": meter.name,
            "user_code": meter.user_code,
            "amount": float_or_none(self.amount),
            "balance_before": float_or_none(self.balance_before),
            "balance": float_or_none(self.balance),
            "message": self.message,
        }


def _path(platform: str) -> str:
    """Return what tells a platform from others of its host."""
    return platform.partition("/")[2]


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
