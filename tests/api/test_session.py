"""Tests of logins, tokens, refusals and permissions, over sockets."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import aiohttp
import pytest

from custom_components.jrhsz.api import (
    AuthenticationError,
    Client,
    ConnectError,
    ContestedError,
    Encoding,
    ExchangeError,
    FailedError,
    HttpStatusError,
    NoApiPermissionError,
    NotPermittedError,
    Pacer,
    PlatformError,
    RateLimitError,
    ReplyError,
    Session,
    TokenError,
    Turn,
    UnknownCodeError,
    UnreadableReplyError,
)
from custom_components.jrhsz.api.login import Token
from tests.simulator import Fault, Simulator

from .conftest import PASSWORD, WallClock, has_secret

METER = "2022040001"


def logins(simulator: Simulator) -> int:
    """Return how many logins there were."""
    return len(simulator.calls_of("login"))


async def outcomes(*calls: Any) -> list[Any]:
    """Return what calls end with."""
    return await asyncio.gather(*calls, return_exceptions=True)


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
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
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
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    """After the right password was typed, everything goes on with its login."""
    simulator.set_password("demo", "another")
    with pytest.raises(AuthenticationError):
        await client.get_meter(METER)
    await client.session.sign_in("another", http)
    assert client.session.refusal is None
    await client.get_meter(METER)
    assert logins(simulator) == 2


# Signing in.


async def test_sign_in_serves_everything(
    simulator: Simulator, http: aiohttp.ClientSession, clock: WallClock, no_pace: None
) -> None:
    """The login of a form is the login of the account."""
    session = Session(simulator.url, "demo", Pacer(), now=clock)
    changes: list[bool] = []
    session.on_change = changes.append
    await session.sign_in(PASSWORD, http)
    assert changes == [True]
    await Client(session).get_meter(METER)
    assert [call.encoding for call in simulator.calls_of("login")] == ["form"]


@pytest.mark.parametrize("wrong_body", [1001, 1002, 1008, 1009, 4711, 404, 415, 500])
async def test_sign_in_finds_json(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, wrong_body: int
) -> None:
    """A platform that reads JSON only is found out, however it answers a form."""
    simulator.set_dialect(body="json", json_types="strict", wrong_body=wrong_body)
    await client.session.sign_in(PASSWORD, http)
    assert client.session.encoding is Encoding.JSON
    await client.get_meter(METER)
    day = datetime(2026, 11, 1, tzinfo=UTC)
    await client.get_payments(METER, day, day)
    assert [call.encoding for call in simulator.calls] == ["form", "json", "json", "json"]
    assert simulator.calls[3].params["pageNo"] == "1"


@pytest.mark.parametrize("kind", ["html", "truncated", "no_code", "garbage"])
async def test_sign_in_after_an_unreadable_answer(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, kind: Any
) -> None:
    """Whatever isn't understood is tried as JSON, once."""
    simulator.add_fault(Fault(kind=kind))
    simulator.set_dialect(body="both")
    await client.session.sign_in(PASSWORD, http)
    assert [call.encoding for call in simulator.calls] == ["form", "json"]
    assert client.session.encoding is Encoding.JSON


@pytest.mark.parametrize("body", ["form", "json"])
@pytest.mark.parametrize("wrong_body", [1001, 1002, 1008, 500])
async def test_sign_in_with_a_wrong_password(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, body: str, wrong_body: int
) -> None:
    """A wrong password is called that, in whichever encoding it was understood."""
    simulator.set_dialect(body=body, wrong_body=wrong_body)
    with pytest.raises(AuthenticationError):
        await client.session.sign_in("wrong", http)
    assert client.session.encoding is Encoding(body)
    assert logins(simulator) == (1 if body == "form" else 2)


@pytest.mark.parametrize("body", ["form", "json"])
@pytest.mark.parametrize("wrong_body", [1001, 1002, 1008, 500])
async def test_sign_in_without_permission(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, body: str, wrong_body: int
) -> None:
    """So is an account that may not use the API."""
    simulator.deny_api("demo")
    simulator.set_dialect(body=body, wrong_body=wrong_body)
    with pytest.raises(NoApiPermissionError):
        await client.session.sign_in(PASSWORD, http)
    assert [call.encoding for call in simulator.calls] == ["form", "json"]
    assert client.session.encoding is Encoding.FORM


async def test_sign_in_too_soon(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    """A refusal for pace says nothing about the encoding."""
    simulator.add_fault(Fault(kind="code", code=1001, msg="请求过快"))
    with pytest.raises(RateLimitError):
        await client.session.sign_in(PASSWORD, http)
    assert logins(simulator) == 1


async def test_sign_in_too_soon_the_second_time(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    """A refusal for pace tells more than that parameters are missing."""
    simulator.add_fault(Fault(kind="code", code=1008))
    simulator.add_fault(Fault(kind="status", status=429))
    with pytest.raises(RateLimitError):
        await client.session.sign_in(PASSWORD, http)
    assert logins(simulator) == 2


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (["code", "html"], FailedError),
        (["html", "code"], FailedError),
        (["html", "status"], UnreadableReplyError),
        (["status", "html"], HttpStatusError),
    ],
)
async def test_sign_in_that_fails_either_way(
    client: Client,
    simulator: Simulator,
    http: aiohttp.ClientSession,
    faults: list[Any],
    error: type[ReplyError],
) -> None:
    """Of two failures the more telling one is told."""
    for kind in faults:
        simulator.add_fault(Fault(kind=kind))
    with pytest.raises(error):
        await client.session.sign_in(PASSWORD, http)
    assert client.session.token_age is None


@pytest.mark.parametrize("kind", ["cut", "cut_body"])
async def test_sign_in_over_a_broken_connection(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, kind: Any
) -> None:
    """No answer says nothing about the encoding."""
    simulator.add_fault(Fault(kind=kind))
    with pytest.raises(ExchangeError):
        await client.session.sign_in(PASSWORD, http)
    assert logins(simulator) == 1


async def test_sign_in_that_fails_changes_nothing(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession, clock: WallClock
) -> None:
    """A typing error in a form doesn't stop the account."""
    await client.get_meter(METER)
    kept = client.session.as_dict()
    with pytest.raises(AuthenticationError):
        await client.session.sign_in("wrong", http)
    assert client.session.as_dict() | {"logins": kept["logins"]} == kept
    await client.get_meter(METER)
    clock.advance(hours=3)
    await client.get_meter(METER)
    assert [call.code for call in simulator.calls_of("login")] == [200, 1005, 200]


async def test_callers_wait_for_somebody_signing_in(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    """A login that is under way in a form serves the others too."""
    await asyncio.gather(client.session.sign_in(PASSWORD, http), client.get_meter(METER))
    assert logins(simulator) == 1


async def test_two_logins_of_a_form_keep_the_pace(
    simulator: Simulator,
    http: aiohttp.ClientSession,
    clock: WallClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second encoding is tried after the interval."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.05)
    simulator.pace.limit = 0.05
    simulator.set_dialect(body="json")
    session = Session(simulator.url, "demo", Pacer(), now=clock)
    await session.sign_in(PASSWORD, http)
    assert logins(simulator) == 2
    assert simulator.early == 0


# The encoding, later.


async def test_encoding_changes_on_a_missing_parameter(
    client: Client, simulator: Simulator
) -> None:
    """A login that finds no parameters is tried in the other encoding."""
    simulator.set_dialect(body="json")
    await client.get_meter(METER)
    assert [call.encoding for call in simulator.calls] == ["form", "json", "json"]
    assert client.session.encoding is Encoding.JSON


@pytest.mark.parametrize("wrong_body", [1001, 1002, 500])
async def test_encoding_changes_on_nothing_else(
    client: Client, simulator: Simulator, wrong_body: int
) -> None:
    """Any other answer doesn't make a running account try another encoding."""
    simulator.set_dialect(body="json", wrong_body=wrong_body)
    with pytest.raises(ReplyError):
        await client.get_meter(METER)
    assert [call.encoding for call in simulator.calls] == ["form"]


async def test_login_that_finds_no_parameters_at_all(client: Client, simulator: Simulator) -> None:
    """If neither encoding is read, the encoding stays."""
    simulator.add_fault(Fault(kind="code", code=1008, interface="login", times=None))
    with pytest.raises(UnknownCodeError) as caught:
        await client.get_meter(METER)
    assert caught.value.code == 1008
    assert [call.encoding for call in simulator.calls] == ["form", "json"]
    assert client.session.encoding is Encoding.FORM


async def test_refusal_in_the_other_encoding_is_latched(
    client: Client, simulator: Simulator
) -> None:
    """A wrong password is one in whichever encoding it was understood."""
    simulator.set_dialect(body="json")
    simulator.set_password("demo", "another")
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            await client.get_meter(METER)
    assert logins(simulator) == 2


# Too many logins.


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
    client: Client, simulator: Simulator, clock: WallClock, http: aiohttp.ClientSession
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


# Permissions.


@pytest.mark.parametrize("code", [1009, 1002])
async def test_not_permitted_with_a_young_token(
    client: Client, simulator: Simulator, clock: WallClock, code: int
) -> None:
    """An interface that isn't permitted is not called again for a day."""
    simulator.set_dialect(forbidden=("getBuildCode",), forbidden_code=code)
    for _ in range(3):
        with pytest.raises(NotPermittedError) as caught:
            await client.get_buildings()
        assert caught.value.interface == "getBuildCode"
        assert caught.value.until == clock.now + timedelta(hours=24)
        assert str(caught.value) == "getBuildCode is not permitted for this account"
    assert [call.interface for call in simulator.calls] == ["login", "getBuildCode"]
    assert client.session.denied == {"getBuildCode": clock.now + timedelta(hours=24)}
    with pytest.raises(NotPermittedError):
        client.session.raise_if_denied("getBuildCode")
    client.session.raise_if_denied("GetUserInfo")
    await client.get_meter(METER)
    simulator.set_dialect(forbidden=())
    clock.advance(hours=24)
    assert client.session.denied == {}
    assert await client.get_buildings()


@pytest.mark.parametrize("stays", [True, False])
async def test_not_permitted_with_an_old_token(
    client: Client,
    simulator: Simulator,
    clock: WallClock,
    stays: bool,  # noqa: FBT001
) -> None:
    """A token that is older than 10 minutes is replaced once before that is believed."""
    await client.get_meter(METER)
    clock.advance(minutes=10)
    simulator.add_fault(
        Fault(kind="code", code=1009, interface="GetUserInfo", times=None if stays else 1)
    )
    if stays:
        with pytest.raises(NotPermittedError):
            await client.get_meter(METER)
    else:
        await client.get_meter(METER)
    names = [call.interface for call in simulator.calls]
    assert names == ["login", "GetUserInfo", "GetUserInfo", "login", "GetUserInfo"]
    assert bool(client.session.denied) is stays
    assert not client.session.contested


async def test_waiting_calls_are_not_made_once_denied(client: Client, simulator: Simulator) -> None:
    """What a thousand calls wait for is denied once."""
    simulator.set_dialect(forbidden=("GetUserInfo",))
    found = await outcomes(*(client.get_meter(METER) for _ in range(1000)))
    assert {type(outcome) for outcome in found} == {NotPermittedError}
    assert len(simulator.calls_of("GetUserInfo")) == 1


async def test_denial_ends_with_new_credentials(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
) -> None:
    """Somebody who signs in again has had something changed."""
    simulator.set_dialect(forbidden=("getBuildCode",))
    with pytest.raises(NotPermittedError):
        await client.get_buildings()
    client.session.use(PASSWORD, http)
    assert client.session.denied
    simulator.set_dialect(forbidden=())
    await client.session.sign_in(PASSWORD, http)
    assert await client.get_buildings()
    client.session.deny("getBuildCode")
    client.session.use("another", http)
    assert client.session.denied == {}


# What is kept.


async def test_kept_over_a_restart(
    client: Client, simulator: Simulator, make_session: Callable[..., Session], clock: WallClock
) -> None:
    """A restart costs no login and forgets nothing that was learnt."""
    session = client.session
    changes: list[bool] = []
    session.on_change = changes.append
    await client.get_meter(METER)
    session.deny("getBuildCode")
    session.note(encoding=Encoding.JSON, date_format="%Y-%m-%d")
    session.note(shows_our_numbers=True, encoding=Encoding.JSON)
    session.note(shows_our_numbers=True)
    assert changes == [True, False, False, False]
    kept = json.loads(json.dumps(session.as_dict()))
    assert kept == {
        "token": kept["token"],
        "token_born": "2026-11-02T04:00:00+00:00",
        "encoding": "json",
        "date_format": "%Y-%m-%d",
        "shows_our_numbers": True,
        "logins": ["2026-11-02T04:00:00+00:00"],
        "young_ends": 0,
        "denials": {"getBuildCode": "2026-11-03T04:00:00+00:00"},
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
        "token": None,
        "token_born": None,
        "encoding": "form",
        "date_format": None,
        "shows_our_numbers": False,
        "logins": [],
        "young_ends": 0,
        "denials": {},
    }
    assert unused.restore(kept).as_dict() == kept


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
        {"date_format": "%c"},
        {"date_format": 5},
        {"date_format": []},
        {"logins": None},
        {"logins": "now"},
        {"logins": [7]},
        {"young_ends": "3"},
        {"young_ends": None},
        {"young_ends": float("inf")},
        {"denials": None},
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
    unused.raise_if_denied("GetUserInfo")


# Odds and ends.


async def test_no_credentials(simulator: Simulator, no_pace: None) -> None:
    """Without credentials nothing can be sent; that is the caller's fault."""
    session = Session(simulator.url, "demo", Pacer())
    with pytest.raises(RuntimeError, match="No credentials are in use"):
        await session.token()
    with pytest.raises(RuntimeError, match="No credentials are in use"):
        await session.send("GetUserInfo", {}, Token("a", session.now()), Encoding.FORM)
    assert session.now().tzinfo is UTC
    session.note(date_format="%Y-%m-%d")


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
