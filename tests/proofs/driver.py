"""Drives the product through a life: its coordinator, its import and its state.

Everything that decides what is noted, read and written is the product's own, below the answers of
the platform and above the rows of the recorder. Only the clock, the platform and, unless there is
a real one, the recorder are not what they seem.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
import json
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast, override
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.answers import AnswerWatch
from custom_components.jrhsz.api import (
    Consumption,
    Interface,
    MeterInfo,
    NotPermittedError,
    Payment,
)
from custom_components.jrhsz.coordinator import JrhszConfigEntry, MeterCoordinator
from custom_components.jrhsz.history.state import MeterHistory
from custom_components.jrhsz.history.values import (
    Period,
    Value,
    What,
    days_left,
    unit_price,
    value_of,
)
from custom_components.jrhsz.importer.recorder import Statistic, statistic_id
from custom_components.jrhsz.importer.sync import HistoryImport

from .lives.life import Life
from .lives.line import DAY, HOUR, clock
from .memory import Memory

_ACCOUNT: Final = "example.com/proof"
_CODE: Final = "1"
# Of the statistics that are judged: use and cost.
NAMES: Final = tuple(
    statistic_id(_ACCOUNT, _CODE, kind) for kind in (Statistic.CONSUMPTION, Statistic.COST)
)
_PAYMENTS_BACK: Final = 31 * DAY
_LOOKS: Final = 3
# A year is read in so many windows at most.
_WINDOWS: Final = 20


@dataclass(slots=True)
class Look:
    """What the sensors showed at a time."""

    time: int
    days_left: Decimal | None
    unit_price: Decimal | None
    yesterday_use: Decimal | None
    yesterday_cost: Decimal | None
    is_price_estimated: bool
    is_yesterday_estimated: bool


@dataclass(slots=True)
class Told:
    """What the product made of a life: its rows by hour, and its sensors at noon."""

    started: int
    consumption: dict[int, tuple[float, float]]
    cost: dict[int, tuple[float, float]]
    looks: list[Look] = field(default_factory=list)


class Platform:
    """Answers as the client would, from a life."""

    def __init__(self, life: Life) -> None:
        """Know nothing yet of what is denied."""
        self._life = life
        self._dice = Random(life.seed)  # noqa: S311  seeded, to be repeated
        self.session = SimpleNamespace(denied=set[Interface]())

    async def get_consumption(
        self, _: str, begin: datetime, end: datetime, *__: Any
    ) -> list[Consumption]:
        """Return the records of a span."""
        if not self._life.has_list:
            self.session.denied.add(Interface.CONSUMPTION)
            raise NotPermittedError(Interface.CONSUMPTION, end)
        span = int(begin.timestamp()), int(end.timestamp())
        return self._life.meter.records(*span, _now(), self._dice)

    async def get_payments(self, _: str, begin: datetime, end: datetime, *__: Any) -> list[Payment]:
        """Return the payments of a span."""
        return self._life.account.payments(int(begin.timestamp()), int(end.timestamp()), _now())


class DrivenMeter(MeterCoordinator):
    """A coordinator that is given the answers, and nobody listens to."""

    def __init__(self, entry: JrhszConfigEntry, platform: Platform) -> None:
        """Know nothing; what Home Assistant has for coordinators is not needed."""
        self.config_entry = entry
        self.user_code = self.device_name = _CODE
        self.history = MeterHistory()
        self.history_lock = asyncio.Lock()
        self.platform = platform
        self._settings = entry.runtime_data.settings
        self._history_store = entry.runtime_data.history_store
        self.listed = None
        self.answers = AnswerWatch(_CODE)
        self._listeners = {}
        vars(self)["data"] = None

    @property
    @override
    def statistic_name(self) -> str:
        """Return any name."""
        return self.device_name

    def answer(self, info: MeterInfo) -> None:
        """Take an answer as a poll does."""
        answer, info = info, self.answers.accepted(info, self.data, self.history.judged)
        self._note_balance(answer)
        self.data = info

    def restart(self) -> None:
        """Keep what is kept over a restart of Home Assistant, and nothing else."""
        self.history = MeterHistory.from_dict(json.loads(json.dumps(self.history.as_dict())))


@dataclass(slots=True)
class Driver:
    """Looks at a meter when its life says so, and imports when the product says so."""

    life: Life
    hass: HomeAssistant
    looks: list[Look] = field(default_factory=list)
    meter: DrivenMeter = field(init=False)
    importer: HistoryImport = field(init=False)
    _balance: Decimal | None = None
    _looks_left: int = 0
    _now: int = 0

    def __post_init__(self) -> None:
        """Make an account of one meter."""
        platform = Platform(self.life)
        entry = SimpleNamespace(unique_id=_ACCOUNT, runtime_data=None)
        entry.runtime_data = SimpleNamespace(
            client=platform,
            settings=SimpleNamespace(history_days=self.life.history_days),
            history_store=SimpleNamespace(async_schedule_save=lambda: None),
            coordinators={},
            outage=SimpleNamespace(note_times=lambda *_: None),
        )
        self.meter = DrivenMeter(cast(JrhszConfigEntry, entry), platform)
        entry.runtime_data.coordinators[_CODE] = self.meter
        self.importer = HistoryImport(self.hass, cast(JrhszConfigEntry, entry))

    async def run(self) -> None:
        """Live the life."""
        dice = Random(self.life.seed)  # noqa: S311  seeded, to be repeated
        noon = 0
        with patch.object(dt_util, "utcnow", lambda: datetime.fromtimestamp(self._now, UTC)):
            for now in self.life.polls:
                self._now = now
                if dice.random() < 0.01:
                    self.meter.restart()
                await self._poll(now)
                if (today := (now + 4 * HOUR) // DAY) > noon and clock(now) >= 12:
                    noon = today
                    self._look(now)

    async def _poll(self, now: int) -> None:
        """Take an answer, and do what is due; after a rise payments are looked for some times."""
        meter, importer = self.meter, self.importer
        info = self.life.info(now)
        meter.answer(info)
        assert info.balance is not None
        if self._balance is not None and info.balance > self._balance:
            self._looks_left = _LOOKS
        self._balance = info.balance
        if self._looks_left:
            self._looks_left -= 1
            since = datetime.fromtimestamp(now - _PAYMENTS_BACK, UTC)
            payments = self.life.account.payments(now - _PAYMENTS_BACK, now + DAY, now)
            meter.note_payments(payments, since)
        if importer._are_payments_due(meter, now):
            await importer._async_read_payments(meter)
        # An import that goes on after a window is due again at once.
        for _ in range(_WINDOWS):
            if not importer._is_sync_due(meter, now):
                break
            await importer._async_sync(meter)

    def _look(self, now: int) -> None:
        """Note what the sensors show."""
        time = datetime.fromtimestamp(now, UTC)
        history, balance = self.meter.history, self.meter.data.balance
        price = unit_price(history, time)
        cost = value_of(history, Period.YESTERDAY, What.COST, time)
        self.looks.append(
            Look(
                now,
                days_left=_amount(days_left(history, balance, time)),
                unit_price=_amount(price),
                yesterday_use=_amount(value_of(history, Period.YESTERDAY, What.USE, time)),
                yesterday_cost=_amount(cost),
                is_price_estimated=price is not None and price.estimated,
                is_yesterday_estimated=cost is not None and cost.estimated,
            )
        )

    def told(
        self, consumption: dict[int, tuple[float, float]], cost: dict[int, tuple[float, float]]
    ) -> Told:
        """Return what the product made of the life."""
        started = self.meter.history.started
        assert started is not None
        return Told(started, consumption, cost, self.looks)


def live(life: Life) -> Told:
    """Drive the product through a life, with rows in memory."""
    memory = Memory()
    with memory.as_recorder() as hass:
        driver = Driver(life, hass)
        running = driver.run()
        try:
            # Nothing in it ever waits.
            running.send(None)
        except StopIteration:
            pass
        else:
            raise AssertionError
    return driver.told(*(memory.rows.get(name, {}) for name in NAMES))


def _amount(value: Value | None) -> Decimal | None:
    """Return what a sensor shows."""
    return None if value is None else value.amount


def _now() -> int:
    """Return the time of the life."""
    return int(dt_util.utcnow().timestamp())
