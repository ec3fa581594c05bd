"""Join a simulator process and a real Home Assistant, and compare what both say."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession

from .hass_process import FlowStep, HassProcess, HassProcessError

USERNAME = "demo"
PASSWORD = "demo-password"

ELECTRICITY, WATER = "electricity", "water"
READING = {ELECTRICITY: ("energy", "kWh"), WATER: ("water", "m³")}


class SimulatorProcess:
    """Run the simulator as a process of its own."""

    def __init__(self, *arguments: str) -> None:
        """Prepare a process with arguments of `python -m tests.simulator`."""
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._session: ClientSession | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Start it and wait until it serves."""
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - quick, and our own command
            (sys.executable, "-m", "tests.simulator", *self._arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the parent, which then stops its children in order.
            start_new_session=True,
        )
        if self._process.stdout is not None:
            ready = await asyncio.to_thread(self._process.stdout.readline)
            self.url = ready.strip().rpartition(" ")[2]
        if not self.url:
            self._process.wait()
            msg = "the simulator did not start"
            raise HassProcessError(msg)
        self._session = ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        if self._session is not None:
            await self._session.close()
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait)
            if self._process.stdout is not None:
                self._process.stdout.close()

    async def state(self) -> dict[str, Any]:
        """Return the meters, all calls and how many of them came early."""
        async with self._client.get(f"{self.url}/control/state") as response:
            return dict(await response.json())

    async def control(self, command: str, **arguments: Any) -> None:
        """Change something in the simulated world."""
        url = f"{self.url}/control/{command}"
        async with self._client.post(url, json=arguments) as response:
            response.raise_for_status()

    @property
    def _client(self) -> ClientSession:
        if self._session is None:
            msg = "the simulator is not running"
            raise HassProcessError(msg)
        return self._session


@dataclass(frozen=True, slots=True)
class ShownMeter:
    """Hold what Home Assistant shows of a meter: its device, and its states by sensor."""

    name: str
    device: Mapping[str, Any]
    sensors: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def value(self, key: str) -> str | None:
        """Return a sensor's state, if it has one."""
        state = self.sensors.get(key, {}).get("state")
        return None if state in (None, "unknown", "unavailable") else str(state)

    def number(self, key: str) -> Decimal | None:
        """Return a sensor's state as a number, if it is one."""
        try:
            return Decimal(self.value(key) or "")
        except InvalidOperation:
            return None

    @property
    def read_at(self) -> datetime | None:
        """Return when the meter was read, if that is known."""
        time = self.sensors.get("reading", {}).get("attributes", {}).get("read_at")
        return datetime.fromisoformat(time) if time else None

    def form(self, key: str) -> tuple[str | None, str | None]:
        """Return a sensor's device class and unit."""
        attributes = self.sensors.get(key, {}).get("attributes", {})
        return attributes.get("device_class"), attributes.get("unit_of_measurement")

    @property
    def complete(self) -> bool:
        """Return whether reading, balance and time have a value."""
        return all((self.value("reading"), self.value("balance"), self.read_at))


async def add_account(hass: HassProcess, url: str) -> str:
    """Add the simulator's account, all buildings and all meters; return the entry's id."""
    step = expect(await hass.start_flow("jrhsz"), "user")
    account = {"url": url, "username": USERNAME, "password": PASSWORD, "verify_ssl": True}
    step = expect(await hass.submit(step, account), "browse")
    step = expect(await hass.choose(step, "by_building"), "by_building")
    step = expect(await hass.submit(step, step.defaults), "choose")
    step = await hass.choose(step, "all_meters")
    if step.kind != "create_entry":
        msg = f"the flow did not create an entry: {step.data}"
        raise HassProcessError(msg)
    return str(step.data["result"]["entry_id"])


async def set_options(hass: HassProcess, entry_id: str, **options: Any) -> None:
    """Change some of the settings through the options flow."""
    step = await hass.choose(await hass.start_options_flow(entry_id), "settings")
    step = await hass.submit(step, expect(step, "settings").defaults | options)
    if step.kind != "create_entry":
        msg = f"the options were refused: {step.data}"
        raise HassProcessError(msg)


def expect(step: FlowStep, step_id: str) -> FlowStep:
    """Return the step if it is the one and has no errors."""
    if step.step_id != step_id or step.errors:
        msg = f"the flow should show {step_id} now, but it shows {step.data}"
        raise HassProcessError(msg)
    return step


async def shown_meters(hass: HassProcess, entry_id: str) -> dict[str, ShownMeter]:
    """Return what Home Assistant shows of each meter, by user code."""
    entities = await hass.command("config/entity_registry/list")
    devices = {item["id"]: item for item in await hass.command("config/device_registry/list")}
    states = await hass.states()
    meters: dict[str, ShownMeter] = {}
    for entity in entities:
        # Entry unique id, user code and key; an account's own entities have no user code.
        parts = entity["unique_id"].split("|")
        if entity["config_entry_id"] != entry_id or len(parts) != 3:
            continue
        if (device := devices.get(entity["device_id"])) is None:
            # Added or removed since the entities were listed.
            continue
        name = device["name_by_user"] or device["name"]
        meter = meters.setdefault(parts[1], ShownMeter(name, device))
        if entity["entity_id"] in states:
            meter.sensors[parts[2]] = states[entity["entity_id"]]
    return meters


def kind_of(truth: Mapping[str, Any]) -> str:
    """Return the kind of one of the simulator's meters."""
    return ELECTRICITY if truth["table_type"] % 2 else WATER


def differences(shown: ShownMeter, truth: Mapping[str, Any]) -> list[str]:
    """Return where Home Assistant shows something other than the simulator has."""
    pairs = {
        "reading": (shown.number("reading"), Decimal(truth["reading"])),
        "balance": (shown.number("balance"), Decimal(truth["balance"])),
        "read_at": (shown.read_at, datetime.fromisoformat(truth["read_time"])),
        "reading's class and unit": (shown.form("reading"), READING[kind_of(truth)]),
        "balance's class and unit": (shown.form("balance"), ("monetary", "CNY")),
        "serial number": (shown.device["serial_number"], truth["table_no"]),
    }
    return [
        f"{name}: {ours}, not {theirs}" for name, (ours, theirs) in pairs.items() if ours != theirs
    ]


async def wait_for_readings(
    hass: HassProcess, simulator: SimulatorProcess, entry_id: str, *, limit: float
) -> tuple[dict[str, ShownMeter], dict[str, list[str]]]:
    """Wait until every meter was seen as the simulator has it.

    Meters upload while we look, so each one only has to agree once. Returned are the meters that
    are shown at the end, and the differences of those that never agreed.
    """
    deadline = time.monotonic() + limit
    agreed: set[str] = set()
    while True:
        shown = await shown_meters(hass, entry_id)
        truth = (await simulator.state())["meters"]
        wrong = {
            code: differences(shown[code], truth[code]) if code in shown else ["not shown"]
            for code in truth.keys() - agreed
        }
        agreed |= {code for code, found in wrong.items() if not found}
        if len(agreed) == len(truth) or time.monotonic() > deadline:
            return shown, {code: found for code, found in wrong.items() if found}
        await asyncio.sleep(0.5)
