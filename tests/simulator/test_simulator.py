"""Test the simulator itself, for all other tests trust it."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
import json
import os
import signal
import sys
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from freezegun.api import FrozenDateTimeFactory
import pytest

from . import CST, Dialect, Fault, SimMeter, Simulator, single_changes

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
SPAN = {"BeginDate": "2000-01-01 00:00:00", "EndDate": "2100-01-01 00:00:00"}
PAGE = {**SPAN, "pageNo": "1", "pageSize": "1000"}
METER = "2022040001"
PASSWORD = "demo-password"
type Reply = dict[str, Any]


class Caller:
    """Call a simulator as any client would."""

    def __init__(self, sim: Simulator, session: ClientSession) -> None:
        """Begin without a token."""
        self.sim = sim
        self.session = session
        self.auth: dict[str, str] = {}

    async def raw(self, interface: str, **params: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers."""
        url = f"{self.sim.url}/user/{interface}"
        sent: dict[str, Any] = {"json": params} if self.sim.dialect.body == "json" else {}
        sent = sent or {"data": params}
        async with self.session.post(url, allow_redirects=False, **sent) as response:
            return response.status, await response.read(), dict(response.headers)

    async def __call__(self, interface: str, **params: str) -> Reply:
        """Return a reply."""
        _, body, _ = await self.raw(interface, **{**self.auth, **params})
        found: Reply = json.loads(body)
        return found

    async def login(self, name: str = "demo", password: str = PASSWORD) -> Reply:
        """Log in, and keep the token."""
        self.auth = {}
        reply = await self("login", admin_user_name=name, api_password=password)
        self.auth = {"admin_user_name": name, "token": str(reply.get("data"))}
        return reply

    async def control(self, command: str, **args: Any) -> Any:
        """Use the control endpoint."""
        url = f"{self.sim.url}/control/{command}"
        async with self.session.post(url, json=args) as response:
            return await response.json()


type Start = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def start(socket_enabled: None) -> AsyncIterator[Start]:
    """Return a function that starts a simulator, by default without pace and at a fixed time."""
    sims: list[Simulator] = []
    async with ClientSession(timeout=ClientTimeout(10)) as session:

        async def begin(**details: Any) -> Caller:
            settings: dict[str, Any] = {"limit": 0, "clock": lambda: NOW, "history_days": 40}
            sim = Simulator(**settings | details)
            sims.append(sim)
            await sim.start()
            return Caller(sim, session)

        yield begin
        for sim in sims:
            await sim.stop()


def data_of(reply: Reply) -> Any:
    """Return the data of a reply in the documented form."""
    return json.loads(reply["data"])


async def test_token_form(start: Start) -> None:
    """A token is the documented base64, valid for two hours."""
    call = await start()
    reply = await call.login()
    assert (reply["code"], reply["msg"]) == (200, "登录成功")
    content = json.loads(b64decode(reply["data"]))
    assert content["admin_user_name"] == "demo"
    assert content["api_password"] == "demo-password"
    assert content["time"] == int(NOW.timestamp())
    assert (await call("getBuildCode"))["code"] == 200
    call.sim.advance(7199)
    assert (await call("getBuildCode"))["code"] == 200
    call.sim.advance(1)
    assert (await call("getBuildCode"))["code"] == 1007


async def test_listings(start: Start) -> None:
    """Lists nest, rooms have both meters, some have no house number."""
    call = await start(meters=12)
    await call.login()
    lists = {row["build_code"]: row["name"] for row in data_of(await call("getBuildCode"))}
    assert lists["gzfh-1-d"] == "一栋电"
    assert lists["gzfh-3-s"] == "三栋水"
    assert lists["gzfh"] == "测试"
    rooms = data_of(await call("getUserCodeByAccount"))
    assert len(rooms) == 12
    assert rooms == data_of(await call("getUserCodeByAccount", build_code="gzfh"))
    assert {row["user_code"] for row in rooms} == set(call.sim.meters)
    assert any("house_number" not in row for row in rooms)
    assert len({row["user_name"] for row in rooms}) < len(rooms)
    parts = [
        row["user_code"]
        for code in lists
        if code != "gzfh"
        for row in data_of(await call("getUserCodeByAccount", build_code=code))
    ]
    assert sorted(parts) == sorted(call.sim.meters)
    assert data_of(await call("getUserCodeByAccount", build_code="nowhere")) == []


async def test_addresses(start: Start) -> None:
    """Addresses lead to the same rooms."""
    call = await start(meters=40)
    await call.login()
    places = data_of(await call("getAddress"))
    assert {"address": "一栋一层", "build_code": "一栋"} in places
    found = [
        row["user_code"]
        for place in places
        for row in data_of(await call("addressUserInfo", **place))
    ]
    assert sorted(found) == sorted(call.sim.meters)
    call.sim.set_dialect(address_form="floor", address_code="code")
    places = data_of(await call("getAddress"))
    assert {"address": "一层", "build_code": "gzfh-1"} in places
    assert {"address": "一层", "build_code": "gzfh-3"} in places
    here = data_of(await call("addressUserInfo", address="一层", build_code="gzfh-1"))
    both = data_of(await call("addressUserInfo", address="一层"))
    assert len(both) == 2 * len(here) > 0


async def test_info_equals_last_record(start: Start) -> None:
    """The reading is the last uploaded record's."""
    call = await start()
    await call.login()
    for code, meter in call.sim.meters.items():
        info = data_of(await call("GetUserInfo", user_code=code))
        last = meter.records()[-1]
        assert info["reading"] == str(last.reading)
        assert info["readTime"] == f"{last.read_time:%Y-%m-%d %H:%M:%S}"
        assert info["balance"] == str(meter.info().balance)
        assert info["tableNo"] == meter.table_no
        assert info["tableType"] == str(meter.table_type)
    assert {meter.table_type % 2 for meter in call.sim.meters.values()} == {0, 1}


def used_and_paid(meter: SimMeter) -> tuple[Decimal, Decimal]:
    """Return what the records and the payments sum up to."""
    used = sum((max(record.used, Decimal(0)) for record in meter.records()), Decimal(0))
    return used, sum((payment.amount for payment in meter.payments()), Decimal(0))


@pytest.mark.parametrize("upload_every", [60, 3600, 7200])
def test_ledger_is_consistent(upload_every: int) -> None:
    """Records, payments and balance agree to the cent, whatever is done to a meter."""
    sim = Simulator(
        meters=6, clock=lambda: NOW, upload_every=upload_every, history_days=60, consumption=3
    )
    for step in range(4):
        sim.advance(3 * 3600 + 17)
        for meter in sim.meters.values():
            records = meter.records()
            for one, two in pairwise(records):
                assert one.read_time < two.read_time
                assert (one.reading, one.read_time) == (two.last_reading, two.last_read_time)
            used, paid = used_and_paid(meter)
            exact = meter.first_balance - meter.price * used + paid
            assert abs(meter.info().balance - exact) <= Decimal("0.005")
            if step == 0:
                assert used == records[-1].reading - records[0].last_reading
                wanted = records[-1].reading + Decimal("12.34")
                meter.set_reading(wanted)
                assert meter.info().reading == meter.records()[-1].reading == wanted
            elif step == 1:
                meter.add_payment("55.50", channel="支付宝", order_number="x1")
                meter.add_payment("-5.50")
            elif step == 2:
                meter.replace("new", "0.50")
                assert meter.info().table_no == meter.records()[-1].table_no == "new"
                assert meter.records()[-2].table_no != "new"
                assert meter.info().reading == Decimal("0.50")
    assert any(meter.payments() for meter in sim.meters.values())


def test_reproducible_from_the_seed() -> None:
    """Two worlds of one seed are equal, of two seeds are not."""

    def picture(seed: int) -> list[Any]:
        sim = Simulator(meters=4, seed=seed, clock=lambda: NOW, history_days=10)
        sim.advance(5000)
        return [(m.info(), m.records(), m.payments()) for m in sim.meters.values()]

    assert picture(1) == picture(1) != picture(2)


def test_meters_move_with_the_clock() -> None:
    """Between uploads nothing moves, each upload interval brings one record."""
    sim = Simulator(meters=2, clock=lambda: NOW, upload_every=60, consumption=50)
    meter = sim.meters[METER]
    sim.advance(120)
    before = len(meter.records())
    first = meter.info()
    sim.advance(600)
    assert len(meter.records()) == before + 10
    assert meter.info().reading > first.reading
    assert meter.info().read_time > first.read_time


def test_frozen_time_freezes_the_world_only(freezer: FrozenDateTimeFactory) -> None:
    """A test's frozen time is the world's, while the pace is counted as ever."""
    freezer.move_to(NOW)
    sim = Simulator(meters=2)
    first = sim.monotonic()
    assert sim.now() == NOW
    freezer.tick(7200)
    assert sim.now() == NOW + timedelta(hours=2)
    assert sim.meters[METER].info().read_time > NOW
    assert 0 <= sim.monotonic() - first < 60


def test_a_day_has_a_pattern() -> None:
    """More is used in the evening than at night."""
    sim = Simulator(meters=1, clock=lambda: NOW, history_days=30)
    night = evening = Decimal(0)
    for record in sim.meters[METER].records():
        night += record.used if 1 <= record.read_time.hour < 5 else 0
        evening += record.used if 18 <= record.read_time.hour < 22 else 0
    assert evening > 3 * night > 0


@pytest.mark.parametrize("interface", ["GetConsumenList", "GetPaymentList"])
async def test_paging(start: Start, interface: str) -> None:
    """Pages put together are the whole list, the page size is capped."""
    call = await start(history_days=400, consumption=4)
    await call.login()
    meter = call.sim.meters[METER]
    whole = meter.records() if interface == "GetConsumenList" else meter.payments()
    args = {**PAGE, "user_code": METER, "pageSize": "5000" if len(whole) > 1000 else "9"}
    found: list[Reply] = []
    for number in range(1, 100):
        reply = await call(interface, **{**args, "pageNo": str(number)})
        assert reply["totalCount"] == len(whole) > 0
        rows = data_of(reply)
        assert len(rows) <= 1000
        if not rows:
            break
        found += rows
    key = "readTime" if interface == "GetConsumenList" else "create_time"
    assert len(found) == len(whole)
    assert [row[key] for row in found] == sorted(row[key] for row in found)


async def test_window_ends(start: Start) -> None:
    """A window's ends belong to it, unless the dialect says otherwise."""
    call = await start()
    await call.login()
    records = call.sim.meters[METER].records()[-10:]
    begin, end = (f"{records[i].read_time:%Y-%m-%d %H:%M:%S}" for i in (2, 6))
    args = {**PAGE, "user_code": METER, "BeginDate": begin, "EndDate": end}
    assert (await call("GetConsumenList", **args))["totalCount"] == 5
    call.sim.set_dialect(end_inclusive=False)
    assert (await call("GetConsumenList", **args))["totalCount"] == 4
    call.sim.set_dialect(begin_inclusive=False)
    assert (await call("GetConsumenList", **args))["totalCount"] == 3
    call.sim.set_dialect(dates="date")
    assert (await call("GetConsumenList", **args))["code"] == 1001
    args |= {"BeginDate": "2026-02-27", "EndDate": "2026-02-27"}
    assert (await call("GetConsumenList", **args))["totalCount"] in range(22, 26)
    call.sim.set_dialect(end_whole_day=False)
    assert (await call("GetConsumenList", **args))["totalCount"] == 0
    call.sim.set_dialect(dates="time", dates_code=1008)
    assert (await call("GetConsumenList", **args))["code"] == 1008


async def test_codes(start: Start) -> None:
    """Every documented return code has its cause."""
    call = await start(accounts={"demo": "one", "other": "two"})
    assert (await call.login("nobody", "x"))["code"] == 1002
    assert (await call.login("demo", "x"))["code"] == 1005
    assert (await call("login", admin_user_name="demo"))["code"] == 1008
    assert (await call.login("demo", "one"))["code"] == 200
    assert (await call("GetUserInfo"))["code"] == 1008
    assert (await call("GetUserInfo", user_code="0"))["code"] == 1001
    assert (await call("getBuildCode", token="x"))["code"] == 1006
    assert (await call("getBuildCode", admin_user_name="other"))["code"] == 1009
    call.sim.expire_tokens("other")
    assert (await call("getBuildCode"))["code"] == 200
    call.sim.expire_tokens()
    assert (await call("getBuildCode"))["code"] == 1007
    call.sim.forget_tokens()
    assert (await call("getBuildCode"))["code"] == 1006
    await call.login("demo", "one")
    call.sim.set_password("demo", "new")
    assert (await call("getBuildCode"))["code"] == 1006
    assert (await call.login("demo", "one"))["code"] == 1005
    assert (await call.login("demo", "new"))["code"] == 200
    call.sim.set_dialect(forbidden=("getAddress",))
    assert (await call("getAddress"))["code"] == 1009
    call.sim.set_dialect(forbidden_code=1002)
    assert (await call("getAddress"))["code"] == 1002
    call.sim.deny_api("demo")
    assert (await call("getBuildCode"))["code"] == 1002
    assert (await call.login("demo", "new"))["code"] == 1002


async def test_gone_and_restricted_meters(start: Start) -> None:
    """A meter may vanish, come back, be added, or belong to another account."""
    call = await start()
    await call.login()
    meter = call.sim.meters[METER]
    meter.hide()
    assert (await call("GetUserInfo", user_code=METER))["code"] == 1001
    assert len(data_of(await call("getUserCodeByAccount"))) == 7
    meter.show()
    assert (await call("GetUserInfo", user_code=METER))["code"] == 200
    meter.remove()
    assert METER not in call.sim.meters
    added = call.sim.add_meter(kind="water", user_code="00 7", building=4)
    assert (await call("GetUserInfo", user_code="00 7"))["code"] == 200
    assert data_of(await call("getUserCodeByAccount", build_code="gzfh-4-s"))[0] == {
        "user_code": "00 7",
        "user_name": "新",
    }
    call.sim.restrict("demo", {added.user_code})
    assert len(data_of(await call("getUserCodeByAccount"))) == 1
    assert (await call("GetUserInfo", user_code="2022040002"))["code"] == 1001


async def test_rival_ends_our_token(start: Start) -> None:
    """Only one dialect ends older tokens by a new login."""
    call = await start()
    await call.login()
    call.sim.rival_login()
    assert (await call("getBuildCode"))["code"] == 200
    call.sim.set_dialect(new_login="ends")
    call.sim.rival_login()
    assert (await call("getBuildCode"))["code"] == 1006
    await call.login()
    assert (await call("getBuildCode"))["code"] == 200


class Ticks:
    """Be a monotonic clock that a test moves."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_early_calls_are_counted_and_refused(start: Start) -> None:
    """Early is what comes within the limit of an arrival or an answer, for all accounts."""
    ticks = Ticks()
    call = await start(limit=2.0, monotonic=ticks, accounts={"demo": "1", "other": "2"})
    sim = call.sim
    assert (await call.login("demo", "1"))["code"] == 200
    ticks.now += 1.9
    reply = await call("login", admin_user_name="other", api_password="2")
    assert (reply["code"], reply["msg"]) == (1001, "访问过于频繁,请稍后再试")
    assert sim.early_by_arrival == sim.early_by_answer == {"login": 1}
    assert sim.early == 2
    assert [one.early for one in sim.calls] == [False, True]
    assert sim.calls[1].refused
    ticks.now += 0.1
    assert (await call("login", admin_user_name="other", api_password="2"))["code"] == 200
    assert sim.early_by_arrival == {"login": 2}
    assert (await call("getBuildCode"))["code"] == 200
    ticks.now += 2.0
    assert (await call("getBuildCode"))["code"] == 200
    assert "getBuildCode" not in sim.early_by_arrival | sim.early_by_answer
    for number in range(3):
        paid = await call("Prestore", user_code=METER, out_trade_no=f"{number}", total_fee="1")
        assert paid["code"] == 200
    sim.reset_counts()
    assert sim.early == 0
    sim.set_dialect(early="429", retry_after=3)
    status, _, headers = await call.raw("getBuildCode", **call.auth)
    assert (status, headers["Retry-After"]) == (429, "3")
    assert sim.calls[-1].status == 429
    sim.set_dialect(early="serve")
    assert (await call("getBuildCode"))["code"] == 200
    assert sim.early_by_arrival == {"getBuildCode": 2}
    sim.set_dialect(early="code", limit_scope="account")
    ticks.now += 2.0
    assert (await call("login", admin_user_name="other", api_password="2"))["code"] == 200
    assert (await call("login", admin_user_name="demo", api_password="1"))["code"] == 200
    assert sim.early_by_arrival["login"] == 1


async def test_early_by_answer_only(start: Start) -> None:
    """A slow answer moves the second way of counting only."""
    ticks = Ticks()
    call = await start(limit=2.0, monotonic=ticks)
    await call.login()
    call.sim.add_fault(Fault(kind="delay", seconds=0.05, when="after"))
    task = asyncio.create_task(call("getBuildCode"))
    await asyncio.sleep(0.02)
    ticks.now += 1.5
    assert (await task)["code"] == 200
    ticks.now += 1.0
    assert (await call("getBuildCode"))["code"] == 200
    assert call.sim.early_by_arrival == {}
    assert call.sim.early_by_answer == {"getBuildCode": 1}
    ticks.now += 2.5
    call.sim.set_dialect(limit_from="answer")
    call.sim.add_fault(Fault(kind="hang", seconds=0.3))
    hanging = asyncio.create_task(call.raw("getBuildCode", **call.auth))
    await asyncio.sleep(0.02)
    ticks.now += 2.5
    await call("getBuildCode")
    assert call.sim.early_by_answer == {"getBuildCode": 2}
    with pytest.raises(ClientError):
        await hanging


async def prestore(call: Caller, number: str = "ha1", fee: str = "10.00") -> Reply:
    """Credit the first meter."""
    return await call("Prestore", user_code=METER, out_trade_no=number, total_fee=fee)


async def payment_numbers(call: Caller) -> list[str]:
    """Return the numbers that the payment list shows."""
    rows = data_of(await call("GetPaymentList", **PAGE, user_code=METER))
    return [row["out_trade_no"] for row in rows]


async def test_recharge(start: Start) -> None:
    """A recharge is in ledger, balance and payment list; what is repeated counts again."""
    call = await start(wechat=False)
    await call.login()
    before = call.sim.meters[METER].info().balance
    assert await prestore(call) == {"code": 200, "msg": "充值成功"}
    (order,) = call.sim.ledger
    assert (order.user_code, order.out_trade_no, order.amount) == (METER, "ha1", Decimal("10.00"))
    assert (order.times_credited, order.time) == (1, NOW.astimezone(CST))
    assert call.sim.meters[METER].info().balance == before + 10
    rows = data_of(await call("GetPaymentList", **PAGE, user_code=METER))
    assert rows == [
        {
            "out_trade_no": "ha1",
            "total_fee": "10.00",
            "trade_type": "微信充值",
            "create_time": "2026-03-01 12:30:00",
        }
    ]
    await prestore(call)
    assert (order.times_credited, order.credited) == (2, Decimal("20.00"))
    call.sim.set_dialect(repeat_order="once")
    assert (await prestore(call))["code"] == 200
    call.sim.set_dialect(repeat_order="refuse")
    assert (await prestore(call))["code"] == 1001
    assert (order.times_credited, order.times_received) == (2, 3)
    assert call.sim.meters[METER].info().balance == before + 20
    for fee in ("0", "-1", "1e3", "x", "1.234"):
        assert (await prestore(call, "ha2", fee))["code"] == 1001
    assert len(call.sim.ledger) == 1


async def test_recharge_dialects(start: Start) -> None:
    """The payment list may show other numbers, late or never, and credit may take its time."""
    call = await start(wechat=False)
    await call.login()
    call.sim.set_dialect(payment_number="other")
    await prestore(call, "ha1")
    call.sim.set_dialect(payment_number="empty", prestore_answer=1001)
    assert (await prestore(call, "ha2"))["code"] == 1001
    assert len(call.sim.ledger) == 2
    other, empty = await payment_numbers(call)
    assert other.startswith("jrh20260301123000")
    assert empty == ""
    call.sim.set_dialect(payment_number="ours", prestore_answer=200, payment_delay=60)
    call.sim.advance(100)
    before = call.sim.meters[METER].info().balance
    call.sim.set_dialect(credit_delay=30)
    await prestore(call, "ha3")
    assert "ha3" not in await payment_numbers(call)
    info = data_of(await call("GetUserInfo", user_code=METER))
    assert info["balance"] == str(before)
    call.sim.advance(60)
    assert "ha3" in await payment_numbers(call)
    info = data_of(await call("GetUserInfo", user_code=METER))
    assert Decimal(info["balance"]) == before + 10
    call.sim.set_dialect(payment_delay=-1)
    assert await payment_numbers(call) == []


async def exercise(call: Caller) -> dict[str, tuple[int, bytes]]:
    """Call every interface once."""
    await call.raw("login", admin_user_name="demo", api_password="demo-password")
    call.auth = {"admin_user_name": "demo", "token": call.sim.rival_login()}
    args: dict[str, dict[str, str]] = {
        "getBuildCode": {},
        "getUserCodeByAccount": {},
        "GetUserInfo": {"user_code": METER},
        "Prestore": {"user_code": METER, "out_trade_no": "ha1", "total_fee": "10.00"},
        "GetPaymentList": {**PAGE, "user_code": METER},
        "GetConsumenList": {**PAGE, "user_code": METER},
        "getAddress": {},
        "addressUserInfo": {"address": "空", "build_code": "gzfh"},
    }
    found = {}
    for interface, params in args.items():
        status, body, _ = await call.raw(interface, **call.auth, **params)
        found[interface] = status, body
    return found


@pytest.mark.parametrize("name", single_changes())
async def test_every_dialect_answers(start: Start, name: str) -> None:
    """Every switch can be set on the command line and serves, or refuses as it says."""
    changes = single_changes()[name]
    dialect = Dialect(**changes)
    assert Dialect.parse([name]) == dialect
    call = await start(meters=4, history_days=3, dialect=dialect)
    for status, body in (await exercise(call)).values():
        if dialect.redirect:
            assert status == dialect.redirect
            continue
        assert status in {dialect.code_status, dialect.success_status}
        codec = "utf-8-sig" if dialect.bom else dialect.charset
        # What is odd in a name may be no JSON, or no character.
        reply = json.loads(body.decode(codec, "replace"), strict=False)
        assert "code" in reply


@pytest.mark.parametrize(
    ("changes", "interface", "expected"),
    [
        ({"data": "native"}, "GetUserInfo", b'"data":{"tableNo"'),
        ({"data": "escaped"}, "GetUserInfo", rb'"data":"\"{\\\"tableNo\\\"'),
        ({"object_as_list": True}, "GetUserInfo", rb'"data":"[{\"tableNo\"'),
        ({"empty_list": "native"}, "addressUserInfo", b'"data":[]'),
        ({"empty_list": "blank"}, "addressUserInfo", b'"data":""'),
        ({"empty_list": "null"}, "addressUserInfo", b'"data":null'),
        ({"empty_list": "missing"}, "addressUserInfo", b'{"code":200,"msg"'),
        ({"empty_list": "failure"}, "addressUserInfo", '{"code":1001,"msg":"暂无'.encode()),
        ({"code": "string"}, "getAddress", b'"code":"200"'),
        ({"code": "float"}, "getAddress", b'"code":200.0'),
        ({"bom": True}, "getAddress", b"\xef\xbb\xbf{"),
        ({"charset": "gb18030"}, "getAddress", "一栋一层".encode("gb18030")),
        ({"ascii_only": True}, "getAddress", rb"\u64cd"),
        ({"numbers": "nan"}, "GetConsumenList", rb"\"reading\":\"NaN\""),
        ({"numbers": "null"}, "GetConsumenList", rb"\"lastRead\":null"),
        ({"numbers": "dashes"}, "GetUserInfo", rb"\"balance\":\"--\""),
        ({"numbers": "number"}, "GetPaymentList", rb"\"total_fee\":10.0"),
        ({"numbers": "thousands"}, "GetPaymentList", rb"\"total_fee\":\"0,010.00\""),
        ({"table_type": "padded"}, "GetUserInfo", rb"\"tableType\":\"03\""),
        ({"table_type": "float"}, "GetUserInfo", rb"\"tableType\":3.0"),
        ({"table_type_value": 99}, "GetUserInfo", rb"\"tableType\":\"99\""),
        ({"times": "zero"}, "GetUserInfo", rb"\"readTime\":\"0000-00-00 00:00:00\""),
        ({"times": "halves"}, "GetUserInfo", r"\"readTime\":\"2026/03/01 上午 ".encode()),
        ({"times": "double"}, "GetUserInfo", b"E12"),
        ({"times": "dotnet"}, "GetUserInfo", rb"\"readTime\":\"/Date("),
        ({"in_a_string": True}, "getAddress", rb'"{\"code\":200,'),
        ({"user_code": "integer"}, "getUserCodeByAccount", rb"\"user_code\":2022040001,"),
        ({"device_id": True}, "GetConsumenList", b"deviceId"),
        ({"total_count": "zero"}, "GetConsumenList", b'"totalCount":0}'),
        ({"page_cap": 7, "total_count": "page"}, "GetConsumenList", b'"totalCount":7}'),
    ],
)
async def test_dialect_shows(
    start: Start, changes: dict[str, Any], interface: str, expected: bytes
) -> None:
    """A dialect's answer has its mark."""
    call = await start(meters=2, wechat=False, dialect=Dialect(**changes))
    _, body = (await exercise(call))[interface]
    assert expected in body


async def test_order_of_records(start: Start) -> None:
    """Records come descending or shuffled, the same over all pages."""
    call = await start(dialect=Dialect(order="descending"))
    await call.login()
    times = [
        row["readTime"] for row in data_of(await call("GetConsumenList", **PAGE, user_code=METER))
    ]
    assert times == sorted(times, reverse=True)
    call.sim.set_dialect(order="shuffled")
    pages = [
        data_of(
            await call(
                "GetConsumenList",
                **{**PAGE, "user_code": METER, "pageNo": str(n), "pageSize": "500"},
            )
        )
        for n in (1, 2)
    ]
    mixed = [row["readTime"] for page in pages for row in page]
    assert mixed not in (times, sorted(times))
    assert sorted(mixed, reverse=True) == times


async def test_record_filter(start: Start) -> None:
    """A test may double, drop or change records."""
    call = await start()
    await call.login()
    meter = call.sim.meters[METER]
    meter.record_filter = lambda records: [records[-1]] * 2
    reply = await call("GetConsumenList", **PAGE, user_code=METER)
    assert reply["totalCount"] == 2
    first, second = data_of(reply)
    assert first == second


async def test_body_encodings(start: Start) -> None:
    """A deployment reads form fields, JSON or both, and page numbers may have to be numbers."""
    call = await start()
    login = {"admin_user_name": "demo", "api_password": "demo-password"}
    url = f"{call.sim.url}/user/login"

    async def code(**sent: Any) -> int:
        async with call.session.post(url, **sent) as response:
            return int((await response.json())["code"])

    assert [await code(data=login), await code(json=login)] == [200, 1008]
    call.sim.set_dialect(body="json")
    assert [await code(data=login), await code(json=login)] == [1008, 200]
    call.sim.set_dialect(body="both", wrong_body=1001)
    assert [await code(data=login), await code(json=login)] == [200, 200]
    assert [await code(data=b"x"), await code(json=[1])] == [1001, 1008]
    call.sim.set_dialect(json_types="strict")
    assert await code(json={**login, "pageNo": "1"}) == 1001
    assert await code(json={**login, "pageNo": 1}) == 200
    call.sim.set_dialect(body="json", wrong_body=500)
    async with call.session.post(url, data=login) as response:
        assert response.status == 500
    assert {one.encoding for one in call.sim.calls} >= {"form", "json"}


async def test_redirect_is_a_trap(start: Start) -> None:
    """Who follows a redirect is recorded."""
    call = await start(dialect=Dialect(redirect=307, redirect_only="Prestore"))
    await call.login()
    status, _, headers = await call.raw("Prestore", **call.auth)
    assert (status, call.sim.strays) == (307, [])
    async with call.session.post(headers["Location"]) as response:
        assert response.status == 404
    assert call.sim.strays == [("POST", "/elsewhere/user/Prestore")]
    assert not call.sim.ledger


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "details", "status", "body"),
    [
        ("status", {"status": 503}, 503, b"<html>"),
        ("html", {}, 200, b"<html>"),
        ("truncated", {}, 200, b'{"code":200,"'),
        ("code", {"code": 4711, "msg": "x"}, 200, b'{"code":4711,"msg":"x"}'),
        ("no_code", {}, 200, b'{"msg"'),
        ("redirect", {"status": 307, "location": "http://example.test/"}, 307, b""),
        ("garbage", {"body": b"\x00\x01"}, 200, b"\x00\x01"),
        ("oversized", {}, 200, b"x" * 4_194_304),
        ("wrong", {"reply": [1]}, 200, b"[1]"),
        ("delay", {"seconds": 0.01}, 200, "充值成功".encode()),
        ("cut", {}, None, b""),
        ("cut_body", {}, None, b""),
        ("hang", {"seconds": 0.05}, None, b""),
    ],
)
async def test_faults(
    start: Start,
    *,
    kind: Any,
    details: dict[str, Any],
    status: int | None,
    body: bytes,
    when: Any,
) -> None:
    """A fault hits once, and a recharge is booked only if it comes after processing."""
    call = await start()
    await call.login()
    call.sim.add_fault(Fault(kind=kind, interface="Prestore", when=when, **details))
    sent = {"user_code": METER, "out_trade_no": "1", "total_fee": "1.00", **call.auth}
    if status is None:
        with pytest.raises(ClientError):
            await call.raw("Prestore", **sent)
    else:
        found, content, _ = await call.raw("Prestore", **sent)
        assert found == status
        assert body in content
    assert len(call.sim.ledger) == (when == "after" or kind == "delay")
    assert call.sim.calls[-1].fault == kind
    assert (await prestore(call, "2"))["code"] == 200


async def test_choice_of_faults(start: Start) -> None:
    """Faults choose by interface, meter, number and chance."""
    call = await start()
    await call.login()
    sim = call.sim
    fault = sim.add_fault(Fault(kind="code", user_code="2022040002", times=None, skip=1))
    codes = [
        (await call("GetUserInfo", user_code=code))["code"]
        for code in (METER, "2022040002", "2022040002", "2022040002", METER)
    ]
    assert codes == [200, 200, 1001, 1001, 200]
    assert fault.hits == 2
    sim.clear_faults()
    sim.add_fault(Fault(kind="code", times=None, probability=0.5))
    codes = [(await call("getBuildCode"))["code"] for _ in range(60)]
    assert 10 < codes.count(1001) < 50
    sim.clear_faults()
    assert (await call("getBuildCode"))["code"] == 200


async def test_hanging_calls_end_with_the_server(start: Start) -> None:
    """Stopping does not wait for what hangs, and a restart keeps world and tokens."""
    call = await start()
    await call.login()
    call.sim.add_fault(Fault(kind="hang"))
    task = asyncio.create_task(call.raw("getBuildCode", **call.auth))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        await call.sim.stop()
        with pytest.raises(ClientError):
            await task
    await call.sim.start(port=call.sim.port)
    assert (await call("getBuildCode"))["code"] == 200


async def test_no_secrets_in_calls(start: Start) -> None:
    """What is shown of calls holds neither token nor password."""
    call = await start()
    await call.login()
    await call("GetUserInfo", user_code=METER)
    async with call.session.get(f"{call.sim.url}/control/state") as response:
        text = await response.text()
    for secret in ("demo-password", call.auth["token"]):
        assert secret not in text
        assert secret not in repr(call.sim.calls)
    assert call.sim.calls[-1].params == {"admin_user_name": "demo", "user_code": METER}


async def test_control(start: Start) -> None:
    """Another process can see and do everything."""
    call = await start()
    await call.login()
    for command, args in (
        ("faults", {"kind": "code", "interface": "getBuildCode", "code": 1009}),
        ("payment", {"user_code": METER, "amount": "7.00"}),
        ("clock", {"advance": 60}),
        ("dialect", {"code": "string", "forbidden": ["getAddress"]}),
        ("meter", {"user_code": METER, "table_no": "T", "reading": "9999.00", "balance": "3"}),
        ("add_meter", {"user_code": "new"}),
        ("delay", {"delay": 0.001}),
        ("rival", {}),
        ("restrict", {"account": "demo", "user_codes": None}),
        ("deny", {"account": "demo", "denied": False}),
    ):
        assert (await call.control(command, **args))["ok"], command
    assert (await call("getBuildCode"))["code"] == "1009"
    assert (await call("getAddress"))["code"] == "1009"
    await prestore(call)
    async with call.session.get(f"{call.sim.url}/control/state?calls=2") as response:
        state = await response.json()
    assert [one["interface"] for one in state["calls"]] == ["getAddress", "Prestore"]
    assert state["call_count"] == 4
    assert state["early"] == 0
    assert state["ledger"][0]["amount"] == "10.00"
    assert state["meters"][METER]["reading"] == "9999.00"
    assert state["meters"][METER]["balance"] == "13.00"
    assert state["dialect"]["forbidden"] == ["getAddress"]
    assert state["now"] == (NOW + timedelta(seconds=60)).astimezone(CST).isoformat()
    async with call.session.get(f"{call.sim.url}/control/meter/{METER}") as response:
        meter = await response.json()
    assert meter["records"][-1]["reading"] == "9999.00"
    assert "7.00" in {payment["amount"] for payment in meter["payments"]}
    assert "error" in await call.control("password")
    assert "error" in await call.control("unknown")
    for command, args in (
        ("password", {"account": "demo", "password": "x"}),
        ("expire", {}),
        ("forget", {}),
        ("clear", {}),
        ("remove_meter", {"user_code": METER}),
        ("reset", {}),
    ):
        assert (await call.control(command, **args))["ok"], command
    assert call.sim.calls == []
    assert METER not in call.sim.meters


async def launch(*args: str) -> asyncio.subprocess.Process:
    """Start a simulator as a process."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.simulator", *args),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_process(socket_enabled: None) -> None:
    """The process says where it listens, answers, and ends on SIGTERM."""
    words = ("--dialect", "code=string", "--dialect", "bom", "--account", "a:b")
    process = await launch("--meters", "2", "--now", "2026-03-01T12:00", *words)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    url = line.rsplit(" ", 1)[1].strip()
    assert url.startswith("http://127.0.0.1:")
    login = {"admin_user_name": "a", "api_password": "b"}
    async with (
        ClientSession() as session,
        session.post(f"{url}/user/login", data=login) as response,
    ):
        reply = json.loads((await response.read()).decode("utf-8-sig"))
    assert reply["code"] == "200"
    process.send_signal(signal.SIGTERM)
    out, errors = await process.communicate()
    assert (process.returncode, out, errors) == (0, b"", b"")


async def test_process_ends_without_its_owner(socket_enabled: None) -> None:
    """The process ends when its standard input or the process it serves does."""
    process = await launch("--until-stdin-closes")
    assert process.stdout is not None
    assert b"ready" in await process.stdout.readline()
    async with asyncio.timeout(10):
        await process.communicate()
    assert process.returncode == 0
    owner = await asyncio.create_subprocess_exec("true")
    await owner.wait()
    process = await launch("--parent-pid", str(owner.pid))
    async with asyncio.timeout(10):
        await process.communicate()
    assert process.returncode == 0
    assert os.getpid() != process.pid


async def test_process_refuses_nonsense(socket_enabled: None) -> None:
    """A wrong dialect or a port in use is one clear line."""
    process = await launch("--dialect", "code=roman")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == "simulator: dialect code: one of number, string, float\n"
    with pytest.raises(ValueError, match="unknown dialect"):
        Dialect.parse(["nonsense"])
    with pytest.raises(ValueError, match="needs a value"):
        Dialect.parse(["code"])
