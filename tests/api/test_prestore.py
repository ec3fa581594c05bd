"""Tests of crediting a meter, over sockets."""

from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from custom_components.jrhsz.api import (
    AuthenticationError,
    Client,
    ConnectError,
    ContestedError,
    ExchangeError,
    ExchangeTimeoutError,
    FailedError,
    Http,
    HttpStatusError,
    InterfaceDeniedError,
    MissingParameterError,
    NotPermittedError,
    NotSentError,
    PlatformError,
    RateLimitError,
    RedirectError,
    TokenError,
    UnknownCodeError,
    UnreadableReplyError,
    transport,
)
from tests.simulator import Fault, Simulator

from ..support.calls import METER, data_fault
from .conftest import PASSWORD, WallClock


async def prestore(client: Client) -> None:
    """Credit five yuan."""
    await client.prestore(METER, "HA0123456789", Decimal(5))


async def test_prestore(client: Client, simulator: Simulator) -> None:
    """An order is booked with two decimals, and isn't subject to the pace."""
    await prestore(client)
    call = simulator.calls_of("Prestore")[0]
    assert call.params == {
        "admin_user_name": "demo",
        "user_code": METER,
        "out_trade_no": "HA0123456789",
        "total_fee": "5.00",
    }
    assert [order.amount for order in simulator.ledger] == [Decimal(5)]
    assert simulator.ledger[0].times_received == 1
    assert "Prestore" not in client.session.pacer.queue_lengths()


@pytest.mark.parametrize(
    ("amount", "sent"), [("0.01", "0.01"), ("100", "100.00"), ("1E+3", "1000.00"), ("5.1", "5.10")]
)
async def test_amounts(client: Client, simulator: Simulator, amount: str, sent: str) -> None:
    """On the wire an amount is plain decimal notation."""
    await client.prestore(METER, "HA1", Decimal(amount))
    assert simulator.calls_of("Prestore")[0].params["total_fee"] == sent


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "cut"}, ExchangeError),
        ({"kind": "cut_body"}, ExchangeError),
        ({"kind": "status"}, HttpStatusError),
        ({"kind": "status", "status": 429}, RateLimitError),
        ({"kind": "html"}, UnreadableReplyError),
        ({"kind": "truncated"}, UnreadableReplyError),
        ({"kind": "no_code"}, UnreadableReplyError),
        ({"kind": "garbage"}, UnreadableReplyError),
        ({"kind": "oversized"}, UnreadableReplyError),
        ({"kind": "redirect", "status": 302}, RedirectError),
        ({"kind": "redirect", "status": 307}, RedirectError),
        ({"kind": "redirect", "status": 308}, RedirectError),
        ({"kind": "code", "code": 1001}, FailedError),
        ({"kind": "code", "code": 1001, "msg": "暂无数据"}, FailedError),
        ({"kind": "code", "code": 1001, "msg": "请稍后"}, RateLimitError),
        ({"kind": "code", "code": 1002}, InterfaceDeniedError),
        ({"kind": "code", "code": 1005}, UnknownCodeError),
        ({"kind": "code", "code": 1006}, TokenError),
        ({"kind": "code", "code": 1007}, TokenError),
        ({"kind": "code", "code": 1008}, MissingParameterError),
        ({"kind": "code", "code": 1009}, InterfaceDeniedError),
        ({"kind": "code", "code": 4711}, UnknownCodeError),
        ({"kind": "code", "code": "200.5"}, UnreadableReplyError),
        ({"kind": "code", "code": None}, UnreadableReplyError),
    ],
    ids=str,
)
async def test_prestore_is_sent_once(
    client: Client, simulator: Simulator, when: Any, fault: dict[str, Any], error: type[Exception]
) -> None:
    """Whatever it is answered with, an order is sent once, and never passes for not sent."""
    simulator.add_fault(Fault(interface="Prestore", times=None, when=when, **fault))
    with pytest.raises(error) as caught:
        await prestore(client)
    assert not isinstance(caught.value, NotSentError)
    assert [call.interface for call in simulator.calls] == ["login", "Prestore"]
    assert simulator.strays == []
    assert [order.times_received for order in simulator.ledger] == [1] * (when == "after")
    assert client.session.encoding == "form"


@pytest.mark.parametrize("status", [201, 202, 400, 401, 403, 500, 502])
@pytest.mark.parametrize("code", [200, 1001, 1006, 1009])
async def test_prestore_with_another_http_status(
    client: Client, simulator: Simulator, status: int, code: int
) -> None:
    """Whatever the return code beside it, it is unknown what became of the order."""
    fault = Fault(kind="code", code=code, status=status, interface="Prestore")
    simulator.add_fault(fault)
    with pytest.raises(HttpStatusError) as caught:
        await prestore(client)
    assert caught.value.status == status
    assert (client.session.token_age is None) is (code == 1006)
    assert (client.session.denied == {}) is (code != 1009)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_prestore_that_hangs(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    """Neither does one that isn't answered in time."""
    await client.session.token()
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    simulator.add_fault(Fault(kind="hang", interface="Prestore", when=when))
    with pytest.raises(ExchangeTimeoutError):
        await prestore(client)
    assert len(simulator.calls_of("Prestore")) == 1
    assert [order.times_received for order in simulator.ledger] == [1] * (when == "after")


@pytest.mark.parametrize("data", [None, "", 42, "<p>", [[]], {"a": 1}], ids=repr)
async def test_prestore_needs_no_data(client: Client, simulator: Simulator, data: Any) -> None:
    """A success is one, whatever comes with it."""
    simulator.add_fault(data_fault(data, "Prestore"))
    await prestore(client)


async def test_prestore_in_json(client: Client, simulator: Simulator, http: Http) -> None:
    """An order uses the encoding that is known, in which all its fields are text."""
    simulator.set_dialect(body="json", json_types="strict")
    await client.session.sign_in(PASSWORD, http)
    await prestore(client)
    assert [order.times_received for order in simulator.ledger] == [1]


async def test_prestore_without_a_connection(client: Client, simulator: Simulator) -> None:
    """An order that was never sent says so."""
    await client.session.token()
    await simulator.stop()
    with pytest.raises(ConnectError):
        await prestore(client)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="cut"),
        Fault(kind="html"),
        Fault(kind="code", code=1005),
        Fault(kind="code", code=1002),
        Fault(kind="code", code=1001),
    ],
    ids=lambda fault: f"{fault.kind}{fault.code}",
)
async def test_prestore_without_a_login(client: Client, simulator: Simulator, fault: Fault) -> None:
    """An order whose login fails wasn't sent, whatever happened to the login."""
    fault.interface, fault.times = "login", 1
    simulator.add_fault(fault)
    with pytest.raises(NotSentError, match=r"^No login could be had$") as caught:
        await prestore(client)
    assert isinstance(caught.value.__cause__, PlatformError)
    assert [call.interface for call in simulator.calls] == ["login"]


async def test_prestore_that_is_not_permitted(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """Once an order was denied on a young token, no other one is sent for a day."""
    simulator.set_dialect(forbidden=("Prestore",))
    await client.session.token()
    clock.advance(minutes=10)
    with pytest.raises(InterfaceDeniedError):
        await prestore(client)
    assert client.session.token_age is None
    with pytest.raises(InterfaceDeniedError):
        await prestore(client)
    clock.advance(hours=23)
    with pytest.raises(NotPermittedError):
        await prestore(client)
    names = [call.interface for call in simulator.calls]
    assert names == ["login", "Prestore", "login", "Prestore"]


async def test_prestore_after_the_token_ended(client: Client, simulator: Simulator) -> None:
    """That order is lost; the next one logs in."""
    await client.session.token()
    simulator.expire_tokens()
    with pytest.raises(TokenError):
        await prestore(client)
    await client.prestore(METER, "HA2", Decimal(5))
    assert [order.out_trade_no for order in simulator.ledger] == ["HA2"]


async def test_prestore_while_logins_pause(client: Client, simulator: Simulator) -> None:
    """An order doesn't wait for a login that isn't due."""
    for _ in range(3):
        await client.session.token()
        simulator.forget_tokens()
        with pytest.raises(TokenError):
            await prestore(client)
    with pytest.raises(ContestedError):
        await prestore(client)
    assert len(simulator.calls_of("Prestore")) == 3


async def test_prestore_with_a_refused_password(client: Client, simulator: Simulator) -> None:
    """It is told what the login was refused for."""
    simulator.set_password("demo", "another")
    for _ in range(2):
        with pytest.raises(NotSentError) as caught:
            await prestore(client)
        assert isinstance(caught.value.__cause__, AuthenticationError)
    assert len(simulator.calls) == 1
