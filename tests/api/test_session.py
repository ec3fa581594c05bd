"""Tests of tokens and of what a session keeps, over sockets."""

import asyncio
from collections.abc import Callable
from datetime import UTC, timedelta
import json
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    AuthenticationError,
    Client,
    Encoding,
    ExchangeError,
    FailedError,
    Http,
    HttpStatusError,
    Interface,
    NoApiPermissionError,
    Pacer,
    PlatformError,
    RateLimitError,
    Session,
    TokenError,
    Turn,
    UnknownCodeError,
    UnreadableReplyError,
)
from custom_components.jrhsz.api.habits import Habits
from custom_components.jrhsz.api.login import Token
from custom_components.jrhsz.api.window import QueryForm
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER, NOON, logins, outcomes
from .conftest import PASSWORD, WallClock, has_secret


async def test_twenty_callers_and_one_login(client: Client, simulator: Simulator) -> None:
    """Whoever comes while somebody logs in shares the login."""
    await asyncio.gather(
        *(client.get_meter(METER) for _ in range(10)),
        *(client.get_rooms() for _ in range(5)),
        *(client.session.token() for _ in range(5)),
    )
    assert logins(simulator) == 1
    assert len(simulator.calls_of("GetUserInfo")) == 10


@pytest.mark.parametrize("end", ["expire_tokens", "forget_tokens"])
async def test_token_ends_in_the_middle(client: Client, simulator: Simulator, end: str) -> None:
    """A token that ends costs one login, and nobody fails."""
    await client.get_meter(METER)
    getattr(simulator, end)()
    await asyncio.gather(
        *(client.get_meter(METER) for _ in range(10)),
        *(client.get_rooms() for _ in range(5)),
        client.get_buildings(),
    )
    assert logins(simulator) == 2


@pytest.mark.parametrize("code", [1006, 1007])
async def test_new_token_is_tried_once(client: Client, simulator: Simulator, code: int) -> None:
    """A platform that knows no token gets one login more for a call, and no second one."""
    simulator.add_fault(Fault(kind="code", code=code, interface="GetUserInfo", times=None))
    with pytest.raises(TokenError) as caught:
        await client.get_meter(METER)
    assert caught.value.code == code
    assert logins(simulator) == 2
    assert len(simulator.calls_of("GetUserInfo")) == 2
    assert client.session.token_age is None


async def test_token_is_used_for_almost_two_hours(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """The platform never has to say that a token has expired."""
    assert client.session.token_age is None
    for minutes, expected in ((0, 1), (114, 1), (2, 2), (114, 2), (60 * 24, 3)):
        clock.advance(minutes=minutes)
        await client.get_meter(METER)
        assert logins(simulator) == expected
    assert client.session.token_age == timedelta(0)
    assert {call.code for call in simulator.calls} == {200}


async def test_clock_set_back(client: Client, simulator: Simulator, clock: WallClock) -> None:
    """A token from the future counts as expired."""
    await client.get_meter(METER)
    simulator.advance(3600)
    clock.advance(hours=-1)
    await client.get_meter(METER)
    assert logins(simulator) == 2


async def test_login_that_ends_older_tokens(
    make_session: Callable[..., Session], simulator: Simulator
) -> None:
    """Even where a login ends all older tokens, one account needs one login."""
    simulator.set_dialect(new_login="ends")
    session = make_session()
    client = Client(session)
    await asyncio.gather(*(client.get_meter(METER) for _ in range(5)), client.get_rooms())
    assert logins(simulator) == 1


async def test_refusal_is_latched(client: Client, simulator: Simulator) -> None:
    """A thousand callers with a wrong password make one login."""
    simulator.set_password("demo", "another")
    found = await outcomes(*(client.get_meter(METER) for _ in range(1000)))
    assert {type(outcome) for outcome in found} == {AuthenticationError}
    assert len({id(outcome) for outcome in found}) == 1000
    assert [call.interface for call in simulator.calls] == ["login"]
    assert str(client.session.refusal) == "Return code 1005: 密码错误"


async def test_refusal_for_want_of_permission_is_latched(
    client: Client, simulator: Simulator, http: Http
) -> None:
    """Neither is an account without API permission tried again, until credentials are set."""
    simulator.deny_api("demo")
    for _ in range(3):
        with pytest.raises(NoApiPermissionError):
            await client.get_meter(METER)
    assert logins(simulator) == 1
    simulator.deny_api("demo", denied=False)
    client.session.use(PASSWORD, http)
    assert (await client.get_meter(METER)).reading is not None


async def test_refusal_of_a_running_account(client: Client, simulator: Simulator) -> None:
    """A password that was changed is found out at the next login, and there only."""
    await client.get_meter(METER)
    simulator.set_password("demo", "another")
    found = await outcomes(*(client.get_meter(METER) for _ in range(20)))
    assert {type(outcome) for outcome in found} == {AuthenticationError}
    assert logins(simulator) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="cut"), ExchangeError),
        (Fault(kind="html"), UnreadableReplyError),
        (Fault(kind="status", status=401), HttpStatusError),
        (Fault(kind="status", status=429), RateLimitError),
        (Fault(kind="code", code=1001), UnknownCodeError),
        (Fault(kind="code", code=4711), UnknownCodeError),
        (Fault(kind="code", code=1005, msg="访问过于频繁"), RateLimitError),
        (Fault(kind="wrong", reply={"code": 200, "msg": "ok"}), UnreadableReplyError),
        (Fault(kind="wrong", reply={"code": 200, "data": ""}), UnreadableReplyError),
        (Fault(kind="wrong", reply={"code": 200, "data": {"a": 1}}), UnreadableReplyError),
        (Fault(kind="garbage", body=b'{"code":200,"data":"\\ud800"}'), UnreadableReplyError),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_trouble_is_no_refusal(
    client: Client, simulator: Simulator, fault: Fault, error: type[PlatformError]
) -> None:
    """Whatever else a login ends with, the next call tries again."""
    fault.interface = "login"
    simulator.add_fault(fault)
    with pytest.raises(error):
        await client.get_meter(METER)
    assert client.session.refusal is None
    assert simulator.calls_of("GetUserInfo") == []
    await client.get_meter(METER)
    assert logins(simulator) == 2


async def test_new_token_replaces_a_refused_password(
    client: Client, simulator: Simulator, http: Http
) -> None:
    """After the right password was typed, everything goes on with its login."""
    simulator.set_password("demo", "another")
    with pytest.raises(AuthenticationError):
        await client.get_meter(METER)
    await client.session.sign_in("another", http)
    assert client.session.refusal is None
    await client.get_meter(METER)
    assert logins(simulator) == 2


NO_WINDOW = QueryForm().as_dict()
NO_WINDOWS: list[dict[str, Any]] = [{"dates": "%c"}, {"dates": 5}, {"days": 30}, {"days": []}]
NO_HABITS: dict[str, Any] = Habits().as_dict()


async def test_kept_over_a_restart(
    client: Client, simulator: Simulator, make_session: Callable[..., Session], clock: WallClock
) -> None:
    """A restart costs no login and forgets nothing that was learnt."""
    session = client.session
    changes: list[bool] = []
    session.on_change = changes.append
    await client.get_meter(METER)
    session.deny(Interface.BUILDINGS)
    await client.get_consumption(METER, NOON - DAY, NOON)
    session.note_encoding(Encoding.JSON)
    session.note_encoding(Encoding.JSON)
    assert changes == [True, False, False, False]
    kept = json.loads(json.dumps(session.as_dict()))
    assert kept == {
        "base_url": simulator.url,
        "token": kept["token"],
        "token_born": "2026-11-02T04:00:00+00:00",
        "encoding": "json",
        "habits": {
            "GetPaymentList": NO_HABITS,
            "GetConsumenList": NO_HABITS | {"shown": ["%Y-%m-%d %H:%M:%S"], "longest_page": 84},
        },
        "logins": ["2026-11-02T04:00:00+00:00"],
        "young_ends": 0,
        "denials": {"getBuildCode": "2026-11-03T04:00:00+00:00"},
        "witnesses": {"GetUserInfo": [METER], "GetConsumenList": [METER]},
    }
    simulator.set_dialect(body="json")
    restored = make_session().restore(kept)
    assert restored.as_dict() == kept
    await Client(restored).get_meter(METER)
    assert logins(simulator) == 1
    assert restored.denied == {"getBuildCode": clock.now + timedelta(days=1)}


@pytest.fixture
def unused(clock: WallClock) -> Session:
    """Return a session of a platform that isn't there."""
    return Session("http://127.0.0.1:1", "demo", Pacer(clock=lambda: 0.0), now=clock)


def test_nothing_is_kept_of_a_new_session(unused: Session) -> None:
    """What was never used has nothing to tell."""
    kept = unused.as_dict()
    assert kept == {
        "base_url": "http://127.0.0.1:1",
        "token": None,
        "token_born": None,
        "encoding": "form",
        "habits": {"GetPaymentList": NO_HABITS, "GetConsumenList": NO_HABITS},
        "logins": [],
        "young_ends": 0,
        "denials": {},
        "witnesses": {},
    }
    assert unused.restore(kept).as_dict() == kept


def test_restoring_what_another_address_gave(unused: Session) -> None:
    """Test that nothing learnt of one address is believed of another, its token least of all."""
    before = unused.as_dict()
    kept = before | {"base_url": "http://elsewhere", "encoding": "json"}
    assert unused.restore(kept).as_dict() == before


async def test_restoring_replaces_no_token(client: Client, simulator: Simulator) -> None:
    """The login of the flow is newer than what was kept."""
    token = await client.session.token()
    kept = client.session.as_dict() | {"token": "older", "encoding": "json"}
    assert client.session.restore(kept) is client.session
    assert await client.session.token() is token
    assert client.session.encoding is Encoding.FORM


@pytest.mark.parametrize(
    "change",
    [
        {"token": 7},
        {"token": [PASSWORD]},
        {"token_born": None},
        {"token_born": "yesterday"},
        {"token_born": "2026-11-02T04:00:00"},
        {"encoding": "xml"},
        {"encoding": []},
        {"habits": None},
        {"habits": {}},
        *(
            {"habits": {"GetPaymentList": habits, "GetConsumenList": NO_HABITS}}
            for habits in (
                None,
                {},
                *(NO_HABITS | {"window": NO_WINDOW | window} for window in NO_WINDOWS),
                NO_HABITS | {"window": 7},
                NO_HABITS | {"candidate": {}},
                NO_HABITS | {"witness": 7},
                NO_HABITS | {"searched_at": 7},
                NO_HABITS | {"searched_at": "yesterday"},
                NO_HABITS | {"shown": [[]]},
                NO_HABITS | {"shown": None},
                NO_HABITS | {"longest_page": "7"},
                NO_HABITS | {"page_cap": "7"},
                NO_HABITS | {"page_cap": True},
            )
        ),
        {"logins": None},
        {"logins": "now"},
        {"logins": [7]},
        {"young_ends": "3"},
        {"young_ends": None},
        {"young_ends": float("inf")},
        {"denials": None},
        {"witnesses": None},
        {"witnesses": {"GetUserInfo": 7}},
        {"witnesses": {"x": []}},
        {"denials": ["getBuildCode"]},
        {"denials": {"getBuildCode": None}},
    ],
    ids=str,
)
def test_restoring_something_else(unused: Session, change: dict[str, Any]) -> None:
    """What isn't of the right form changes nothing, and isn't repeated in the error."""
    before = unused.as_dict()
    kept = before | {"token": "abc", "token_born": "2026-11-02T04:00:00+00:00", "young_ends": 2}
    with pytest.raises((KeyError, TypeError, ValueError)) as caught:
        unused.restore(kept | change)
    assert unused.as_dict() == before
    assert not has_secret(str(caught.value))


@pytest.mark.parametrize("kept", [{}, [], None, "kept", {"token": None}], ids=repr)
def test_restoring_nothing(unused: Session, kept: Any) -> None:
    """Neither does what has nothing."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        unused.restore(kept)


@pytest.mark.parametrize("hours", [-1, 25, 49])
def test_kept_denials_are_believed_for_a_day(unused: Session, clock: WallClock, hours: int) -> None:
    """A clock that is set back must not deny for ever."""
    until = clock.now + timedelta(hours=hours)
    unused.restore(unused.as_dict() | {"denials": {"GetUserInfo": until.isoformat()}})
    assert unused.denied == {}
    unused.raise_if_denied(Interface.METER)


async def test_no_credentials(simulator: Simulator, no_pace: None) -> None:
    """Without credentials nothing can be sent; that is the caller's fault."""
    session = Session(simulator.url, "demo", Pacer())
    with pytest.raises(RuntimeError, match="No credentials are in use"):
        await session.token()
    with pytest.raises(RuntimeError, match="No credentials are in use"):
        await session.send(Interface.METER, {}, Token("a", session.now()), Encoding.FORM)
    assert session.now().tzinfo is UTC
    session.note_encoding(Encoding.JSON)


async def test_nothing_shows_a_secret(client: Client) -> None:
    """Neither a session nor a token shows what it holds."""
    session = client.session
    token = await session.token()
    assert has_secret(token.value)
    assert repr(token) == "<Token of 2026-11-02T04:00:00+00:00>"
    assert repr(session) == f"<Session {session.base_url}>"
    for shown in (repr(client), str(session), f"{token}", repr(Turn()), repr(session._logins)):
        assert not has_secret(shown)


async def test_caller_cancelled_while_logging_in(client: Client, simulator: Simulator) -> None:
    """A login that nobody waits for any more serves the next caller."""
    simulator.add_fault(Fault(kind="delay", interface="login", seconds=0.05))
    call = asyncio.create_task(client.get_meter(METER))
    async with asyncio.timeout(5):
        while not simulator.calls:  # noqa: ASYNC110  nothing tells of a call's arrival
            await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await client.get_meter(METER)
    assert [call.interface for call in simulator.calls] == ["login", "GetUserInfo"]


async def test_message_repeats_no_secret(client: Client, simulator: Simulator) -> None:
    """Not even where the platform does."""
    token = await client.session.token()
    msg = f"{PASSWORD} 与 {token.value} 不符合"
    simulator.add_fault(Fault(kind="code", code=1001, msg=msg))
    with pytest.raises(FailedError) as caught:
        await client.get_meter(METER)
    assert caught.value.message == "*** 与 *** 不符合"
    simulator.add_fault(Fault(kind="code", code=1001, msg=PASSWORD, interface="login"))
    client.session.end(token)
    with pytest.raises(FailedError) as caught:
        await client.session.token()
    assert caught.value.message == "***"
