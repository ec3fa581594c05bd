"""A deployment of the platform with habits of its own, and half a day of one of its accounts."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
import logging
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from custom_components.jrhsz.coordinator import SIGNAL_BECAME_LOW, MeterCoordinator
from tests.simulator import Dialect, Fault, Simulator, single_changes

from ..benchmarks.home import home, states_of
from ..benchmarks.virtual_time import VirtualLoop, run
from ..support.flows import Driver, entry_of

MINUTE, HOUR = 60, 3600
PASS: Final = 40 * MINUTE
MOMENT: Final = 4 * MINUTE
TWO_DAYS: Final = timedelta(days=2)
METERS: Final = 5
RECHARGED, ALARMED, DENIED = "2022040001", "2022040003", "2022040005"
DOOR_CHECK: Final = {1002, 1005, 1006, 1007, 1008, 1009}
NO_NUMBERS: Final = {"empty", "null", "nan", "dashes", "thousands", "missing"}
SWITCHES: Final = {
    name: change
    for name, change in single_changes().items()
    # Of one that redirects nothing works, and that is tested elsewhere.
    if not name.startswith("redirect")
}
OUTAGES: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 429},
    {"kind": "html"},
    {"kind": "cut"},
    {"kind": "cut_body"},
    {"kind": "garbage"},
    {"kind": "code", "code": 1001, "msg": "系统异常"},
    {"kind": "code", "code": 1001, "msg": "今日调用次数已达上限"},
    {"kind": "code", "code": 1006},
    {"kind": "hang", "seconds": 60},
)


def dialect_of(seed: int) -> dict[str, Any]:
    """Return up to six departures from the usual, as a seed has them."""
    random = Random(seed)  # noqa: S311  seeded, to be repeated
    changes: dict[str, Any] = {}
    for name in random.sample(sorted(SWITCHES), random.randint(2, 6)):
        for field, value in SWITCHES[name].items():
            changes.setdefault(field, value)
    if changes.get("page_cap", 1000) < 1000:
        # That takes no page of the size that is asked for.
        changes.pop("page_over", None)
    return changes


def live(seed: int) -> list[str]:
    """Live with the deployment of a seed; return what went wrong."""
    return live_with(dialect_of(seed), OUTAGES[seed % len(OUTAGES)])


def live_shortly(name: str) -> list[str]:
    """Live a moment with a deployment of one switch, without an outage."""
    return live_with(SWITCHES[name], None)


def live_with(changes: dict[str, Any], outage: dict[str, Any] | None) -> list[str]:
    """Live with a deployment, through an outage if there is one; return what went wrong."""

    async def main(loop: VirtualLoop) -> list[str]:
        """Run a platform and a Home Assistant."""
        simulator = Simulator(
            meters=METERS,
            limit=2.0,
            delay=0.02,
            history_days=6 if outage else 3,
            wechat=False,
            monotonic=loop.time,
            dialect=Dialect(**changes),
        )
        with TemporaryDirectory() as folder:
            async with simulator, home(Path(folder)) as hass:
                day = Day(hass, simulator)
                with OurLog() as log:
                    await day.live(outage)
                return [*day.faults, *log.tracebacks]

    return run(main)


class OurLog(logging.Handler):
    """Counts the lines that the integration logs, and keeps what should never be in them."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.tracebacks: list[str] = []
        self._logger = logging.getLogger("custom_components.jrhsz")
        self._level = self._logger.level

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a record."""
        self.lines.append(record.getMessage())
        if record.exc_info:
            self.tracebacks.append(f"a traceback in the log: {record.exc_info[1]!r}")

    def __enter__(self) -> Self:
        """Begin to listen, though the proofs log nothing otherwise."""
        self._disabled = logging.root.manager.disable
        logging.disable(logging.NOTSET)
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        self._propagates, self._logger.propagate = self._logger.propagate, False
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._logger.propagate = self._propagates
        self._logger.setLevel(self._level)
        self._logger.removeHandler(self)
        logging.disable(self._disabled)


class Day:
    """What happens to the account, and what is wrong with it."""

    def __init__(self, hass: HomeAssistant, simulator: Simulator) -> None:
        """Begin without an account."""
        self.hass = hass
        self.simulator = simulator
        self.faults: list[str] = []
        self._falls: list[str] = []
        self._rejected = False

    async def live(self, outage: dict[str, Any] | None) -> None:
        """Add the account, poll, read history, lose and get back the platform, recharge."""
        async_dispatcher_connect(self.hass, SIGNAL_BECAME_LOW, self._note_fall)
        entry = await self._added()
        rest = PASS if outage else MOMENT
        await asyncio.sleep(rest)
        self._compare(entry, "after adding")
        await self._read_history(entry)
        if outage is not None:
            await self._lose_balance(outage)
        await self._recharge(entry)
        await asyncio.sleep(rest)
        self._compare(entry, "in the end")
        if self.simulator.early:
            self.faults.append(f"{self.simulator.early} early calls")
        issues = {str(x.translation_key) for x in ir.async_get(self.hass).issues.values()}
        issues -= {"open_orders"} if self._may_be_open() else set()
        issues -= {"missing_permissions"} if self._may_not_recharge() else set()
        corrected = {"order_corrected_confirmed"} if self._rejected else set()
        if corrected - issues:
            self.faults.append("a recharge that was booked stays rejected")
        if issues - corrected:
            self.faults.append(f"issues {sorted(issues)}")
        if self.hass.config_entries.flow.async_progress():
            self.faults.append("a form for a password")
        await self.hass.config_entries.async_unload(entry.entry_id)

    @callback
    def _note_fall(self, meter: MeterCoordinator, _: object) -> None:
        """Note that a meter became low."""
        self._falls.append(meter.user_code)

    async def _added(self) -> ConfigEntry[Any]:
        """Add the account as a person does, with all buildings and meters."""
        flow = await Driver.add(self.hass)
        await flow.sign_in(self.simulator)
        await flow.choose("by_building")
        await flow.submit(buildings=flow.default("buildings"))
        await flow.choose("all_meters")
        entry: ConfigEntry[Any] = entry_of(flow)
        if len(entry.options["meters"]) != METERS:
            self.faults.append(f"{len(entry.options['meters'])} meters were found")
        return entry

    @property
    def _has_numbers(self) -> bool:
        """Tell whether readings and balances can be read."""
        dialect = self.simulator.dialect
        return dialect.numbers not in NO_NUMBERS or dialect.numbers_only not in {"", "GetUserInfo"}

    def _readable(self) -> Iterable[str]:
        """Return the meters that the account may read."""
        return self.simulator.meters.keys() - set(self.simulator.dialect.denied_codes)

    def _compare(self, entry: ConfigEntry[Any], when: str) -> None:
        """Compare what is shown with what the platform has."""
        delay = self.simulator.dialect.credit_delay
        for code in sorted(self._readable()):
            info = self.simulator.meters[code].info(credit_delay=delay)
            meter = entry.runtime_data.coordinators[code]
            if meter.polled_at is None or not meter.last_update_success:
                self.faults.append(f"{when}: meter {code} has no values ({meter.last_error})")
                continue
            if info.read_time > meter.polled_at:
                continue
            states = states_of(self.hass, entry, code)
            for key, value in (("reading", info.reading), ("balance", info.balance)):
                state = states[key]
                shown = state.state if state else None
                wanted = str(float(value)) if self._has_numbers else "unknown"
                if shown != wanted:
                    self.faults.append(f"{when}: {key} of {code} is {shown}, not {wanted}")

    async def _read_history(self, entry: ConfigEntry[Any]) -> None:
        """Read the records of two days, in two goes if a form has to be found first."""
        dialect = self.simulator.dialect
        begin = self.simulator.now() - TWO_DAYS
        answer: Any = None
        for _ in range(3):
            try:
                answer = await self._action("get_consumption", entry, start=begin.isoformat())
                break
            except HomeAssistantError as err:
                reason = err
                await asyncio.sleep(HOUR + MINUTE)
        if answer is None:
            self.faults.append(f"history can't be read: {reason}")
            return
        if dialect.times in {"empty", "zero", "null", "unreadable"}:
            return
        until = self.simulator.now() - (TWO_DAYS / 2)
        expected = self.simulator.meters[RECHARGED].records(begin, until, delay=0)
        times = {str(row["time"])[:16] for row in answer["records"]}
        missing = [x for x in expected if x.read_time.isoformat()[:16] not in times]
        if missing:
            self.faults.append(f"{len(missing)} of {len(expected)} records are missing")

    async def _lose_balance(self, outage: dict[str, Any]) -> None:
        """Let a balance fall in an outage: there is an alarm, and only one."""
        meter = self.simulator.meters[ALARMED]
        meter.set_balance("100")
        await asyncio.sleep(PASS)
        before = self._falls.count(ALARMED)
        self.simulator.add_fault(Fault(**outage, times=None))
        await asyncio.sleep(PASS)
        meter.set_balance("5")
        await asyncio.sleep(2 * HOUR)
        self.simulator.clear_faults()
        # Logins pause for a while, and a quota is asked for once an hour.
        await asyncio.sleep(HOUR + PASS)
        alarms = self._falls.count(ALARMED) - before
        if alarms != self._has_numbers:
            self.faults.append(f"{alarms} alarms of a balance that fell in an outage")

    async def _recharge(self, entry: ConfigEntry[Any]) -> None:
        """Credit a meter once, whatever the platform says to it."""
        answer: Any = None
        for _ in range(3):
            try:
                answer = await self._action("recharge", entry, amount=20)
                break
            except HomeAssistantError as err:
                if self.simulator.ledger:
                    self.faults.append(f"a recharge that was sent raised {err}")
                    return
                reason = err
                await asyncio.sleep(HOUR + MINUTE)
        if answer is None:
            if self._has_numbers and self._lists_payments():
                self.faults.append(f"a recharge was refused: {reason}")
            return
        received = [order.times_received for order in self.simulator.ledger]
        amounts = [order.amount for order in self.simulator.ledger]
        if received != [1] or amounts != [Decimal(20)]:
            self.faults.append(f"a recharge was received {received} times, of {amounts}")
        self._rejected = answer["status"] == "rejected"
        if answer["status"] not in self._outcomes():
            self.faults.append(f"a recharge that was booked is {answer['status']}")

    def _outcomes(self) -> set[str]:
        """Return what may be said of a recharge that was booked.

        A refusal at the door is believed after a minute; shown later than that, it is put right.
        """
        dialect = self.simulator.dialect
        if dialect.prestore_answer in DOOR_CHECK and dialect.payment_delay > MINUTE:
            return {"confirmed", "unknown", "rejected"}
        return {"confirmed", "unknown"} if self._may_be_open() else {"confirmed"}

    def _lists_payments(self) -> bool:
        """Tell whether what is paid can be told from the list."""
        dialect = self.simulator.dialect
        has_times = dialect.times not in {"empty", "zero", "null", "unreadable"}
        return has_times and (dialect.numbers not in NO_NUMBERS)

    def _may_not_recharge(self) -> bool:
        """Tell whether the platform says that the account may not recharge."""
        return self.simulator.dialect.prestore_answer in {1002, 1009}

    def _may_be_open(self) -> bool:
        """Tell whether the outcome of a recharge may not be known for a while."""
        dialect = self.simulator.dialect
        return dialect.prestore_answer != 200 or dialect.success_status != 200

    async def _action(self, name: str, entry: ConfigEntry[Any], **data: Any) -> Any:
        """Call an action for a meter and return its response."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            ("jrhsz", f"{entry.unique_id}|{RECHARGED}"), entry.entry_id
        )
        assert device is not None
        return await self.hass.services.async_call(
            "jrhsz",
            name,
            {"device_id": device.id, **data},
            blocking=True,
            return_response=True,
        )
