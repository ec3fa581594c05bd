"""A process with the real path of recharges, and nothing else, that can be killed at any step.

Read one JSON object per line from standard input, fork a child that does what it says, and
answer with a line of JSON: the steps that the child has taken, and how it ended. Forking saves
every child from importing Home Assistant.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import wraps
import json
import os
from pathlib import Path
import signal
import sys
import time
import traceback
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.jrhsz.api import Client, Http, session as session_module
from custom_components.jrhsz.api.transport import post
from custom_components.jrhsz.connection import async_get_session
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER, async_setup_orders
from custom_components.jrhsz.recharge.journal import Journal
from custom_components.jrhsz.recharge.orders import DATA_ORDERS
from custom_components.jrhsz.recharge.request import CreditedMeter, Request
from custom_components.jrhsz.recharge.send import async_recharge
from custom_components.jrhsz.recharge.witness import Witness


class Steps:
    """Tells every step that a recharge has taken, and ends the process after one of them."""

    def __init__(self, pipe: int, kill_after: int | None) -> None:
        """Stand between the recharge and what it does."""
        self._pipe = pipe
        self._kill_after = kill_after
        self._taken = 0
        patch.object(session_module, "post", self._around_post(post)).start()
        owner: Any
        for owner, name, step in (
            (Client, "get_meter", "meter read"),
            (Client, "get_payments", "payments read"),
            (Journal, "async_reserve", "reserved"),
            (Journal, "async_update", "outcome kept"),
        ):
            patch.object(owner, name, self._after_call(getattr(owner, name), step)).start()
        for owner, name, step in (
            (os, "pwrite", "written"),
            (os, "fsync", "fsync"),
            (Path, "replace", "replaced"),
            (Witness, "write", "witnessed"),
        ):
            patch.object(owner, name, self._after(getattr(owner, name), step)).start()

    def take(self, name: str) -> None:
        """Tell a step, and die if it is the one to die after."""
        self._taken += 1
        os.write(self._pipe, f"{name}\n".encode())
        if self._taken == self._kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    def _after(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Take a step after a function."""

        @wraps(function)
        def with_step(*args: Any, **kwargs: Any) -> Any:
            """Call the function, then take the step."""
            result = function(*args, **kwargs)
            self.take(name)
            return result

        return with_step

    def _after_call(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Take a step after a coroutine function."""

        @wraps(function)
        async def with_step(*args: Any, **kwargs: Any) -> Any:
            """Await the function, then take the step."""
            result = await function(*args, **kwargs)
            self.take(name)
            return result

        return with_step

    def _around_post(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Take a step before and after a recharge is sent."""

        @wraps(function)
        async def with_steps(http: Any, url: str, *args: Any) -> Any:
            """Send, and take the steps if it is a recharge."""
            is_recharge = url.endswith("/Prestore")
            if is_recharge:
                self.take("about to send")
            result = await function(http, url, *args)
            if is_recharge:
                self.take("answered")
            return result

        return with_steps


async def start(folder: str, url: str) -> HomeAssistant:
    """Start as much of Home Assistant as a recharge needs."""
    hass = HomeAssistant(folder)
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    await ir.async_load(hass)
    await async_setup_orders(hass)
    session = async_get_session(hass, url, "demo")
    single = ClientSession(connector=TCPConnector(force_close=True))
    session.use("demo-password", Http(single=single, kept=ClientSession()))
    return hass


async def recharge(folder: str, url: str, user_code: str) -> str:
    """Recharge a meter once; return the status."""
    hass = await start(folder, url)
    (entry,) = hass.config_entries.async_entries("jrhsz")
    meter = CreditedMeter(entry=entry, user_code=user_code, device_id="device", name=user_code)
    outcome = await async_recharge(hass, meter, Request(amount=Decimal(20), context=Context()))
    return outcome.status


async def settle(folder: str, url: str) -> dict[str, str]:
    """Start once more and look all open orders up, as every start does; return all statuses."""
    hass = await start(folder, url)
    (entry,) = hass.config_entries.async_entries("jrhsz")
    orders = hass.data[DATA_ORDERS]
    await hass.data[DATA_FOLLOWER].async_look_up_all(entry.entry_id)
    return {order.number: order.status.value for order in orders.journal.orders.values()}


def child(pipe: int, command: dict[str, Any]) -> None:
    """Do what a command says, and end."""
    folder, url = command["folder"], command["url"]
    steps = Steps(pipe, command.get("kill_after"))
    if (user_code := command.get("user_code")) is None:
        result: Any = asyncio.run(settle(folder, url))
    else:
        result = asyncio.run(recharge(folder, url, user_code))
    steps.take("done")
    os.write(pipe, b"=" + json.dumps(result).encode())


def run(command: dict[str, Any]) -> dict[str, Any]:
    """Run a child to its end, or to the moment when it is to be killed."""
    reading, writing = os.pipe()
    began = time.monotonic()
    if (pid := os.fork()) == 0:
        code = 1
        try:
            os.close(reading)
            child(writing, command)
            code = 0
        except BaseException:  # noqa: BLE001  the child ends here, whatever happened
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    if (delay := command.get("kill_after_seconds")) is not None:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        steps, _, result = pipe.read().decode().partition("=")
    _, status = os.waitpid(pid, 0)
    return {
        "steps": steps.splitlines(),
        "result": json.loads(result) if result else None,
        "end": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
    }


class Children:
    """The other side: starts this module as a process, and asks it for children."""

    def __init__(self, folder: Path, url: str) -> None:
        """Use a folder and a platform for all children."""
        self._common = {"folder": str(folder), "url": url}
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start the process."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def run(self, **command: Any) -> dict[str, Any]:
        """Run one child."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            msg = "the process has not been started"
            raise RuntimeError(msg)
        line = json.dumps(self._common | command) + "\n"
        self._process.stdin.write(line.encode())
        await self._process.stdin.drain()
        return dict(json.loads(await self._process.stdout.readline()))


if __name__ == "__main__":
    from custom_components.jrhsz.api import pacer
    from custom_components.jrhsz.recharge import delays

    pacer.INTERVAL = 0.0
    with patch.object(delays, "_AFTER_DOOR_CHECK", timedelta(0)):
        for request in sys.stdin:
            sys.stdout.write(json.dumps(run(json.loads(request))) + "\n")
            sys.stdout.flush()
