"""Tests of signing in and of the encoding that it finds, over sockets."""

import asyncio
from datetime import UTC, datetime
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
    NoApiPermissionError,
    Pacer,
    RateLimitError,
    ReplyError,
    Session,
    UnknownCodeError,
    UnreadableReplyError,
)
from tests.simulator import Fault, Simulator

from ..support.calls import METER, logins
from .conftest import PASSWORD, WallClock


async def test_sign_in_serves_everything(
    simulator: Simulator, http: Http, clock: WallClock, no_pace: None
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
    client: Client, simulator: Simulator, http: Http, wrong_body: int
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
    client: Client, simulator: Simulator, http: Http, kind: Any
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
    client: Client, simulator: Simulator, http: Http, body: str, wrong_body: int
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
    client: Client, simulator: Simulator, http: Http, body: str, wrong_body: int
) -> None:
    """So is an account that may not use the API."""
    simulator.deny_api("demo")
    simulator.set_dialect(body=body, wrong_body=wrong_body)
    with pytest.raises(NoApiPermissionError):
        await client.session.sign_in(PASSWORD, http)
    assert [call.encoding for call in simulator.calls] == ["form", "json"]
    assert client.session.encoding is Encoding.FORM


async def test_sign_in_too_soon(client: Client, simulator: Simulator, http: Http) -> None:
    """A refusal for pace says nothing about the encoding."""
    simulator.add_fault(Fault(kind="code", code=1001, msg="请求过快"))
    with pytest.raises(RateLimitError):
        await client.session.sign_in(PASSWORD, http)
    assert logins(simulator) == 1


async def test_sign_in_too_soon_the_second_time(
    client: Client, simulator: Simulator, http: Http
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
    http: Http,
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
    client: Client, simulator: Simulator, http: Http, kind: Any
) -> None:
    """No answer says nothing about the encoding."""
    simulator.add_fault(Fault(kind=kind))
    with pytest.raises(ExchangeError):
        await client.session.sign_in(PASSWORD, http)
    assert logins(simulator) == 1


async def test_sign_in_that_fails_changes_nothing(
    client: Client, simulator: Simulator, http: Http, clock: WallClock
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
    client: Client, simulator: Simulator, http: Http
) -> None:
    """A login that is under way in a form serves the others too."""
    await asyncio.gather(client.session.sign_in(PASSWORD, http), client.get_meter(METER))
    assert logins(simulator) == 1


async def test_two_logins_of_a_form_keep_the_pace(
    simulator: Simulator,
    http: Http,
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
