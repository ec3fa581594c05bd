"""A life: a meter, its account, and who looks when, all from one number."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from custom_components.jrhsz.api import CHINA_STANDARD_TIME, MeterInfo

from .account import Account, User
from .line import DAY, HOUR, MINUTE, Line, Steps
from .meter import Accidents, Meter, quarter, used_meter
from .tariffs import Settled, Tariff, settlement, tariff

# The suite has time for short lives only.
SHORT = 1_000_000
# One in so many of the others is of weeks or months: these take a hundred times as long.
_LONG_EVERY = 20
_MONTHLY_EVERY = 4
_YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_SILENCE = 3 * HOUR


@dataclass(slots=True)
class Life:
    """What happens to a meter, and to Home Assistant, which looks at it at some times."""

    seed: int
    begin: int
    end: int
    polls: list[int]
    history_days: int
    has_list: bool
    meter: Meter
    tariff: Tariff
    account: Account
    use: Line
    cost: Line

    @property
    def name(self) -> str:
        """Return what a table of results calls lives like this."""
        return self.tariff.name if self.has_list else f"{self.tariff.name}, no list"

    @property
    def installed(self) -> int:
        """Return when the meter was looked at first."""
        return self.polls[0]

    @property
    def story(self) -> str:
        """Return what happens in it."""
        days = (self.end - self.installed) / DAY
        installed = datetime.fromtimestamp(self.installed, CHINA_STANDARD_TIME)
        parts = [
            f"{self.name}, {'water' if self.meter.is_water else 'electricity'}",
            f"a report every {self.meter.cadence // MINUTE} min",
            f"{days:.0f} days from {installed:%Y-%m-%d %H:%M}",
            f"{len(self.polls)} polls",
            f"history of {self.history_days} days",
            *self.meter.told,
            *self.account.told,
        ]
        return "; ".join(parts)

    def info(self, now: int) -> MeterInfo:
        """Return what the platform answers about the meter."""
        report = self.meter.shown(now)
        assert report is not None
        return MeterInfo(
            table_no=report.number,
            meter_type=2 if self.meter.is_water else 3,
            reading=Decimal(report.shown).scaleb(-2),
            read_time=datetime.fromtimestamp(report.time, CHINA_STANDARD_TIME),
            balance=Decimal(self.account.balance(now)).scaleb(-2),
        )


def life(seed: int) -> Life:
    """Return the life of a number; those from `SHORT` on are short, few of the others long."""
    dice = Random(seed)  # noqa: S311  seeded, to be repeated
    is_long = seed < SHORT and seed % _LONG_EVERY == 0
    kind, settled = settlement(dice)
    if settled is Settled.MONTHLY and seed < SHORT and not is_long and seed % _MONTHLY_EVERY:
        settled = Settled.AT_ONCE
    days = dice.choice((5, 7, 7, 9, 9, 10, 12, 12, 15, 20, 36, dice.randrange(45, 121)))
    days = max(days, 20) if is_long else min(days, 15)
    if settled is Settled.MONTHLY:
        days = dice.randrange(66, 121)
        days = days if is_long else days // 2 + 7
    before = dice.randrange(6 * HOUR, 30 * DAY)
    if seed >= SHORT:
        days, before = dice.choice((5, 6, 7)), before // 4
    installed = _YEAR + dice.randrange(300 * DAY)
    begin = installed - before
    cadence = quarter(dice)
    if cadence < HOUR and not is_long and settled is not Settled.MONTHLY:
        days = min(days, 7)
    end = installed + days * DAY
    if days < 12:
        cadence = min(cadence, HOUR)
    # At the end nothing is new for some hours: all that was used and billed is known.
    meter = used_meter(dice, begin, end - _SILENCE, cadence)
    quiet = max(installed, begin + 3 * DAY), end - max(2 * DAY, 4 * cadence)
    accidents = Accidents(dice, meter, quiet)
    accidents.happen(dice.choice((0, 1, 2, 3)) if days > 6 else 1)
    has_list = dice.random() > 0.08
    if not has_list:
        accidents.hide()
    use = meter.use
    daily_use = use.rise(begin, end) / (end - begin) * DAY
    price = dice.uniform(2.5, 6.5) if meter.is_water else dice.uniform(0.4, 0.9)
    rate = tariff(
        dice,
        kind,
        settled,
        price=round(price, 4),
        daily_use=daily_use,
        span=range(installed, end),
    )
    cost = rate.cost(use)
    read = [(report.time, report.arrived) for report in meter.reports if report.good]
    bills = Steps(rate.bills(cost, read, end))
    account = Account(dice.randrange(1500, 25000), bills, rate.fees(begin, end))
    User(dice, account).live(begin, installed, end)
    return Life(
        seed=seed,
        begin=begin,
        end=end,
        polls=_polls(dice, installed, end, least=30 * MINUTE if seed >= SHORT else 0),
        history_days=dice.choice((30, 365)),
        has_list=has_list,
        meter=meter,
        tariff=rate,
        account=account,
        use=use,
        cost=cost,
    )


def _polls(dice: Random, installed: int, end: int, *, least: int) -> list[int]:
    """Draw when Home Assistant looks, at least so far apart; it may be off for hours or days."""
    days = (end - installed) // DAY
    minutes = (30, 30, 30, 60, 10) if days < 15 else (30, 60) if days < 40 else (60, 90)
    interval = max(least, dice.choice(minutes) * MINUTE)
    away: list[range] = []
    if dice.random() < 0.25 and end - installed > 8 * DAY:
        for _ in range(dice.randrange(1, 3)):
            first = dice.randrange(installed + DAY, end - 5 * DAY)
            away.append(range(first, first + dice.randrange(1, 60) * HOUR))
    polls, time = [installed], installed
    while time < end:
        time += interval + dice.randrange(20)
        if time < end and not any(time in gap for gap in away):
            polls.append(time)
    return polls
