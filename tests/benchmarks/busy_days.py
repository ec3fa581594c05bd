"""Count early calls while everything happens that makes calls: two accounts, users, restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from tests.simulator import Simulator
from tests.support.flows import Driver

from .figures import Figure
from .home import PASSWORD, entry_of, home, set_up_all
from .virtual_time import VirtualLoop, run

INTERVAL = 2.0
JITTER = INTERVAL / 2
METERS = 40
SECONDS_STOPPED = 5


def measure(calls: int = 20_000, seconds_per_start: float = 3600) -> list[Figure]:
    """Live until this many calls were made, with a restart every hour."""

    async def main(loop: VirtualLoop) -> list[Figure]:
        """Run a platform and one Home Assistant after the other."""
        simulator = Simulator(
            meters=METERS,
            limit=INTERVAL,
            jitter=JITTER,
            history_days=35,
            accounts={"demo": PASSWORD, "other": PASSWORD, "third": PASSWORD},
            monotonic=loop.time,
        )
        life = Life(simulator, seconds_per_start)
        with TemporaryDirectory() as folder:
            async with simulator:
                while len(simulator.calls) < calls:
                    await life.live_once(Path(folder))
                    await asyncio.sleep(SECONDS_STOPPED)
        interfaces = {call.interface for call in simulator.calls}
        return [
            Figure("calls of a busy life", len(simulator.calls), calls, at_least=True),
            Figure("  interfaces called", len(interfaces), 7, at_least=True),
            Figure("  restarts of the process", life.starts - 1, 1, at_least=True),
            Figure("  things done by users", sum(life.done.values()), 100, at_least=True),
            Figure("  early, from arrival to arrival", sum(simulator.early_by_arrival.values()), 0),
            Figure("  early, from answer to arrival", sum(simulator.early_by_answer.values()), 0),
        ]

    return run(main)


@dataclass(slots=True)
class Life:
    """Two accounts in one Home Assistant, and what people do with it."""

    simulator: Simulator
    seconds_per_start: float
    starts: int = 0
    done: dict[str, int] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311  seeded, to be repeated

    async def live_once(self, folder: Path) -> None:
        """Start, be busy for a while, and stop at any moment."""
        deeds: list[Callable[[HomeAssistant], Awaitable[None]]] = [
            self.look_at_meters,
            self.look_at_payments,
            self.recharge,
            self.begin_to_add_an_account,
            self.change_options,
            self.change_the_password,
            self.reload,
            self.lose_tokens,
        ]
        async with home(folder) as hass:
            self.starts += 1
            if self.starts == 1:
                for name in ("demo", "other"):
                    await hass.config_entries.async_add(
                        entry_of(self.simulator, username=name, scan_interval=1)
                    )
            await set_up_all(hass)
            end = hass.loop.time() + self.random.uniform(0.8, 1.2) * self.seconds_per_start
            while hass.loop.time() < end:
                await asyncio.sleep(self.random.uniform(5, 90))
                deed = self.random.choice(deeds)
                await deed(hass)
                self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1

    def any_entry(self, hass: HomeAssistant) -> Any:
        """Return an account."""
        return self.random.choice(hass.config_entries.async_entries("jrhsz"))

    def any_device(self, hass: HomeAssistant) -> str:
        """Return a device, most likely that of a meter."""
        devices = dr.async_entries_for_config_entry(
            dr.async_get(hass), self.any_entry(hass).entry_id
        )
        return self.random.choice([device.id for device in devices] or ["none yet"])

    async def look_at_meters(self, hass: HomeAssistant) -> None:
        """Refresh some meters at once, and wait for none."""
        if (entry := self.any_entry(hass)).state is not ConfigEntryState.LOADED:
            return
        meters = list(entry.runtime_data.coordinators.values())
        for meter in self.random.sample(meters, 5):
            hass.async_create_task(meter.async_refresh_now())

    async def look_at_payments(self, hass: HomeAssistant) -> None:
        """Ask for payments."""
        await self._act(hass, "get_payments")

    async def recharge(self, hass: HomeAssistant) -> None:
        """Recharge a meter."""
        await self._act(hass, "recharge", amount=self.random.randint(1, 9))

    async def _act(self, hass: HomeAssistant, action: str, **fields: Any) -> None:
        """Call an action; what the platform makes of it is tested elsewhere."""
        with suppress(HomeAssistantError):
            await hass.services.async_call(
                "jrhsz",
                action,
                {"device_id": self.any_device(hass), **fields},
                blocking=True,
                return_response=True,
            )

    async def begin_to_add_an_account(self, hass: HomeAssistant) -> None:
        """Log in and list, and close the form."""
        flow = await (await Driver.add(hass)).sign_in(self.simulator, username="third")
        if flow.step == "browse":
            await self._list(flow)
        hass.config_entries.flow.async_abort(flow.result["flow_id"])

    async def _list(self, flow: Driver) -> None:
        """List meters, as far as the platform lets it."""
        step, field = self.random.choice(
            [("by_building", "buildings"), ("by_address", "addresses")]
        )
        await flow.choose(step)
        if flow.step == step:
            await flow.submit(**{field: flow.default(field)})

    async def change_options(self, hass: HomeAssistant) -> None:
        """List the meters again, and close the form."""
        flow = await Driver.options(hass, self.any_entry(hass).entry_id)
        await flow.choose("meters")
        await self._list(flow)
        hass.config_entries.options.async_abort(flow.result["flow_id"])

    async def change_the_password(self, hass: HomeAssistant) -> None:
        """Change it on the platform, and type it in when asked to."""
        entry = self.any_entry(hass)
        name = entry.data["username"]
        new = f"{PASSWORD}-{self.random.random()}"
        self.simulator.set_password(name, new)
        flows: list[Any] = []
        while not flows:
            await asyncio.sleep(5)
            flows = [
                flow
                for flow in hass.config_entries.flow.async_progress()
                if flow["context"]["source"] == SOURCE_REAUTH
                and flow["context"]["entry_id"] == entry.entry_id
            ]
        await hass.config_entries.flow.async_configure(flows[0]["flow_id"], {"password": new})

    async def reload(self, hass: HomeAssistant) -> None:
        """Reload an account."""
        await hass.config_entries.async_reload(self.any_entry(hass).entry_id)

    async def lose_tokens(self, _: HomeAssistant) -> None:
        """Let the platform end all tokens."""
        self.random.choice([self.simulator.expire_tokens, self.simulator.forget_tokens])()
