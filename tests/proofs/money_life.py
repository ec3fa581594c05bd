"""One life of an account that spends money, told by its seed, and lived by the real core.

The journal, the limits, the look-ups and the rules are the product's own; the platform is a ledger,
the clock is wrong at times, the process is killed between any two steps, and files come back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
import shutil
from types import SimpleNamespace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import Context, Event, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from custom_components.jrhsz.api import MeterInfo, PlatformError
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER
from custom_components.jrhsz.recharge.orders import DATA_ORDERS, Orders
from custom_components.jrhsz.recharge.request import CreditedMeter, Request
from custom_components.jrhsz.recharge.send import async_recharge

from ..benchmarks.home import make_entry
from .money_ledger import DAY, EPOCH, HOUR, MINUTE, FakeClient, Habits, Ledger, session_like
from .money_process import Disk, Process
from .money_rules import Call, Rules

METERS: Final = ("1", "2")
_AMOUNTS: Final = (10, 20, 20, 50)
_NAMES: Final = ("platform.example", "10.0.0.1")
_PASS: Final = 2 * HOUR


class Meter:
    """What polls a meter, as far as recharges look at it."""

    daily_cost = None
    is_known = True

    def __init__(self, code: str, client: FakeClient, account: Any) -> None:
        """Know nothing but that there is a meter."""
        self.data = MeterInfo(
            table_no=None, meter_type=None, reading=None, read_time=None, balance=None
        )
        self.polled_at: datetime | None = None
        self.last_error: Exception | None = None
        self._code, self._client, self._account = code, client, account

    async def async_refresh_now(self) -> None:
        """Poll it, and tell who wants to know the balance."""
        try:
            self.data = await self._client.get_meter(self._code)
        except PlatformError as err:
            self.last_error = err
            return
        self.last_error, self.polled_at = None, dt_util.utcnow()
        self._account.on_balance(self._code, self.data.balance)


@dataclass
class Life:
    """One life; `story` is what happened, for whoever has to understand it."""

    seed: int
    folder: Path
    disk: Disk
    story: list[str] = field(default_factory=list)
    skew: float = 0.0
    now: float = 1000.0
    name: str = _NAMES[0]

    def __post_init__(self) -> None:
        """Choose what the platform is like."""
        self.dice = Random(f"{self.seed} life")  # noqa: S311
        self.ledger = Ledger(Habits.of(self.dice), Random(f"{self.seed} platform"))  # noqa: S311
        self.skew = self.dice.choice((0, 0, 0, 0, 2.5 * DAY, -3 * DAY, HOUR))
        self.options: dict[str, Any] = {"max_recharge_total_per_day": 10_000}
        self.rules = Rules(self.ledger)
        self.process: Process | None = None
        self.numbers: list[tuple[str, str, int]] = []
        self.saved: Path | None = None

    def wall(self) -> datetime:
        """Return what Home Assistant's clock shows."""
        return EPOCH + timedelta(seconds=self.time + self.skew)

    @property
    def time(self) -> float:
        """Return the true time."""
        return self.process.loop.now if self.process else self.now

    @property
    def orders(self) -> Orders:
        """Return the product's orders."""
        assert self.process is not None
        return self.process.hass.data[DATA_ORDERS]

    def tell(self, what: str) -> None:
        """Add to the story."""
        self.story.append(f"{self.time / HOUR:9.2f} h  {what}")

    def live(self) -> list[str]:
        """Live it; return what is against the rules."""
        self.tell(str(self.ledger.habits))
        if self.dice.random() < 0.5:
            self._age()
        self.start()
        self.back_up()
        for _ in range(self.dice.randint(4, 16)):
            what = self.dice.choices(_EVENTS, _WEIGHTS)[0]
            what(self)
            if self.process is None or self.process.is_dead:
                self.end("was killed")
                self.start()
            self._check_memory()
        self._settle()
        self.end("ends")
        self.story += [f"{'':9}!! {fault}" for fault in self.rules.faults]
        return self.rules.faults

    def start(self) -> None:
        """Start Home Assistant, at times only to be killed again."""
        while True:
            self.process = process = Process(self.folder, self.disk, self.now, self.wall)
            if self.dice.random() < 0.1:
                self.disk.steps.left = self.dice.randint(1, 25)
            client = FakeClient(self.ledger, self.disk_step, self.wall, dict(self.options))
            self.client, entry = client, self._entry(client)
            process.start(entry, client, lambda: session_like(self.ledger, self.wall))
            if not process.is_dead:
                break
            self.end("was killed at its start")
        self.disk.steps.left = None
        self._listen()
        self.rules.started.append(self.now)
        self.tell("started")

    def _age(self) -> None:
        """Have had the journal for two months."""
        later, self.now = self.now, self.now - 60 * DAY
        self.start()
        self.end("waits for its first order")
        self.now = later

    def disk_step(self, name: str) -> None:
        """Take a step, which may be the last one."""
        self.disk.steps.take(name)

    def end(self, how: str) -> None:
        """End the process."""
        if self.process is not None:
            self.tell(how)
            self.now = self.process.loop.now
            self.process.end()
            self.process = None

    def _entry(self, client: FakeClient) -> ConfigEntry[Any]:
        """Return the account as it is configured now; its id stays that of its first address."""
        entry = make_entry(
            f"http://{self.name}", list(METERS), scan_interval=_PASS / MINUTE, **self.options
        )
        object.__setattr__(entry, "unique_id", f"{_NAMES[0]}/demo")
        account = SimpleNamespace(coordinators={}, on_balance=None)
        account.coordinators.update((code, Meter(code, client, account)) for code in METERS)
        object.__setattr__(entry, "runtime_data", account)
        object.__setattr__(entry, "state", ConfigEntryState.LOADED)
        return entry

    def _listen(self) -> None:
        """Hear of outcomes."""
        assert self.process is not None
        hass = self.process.hass

        @callback
        def async_note(event: Event[Any]) -> None:
            """Judge an outcome."""
            data = event.data
            self.tell(f"{data['order_number']}: {data['status']} ({data['source']})")
            self.rules.outcome(self.time, data["order_number"], data["status"], data["source"])

        hass.bus.async_listen("jrhsz_recharge", async_note)

    # What may happen.

    def wait(self, seconds: float | None = None) -> None:
        """Let time pass, with a poll of each meter at every pass."""
        if seconds is None:
            long = self.dice.choice((MINUTE, 12 * MINUTE, HOUR, 5 * HOUR, DAY))
            seconds = long * self.dice.uniform(0.5, 1.5)
        assert self.process is not None
        self.process.run(self._async_wait(seconds))

    async def _async_wait(self, seconds: float) -> None:
        """Poll meanwhile."""
        end = self.time + seconds
        while self.time < end:
            await asyncio.sleep(min(_PASS, end - self.time))
            assert self.process is not None
            (entry,) = self.process.hass.config_entries.async_entries("jrhsz")
            for meter in entry.runtime_data.coordinators.values():
                await meter.async_refresh_now()

    def recharge(self, again: tuple[str, str, int] | None = None) -> None:
        """Let one or some callers credit a meter, at times with a number that was used before."""
        dice, code = self.dice, self.dice.choice(METERS)
        amount, number = dice.choice(_AMOUNTS), None
        only_below = Decimal(dice.choice((30, 45))) if dice.random() < 0.25 else None
        if again is None and self.numbers and dice.random() < 0.3:
            again = dice.choice(self.numbers)
        if again is not None:
            code, number, amount = again
        elif dice.random() < 0.6:
            number = f"rent{len(self.numbers)}of{self.seed}"
            self.numbers.append((code, number, amount))
        if dice.random() < 0.25:
            self.disk.steps.left = dice.randint(1, 60)
        callers = dice.choice((1, 1, 1, 2, 3))
        calls = [self._call(code, amount, number, only_below) for _ in range(callers)]
        self.tell(f"{callers} × {amount} on {code} as {number}, below {only_below}")
        assert self.process is not None
        if dice.random() < 0.1:
            self.process.loop.call_later(dice.uniform(0, 8), self._set_options)
        self.process.run(asyncio.wait_for(_all(calls), 10 * MINUTE))
        if not self.process.is_dead:
            self.disk.steps.left = None

    async def _call(
        self, code: str, amount: int, number: str | None, only_below: Decimal | None
    ) -> None:
        """Call as the action does."""
        assert self.process is not None
        hass = self.process.hass
        (entry,) = hass.config_entries.async_entries("jrhsz")
        meter = CreditedMeter(entry=entry, user_code=code, device_id=f"device {code}", name=code)
        request = Request(
            amount=Decimal(amount), order_number=number, only_below=only_below, context=Context()
        )
        begun = Call(code, number, only_below, self.time)
        try:
            outcome = await async_recharge(hass, meter, request)
        except HomeAssistantError as err:
            self.tell(f"refused: {err.translation_key}")
            self.rules.refused(begun, str(err.translation_key))
            if err.translation_key == "journal_restored":
                await self.orders.journal.async_confirm_gap()
            return
        self.tell(f"answered: {outcome.status} {outcome.order_number}")
        self.rules.answered(begun, outcome.status, outcome.order_number)

    def pay(self) -> None:
        """Let a tenant pay."""
        code, amount = self.dice.choice(METERS), Decimal(self.dice.choice(_AMOUNTS))
        self.tell(f"a tenant pays {amount} on {code}")
        self.ledger.pay(code, amount, self.time)

    def restart(self) -> None:
        """Stop in order, and start."""
        assert self.process is not None
        self.process.run(self.orders.async_stop(None))  # type: ignore[arg-type]  # it is not read
        self.end("stopped")
        self.now += self.dice.choice((10, MINUTE, 5 * HOUR))
        self.start()

    def kill(self) -> None:
        """Kill it at some time soon."""
        assert self.process is not None
        self.process.run(asyncio.sleep(self.dice.uniform(0, 200)))
        self.end("killed")
        self.start()

    def jump(self) -> None:
        """Set the clock."""
        self.skew = self.dice.uniform(-3 * DAY, 3 * DAY) if self.dice.random() < 0.7 else 0
        self.rules.jumps.append(self.time)
        self.tell(f"the clock is {self.skew / HOUR:.1f} h ahead")

    def check(self) -> None:
        """Press *Check again* three times."""
        assert self.process is not None
        hass = self.process.hass
        (entry,) = hass.config_entries.async_entries("jrhsz")
        looks = [hass.data[DATA_FOLLOWER].async_look_up_all(entry.entry_id) for _ in range(3)]
        self.process.run(_all(looks))
        self.tell("checked again thrice")

    def decide(self) -> None:
        """Let a person who knows the truth close what is open."""
        assert self.process is not None
        for order in self.orders.open_of(f"{_NAMES[0]}/demo"):
            is_booked = self.rules.is_booked(order.number)
            self.tell(f"a person: {order.number} was {'' if is_booked else 'not '}credited")
            self.process.run(self.orders.async_close(order.number, credited=is_booked))

    def rename(self) -> None:
        """Reach the platform by its other name."""
        self.end("gets another address")
        self.rules.moved.append(self.now)
        self.name = _NAMES[1] if self.name == _NAMES[0] else _NAMES[0]
        self.start()

    def limit(self) -> None:
        """Change the limits, and reload."""
        self._choose_options()
        self.end("gets other limits")
        self.start()

    def _choose_options(self) -> None:
        """Choose other limits."""
        self.options = {
            "max_recharge": self.dice.choice((0, 20, 500)),
            "max_recharge_per_day": self.dice.choice((40, 70, 1000)),
            "max_recharge_total_per_day": self.dice.choice((70, 150, 10_000)),
        }

    def _set_options(self) -> None:
        """Change the limits while something is under way."""
        assert self.process is not None
        self._choose_options()
        self.tell(f"now {self.options}")
        (entry,) = self.process.hass.config_entries.async_entries("jrhsz")
        object.__setattr__(entry, "options", {**entry.options, **self.options})
        self.client.options = dict(self.options)

    def back_up(self) -> None:
        """Make a backup: without the cache."""
        self.saved = self.folder.with_name(f"{self.folder.name}.saved")
        shutil.rmtree(self.saved, ignore_errors=True)
        shutil.copytree(self.folder / ".storage", self.saved)
        self.tell("backed up")

    def restore(self) -> None:
        """Put a backup back, the cache as well or the files alone; days later at times."""
        if self.saved is None:
            return
        if self.dice.random() < 0.5:
            self.wait(3 * DAY)
        self.end("is restored")
        shutil.rmtree(self.folder / ".storage")
        if self.dice.random() < 0.5:
            self.tell("the cache is left")
        else:
            shutil.rmtree(self.folder / ".cache", ignore_errors=True)
        shutil.copytree(self.saved, self.folder / ".storage")
        self.rules.restored.append(self.now)
        self.start()
        # Whoever isn't sure that it was sent says it again, twice if they have to confirm.
        for again in self.numbers[-1:] * 2:
            if self.process is not None and not self.process.is_dead:
                self.recharge(again)

    def _check_memory(self) -> None:
        """See that nothing that was sent is forgotten."""
        journal = self.orders.journal
        self.rules.remembers(journal.knows, self.orders.is_under_way, journal.orders)

    def _settle(self) -> None:
        """Let time pass until all is settled, and credit each meter once more."""
        assert self.process is not None
        self.process.run(self.orders.journal.async_confirm_gap())
        for _ in range(9):
            self.wait(DAY)
        self._check_memory()
        self.rules.settled(self.time, self.orders.journal.orders)
        self.decide()
        self.options = {"max_recharge_total_per_day": 10**6, "max_recharge_per_day": 10**6}
        self.end("gets wide limits")
        self.start()
        for code in METERS:
            call = self._call(code, 10, None, None)
            self.rules.must_be_accepted = True
            self.process.run(asyncio.wait_for(call, 10 * MINUTE))
        self.rules.judge_limits()


async def _all(calls: list[Any]) -> None:
    """Await them side by side."""
    await asyncio.gather(*calls)


_CHOICES: Final[dict[Callable[[Life], None], int]] = {
    Life.recharge: 10,
    Life.wait: 8,
    Life.pay: 2,
    Life.restart: 2,
    Life.kill: 2,
    Life.jump: 1,
    Life.check: 2,
    Life.decide: 1,
    Life.rename: 1,
    Life.limit: 1,
    Life.back_up: 1,
    Life.restore: 2,
}
_EVENTS: Final = tuple(_CHOICES)
_WEIGHTS: Final = tuple(_CHOICES.values())
