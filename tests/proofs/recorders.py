"""Lives on real recorders: on SQLite, PostgreSQL and MariaDB by turns."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..benchmarks.home import home
from ..support import mariadb, postgres
from .driver import NAMES, Driver, Told
from .lives.life import Life

type Server = postgres.PostgresServer | mariadb.MariaServer

# What finds a server, what starts it, and the package that has it; the first database needs none.
_SERVERS: Final[dict[int, tuple[Callable[[], Path | None], Callable[[Path], Server], str]]] = {
    1: (postgres.find_server, postgres.PostgresServer, "postgresql"),
    2: (mariadb.find_server, mariadb.MariaServer, "mariadb-server"),
}


class Recorders(ExitStack):
    """Databases, each for one life; servers run when they are needed."""

    def __init__(self) -> None:
        """Run no server yet."""
        super().__init__()
        self._servers: dict[int, Server] = {}

    def live(self, life: Life, number: int) -> Told:
        """Drive the product through a life, with rows in an empty database."""
        return asyncio.run(self._live(life, number))

    async def _live(self, life: Life, number: int) -> Told:
        """Do so in a loop."""
        with TemporaryDirectory() as folder, ExitStack() as stack:
            url = f"sqlite:///{folder}/recorder.db"
            if which := number % (1 + len(_SERVERS)):
                url = stack.enter_context(self._server(which).database())
            async with home(Path(folder)) as hass:
                async_initialize_recorder(hass)
                config = {"recorder": {"db_url": url, "commit_interval": 0}}
                assert await async_setup_component(hass, "recorder", config)
                await get_instance(hass).async_db_ready
                driver = Driver(life, hass)
                await driver.run()
                rows = [await _rows(hass, name) for name in NAMES]
        return driver.told(*rows)

    def _server(self, which: int) -> Server:
        """Return a server, running."""
        if which not in self._servers:
            find, start, package = _SERVERS[which]
            if (found := find()) is None:
                msg = f"a server is missing (on Debian: {package})"
                raise SystemExit(msg)
            self._servers[which] = server = start(found)
            self.callback(server.stop)
        return self._servers[which]


async def _rows(hass: HomeAssistant, name: str) -> dict[int, tuple[float, float]]:
    """Return the rows of a statistic."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {name},
        "hour",
        None,
        {"state", "sum"},
    )
    return {
        int(row["start"]): (row["state"] or 0.0, row["sum"] or 0.0) for row in found.get(name, [])
    }
