"""A meter's balance in truth: what use and fees take from it, and what payments add. In cents."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, Payment

from .line import DAY, HOUR, MINUTE, Steps, day_begin

_QUIET = 84 * HOUR


@dataclass(frozen=True, slots=True)
class Credit:
    """An amount that enters the balance at a time; nothing lists it if it was never paid."""

    entered: int
    cents: int
    paid: int | None = None
    listed: int = 0


@dataclass(slots=True)
class Account:
    """What changes a balance: bills for use, fees (that of moving out is what is left), credits."""

    opening: int
    bills: Steps
    fees: list[tuple[int, int]]
    credits: list[Credit] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    charged: Steps = field(init=False)
    entered: Steps = field(init=False)

    def close(self) -> None:
        """Add up what was charged and what entered."""
        self.charged = Steps(self.fees)
        self.entered = Steps([(credit.entered, credit.cents) for credit in self.credits])

    def balance(self, now: int) -> int:
        """Return the balance at a time."""
        return self.opening - self.bills.at(now) - self.charged.at(now) + self.entered.at(now)

    def payments(self, begin: int, end: int, now: int) -> list[Payment]:
        """Return the payments of a span that are listed by now."""
        return [
            Payment(
                order_number=f"{number}",
                amount=Decimal(credit.cents).scaleb(-2),
                time=datetime.fromtimestamp(credit.paid, CHINA_STANDARD_TIME),
                channel="WeChat",
            )
            for number, credit in enumerate(self.credits)
            if credit.paid is not None and begin <= credit.paid <= end and credit.listed <= now
        ]


@dataclass(slots=True)
class User:
    """Pays when the balance gets low, and does strange things on some days."""

    dice: Random
    account: Account

    def live(self, begin: int, installed: int, end: int) -> None:
        """Pay from the begin on; for the last days before the end nothing is paid."""
        dice, account = self.dice, self.account
        if dice.random() < 0.3:
            self._pay_before(installed)
        quiet = end - _QUIET
        strange = self._strange_days(installed, quiet)
        low = dice.choice((-2000, 200, 2000))
        usual = dice.choice((2000, 5000, 10000))
        for day in range(day_begin(begin) + DAY, quiet - DAY, DAY):
            time = day + dice.randrange(6 * HOUR, 22 * HOUR)
            if (thing := strange.get(day)) is not None:
                account.told.append(f"{thing.__name__} at {_date(time)}")
                thing(time)
            elif (left := self._balance(day + 6 * HOUR)) < low:
                self._pay(time, usual + max(0, -left // 1000 * 1000))
        account.close()

    def two_equal(self, time: int) -> None:
        """Pay the same amount twice, soon after each other."""
        cents = self._amount()
        self._pay(time, cents)
        self._pay(time + self.dice.choice((1, 3, 20, 90)) * MINUTE, cents)

    def refunded(self, time: int) -> None:
        """Pay, and get it back."""
        cents = self._amount()
        self._pay(time, cents)
        self._pay(time + self.dice.choice((1, 3, 20, 90, 600)) * MINUTE, -cents)

    def subsidy(self, time: int) -> None:
        """Get an amount that no payment tells of."""
        self.account.credits.append(Credit(time, self._amount()))

    def credited_late(self, time: int) -> None:
        """Pay an amount that enters the balance days later."""
        self._pay(time, self._amount(), entered=self.dice.randrange(1, 80) * HOUR)

    def listed_late(self, time: int) -> None:
        """Pay an amount that is listed hours later."""
        self._pay(time, self._amount(), listed=self.dice.randrange(1, 50) * HOUR)

    def small(self, time: int) -> None:
        """Pay less than what may be used until the next look."""
        self._pay(time, self.dice.choice((1, 10, 100, 200)))

    def moved_out(self, time: int) -> None:
        """Take what is left, or forgive what is owed; whoever moves in pays later."""
        left = self._balance(time)
        if left > 0:
            self.account.fees.append((time, left))
        else:
            self.account.credits.append(Credit(time, -left))
        self._pay(time + self.dice.randrange(1, 30) * HOUR, self._amount())

    def _strange_days(self, begin: int, end: int) -> dict[int, Callable[[int], None]]:
        """Draw the days on which something strange is done."""
        things = (
            self.two_equal,
            self.refunded,
            self.subsidy,
            self.credited_late,
            self.listed_late,
            self.small,
            self.moved_out,
        )
        days = range(day_begin(begin) + DAY, end - 2 * DAY, DAY)
        if not days or self.dice.random() < 0.3:
            return {}
        count = min(len(days), self.dice.randrange(1, 2 + len(days) // 6))
        return {day: self.dice.choice(things) for day in self.dice.sample(days, count)}

    def _pay_before(self, installed: int) -> None:
        """Pay before the first balance is seen, perhaps to be credited after it."""
        paid = installed - self.dice.randrange(20 * MINUTE, 40 * HOUR)
        entered = max(0, installed + self.dice.randrange(-3, 20) * HOUR - paid)
        self._pay(paid, self._amount(), entered=entered)
        self.account.told.append(
            f"paid before the installation, credited {entered // HOUR} h later"
        )

    def _pay(
        self, time: int, cents: int, *, entered: int | None = None, listed: int | None = None
    ) -> None:
        """Pay an amount."""
        dice = self.dice
        if entered is None:
            entered = dice.choice((5, dice.randrange(600), dice.randrange(600)))
        if listed is None:
            listed = dice.randrange(200)
        self.account.credits.append(Credit(time + entered, cents, time, time + listed))

    def _amount(self) -> int:
        """Draw an amount."""
        return 100 * self.dice.choice((10, 20, 50, 100, 200))

    def _balance(self, time: int) -> int:
        """Return the balance at a time, as far as is decided."""
        account = self.account
        return (
            account.opening
            - account.bills.at(time)
            - sum(cents for charged, cents in account.fees if charged <= time)
            + sum(credit.cents for credit in account.credits if credit.entered <= time)
        )


def _date(time: int) -> str:
    """Return a time as people read it."""
    return f"{datetime.fromtimestamp(time, CHINA_STANDARD_TIME):%m-%d %H:%M}"
