"""Fixtures for the tests of the client, and what watches over all of them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import UTC, datetime, timedelta
import logging
import traceback
from typing import Any

import aiohttp
import pytest

from custom_components.jrhsz.api import (
    Client,
    Http,
    Pacer,
    PlatformError,
    Session,
    reuse_trace,
)
from tests.simulator import Simulator

PASSWORD = "demo-password"
# How every token of the account begins: base64 of its name, which comes before its password.
TOKEN_BEGIN = "eyJhZG1pbl91c2VyX25hbWUi"


class WallClock:
    """A time of day that passes when it is told to."""

    def __init__(self) -> None:
        """Start somewhere."""
        self.now = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


def has_secret(shown: str) -> bool:
    """Tell whether a text shows a password or a token."""
    return PASSWORD in shown or TOKEN_BEGIN in shown


def assert_clean(err: BaseException | None) -> None:
    """Assert that neither an error nor what it came from shows a secret."""
    while err is not None:
        assert not has_secret(f"{err}{err!r}{err.args!r}{vars(err)!r}")
        assert not has_secret("".join(traceback.format_exception(err)))
        # The causes of ours are ours: those of others show what was sent or answered.
        assert isinstance(err, PlatformError)
        assert_clean(err.__cause__)
        err = err.__context__


@pytest.fixture(autouse=True)
def _no_secret_is_shown(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Generator[None]:
    """Look for secrets in every log record and every error of the client."""
    made: list[PlatformError] = []

    def new(cls: type[PlatformError], *args: Any, **_: Any) -> PlatformError:
        """Make an error and remember it."""
        err = Exception.__new__(cls, *args)
        assert isinstance(err, PlatformError)
        made.append(err)
        return err

    monkeypatch.setattr(PlatformError, "__new__", new)
    caplog.set_level(logging.DEBUG)
    yield
    for err in made[:100]:
        assert_clean(err)
    for record in caplog.get_records("call"):
        assert not has_secret(logging.Formatter().format(record))
        assert not has_secret(repr(record.args))


@pytest.fixture
def clock() -> WallClock:
    """Return the time of day."""
    return WallClock()


@pytest.fixture
async def sessions() -> AsyncGenerator[Http]:
    """Return HTTP sessions like those of the integration."""
    # Half of the time would go into the stack of every callback.
    asyncio.get_running_loop().set_debug(enabled=False)
    jar, connector = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(force_close=True)
    async with (
        aiohttp.ClientSession(cookie_jar=jar, connector=connector) as single,
        aiohttp.ClientSession(cookie_jar=jar, trace_configs=[reuse_trace()]) as kept,
    ):
        yield Http(single=single, kept=kept)


@pytest.fixture
def http(sessions: Http) -> Http:
    """Return the HTTP sessions."""
    return sessions


@pytest.fixture
async def simulator(socket_enabled: None, clock: WallClock) -> AsyncGenerator[Simulator]:
    """Run a platform whose time is the test's."""
    async with Simulator(meters=8, limit=0.0, clock=clock, history_days=40) as simulator:
        yield simulator


@pytest.fixture
async def make_session(
    simulator: Simulator, http: Http, clock: WallClock, no_pace: None
) -> Callable[..., Session]:
    """Return what makes sessions of accounts."""
    pacer = Pacer()

    def make(username: str = "demo", password: str = PASSWORD) -> Session:
        """Return a session with credentials."""
        session = Session(simulator.url, username, pacer, now=clock)
        session.use(password, http)
        return session

    return make


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    """Return the session of the account."""
    return make_session()


@pytest.fixture
def client(session: Session) -> Client:
    """Return the client of the account."""
    return Client(session)
