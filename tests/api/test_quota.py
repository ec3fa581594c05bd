"""Tests of quotas that are used up, over sockets."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from custom_components.jrhsz.api import (
    Client,
    FailedError,
    Interface,
    PlatformError,
    QuotaError,
    RateLimitError,
    Session,
)
from custom_components.jrhsz.api.errors import LOGIN_CODES, error_for
from custom_components.jrhsz.api.quota import Quota
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER, NOON, READS, interfaces, logins
from .conftest import WallClock

WORDS = "今日调用次数已达上限"
OTHER = "2022040002"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (WORDS, QuotaError),
        ("已达到上限", QuotaError),
        ("接口配额已用完", QuotaError),
        ("API次数不足", QuotaError),
        ("当日查询额度用尽", QuotaError),
        ("今日调用次数已达上限,请稍后再试", QuotaError),
        ("daily quota exceeded", QuotaError),
        ("超出当日访问限制", QuotaError),
        ("今日访问已达最大限制", QuotaError),
        ("接口调用量已用尽", QuotaError),
        ("調用次數已達上限", QuotaError),
        ("Daily limit exceeded", QuotaError),
        ("請求過於頻繁", RateLimitError),
        ("请求频率过高", RateLimitError),
        ("Too many requests", RateLimitError),
        ("rate limit exceeded", RateLimitError),
        ("系统维护,每日零点恢复", FailedError),
        ("余额不足", FailedError),
        ("调用次数过于频繁", RateLimitError),
        ("请求过快，请稍后", RateLimitError),
        ("查询时间跨度超过上限", FailedError),
        ("最多查询31天，超过上限", FailedError),
        ("每页条数超过上限", FailedError),
        ("系统异常", FailedError),
    ],
)
def test_words(message: str, kind: type[PlatformError]) -> None:
    """A failure in words of a quota is one, unless they are about what was asked for."""
    assert type(error_for(1001, message)) is kind
    assert type(error_for(1001, message, LOGIN_CODES)) is kind


@pytest.mark.parametrize("code", [1002, 1005, 1007, 1008, 4711])
def test_other_codes(code: int) -> None:
    """A wrong password too often is no quota."""
    assert not isinstance(error_for(code, "密码错误次数已达上限", LOGIN_CODES), QuotaError)


@pytest.mark.parametrize("name", READS)
async def test_one_probe_an_hour(
    client: Client, simulator: Simulator, clock: WallClock, name: str
) -> None:
    """Whatever is asked meanwhile gets the platform's own words at once."""
    fault = simulator.add_fault(Fault(kind="code", msg=WORDS, interface=name, times=None))
    for _ in range(12 * 5):
        with pytest.raises(QuotaError) as caught:
            await READS[name](client)
        assert (caught.value.code, caught.value.message) == (1001, WORDS)
        clock.advance(minutes=5)
    assert fault.hits == 5
    assert client.session.quota.used_up == {name}
    simulator.clear_faults()
    clock.advance(minutes=1)
    for _ in range(3):
        await READS[name](client)
    assert client.session.quota.used_up == set()


async def test_of_all_together(client: Client, simulator: Simulator, clock: WallClock) -> None:
    """One probe is for all that was refused; what wasn't is asked on."""
    simulator.set_dialect(calls_per_day=3)
    for _ in range(3):
        await client.get_meter(METER)
    for hour in range(9):
        for read in READS.values():
            with pytest.raises(QuotaError):
                await read(client)
        assert len(interfaces(simulator)) == 3 + len(READS) + hour
        clock.advance(hours=1)
    simulator.advance(86400)
    await client.get_meter(METER)
    assert client.session.quota.used_up == set()
    await client.get_rooms()


async def test_of_one_interface(client: Client, simulator: Simulator) -> None:
    """A quota of one interface holds nothing else up."""
    simulator.add_fault(Fault(kind="code", msg=WORDS, interface="GetConsumenList", times=None))
    for _ in range(3):
        with pytest.raises(QuotaError):
            await client.get_consumption(METER, NOON - DAY, NOON)
        await client.get_meter(METER)
    assert len(simulator.calls_of("GetConsumenList")) == 1


async def test_another_answer_ends_it(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """A meter that isn't known must not lock the others out."""
    simulator.add_fault(Fault(kind="code", msg=WORDS))
    with pytest.raises(QuotaError):
        await client.get_meter(METER)
    clock.advance(hours=1)
    with pytest.raises(FailedError):
        await client.get_meter("unknown")
    await client.get_meter(METER)
    assert client.session.quota.used_up == set()


@pytest.mark.parametrize("kind", ["cut", "status"])
async def test_probe_that_is_not_answered(
    client: Client, simulator: Simulator, clock: WallClock, kind: str
) -> None:
    """A probe that breaks off is made again soon, but not at once."""
    simulator.add_fault(Fault(kind="code", msg=WORDS))
    with pytest.raises(QuotaError):
        await client.get_meter(METER)
    clock.advance(hours=1)
    simulator.add_fault(Fault(kind="cut" if kind == "cut" else "status"))
    with pytest.raises(PlatformError):
        await client.get_meter(METER)
    with pytest.raises(QuotaError):
        await client.get_meter(OTHER)
    clock.advance(minutes=1)
    await client.get_meter(OTHER)


async def test_token_that_ended_meanwhile(
    client: Client, simulator: Simulator, clock: WallClock
) -> None:
    """A probe whose token is no longer known is made with a new one."""
    simulator.add_fault(Fault(kind="code", msg=WORDS))
    with pytest.raises(QuotaError):
        await client.get_meter(METER)
    simulator.forget_tokens()
    clock.advance(hours=1)
    await client.get_meter(METER)
    assert logins(simulator) == 2


async def test_of_logins(
    make_session: Callable[..., Session], simulator: Simulator, clock: WallClock
) -> None:
    """A login is tried once an hour, whatever needs it."""
    simulator.add_fault(Fault(kind="code", msg=WORDS, interface="login", times=None))
    client = Client(make_session())
    for _ in range(12 * 3):
        with pytest.raises(QuotaError):
            await client.get_meter(METER)
        clock.advance(minutes=5)
    assert logins(simulator) == 3
    simulator.clear_faults()
    clock.advance(minutes=1)
    await client.get_meter(METER)


async def test_recharge_is_not_held_up(client: Client, simulator: Simulator) -> None:
    """An order's refusal is a failure like any other."""
    simulator.add_fault(Fault(kind="code", msg=WORDS, interface="Prestore", times=None))
    for number in ("HA1", "HA2"):
        with pytest.raises(FailedError):
            await client.prestore(METER, number, Decimal(1))
    assert len(simulator.calls_of("Prestore")) == 2


def test_clock_that_was_set_back() -> None:
    """A probe isn't put off by a clock that was wrong."""
    quota, hour = Quota(), timedelta(hours=1)
    quota.note(Interface.METER, QuotaError(1001, WORDS), NOON)
    with pytest.raises(QuotaError):
        quota.raise_if_used_up(Interface.METER, NOON + hour / 2)
    quota.raise_if_used_up(Interface.METER, NOON - 2 * hour)
    quota.raise_if_used_up(Interface.METER, NOON + hour)
