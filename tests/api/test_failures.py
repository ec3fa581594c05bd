"""Tests of what calls fail with, and of their remedies, over sockets."""

import asyncio
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Client,
    CodeDeniedError,
    EmptyReplyError,
    ExchangeError,
    FailedError,
    HttpStatusError,
    MeterInfo,
    MissingParameterError,
    NotPermittedError,
    PlatformError,
    RateLimitError,
    RedirectError,
    ReturnCodeError,
    TokenError,
    UnknownCodeError,
    UnreadableReplyError,
)
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, LISTS, METER, NOON, PAGED, READS, data_fault, interfaces


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1001, FailedError),
        (1002, NotPermittedError),
        (1005, UnknownCodeError),
        (1006, TokenError),
        (1007, TokenError),
        (1008, MissingParameterError),
        (1009, NotPermittedError),
        (4711, UnknownCodeError),
        (201, UnknownCodeError),
    ],
)
async def test_return_codes(
    client: Client, simulator: Simulator, name: str, code: int, error: type[PlatformError]
) -> None:
    """Each code ends as its error, after the remedies that it has."""
    simulator.add_fault(Fault(kind="code", code=code, interface=name, times=None, msg="不行"))
    is_of_whom = error is NotPermittedError and name in {"GetUserInfo", "addressUserInfo"}
    if is_of_whom:
        with pytest.raises(CodeDeniedError, match="不行"):
            await READS[name](client)
    with pytest.raises(error) as caught:
        await READS[name](client)
    assert type(caught.value) is error
    if isinstance(caught.value, ReturnCodeError):
        assert (caught.value.code, caught.value.message) == (code, "不行")
    remedies = 2 if code in {1006, 1007, 1008} or is_of_whom else 1
    if name in PAGED and code in {1001, 1008}:
        # Somebody waits: no more windows are tried.
        remedies = 3
    assert len(simulator.calls_of(name)) == remedies


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="cut"), ExchangeError),
        (Fault(kind="cut_body"), ExchangeError),
        (Fault(kind="status"), HttpStatusError),
        (Fault(kind="status", status=429), RateLimitError),
        (Fault(kind="code", msg="访问过于频繁"), RateLimitError),
        (Fault(kind="html"), UnreadableReplyError),
        (Fault(kind="truncated"), UnreadableReplyError),
        (Fault(kind="no_code"), UnreadableReplyError),
        (Fault(kind="redirect", status=307), RedirectError),
        (Fault(kind="garbage"), UnreadableReplyError),
        (Fault(kind="oversized"), UnreadableReplyError),
        (Fault(kind="wrong"), UnreadableReplyError),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_faults(
    client: Client, simulator: Simulator, name: str, fault: Fault, error: type[PlatformError]
) -> None:
    """Each fault ends as its error, is not repeated, and is over with it."""
    await client.session.token()
    fault.times, fault.hits = 1, 0
    simulator.add_fault(fault)
    with pytest.raises(error):
        await READS[name](client)
    assert interfaces(simulator) == [name]
    assert simulator.strays == []
    await READS[name](client)
    assert len(simulator.calls_of("login")) == 1


@pytest.mark.usefixtures("known_pages")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("data", [[], "[]", '"[]"', "", None, {}], ids=repr)
async def test_empty_lists(client: Client, simulator: Simulator, name: str, data: Any) -> None:
    """An empty list is one in any form, and costs one call."""
    simulator.add_fault(data_fault(data, name))
    assert await READS[name](client) == []
    assert interfaces(simulator) == [name]


@pytest.mark.usefixtures("known_pages")
@pytest.mark.parametrize("name", LISTS)
async def test_empty_list_as_a_failure(client: Client, simulator: Simulator, name: str) -> None:
    """Also where the platform calls it a failure."""
    simulator.add_fault(Fault(kind="code", code=1001, msg="暂无数据", interface=name))
    assert await READS[name](client) == []
    assert interfaces(simulator) == [name]


@pytest.mark.parametrize("data", [[], "[]", "", None, {}], ids=repr)
async def test_meter_that_the_platform_knows_nothing_of(
    client: Client, simulator: Simulator, data: Any
) -> None:
    """A success without contents is not a meter without values."""
    simulator.add_fault(data_fault(data, "GetUserInfo"))
    with pytest.raises(EmptyReplyError, match=r"^The reply holds no record$"):
        await client.get_meter(METER)
    simulator.add_fault(Fault(kind="code", code=1001, msg="暂无数据", interface="GetUserInfo"))
    with pytest.raises(EmptyReplyError):
        await client.get_meter(METER)
    with pytest.raises(FailedError, match="用户不存在"):
        await client.get_meter("unknown")


@pytest.mark.parametrize("name", READS)
async def test_login_that_fails_is_not_the_fault_of_the_call(
    client: Client, simulator: Simulator, name: str
) -> None:
    """A failure of the login has none of the remedies of the call."""
    simulator.add_fault(Fault(kind="code", code=1001, interface="login", msg="系统维护"))
    with pytest.raises(UnknownCodeError) as caught:
        await READS[name](client)
    assert (caught.value.code, caught.value.message) == (1001, "系统维护")
    assert [call.interface for call in simulator.calls] == ["login"]


async def test_missing_parameter_changes_the_encoding(client: Client, simulator: Simulator) -> None:
    """A platform that reads JSON only from some day on is found out."""
    await client.get_meter(METER)
    simulator.set_dialect(body="json", json_types="strict")
    await client.get_meter(METER)
    await client.get_payments(METER, NOON - DAY, NOON)
    encodings = [call.encoding for call in simulator.calls[1:]]
    assert encodings == ["form", "form", "json", "json"]
    simulator.set_dialect(body="form")
    await client.get_meter(METER)
    assert client.session.encoding == "form"


@pytest.mark.parametrize("wrong_body", [1001, 1008, 404, 500])
async def test_missing_parameter_that_stays(
    client: Client, simulator: Simulator, wrong_body: int
) -> None:
    """If the other encoding isn't read either, the parameter is missing indeed."""
    simulator.set_dialect(wrong_body=wrong_body)
    simulator.add_fault(Fault(kind="code", code=1008, interface="GetUserInfo"))
    with pytest.raises(MissingParameterError):
        await client.get_meter(METER)
    assert [call.encoding for call in simulator.calls_of("GetUserInfo")] == ["form", "json"]
    assert client.session.encoding == "form"


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (Fault(kind="code", code=1006, times=None), TokenError),
        (Fault(kind="code", code=1009), CodeDeniedError),
        (Fault(kind="status", status=429), RateLimitError),
        (Fault(kind="cut", times=2), ExchangeError),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_other_encoding_that_was_read(
    client: Client, simulator: Simulator, second: Fault, error: type[PlatformError]
) -> None:
    """What has nothing to do with the encoding is told as it is."""
    second.interface = "GetUserInfo"
    simulator.add_fault(Fault(kind="code", code=1008, interface="GetUserInfo"))
    simulator.add_fault(second)
    with pytest.raises(error):
        await client.get_meter(METER)
    assert client.session.encoding == "form"


async def test_pace_of_twenty_callers(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call comes early by either way of counting, with latency, faults and cancellation."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.02)
    simulator.pace.limit = 0.02
    simulator.jitter = 0.01
    simulator.add_fault(Fault(kind="cut", interface="getAddress", skip=2, times=2))
    simulator.add_fault(Fault(kind="code", code=1007, interface="GetUserInfo", skip=2))
    calls = [
        asyncio.ensure_future(READS[name](client)) for name in list(READS) * 3 for _ in range(3)
    ]
    await asyncio.sleep(0.05)
    for call in calls[::7]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert simulator.early == 0
    assert len(simulator.calls) > 40
    assert {call.fault for call in simulator.calls} >= {"cut", "code"}


async def test_backoff_goes_on(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal for pace fails one call and slows the others."""
    monkeypatch.setattr("custom_components.jrhsz.api.pacer.INTERVAL", 0.01)
    simulator.add_fault(Fault(kind="status", status=429, interface="GetUserInfo"))
    first, second, third = (client.get_meter(METER) for _ in range(3))
    found = await asyncio.gather(first, second, third, return_exceptions=True)
    assert [type(outcome) for outcome in found] == [RateLimitError, MeterInfo, MeterInfo]
    calls = simulator.calls_of("GetUserInfo")
    assert calls[1].arrived - calls[0].arrived >= 0.05


async def test_caller_cancelled_in_flight(client: Client, simulator: Simulator) -> None:
    """What was sent is answered before the next call is sent."""
    simulator.pace.limit = 0.001
    await client.session.token()
    simulator.add_fault(Fault(kind="delay", seconds=0.05))
    call = asyncio.create_task(client.get_meter(METER))
    async with asyncio.timeout(5):
        while not simulator.calls_of("GetUserInfo"):  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.001)
    call.cancel()
    await client.get_meter(METER)
    assert call.cancelled()
    first, second = simulator.calls_of("GetUserInfo")
    assert first.answered is not None
    assert second.arrived >= first.answered
