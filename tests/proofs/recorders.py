"""Lives on real recorders: on SQLite and on PostgreSQL by turns."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..benchmarks.home import home
from ..support.postgres import PostgresServer, find_server
from .driver import NAMES, Driver, Told
from .lives.life import Life


class Recorders(ExitStack):
    """Databases, each for one life; the server of those that need one runs when it is needed."""

    _server: PostgresServer | None = None

    async def live(self, life: Life, number: int) -> Told:
        """Drive the product through a life, with rows in an empty database."""
        with TemporaryDirectory() as folder, ExitStack() as stack:
            url = f"sqlite:///{folder}/recorder.db"
            if number % 2:
                url = stack.enter_context(self._postgres().database())
            async with home(Path(folder)) as hass:
                async_initialize_recorder(hass)
                config = {"recorder": {"db_url": url, "commit_interval": 0}}
                assert await async_setup_component(hass, "recorder", config)
                await get_instance(hass).async_db_ready
                driver = Driver(life, hass)
                await driver.run()
                rows = [await _rows(hass, name) for name in NAMES]
        return driver.told(*rows)

    def _postgres(self) -> PostgresServer:
        """Return the server, running."""
        if self._server is None:
            programs = find_server()
            if programs is None:
                msg = "no PostgreSQL server is installed (on Debian: postgresql)"
                raise SystemExit(msg)
            self._server = PostgresServer(programs)
            self.callback(self._server.stop)
        return self._server


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
