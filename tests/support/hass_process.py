"""Run a real Home Assistant process with this integration, and talk to it over HTTP."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "jrhsz"
HOST = "127.0.0.1"

# Runs a command that gets SIGTERM when the process that started it ends, however that ended.
TIED_TO_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent has ended")
os.execv(sys.argv[2], sys.argv[2:])
"""


class HassProcessError(Exception):
    """Tell what the process did that nobody expected."""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """Hold one answer of a config or options flow."""

    path: str
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Return form, menu, progress, create_entry or abort."""
        return str(self.data["type"])

    @property
    def step_id(self) -> str | None:
        """Return the step that is shown, if one is."""
        return self.data.get("step_id")

    @property
    def errors(self) -> Mapping[str, str]:
        """Return the form's errors by field."""
        return self.data.get("errors") or {}

    @property
    def menu(self) -> list[str]:
        """Return the steps that a menu offers."""
        return list(self.data["menu_options"])

    @property
    def defaults(self) -> dict[str, Any]:
        """Return what a form holds when nobody has touched it, as the frontend reads it."""
        values = {}
        for field in self.data["data_schema"]:
            suggested = (field.get("description") or {}).get("suggested_value")
            value = field.get("default") if suggested is None else suggested
            if value is not None:
                values[field["name"]] = value
        return values


class HassProcess:
    """Run `hass` in a directory of its own, with one user and this integration."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        integrations: tuple[str, ...] = ("history",),
        log_levels: Mapping[str, str] | None = None,
        username: str = "demo",
        password: str = "demo",  # noqa: S107 - of a throw-away user on this machine
        language: str = "en",
        country: str = "CN",
        currency: str = "CNY",
        time_zone: str = "Asia/Shanghai",
    ) -> None:
        """Prepare a process; nothing is written or started yet."""
        self.directory = directory
        self.port = port or free_port()
        self.username = username
        self.password = password
        self._language = language
        self._integrations = integrations
        self._log_levels = dict(log_levels or {})
        self._core = {
            "name": "Home",
            "country": country,
            "currency": currency,
            "language": language,
            "time_zone": time_zone,
            "unit_system": "metric",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._session: ClientSession | None = None
        self._token: str | None = None

    async def __aenter__(self) -> Self:
        """Start the process."""
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the process."""
        await self.close()

    @property
    def url(self) -> str:
        """Return the address of the frontend and of the API."""
        return f"http://{HOST}:{self.port}"

    @property
    def log_file(self) -> Path:
        """Return the file that gets the output of every start."""
        return self.directory / "output.log"

    def log(self) -> str:
        """Return everything that Home Assistant logged, over all starts."""
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    # The process

    async def start(self, *, limit: float = 240) -> None:
        """Start it and wait until it runs; the first time, create the user too.

        The limit is generous because the first start in an environment installs packages.
        """
        if not (self.directory / "configuration.yaml").exists():
            self._write_configuration()
        self._launch()
        self._session = self._session or ClientSession(timeout=ClientTimeout(total=60))
        deadline = time.monotonic() + limit
        while not await self._is_running():
            if self._process is None or self._process.poll() is not None:
                msg = f"Home Assistant ended while starting:\n{self.log()[-4000:]}"
                raise HassProcessError(msg)
            if time.monotonic() > deadline:
                msg = f"Home Assistant was not up after {limit:.0f} s:\n{self.log()[-4000:]}"
                raise HassProcessError(msg)
            await asyncio.sleep(0.2)

    async def stop(self, *, limit: float = 60) -> None:
        """Stop it as a service manager would, and insist on a clean end."""
        if (code := await self._end(signal.SIGTERM, limit)) != 0:
            msg = f"Home Assistant ended with {code}:\n{self.log()[-4000:]}"
            raise HassProcessError(msg)

    async def kill(self) -> None:
        """End it as a power failure would."""
        await self._end(signal.SIGKILL, 10)

    async def wait(self) -> None:
        """Wait until it ends by itself."""
        while self._process is not None and self._process.poll() is None:  # noqa: ASYNC110  a process ends without an event
            await asyncio.sleep(1)

    async def restart(self) -> None:
        """Stop it and start it again on the same port and data."""
        await self.stop()
        await self.start()

    async def close(self) -> None:
        """End the process if it still runs, and the connection to it."""
        if self._process is not None:
            try:
                await self._end(signal.SIGTERM, 30)
            except subprocess.TimeoutExpired:
                await self.kill()
        if self._session is not None:
            await self._session.close()
            self._session = None

    # What it offers

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.request("GET", "/api/states")}

    async def service(
        self,
        domain: str,
        name: str,
        data: Mapping[str, Any] | None = None,
        *,
        response: bool = False,
    ) -> Any:
        """Call an action and return its response, or the states that it changed."""
        query = "?return_response" if response else ""
        path = f"/api/services/{domain}/{name}{query}"
        answer = await self.request("POST", path, dict(data or {}))
        return answer["service_response"] if response else answer

    async def start_flow(self, domain: str) -> FlowStep:
        """Start the config flow of an integration."""
        return await self._flow("/api/config/config_entries/flow", {"handler": domain})

    async def start_options_flow(self, entry_id: str) -> FlowStep:
        """Start the options flow of an entry."""
        return await self._flow("/api/config/config_entries/options/flow", {"handler": entry_id})

    async def submit(self, step: FlowStep, data: Mapping[str, Any]) -> FlowStep:
        """Submit a form, and wait while the flow shows progress."""
        return await self._flow(f"{step.path}/{step.data['flow_id']}", dict(data), step.path)

    async def choose(self, step: FlowStep, option: str) -> FlowStep:
        """Choose from a menu, and wait while the flow shows progress."""
        return await self.submit(step, {"next_step_id": option})

    async def command(self, kind: str, **fields: Any) -> Any:
        """Send one WebSocket command and return its result."""
        async with self._client.ws_connect(f"{self.url}/api/websocket") as socket_:
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self._token})
            if (answer := await socket_.receive_json())["type"] != "auth_ok":
                msg = f"the WebSocket refused the token: {answer}"
                raise HassProcessError(msg)
            await socket_.send_json({"id": 1, "type": kind, **fields})
            answer = await socket_.receive_json()
        if not answer["success"]:
            msg = f"{kind} failed: {answer['error']}"
            raise HassProcessError(msg)
        return answer["result"]

    async def request(self, method: str, path: str, data: Any = None) -> Any:
        """Send one authorised request and return its JSON."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._client.request(
            method, self.url + path, json=data, headers=headers
        ) as response:
            if not response.ok:
                msg = f"{method} {path}: HTTP {response.status}: {await response.text()}"
                raise HassProcessError(msg)
            return await response.json()

    # How it is done

    @property
    def _client(self) -> ClientSession:
        if self._session is None:
            msg = "Home Assistant has not been started"
            raise HassProcessError(msg)
        return self._session

    async def _flow(self, path: str, data: dict[str, Any], base: str | None = None) -> FlowStep:
        """Send a flow's input and poll it until it shows something other than progress."""
        answer = await self.request("POST", path, data)
        base = base or path
        while answer["type"] in ("progress", "progress_done"):
            await asyncio.sleep(0.2)
            answer = await self.request("GET", f"{base}/{answer['flow_id']}")
        return FlowStep(base, answer)

    async def _is_running(self) -> bool:
        """Return whether Home Assistant has started and the user can log in."""
        try:
            if self._token is None:
                self._token = await self._onboard()
            config = await self.request("GET", "/api/config")
        except ClientError, TimeoutError, HassProcessError:
            return False
        return bool(config["state"] == "RUNNING")

    async def _onboard(self) -> str:
        """Create the user and return a token that outlives restarts."""
        user = {
            "client_id": f"{self.url}/",
            "name": self.username.title(),
            "username": self.username,
            "password": self.password,
            "language": self._language,
        }
        code = (await self.request("POST", "/api/onboarding/users", user))["auth_code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": user["client_id"],
        }
        async with self._client.post(f"{self.url}/auth/token", data=form) as response:
            response.raise_for_status()
            self._token = (await response.json())["access_token"]
        token = await self.command("auth/long_lived_access_token", client_name="jrhsz", lifespan=1)
        return str(token)

    def _write_configuration(self) -> None:
        """Write the files of a Home Assistant that only lacks its first user."""
        # JSON is YAML. Without default_config nothing searches the network or calls home.
        configuration: dict[str, Any] = {
            "homeassistant": self._core,
            "config": {},
            "logger": {"logs": self._log_levels},
            "recorder": {"commit_interval": 1},
        } | {name: {} for name in self._integrations}
        write_json(self.directory / "configuration.yaml", configuration)
        # An http block in the YAML would only be tried for five minutes. Stored like this (the
        # form of 2026.8, which later versions migrate) the address is a settled one.
        http = {
            "server_host": [HOST],
            "server_port": self.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": "2026-01-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        }
        self.write_store(
            "http", 2, 2, {"stable": http, "pending": None, "yaml_migration_done": True}
        )
        # The other steps of onboarding add a weather forecast, radio stations and a translator.
        self.write_store("onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
        components = self.directory / "custom_components"
        components.mkdir(exist_ok=True)
        (components / INTEGRATION.name).symlink_to(INTEGRATION)

    def write_store(self, key: str, version: int, minor_version: int, data: Any) -> None:
        """Write one of Home Assistant's storage files."""
        store = {"version": version, "minor_version": minor_version, "key": key, "data": data}
        write_json(self.directory / ".storage" / key, store)

    def _launch(self) -> None:
        """Start the process; its output goes to the end of the log file."""
        hass = shutil.which("hass", path=str(Path(sys.executable).parent))
        if hass is None:
            msg = f"no hass beside {sys.executable}: run scripts/setup"
            raise HassProcessError(msg)
        command = (sys.executable, "-c", TIED_TO_PARENT, str(os.getpid()))
        arguments = (hass, "--config", str(self.directory), "--log-no-color")
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                (*command, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the parent, which then stops its children in order.
                start_new_session=True,
                env=os.environ | {"UV_CACHE_DIR": str(package_cache()), "UV_LINK_MODE": "copy"},
            )

    async def _end(self, signal_: signal.Signals, limit: float) -> int:
        """Send a signal and return the exit code."""
        if (process := self._process) is None:
            msg = "Home Assistant is not running"
            raise HassProcessError(msg)
        process.send_signal(signal_)
        code = await asyncio.to_thread(process.wait, limit)
        self._process = None
        return code


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
    return port


def package_cache() -> Path:
    """Return where packages are kept that Home Assistant installs, as scripts/setup has it."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ha-jrhsz"
    return Path(os.environ.get("JRHSZ_CACHE") or default) / "uv-cache"


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
