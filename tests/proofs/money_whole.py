"""Whole lives: the integration in a Home Assistant core, over sockets, against the simulator.

Time is virtual. What the platform's document leaves open is another way in each life; recharges
meet answers of every kind, Home Assistant restarts or is killed, its clock is set, options change,
the platform gets another name, and a backup is put back.
"""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
import shutil
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from custom_components.jrhsz.recharge.orders import DATA_ORDERS

from ..benchmarks.home import KilledError, entry_of, home, set_up_all
from ..benchmarks.virtual_time import VirtualLoop, run
from ..simulator import Dialect, Fault, Simulator
from .money_ledger import DAY, HOUR, MINUTE

_METERS: Final = 2
_DELAYS: Final = (0, 0, 20, 300, 3 * 3600)
_NAMES: Final = ("127.0.0.1", "localhost")
_KINDS: Final = ("code", "code", "cut", "status", "html", "hang", "no_code", "garbage")


class WholeLife:
    """One life; `faults` is what is against the rules, `story` what happened."""

    def __init__(self, seed: int, folder: Path, loop: VirtualLoop) -> None:
        """Choose what the platform is like."""
        self.faults: list[str] = []
        self.story: list[str] = []
        self._dice = dice = Random(f"{seed} whole")  # noqa: S311
        self._folder, self._loop, self._begin = folder, loop, loop.time()
        self._was_restored = False
        self._skew = 0.0
        self._set_at: float | None = None
        dialect = Dialect(
            data=dice.choice(("string", "native")),
            total_count=dice.choice(("right", "page", "missing")),
            page_cap=dice.choice((1000, 2, 3)),
            order=dice.choice(("ascending", "descending", "shuffled")),
            dates=dice.choice(("any", "time", "date")),
            date=dice.choice(("world", "missing")),
            payment_number=dice.choice(("ours", "ours", "upper", "within", "other")),
            payment_delay=dice.choice(_DELAYS),
        )
        self._simulator = Simulator(
            meters=_METERS,
            limit=2.0,
            delay=0.02,
            seed=seed,
            history_days=2,
            upload_every=86400,
            wechat=dice.random() < 0.5,
            monotonic=loop.time,
            dialect=dialect,
        )
        self._tell(str(dialect))

    def _tell(self, what: str) -> None:
        """Add to the story."""
        self.story.append(f"{(self._loop.time() - self._begin) / HOUR:8.2f} h  {what}")

    async def live(self) -> None:
        """Live it, over some restarts."""
        async with self._simulator:
            for _ in range(self._dice.randint(1, 3)):
                async with home(self._folder) as hass:
                    await self._run(hass)
                self._tell("ends")
                if self._dice.random() < 0.25:
                    self._put_back()
            async with home(self._folder) as hass:
                await self._end(hass)

    async def _start(self, hass: HomeAssistant) -> ConfigEntry[Any]:
        """Set the account up, and hear of outcomes."""

        @callback
        def async_note(event: Event[Any]) -> None:
            """Judge an outcome."""
            self._judge(event.data)

        hass.bus.async_listen("jrhsz_recharge", async_note)
        if not hass.config_entries.async_entries("jrhsz"):
            entry = entry_of(self._simulator, scan_interval=120)
            await hass.config_entries.async_add(entry)
        await set_up_all(hass)
        await asyncio.sleep(20)
        await hass.data[DATA_ORDERS].journal.async_confirm_gap()
        self._tell("started")
        return hass.config_entries.async_entries("jrhsz")[0]

    async def _run(self, hass: HomeAssistant) -> None:
        """Recharge and wait."""
        entry = await self._start(hass)
        storage = self._folder / ".storage"
        if not (saved := self._folder / "saved").exists():
            shutil.copytree(storage, saved)
        for _ in range(self._dice.randint(1, 4)):
            await self._recharge(hass, entry)
            await asyncio.sleep(self._dice.choice((0, MINUTE, 12 * MINUTE, 3 * HOUR)))
            if self._dice.random() < 0.3:
                code = self._dice.choice(sorted(self._simulator.meters))
                self._simulator.add_payment(code, "20.00")
                self._tell(f"a tenant pays 20 on {code}")
            if self._dice.random() < 0.2:
                self._set_clock(self._dice.uniform(-3 * DAY, 3 * DAY))
            if self._dice.random() < 0.2:
                await self._change(hass, entry)
        if self._dice.random() < 0.3:
            await self._kill(hass, entry)

    def _set_clock(self, skew: float) -> None:
        """Let our clock be so far ahead of the platform's."""
        by, self._skew = skew - self._skew, skew
        self._loop.set_time_of_day(timedelta(seconds=by))
        self._simulator.advance(-by)
        self._set_at = self._loop.time()
        self._tell(f"the clock is {skew / HOUR:.1f} h ahead")

    async def _change(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Change options, or reach the platform by its other name."""
        data, options = dict(entry.data), dict(entry.options)
        if self._dice.random() < 0.5:
            name, other = _NAMES if _NAMES[0] in data["url"] else _NAMES[::-1]
            data["url"] = data["url"].replace(name, other)
        else:
            options["max_recharge"] = self._dice.choice((0, 20, 500))
            options["max_recharge_per_day"] = self._dice.choice((40, 70, 1000))
        hass.config_entries.async_update_entry(entry, data=data, options=options)
        await hass.config_entries.async_reload(entry.entry_id)
        self._tell(f"now {data['url']}, at most {options.get('max_recharge')}")
        await asyncio.sleep(20)

    async def _kill(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Kill Home Assistant in the midst of a recharge."""
        recharge = asyncio.create_task(self._recharge(hass, entry))
        await asyncio.wait({recharge}, timeout=self._dice.choice((0, 0.05, 2.1, 2.3, 30)))
        self._tell("is killed")
        raise KilledError

    async def _recharge(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Let somebody credit a meter while something may go wrong."""
        dice, code = self._dice, self._dice.choice(sorted(self._simulator.meters))
        if dice.random() < 0.6:
            fault = Fault(
                kind=dice.choice(_KINDS),
                interface="Prestore",
                when=dice.choice(("before", "after")),
                code=dice.choice((1001, 1001, 1008, 1009, 9999)),
            )
            self._simulator.add_fault(fault)
            self._tell(f"{fault.kind} {fault.code} {fault.when}")
        device = dr.async_get(hass).async_get_device_by_identifier(
            ("jrhsz", f"{entry.unique_id}|{code}"), entry.entry_id
        )
        assert device is not None
        data = {"device_id": device.id, "amount": dice.choice((10, 20, 50))}
        try:
            response = await hass.services.async_call(
                "jrhsz", "recharge", data, blocking=True, return_response=True
            )
        except HomeAssistantError as err:
            self._tell(f"{code} refused: {err.translation_key}")
        else:
            self._tell(f"{code} answered: {response}")
        self._simulator.clear_faults()

    def _put_back(self) -> None:
        """Put the backup back, and wipe the cache as a full restore does."""
        shutil.rmtree(self._folder / ".cache", ignore_errors=True)
        journal = ".storage/jrhsz.journal"
        shutil.copy(self._folder / "saved" / "jrhsz.journal", self._folder / journal)
        self._was_restored = True
        self._tell("is restored")

    def _judge(self, data: dict[str, Any]) -> None:
        """Compare what is told of an order with the ledger."""
        number, status, source = data["order_number"], data["status"], data["source"]
        self._tell(f"{number}: {status} ({source})")
        booked = [item for item in self._simulator.ledger if item.out_trade_no == number]
        is_booked = any(item.times_credited for item in booked)
        if status == "confirmed" and not is_booked:
            self.faults.append(f"{number} is confirmed, and was not booked")
        if status == "rejected" and is_booked:
            delay = self._simulator.dialect.payment_delay
            age = (self._simulator.now() - booked[0].time).total_seconds()
            # Where the clock was set nobody may be able to say how long it was.
            was_set = self._set_at is not None and self._loop.time() - age <= self._set_at
            if age > delay + 2 * MINUTE or (age < MINUTE and not was_set):
                self.faults.append(f"{number} is rejected after {age:.0f} s, and was booked")

    async def _end(self, hass: HomeAssistant) -> None:
        """Let two days pass, and judge what became of all."""
        await self._start(hass)
        await asyncio.sleep(50 * HOUR)
        orders = hass.data[DATA_ORDERS].journal.orders
        shown = self._simulator.dialect.payment_number in {"ours", "upper", "within"}
        for item in self._simulator.ledger:
            order = orders.get(item.out_trade_no)
            if item.times_received > 1:
                self.faults.append(f"{item.out_trade_no} was sent twice")
            if order is None and not self._was_restored:
                self.faults.append(f"{item.out_trade_no} is forgotten")
            if order is not None and shown and order.status != "confirmed":
                self.faults.append(f"{item.out_trade_no} is {order.status} in the end")
        booked = sum((item.credited for item in self._simulator.ledger), Decimal(0))
        self._tell(f"{booked} yuan were booked")


def faults_of_whole(seed: int, folder: Path) -> tuple[list[str], list[str]]:
    """Live a whole life; return what is wrong with it, and its story."""

    async def main(loop: VirtualLoop) -> WholeLife:
        """Live it."""
        life = WholeLife(seed, folder, loop)
        await life.live()
        return life

    life = run(main)
    return life.faults, life.story
