"""A process of a life of money: as much of Home Assistant as recharges need, in virtual time.

It can be killed at any step: after that nothing of it reaches the disk or the platform.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from datetime import datetime
from functools import wraps
import os
from pathlib import Path
import selectors
from typing import Any, override
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from custom_components.jrhsz import connection
from custom_components.jrhsz.recharge import answer, look_up, orders, restored, send
from custom_components.jrhsz.recharge.follow import DATA_FOLLOWER, async_setup_orders


class Killed(BaseException):
    """The process is over."""


class Steps:
    """Counts what a process does, and ends it after one of the steps."""

    def __init__(self) -> None:
        """Begin a process."""
        self.is_dead = False
        self.left: int | None = None
        self.end: Callable[[], None] = lambda: None

    def take(self, _: str = "") -> None:
        """Take a step, or die."""
        if self.left is not None and not self.is_dead:
            self.left -= 1
            if self.left <= 0:
                self.is_dead = True
                self.end()
        if self.is_dead:
            raise Killed


class _Idle(selectors.DefaultSelector):
    """Waits for nothing: time leaps to the next timer."""

    loop: LeapingLoop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass."""
        if timeout is None:
            msg = "everybody waits for something that will never come"
            raise RuntimeError(msg)
        self.loop.now += max(timeout, 0)
        return []


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop with a time of its own, whose threads are done at once."""

    def __init__(self, now: float) -> None:
        """Begin at a time."""
        selector = _Idle()
        selector.loop = self
        self.now = now
        super().__init__(selector)

    @override
    def time(self) -> float:
        """Return the time."""
        return self.now

    @override
    def run_in_executor[*ArgsT, ResultT](
        self, executor: Executor | None, func: Callable[[*ArgsT], ResultT], *args: *ArgsT
    ) -> asyncio.Future[ResultT]:
        """Run it at once."""
        future: asyncio.Future[ResultT] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as err:  # noqa: BLE001  it is the caller's
            future.set_exception(err)
        return future


class Disk(ExitStack):
    """Takes a step around all that is written; a write that is the last one is half done."""

    def __init__(self) -> None:
        """Stand in the way."""
        super().__init__()
        self.steps = Steps()
        self.enter_context(patch.object(os, "fsync", lambda _: self.steps.take("fsync")))
        for owner, name in ((os, "pwrite"), (os, "write"), (Path, "replace"), (Path, "unlink")):
            function = self._around(getattr(owner, name), torn="write" in name)
            self.enter_context(patch.object(owner, name, function))

    def _around(self, function: Callable[..., Any], *, torn: bool) -> Callable[..., Any]:
        """Return a function with a step before it and one after it."""

        @wraps(function)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            """Write, all or a part."""
            was_dead = self.steps.is_dead
            try:
                self.steps.take("before")
            except Killed:
                if torn and not was_dead:
                    file, content, *at = args
                    function(file, content[: len(content) // 2], *at)
                raise
            result = function(*args, **kwargs)
            self.steps.take("after")
            return result

        return stepping


class Process(ExitStack):
    """One run of Home Assistant over a folder, until it is stopped or killed."""

    def __init__(self, folder: Path, disk: Disk, now: float, wall: Callable[[], datetime]) -> None:
        """Prepare a loop."""
        super().__init__()
        self.loop = LeapingLoop(now)
        self.disk = disk
        self.disk.steps = Steps()
        self.disk.steps.end = self.loop.stop
        self._folder = folder
        self.enter_context(patch.object(dt_util, "utcnow", wall))
        self.hass: HomeAssistant

    @property
    def is_dead(self) -> bool:
        """Tell whether it was killed."""
        return self.disk.steps.is_dead

    def start(self, entry: ConfigEntry[Any], client: Any, session: Callable[[], Any]) -> None:
        """Start, with an account whose platform is not what it seems."""
        for module in (answer, look_up, orders, restored, send, connection):
            for name, value in (
                ("client_of", lambda *_: client),
                ("session_of", lambda *_: session()),
            ):
                if hasattr(module, name):
                    self.enter_context(patch.object(module, name, value))
        self.run(self._start(entry))

    async def _start(self, entry: ConfigEntry[Any]) -> None:
        """Set up what an account needs for recharges."""
        self.hass = hass = HomeAssistant(str(self._folder))
        hass.config_entries = ConfigEntries(hass, {})
        hass.config_entries._entries[entry.entry_id] = entry
        await ir.async_load(hass, load_empty=True)
        hass.set_state(CoreState.running)
        await async_setup_orders(hass)
        hass.data[DATA_FOLLOWER].async_watch(entry)

    def run(self, what: Any) -> Any:
        """Run a coroutine to its end, unless the process is killed before."""
        task, is_over = self.loop.create_task(what), False

        def stop(_: object) -> None:
            """Go on to what comes next."""
            if not is_over:
                self.loop.stop()

        task.add_done_callback(stop)
        # A loop that stops before its time is one that was killed.
        self.loop.run_forever()
        is_over = True
        if self.is_dead or not task.done():
            return None
        return task.result()

    def end(self) -> None:
        """End: what is left finds itself dead."""
        self.disk.steps.is_dead = True
        self.loop.run_until_complete(self._end_all())
        self.loop.close()
        self.close()

    async def _end_all(self) -> None:
        """Cancel what is left, again and again: some of it won't give up at once."""
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)
