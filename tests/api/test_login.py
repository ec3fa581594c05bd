"""Tests of how often an account logs in, over sockets."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from custom_components.jrhsz.api import (
    AuthenticationError,
    Client,
    ConnectError,
    ContestedError,
    ExchangeError,
    Http,
    HttpStatusError,
    RateLimitError,
    Session,
)
from tests.simulator import Fault, Simulator

from ..support.calls import METER, logins
from .conftest import PASSWORD, WallClock


async def test_somebody_else_logs_in(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """Tokens that end young make logins pause for 5 minutes, doubling to an hour."""
    session = client.session
    await client.get_meter(METER)
    for ends in range(1, 4):
        assert not session.contested
        simulator.forget_tokens()
        clock.advance(minutes=1)
        if ends < 3:
            await client.get_meter(METER)
    for pause in (5, 10, 20, 40, 60, 60, 60):
        last = simulator.calls_of("login")[-1].at
        with pytest.raises(ContestedError) as caught:
            await client.get_meter(METER)
        assert session.contested
        assert caught.value.until == last + timedelta(minutes=pause)
        clock.now = caught.value.until - timedelta(seconds=1)
        count = len(simulator.calls)
        with pytest.raises(ContestedError):
            await client.get_meter(METER)
        assert len(simulator.calls) == count
        clock.advance(seconds=1)
        await client.get_meter(METER)
        simulator.forget_tokens()
    assert logins(simulator) == 10


async def test_contest_ends_with_a_token_that_gets_old(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """Once a token works for ten minutes, the account is ours again."""
    changes: list[bool] = []
    session = client.session
    for _ in range(3):
        await client.get_meter(METER)
        simulator.forget_tokens()
    with pytest.raises(ContestedError):
        await client.get_meter(METER)
    clock.advance(minutes=5)
    await client.get_meter(METER)
    clock.advance(minutes=9)
    await client.get_meter(METER)
    contested = [session.contested]
    clock.advance(minutes=1)
    session.on_change = changes.append
    await client.get_meter(METER)
    contested.append(session.contested)
    assert contested == [True, False]
    assert changes == [False]
    simulator.forget_tokens()
    await client.get_meter(METER)
    assert not client.session.contested


async def test_old_tokens_that_end_are_no_contest(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """Two young ends and an old one are not three in a row."""
    for minutes in (1, 1, 10, 1, 1):
        await client.get_meter(METER)
        clock.advance(minutes=minutes)
        simulator.expire_tokens()
    await client.get_meter(METER)
    assert not client.session.contested
    assert logins(simulator) == 6


async def test_token_ends_once(client: Client, simulator: Simulator) -> None:
    """Twenty callers whom the same token fails count as one."""
    await client.get_meter(METER)
    token = await client.session.token()
    simulator.forget_tokens()
    for _ in range(20):
        client.session.end(token)
    assert client.session.as_dict()["young_ends"] == 1


async def test_thirty_logins_an_hour(
    client: Client, simulator: Simulator, clock: WallClock, http: Http
) -> None:
    """Not even a person may log in more often."""
    begin = clock.now
    for _ in range(30):
        await client.session.sign_in(PASSWORD, http)
        clock.advance(minutes=1)
    with pytest.raises(ContestedError) as caught:
        await client.session.sign_in(PASSWORD, http)
    assert caught.value.until == begin + timedelta(hours=1)
    assert str(caught.value) == "The next login with this account has to wait"
    simulator.forget_tokens()
    with pytest.raises(ContestedError):
        await client.get_meter(METER)
    assert logins(simulator) == 30
    clock.now = begin + timedelta(hours=1)
    await client.get_meter(METER)
    assert logins(simulator) == 31
    simulator.forget_tokens()
    with pytest.raises(ContestedError):
        await client.get_meter(METER)


async def test_limit_holds_over_a_restart(
    client: Client, simulator: Simulator, make_session: Callable[..., Session]
) -> None:
    """Logins of an earlier process count."""
    now = client.session.now()
    kept = client.session.as_dict() | {"logins": [now.isoformat()] * 30}
    with pytest.raises(ContestedError):
        await Client(make_session().restore(kept)).get_meter(METER)
    assert simulator.calls == []


@pytest.mark.parametrize("fault", [Fault(kind="status", times=None), Fault(kind="cut", times=None)])
async def test_logins_that_fail_are_spread_over_the_hour(
    client: Client, simulator: Simulator, clock: WallClock, fault: Fault
) -> None:
    """An outage doesn't use up the logins of the hour within a minute."""
    begin = clock.now
    fault.interface = "login"
    simulator.add_fault(fault)
    for _ in range(2):
        with pytest.raises((HttpStatusError, ExchangeError)):
            await client.get_meter(METER)
    pauses = []
    while clock.now < begin + timedelta(minutes=55):
        with pytest.raises((HttpStatusError, ExchangeError)):
            await client.get_meter(METER)
        with pytest.raises(ContestedError) as caught:
            await client.get_meter(METER)
        pauses.append((caught.value.until - clock.now).seconds)
        clock.now = caught.value.until
    assert pauses[:6] == [15, 30, 60, 120, 150, 150]
    assert max(pauses) == 150
    assert logins(simulator) < 30
    simulator.clear_faults()
    await client.get_meter(METER)
    fault.times = 2
    simulator.add_fault(fault)
    clock.advance(hours=2)
    for _ in range(2):
        with pytest.raises((HttpStatusError, ExchangeError)):
            await client.get_meter(METER)
    await client.get_meter(METER)


async def test_logins_that_were_never_sent_do_not_count(
    client: Client, simulator: Simulator
) -> None:
    """However long the platform can't be reached, the account works once it can be."""
    port = simulator.port
    await simulator.stop()
    for _ in range(40):
        with pytest.raises(ConnectError):
            await client.get_meter(METER)
    await simulator.start(port=port)
    await client.get_meter(METER)
    assert len(client.session.as_dict()["logins"]) == 1


async def test_refusals_for_pace_do_not_count_as_failures(
    client: Client, simulator: Simulator
) -> None:
    """The pace takes care of them, and a platform that can't be reached isn't asked too often."""
    client.session.end(await client.session.token())
    simulator.add_fault(Fault(kind="status", status=429, interface="login", times=5))
    for _ in range(5):
        with pytest.raises(RateLimitError):
            await client.get_meter(METER)
    port = simulator.port
    await simulator.stop()
    for _ in range(5):
        with pytest.raises(ConnectError):
            await client.get_meter(METER)
    await simulator.start(port=port)
    await client.get_meter(METER)


async def test_other_accounts_are_not_touched(
    client: Client, simulator: Simulator, make_session: Callable[..., Session]
) -> None:
    """Each account has its own token, refusal and count."""
    simulator.set_password("other", PASSWORD)
    other = Client(make_session("other"))
    simulator.set_password("demo", "another")
    with pytest.raises(AuthenticationError):
        await client.get_meter(METER)
    await other.get_meter(METER)
    assert [call.account for call in simulator.calls] == ["demo", "other", "other"]
