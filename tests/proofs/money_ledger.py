"""The platform of a life of money: a ledger that knows what is true, and answers as one likes.

Nothing here knows the rules by which an order is judged. What it shows is later, longer, shorter or
less than what it has.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from custom_components.jrhsz.api import (
    CHINA_STANDARD_TIME,
    ConnectError,
    ExchangeError,
    ExchangeTimeoutError,
    FailedError,
    HttpStatusError,
    IncompleteListError,
    Interface,
    InterfaceDeniedError,
    MeterInfo,
    Payment,
    PlatformError,
    UnknownCodeError,
    UnreadableReplyError,
)
from custom_components.jrhsz.api.errors import RETURN_CODES

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0
EPOCH: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)
NEVER: Final = float("inf")
DOOR_CHECK: Final = (1002, 1005, 1006, 1007, 1008, 1009)


@dataclass(slots=True)
class Booked:
    """A credit on a meter: since when it is there, listed, and in the balance."""

    number: str
    amount: Decimal
    at: float
    listed: float
    arrives: float
    is_ours: bool


@dataclass(slots=True)
class Sent:
    """One order as it came in: what was answered, when, and whether it was booked.

    Home Assistant's clock showed `wall`, and these `options` were in force.
    """

    number: str
    user_code: str
    amount: Decimal
    at: float
    wall: datetime
    options: dict[str, Any]
    answer: str = ""
    answered: float = NEVER
    booked: Booked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a platform is like over a life."""

    delay: float
    is_fast_at_times: bool
    shows: str
    ahead: float
    tells_date: bool
    arrival: float
    daily_cost: float
    trouble: float
    spoiled: float
    page_cap: int

    @classmethod
    def of(cls, dice: Random) -> Habits:
        """Choose."""
        return cls(
            delay=dice.choice((0, 0, 20, 5 * MINUTE, 20 * MINUTE, 3 * HOUR, 20 * HOUR, NEVER)),
            is_fast_at_times=dice.random() < 0.2,
            shows=dice.choice(("ours", "ours", "ours", "upper", "within", "other", "empty")),
            ahead=dice.choice((0, 0, 0, 40, -HOUR, 2 * DAY, -3 * DAY)),
            tells_date=dice.random() < 0.8,
            arrival=dice.choice((0, 0, 10 * MINUTE, 2 * HOUR, 20 * HOUR)),
            daily_cost=dice.choice((0.0, 2.0, 20.0)),
            trouble=dice.choice((0.05, 0.3, 0.7)),
            spoiled=dice.choice((0.0, 0.1, 0.4)),
            page_cap=dice.choice((1000, 1000, 7, 2, 1)),
        )


@dataclass(slots=True)
class Ledger:
    """What one platform has of each meter, and what it is like."""

    habits: Habits
    dice: Random
    sent: list[Sent] = field(default_factory=list)
    booked: dict[str, list[Booked]] = field(default_factory=dict)
    balances: dict[str, Decimal] = field(default_factory=dict)
    _others: int = 0

    def shown_since(self, now: float) -> bool:
        """Tell whether it lists any payment by now."""
        return any(item.listed <= now for items in self.booked.values() for item in items)

    def book(self, user_code: str, number: str, amount: Decimal, now: float) -> Booked:
        """Book a credit."""
        habits, dice = self.habits, self.dice
        delay = habits.delay * (1 if not habits.delay < NEVER else dice.uniform(0.5, 1))
        if habits.is_fast_at_times and dice.random() < 0.5:
            delay = 0
        item = Booked(number, amount, now, now + delay, now + habits.arrival, is_ours=True)
        self.booked.setdefault(user_code, []).append(item)
        return item

    def pay(self, user_code: str, amount: Decimal, now: float) -> None:
        """Let a tenant pay: listed soon, with a number of the platform's own."""
        self._others += 1
        item = Booked(f"WX{self._others:012}", amount, now, now + 5, now, is_ours=False)
        self.booked.setdefault(user_code, []).append(item)

    def balance(self, user_code: str, now: float, *, shown: bool = True) -> Decimal:
        """Return the balance that is shown at a time, or the one that it has in truth."""
        items = [item for item in self.booked.get(user_code, []) if item.at < now]
        credit = sum((i.amount for i in items if not shown or i.arrives <= now), Decimal(0))
        used = Decimal(str(round(self.habits.daily_cost * now / DAY, 2)))
        return self.balances.setdefault(user_code, Decimal(40)) + credit - used

    def time_shown(self, at: float) -> datetime:
        """Return a time as its own clock tells it."""
        return EPOCH + timedelta(seconds=at + self.habits.ahead)

    def payments(self, user_code: str, now: float) -> list[Payment]:
        """Return what is listed by now."""
        return [
            Payment(
                order_number=self._number(item),
                amount=item.amount,
                time=self.time_shown(item.at)
                .astimezone(CHINA_STANDARD_TIME)
                .replace(microsecond=0),
                channel=None,
            )
            for item in self.booked.get(user_code, [])
            if item.listed <= now
        ]

    def _number(self, item: Booked) -> str:
        """Return how a number is shown."""
        if not item.is_ours:
            return item.number
        match self.habits.shows:
            case "upper":
                return item.number.upper()
            case "within":
                return f"P-{item.number}-01"
            case "other":
                return f"Z{int(item.at * 1000)}"
            case "empty":
                return ""
        return item.number


class FakeClient:
    """Answers the product's calls from a ledger, after some time and with some trouble."""

    def __init__(
        self,
        ledger: Ledger,
        step: Callable[[str], None],
        wall: Callable[[], datetime],
        options: dict[str, Any],
    ) -> None:
        """Take a ledger, and what is called at each step, which may be the last one."""
        self._ledger = ledger
        self._step = step
        self._wall = wall
        self.options = options

    async def get_meter(self, user_code: str, *_: Any) -> MeterInfo:
        """Return the balance."""
        await self._travel("meter")
        now = _now()
        return MeterInfo(
            table_no="1",
            meter_type=3,
            reading=Decimal(1),
            read_time=self._ledger.time_shown(now - 600),
            balance=self._ledger.balance(user_code, now),
        )

    async def get_payments(
        self, user_code: str, begin: datetime, end: datetime, *_: Any, complete: bool = False
    ) -> list[Payment]:
        """Return the list, or fail; its first page, where its end needn't be seen."""
        await self._travel("payments")
        dice, habits = self._ledger.dice, self._ledger.habits
        if complete and dice.random() < habits.spoiled:
            raise IncompleteListError
        listed = self._ledger.payments(user_code, _now())
        found = [item for item in listed if item.time is None or begin <= item.time <= end]
        return found if complete else found[: habits.page_cap]

    async def prestore(self, user_code: str, number: str, amount: Decimal) -> None:
        """Book, or not, and say so, or not."""
        ledger, dice = self._ledger, self._ledger.dice
        self._step("sending")
        if dice.random() < 0.1 * ledger.habits.trouble:
            raise ConnectError
        sent = Sent(number, user_code, amount, _now(), self._wall(), self.options)
        ledger.sent.append(sent)
        await asyncio.sleep(dice.choice((0.05, 0.3, 4, 25)))
        answer = "200"
        if dice.random() < ledger.habits.trouble:
            answer = dice.choice(("1001", "1001", "door", "timeout", "cut", "500", "html", "9999"))
        is_booked = dice.random() < (0.98 if answer == "200" else 0.5)
        if is_booked:
            sent.booked = ledger.book(user_code, number, amount, _now())
            self._step("booked")
        if answer == "timeout":
            await asyncio.sleep(35)
        sent.answer, sent.answered = answer, _now()
        self._step("answered")
        if (error := _error(answer, dice)) is not None:
            raise error

    async def _travel(self, name: str) -> None:
        """Take the time of a call, and fail at times."""
        self._step(name)
        dice = self._ledger.dice
        await asyncio.sleep(dice.choice((0.05, 2.0, 2.5)))
        if dice.random() < self._ledger.habits.spoiled / 4:
            raise ExchangeTimeoutError
        self._step(name)


def session_like(ledger: Ledger, wall: Any) -> Any:
    """Return what the product asks the session of an account."""
    shown = {1} if ledger.shown_since(_now()) else set()
    habits = SimpleNamespace(shown=shown, window_for=lambda _: None)
    ahead = ledger.time_shown(_now()) if ledger.habits.tells_date else None
    return SimpleNamespace(platform_now=ahead, habits={Interface.PAYMENTS: habits}, now=wall)


def _error(answer: str, dice: Random) -> PlatformError | None:
    """Return what the client makes of an answer."""
    code = dice.choice(DOOR_CHECK)
    errors: dict[str, PlatformError] = {
        "1001": FailedError(1001, "系统异常"),
        "door": RETURN_CODES.get(code, InterfaceDeniedError)(code, "拒绝"),
        "timeout": ExchangeTimeoutError(),
        "cut": ExchangeError(),
        "500": HttpStatusError(500),
        "html": UnreadableReplyError(),
        "9999": UnknownCodeError(9999, "?"),
    }
    return errors.get(answer)


def _now() -> float:
    """Return the true time of the life."""
    return asyncio.get_running_loop().time()
