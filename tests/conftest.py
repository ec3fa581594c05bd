"""Fixtures for all tests."""

from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from importlib import import_module
import logging
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, PropertyMock, patch

from aiohttp import ClientTimeout
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from homeassistant.helpers.storage import STORAGE_DIR
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
import pytest_socket
from syrupy.assertion import SnapshotAssertion

from custom_components.jrhsz.api import Session

from .simulator import Simulator
from .support import mariadb, postgres as postgresql
from .support.accounts import account_of

# Bound here, because Home Assistant puts a custom_components of the test package in front.
import_module("custom_components.jrhsz")

# The test package logs each statement of the database, which takes longer than the statement.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger("homeassistant.components.recorder").setLevel(logging.INFO)


@pytest.fixture(autouse=True)
def _home_assistant_with_this_integration(request: pytest.FixtureRequest) -> None:
    """Let every Home Assistant of a test load this integration."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")  # refuses to start after hass
    if "freezer" in request.fixturenames:
        request.getfixturevalue("freezer")  # a token that was made before would not be valid
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave asyncio's debug mode off: the stacks that it keeps take half of the tests' time."""


@pytest.fixture
def freezer() -> Generator[FrozenDateTimeFactory]:
    """Stop the clock at the same moment in every run: how much is used depends on the hour."""
    with freeze_time("2026-10-14T12:20:00+08:00") as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Return a folder of the test's own: the journal of orders is a real file."""
    (tmp_path / STORAGE_DIR).mkdir()
    return str(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Generator[postgresql.PostgresServer]:
    """Run a PostgreSQL server."""
    if (programs := postgresql.find_server()) is None:
        pytest.skip("no PostgreSQL server is installed (on Debian: postgresql)")
    server = postgresql.PostgresServer(programs)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def maria_server() -> Generator[mariadb.MariaServer]:
    """Run a MariaDB server."""
    if (program := mariadb.find_server()) is None:
        pytest.skip("no MariaDB server is installed (on Debian: mariadb-server)")
    server = mariadb.MariaServer(program)
    yield server
    server.stop()


@pytest.fixture
def maria(maria_server: mariadb.MariaServer) -> mariadb.MariaServer:
    """Let a test reach the server: its driver uses sockets of Python's, and one with a path."""
    # Who may be reached must be said while sockets are enabled.
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    pytest_socket.disable_socket(allow_unix_socket=True)
    return maria_server


@pytest.fixture(params=["sqlite", "postgres", "maria"])
def recorder_db_url(
    request: pytest.FixtureRequest, hass_fixture_setup: list[bool]
) -> Generator[str]:
    """Return the address of an empty database, of each kind in turn."""
    assert not hass_fixture_setup
    if request.param == "sqlite":
        yield "sqlite://"
        return
    server: postgresql.PostgresServer | mariadb.MariaServer = request.getfixturevalue(request.param)
    with server.database() as url:
        yield url


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[Simulator]:
    """Run a platform with eight meters that answers as fast as it is asked."""
    simulator = Simulator(meters=8, limit=0.0, seed=1)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return what compares Home Assistant's objects with what is recorded of them."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable every entity by default."""
    name = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(name, PropertyMock(return_value=True)):
        yield


@pytest.fixture
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call as fast as the platform answers."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.0)


@pytest.fixture
def known_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be known where pages of lists begin, and that they aren't cut: no look is needed."""
    begin = Session.__init__

    def know(session: Session, *args: Any, **details: Any) -> None:
        """Begin a session that knows."""
        begin(session, *args, **details)
        for habits in session.habits.values():
            habits.first_page, habits.longest_page = 1, 1000

    monkeypatch.setattr(Session, "__init__", know)


@pytest.fixture
def config_entry(simulator: Simulator, no_pace: None) -> MockConfigEntry:
    """Return an account of the simulator with all of its meters, not added yet."""
    return account_of(simulator)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look refused orders up thrice at once, and give a silent platform up soon."""
    name = "custom_components.jrhsz.recharge.delays._AFTER_DOOR_CHECK"
    monkeypatch.setattr(name, timedelta(0))
    # What takes longer is left to the background.
    monkeypatch.setattr("custom_components.jrhsz.recharge.answer._LOOK_UPS_END", 10)
    name = "custom_components.jrhsz.recharge.many._FIRST_LOOK"
    monkeypatch.setattr(name, timedelta(0))
    timeout = ClientTimeout(total=1)
    monkeypatch.setattr("custom_components.jrhsz.api.transport._TIMEOUT", timeout)


@pytest.fixture
def mock_setup_entry() -> Generator[AsyncMock]:
    """Add accounts without setting them up."""
    with patch("custom_components.jrhsz.async_setup_entry", return_value=True) as mock:
        yield mock
