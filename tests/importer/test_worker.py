"""Tests of the work that is done for one meter after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.jrhsz.api import ExchangeError, FailedError, Interface, MeterKind
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.importer.recorder import RecorderError
from custom_components.jrhsz.importer.worker import Worker, async_update_states


def meter_of(code: str, *, is_known: bool = True, kind: MeterKind | None = MeterKind.WATER) -> Any:
    """Return what a worker needs to know of a meter."""
    return SimpleNamespace(
        user_code=code,
        is_known=is_known,
        data=SimpleNamespace(kind=kind),
        is_disabled=False,
        async_update_listeners=Mock(),
    )


class Work:
    """A worker whose work a test decides, and for whom it was done."""

    def __init__(self, hass: HomeAssistant, *meters: Any) -> None:
        """Make all meters due."""
        self.due = {meter.user_code for meter in meters}
        self.done: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.asked = 0
        self.entry = MockConfigEntry(domain="jrhsz")
        self.entry.runtime_data = SimpleNamespace(
            coordinators={meter.user_code: meter for meter in meters}
        )
        run: Callable[[MeterCoordinator], Awaitable[None]] = self._async_run
        self.worker = Worker(
            hass,
            self.entry,
            Interface.CONSUMPTION,
            self._is_due,
            run,
        )
        self._hass = hass

    def _is_due(self, meter: MeterCoordinator, _: int) -> bool:
        """Tell whether a meter is due, and count how often that is asked."""
        self.asked += 1
        return meter.user_code in self.due

    async def _async_run(self, meter: MeterCoordinator) -> None:
        """Do it, or fail."""
        self.done.append(meter.user_code)
        if (error := self.fails.get(meter.user_code)) is not None:
            raise error
        self.due.discard(meter.user_code)

    async def check(self) -> list[str]:
        """Let the worker do what is due; return for whom it did."""
        self.done.clear()
        self.worker.async_check()
        await self._hass.async_block_till_done(wait_background_tasks=True)
        return self.done


async def test_longest_ago_first(hass: HomeAssistant) -> None:
    """Test that meters take turns, and show what came of it."""
    meters = [meter_of(code) for code in "abc"]
    work = Work(hass, *meters)
    work.due = {"b"}
    assert await work.check() == ["b"]
    work.due = {"a", "b", "c"}
    assert await work.check() == ["a", "c", "b"]
    assert await work.check() == []
    assert [meter.async_update_listeners.call_count for meter in meters] == [1, 2, 1]


async def test_many(hass: HomeAssistant) -> None:
    """Test that it isn't asked of all for each who is due, and is asked again at their turns."""
    meters = [meter_of(str(number)) for number in range(100)]
    work = Work(hass, *meters)
    assert len(await work.check()) == 100
    assert work.asked <= 4 * 100
    work.due = {"1", "2", "3", "4"}
    run = work.worker.run

    async def run_for_two(meter: MeterCoordinator) -> None:
        """Serve another meter too, disable one, and remove one."""
        await run(meter)
        work.due.discard("2")
        meters[3].is_disabled = True
        work.entry.runtime_data.coordinators.pop("4", None)

    work.worker.run = run_for_two
    assert await work.check() == ["1"]


async def test_whom_nothing_is_done_for(hass: HomeAssistant) -> None:
    """Test that meters that never answered or are of unknown kind wait, and all without polling."""
    work = Work(hass, meter_of("a", is_known=False), meter_of("b", kind=None), meter_of("c"))
    assert await work.check() == ["c"]
    work.due = {"c"}
    object.__setattr__(work.entry, "pref_disable_polling", True)
    assert await work.check() == []


async def test_failure_of_a_meter(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Test that a meter that the platform refuses waits an hour, and keeps up no other."""
    work = Work(hass, meter_of("a"), meter_of("b"))
    work.fails = {"a": FailedError(1001, "")}
    assert await work.check() == ["a", "b"]
    work.due = {"a", "b"}
    assert await work.check() == ["b"]
    freezer.tick(3_601)
    assert await work.check() == ["a"]


@pytest.mark.parametrize("error", [ExchangeError(), RecorderError()])
async def test_failure_of_all(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, error: Exception
) -> None:
    """Test that after what isn't about the meter all rest for five minutes, however clocks go."""
    work = Work(hass, meter_of("a"), meter_of("b"))
    work.fails = {"a": error}
    assert await work.check() == ["a"]
    assert await work.check() == []
    freezer.tick(301)
    assert await work.check() == ["b"]
    work.due = {"a", "b"}
    freezer.tick(-86_400)
    assert await work.check() == ["a"]


async def test_stopped(hass: HomeAssistant) -> None:
    """Test that work that is under way ends at once, and that only one is at a time."""
    work = Work(hass, meter_of("a"))
    begun = asyncio.Event()

    async def endless(_: MeterCoordinator) -> None:
        """Take for ever."""
        begun.set()
        await asyncio.Event().wait()

    work.worker.run = endless
    await work.worker.async_stop()
    work.worker.async_check()
    task = work.worker._task
    await begun.wait()
    work.worker.async_check()
    assert work.worker._task is task
    await work.worker.async_stop()
    assert task is not None
    assert task.cancelled()


async def test_states_of_many(hass: HomeAssistant) -> None:
    """Test that all meters write their states, with room for others in between."""
    meters = [meter_of(str(number)) for number in range(25)]
    await async_update_states(meters)
    assert {meter.async_update_listeners.call_count for meter in meters} == {1}
