"""Tests of what the interfaces return, over sockets."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Address,
    Building,
    Client,
    Consumption,
    ExchangeError,
    FailedError,
    Http,
    Interface,
    MeterInfo,
    NotPermittedError,
    Payment,
    Priority,
    Room,
    Session,
    Turn,
)
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER, NOON, READS, data_fault
from ..support.raw_server import RawServer, http as http_answer
from .conftest import PASSWORD


async def test_buildings(client: Client, simulator: Simulator) -> None:
    """All lists come with code and name."""
    assert await client.get_buildings() == [
        Building(build_code=code, name=name) for code, name in simulator.world.lists.items()
    ]


async def test_rooms(client: Client, simulator: Simulator) -> None:
    """All rooms come, or those of a building, which is asked for by its code."""
    expected = [
        Room(
            user_code=meter.user_code,
            user_name=meter.user_name,
            house_number=meter.house_number or "",
        )
        for meter in simulator.meters.values()
    ]
    assert await client.get_rooms() == expected
    assert len(expected) == 8
    building = (await client.get_buildings())[0]
    some = await client.get_rooms(building.build_code)
    assert 0 < len(some) < 8
    assert all(room in expected for room in some)
    params = [call.params for call in simulator.calls_of("getUserCodeByAccount")]
    assert params == [
        {"admin_user_name": "demo"},
        {"admin_user_name": "demo", "build_code": building.build_code},
    ]


async def test_meters(client: Client, simulator: Simulator) -> None:
    """Each meter shows what the platform has of it."""
    for code, meter in simulator.meters.items():
        info = meter.info()
        assert await client.get_meter(code) == MeterInfo(
            table_no=info.table_no,
            meter_type=info.table_type,
            reading=info.reading,
            read_time=info.read_time,
            balance=info.balance,
        )
    assert {call.params["user_code"] for call in simulator.calls_of("GetUserInfo")} == set(
        simulator.meters
    )


async def test_payments(client: Client, simulator: Simulator) -> None:
    """All payments of a span come, with both ends."""
    meter = simulator.meters[METER]
    meter.add_payment("-5.00", channel="退款", order_number="", at=NOON)
    meter.add_payment("0.01", order_number="HA1", at=NOON - DAY)
    meter.add_payment("9", order_number="HA0", at=NOON - DAY - timedelta(seconds=1))
    found = await client.get_payments(METER, NOON - DAY, NOON)
    expected = [
        Payment(
            order_number=payment.order_number,
            amount=payment.amount,
            time=payment.time,
            channel=payment.channel,
        )
        for payment in meter.payments(NOON - DAY, NOON)
    ]
    assert found == expected
    assert (found[0].order_number, found[-1].amount) == ("HA1", Decimal(-5))
    assert simulator.calls_of("GetPaymentList")[0].params == {
        "admin_user_name": "demo",
        "user_code": METER,
        "BeginDate": "2026-10-30 00:00:00",
        "EndDate": "2026-11-02 23:59:59",
        "pageNo": "1",
        "pageSize": "1000",
    }


async def test_consumption(client: Client, simulator: Simulator) -> None:
    """All records of a span come, and none beside it."""
    simulator.set_dialect(device_id=True)
    found = await client.get_consumption(METER, NOON - DAY, NOON)
    assert len(found) == 24
    assert found == [
        Consumption(
            table_no=record.table_no,
            reading=record.reading,
            read_time=record.read_time,
            last_reading=record.last_reading,
            last_read_time=record.last_read_time,
            device_id=record.table_no[::-1],
        )
        for record in simulator.meters[METER].records(NOON - DAY, NOON)
    ]


@pytest.mark.parametrize("code", ["name", "code"])
async def test_addresses(client: Client, simulator: Simulator, code: Any) -> None:
    """Every address leads to its rooms, whatever its building is called."""
    simulator.set_dialect(address_code=code, address_form="floor")
    addresses = await client.get_addresses()
    assert Address(address="一层", build_code="一栋" if code == "name" else "gzfh-1") in addresses
    rooms = [room for address in addresses for room in await client.get_rooms_at(address)]
    assert {room.user_code for room in rooms} == set(simulator.meters)
    assert len(rooms) == 8
    some = await client.get_addresses(addresses[0].build_code)
    assert 0 < len(some) < len(addresses)


@pytest.mark.parametrize(
    "text",
    [
        " 一栋 ",
        "a+b&c=d%20",
        "0012",
        "１２",
        "Ａ",
        "é",
        "e\u0301",
        "🏠\u200b",
        "<&>\"'\\",
        "a\u3000b",
    ],
)
@pytest.mark.parametrize("encoding", ["form", "json"])
async def test_names_are_sent_byte_for_byte(
    client: Client, simulator: Simulator, http: Http, text: str, encoding: Any
) -> None:
    """Codes and addresses go back exactly as they came."""
    simulator.set_dialect(body=encoding)
    await client.session.sign_in(PASSWORD, http)
    simulator.add_fault(data_fault([{"address": text, "build_code": text, "user_code": text}]))
    address = (await client.get_addresses())[0]
    simulator.add_fault(data_fault([{"user_code": text, "user_name": text}]))
    room = (await client.get_rooms_at(address))[0]
    assert room.user_code == text
    await client.get_rooms(address.build_code)
    with pytest.raises(FailedError):
        await client.get_meter(room.user_code)
    params = {call.interface: call.params for call in simulator.calls}
    assert params["addressUserInfo"]["address"] == text
    assert params["addressUserInfo"]["build_code"] == text
    assert params["getUserCodeByAccount"]["build_code"] == text
    assert params["GetUserInfo"]["user_code"] == text


async def test_user_codes_that_are_numbers(client: Client, simulator: Simulator) -> None:
    """A code that is a JSON number keeps its digits, however many."""
    body = b'{"code":200,"data":[{"user_code":20220400010000000001},{"user_code":"007"}]}'
    simulator.add_fault(Fault(kind="garbage", body=body, interface="getUserCodeByAccount"))
    assert [room.user_code for room in await client.get_rooms()] == ["20220400010000000001", "007"]


@pytest.mark.parametrize("form", ["refuse", "empty", "fail"])
@pytest.mark.parametrize("code", ["name", "code"])
@pytest.mark.parametrize("address_form", ["full", "floor"])
async def test_building_that_an_address_is_not_asked_for_with(
    client: Client, simulator: Simulator, form: Any, code: Any, address_form: Any
) -> None:
    """What getAddress calls a building may mean nothing to addressUserInfo."""
    simulator.set_dialect(
        address_building=form, address_code=code, address_form=address_form, wrong_body=404
    )
    found = {
        address: {room.user_code for room in await client.get_rooms_at(address)}
        for address in await client.get_addresses()
    }
    expected: dict[Address, set[str]] = {}
    for meter in simulator.meters.values():
        floor = meter.floor if address_form == "floor" else f"{meter.building[0]}{meter.floor}"
        place = Address(address=floor, build_code=meter.building[0 if code == "name" else 1])
        expected.setdefault(place, set()).add(meter.user_code)
    assert found == expected
    assert client.session.denied == {}


@pytest.mark.parametrize("fault", [{"code": 1001}, {"code": 1009}])
async def test_address_that_is_shared_by_buildings_nobody_tells_apart(
    client: Client, simulator: Simulator, fault: dict[str, Any]
) -> None:
    """Where the buildings can't be listed, the rooms of all of them are told."""
    simulator.set_dialect(address_building="refuse", address_form="floor")
    first, second = await client.get_addresses()
    assert first.address == second.address
    simulator.add_fault(Fault(kind="code", interface="getBuildCode", times=None, **fault))
    assert len(await client.get_rooms_at(first)) == 8
    simulator.clear_faults()
    strange = Address(address=first.address, build_code="东")
    assert len(await client.get_rooms_at(strange)) == 8


async def test_address_that_is_refused(client: Client, simulator: Simulator) -> None:
    """With the building or without, an address that isn't answered is no empty one."""
    address = (await client.get_addresses())[0]
    fault = Fault(kind="code", code=1001, interface="addressUserInfo", times=None, msg="甲")
    simulator.add_fault(fault)
    with pytest.raises(FailedError, match="甲"):
        await client.get_rooms_at(address)
    fault.code = 1009
    with pytest.raises(NotPermittedError):
        await client.get_rooms_at(address)
    count = len(simulator.calls)
    with pytest.raises(NotPermittedError):
        await client.get_rooms_at(address)
    assert len(simulator.calls) == count
    client.session.allow(Interface.ROOMS_AT_ADDRESS)
    simulator.clear_faults()
    simulator.add_fault(data_fault([], "addressUserInfo"))
    simulator.add_fault(Fault(kind="code", code=1001, interface="addressUserInfo"))
    assert await client.get_rooms_at(address) == []


async def test_building_that_is_denied(client: Client, simulator: Simulator) -> None:
    """A denial is about the interface, unless other addresses were answered."""
    simulator.set_dialect(address_building="deny")
    address = (await client.get_addresses())[0]
    assert await client.get_rooms_at(Address(address=address.address, build_code=""))
    assert await client.get_rooms_at(address)
    assert len(simulator.calls_of("addressUserInfo")) == 3


async def test_address_without_a_building(client: Client, simulator: Simulator) -> None:
    """A building that isn't there isn't sent."""
    await client.get_rooms_at(Address(address="一栋一层", build_code=""))
    assert "build_code" not in simulator.calls_of("addressUserInfo")[0].params


async def test_records_that_name_nothing_are_left_out(client: Client, simulator: Simulator) -> None:
    """What has no code has nothing that could be asked for; what repeats is one."""
    records = [
        {"user_code": "1", "user_name": "a", "build_code": "1", "address": "1"},
        {"user_code": "1", "user_name": "a", "build_code": "1", "address": "1"},
        {"user_code": "", "build_code": None, "address": ""},
        {"user_name": "x"},
    ]
    await client.session.token()
    simulator.add_fault(data_fault(records, times=3))
    assert [room.user_code for room in await client.get_rooms()] == ["1"]
    assert [address.address for address in await client.get_addresses()] == ["1"]
    assert [building.build_code for building in await client.get_buildings()] == ["1"]


@pytest.mark.parametrize("name", READS)
async def test_turn_is_used(client: Client, name: str) -> None:
    """A call that is given a turn waits with it."""
    turn = Turn(Priority.HISTORY)
    span = (METER, NOON - DAY, NOON)
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "getBuildCode": lambda: client.get_buildings(turn),
        "getUserCodeByAccount": lambda: client.get_rooms(turn=turn),
        "GetUserInfo": lambda: client.get_meter(METER, turn),
        "GetPaymentList": lambda: client.get_payments(*span, turn),
        "GetConsumenList": lambda: client.get_consumption(*span, turn),
        "getAddress": lambda: client.get_addresses(turn=turn),
        "addressUserInfo": lambda: client.get_rooms_at(
            Address(address="一栋一层", build_code=""), turn
        ),
    }
    await calls[name]()
    assert turn.started


async def test_reads_share_a_connection(client: Client, simulator: Simulator) -> None:
    """An order and a login have connections of their own, reads one for all of them."""
    for number in range(3):
        for read in READS.values():
            await read(client)
        await client.prestore(METER, f"HA012345678{number}", Decimal(5))
    by_interface: dict[str, list[int | None]] = {}
    for call in simulator.calls:
        by_interface.setdefault(call.interface, []).append(call.connection)
    own = by_interface.pop("login") + by_interface.pop("Prestore")
    assert (len(own), len(set(own))) == (4, 4)
    kept = {connection for found in by_interface.values() for connection in found}
    assert len(kept) == 1
    assert not kept & set(own)


async def test_kept_connection_that_breaks(client: Client, simulator: Simulator) -> None:
    """A read is repeated once then, at its pace, on another connection."""
    before = await client.get_meter(METER)
    simulator.add_fault(Fault(kind="cut"))
    assert (await client.get_meter(METER)).table_no == before.table_no
    calls = simulator.calls_of("GetUserInfo")
    assert [call.connection == calls[0].connection for call in calls] == [True, True, False]
    pacer = client.session.pacer
    outcomes = [call.outcome for call in pacer.recent_calls("GetUserInfo")]
    assert outcomes == ["200", "KeptConnectionError", "200"]

    simulator.reset_counts()
    simulator.add_fault(Fault(kind="cut", times=None))
    with pytest.raises(ExchangeError):
        await client.get_meter(METER)
    assert len(simulator.calls) == 2
    with pytest.raises(ExchangeError):
        await client.prestore(METER, "HA0123456789", Decimal(5))
    assert len(simulator.calls_of("Prestore")) == 1


async def test_server_that_keeps_no_connection(
    make_session: Callable[..., Session], simulator: Simulator
) -> None:
    """Nothing is repeated where the platform closes each connection after its answer."""
    client = Client(make_session())
    await client.get_meter(METER)
    async with RawServer(http_answer(b'{"code":200,"data":[],"msg":"ok"}')) as server:
        client.session.base_url = server.url
        for _ in range(3):
            await client.get_buildings()
    assert server.connections == len(server.requests) == 3
