"""Tests of the values that replies hold."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Address,
    Building,
    Consumption,
    MeterInfo,
    MeterKind,
    Payment,
    Room,
)


@pytest.mark.parametrize("meter_type", range(-1, 18))
def test_kinds(meter_type: int) -> None:
    """Even types are water, odd ones electricity, others nothing."""
    expected = None
    if 1 <= meter_type <= 15:
        expected = MeterKind.ELECTRICITY if meter_type % 2 else MeterKind.WATER
    assert MeterKind.of(meter_type) is expected


def test_kind_of_nothing() -> None:
    """Without a type there is no kind."""
    assert MeterKind.of(None) is None


INFO = {
    "tableNo": "202364555511",
    "reading": "3.00",
    "readTime": "2022-04-20 21:00:04",
    "balance": "130.00",
    "tableType": "3",
}


def test_meter_info_of_the_document() -> None:
    """The document's example is read."""
    info = MeterInfo.from_record(INFO)
    assert info == MeterInfo(
        table_no="202364555511",
        meter_type=3,
        reading=Decimal("3.00"),
        read_time=datetime(2022, 4, 20, 13, 0, 4, tzinfo=UTC),
        balance=Decimal("130.00"),
    )
    assert info.kind is MeterKind.ELECTRICITY


@pytest.mark.parametrize("name", INFO)
@pytest.mark.parametrize("value", [None, "", "--", [], "missing"])
def test_meter_info_field_by_field(name: str, value: Any) -> None:
    """A field that can't be read takes no other with it."""
    record = {**INFO, name: value}
    if value == "missing":
        del record[name]
    info, whole = MeterInfo.from_record(record), MeterInfo.from_record(INFO)
    names = {
        "tableNo": "table_no",
        "reading": "reading",
        "readTime": "read_time",
        "balance": "balance",
        "tableType": "meter_type",
    }
    for key, attribute in names.items():
        unread = key == name and not (key == "tableNo" and value == "--")
        expected = None if unread else getattr(whole, attribute)
        if key == name == "tableNo" and value == "--":
            expected = "--"
        assert getattr(info, attribute) == expected
    assert info.kind is (None if name == "tableType" else MeterKind.ELECTRICITY)


@pytest.mark.parametrize(
    "record",
    [INFO, {}, {**INFO, "reading": "0." + "0" * 39 + "1", "balance": "-0.00", "tableType": "99"}],
)
def test_meter_info_is_kept(record: dict[str, str]) -> None:
    """What is kept over a restart is read as the same."""
    info = MeterInfo.from_record(record)
    assert MeterInfo.from_record(info.as_record()) == info
    assert all(value is None or isinstance(value, str) for value in info.as_record().values())


def test_kept_time_is_chinese() -> None:
    """A time in another zone is kept as the same moment."""
    info = MeterInfo(
        table_no=None,
        meter_type=None,
        reading=None,
        read_time=datetime(2022, 4, 20, 13, 0, 4, tzinfo=UTC),
        balance=None,
    )
    assert info.as_record()["readTime"] == "2022-04-20 21:00:04"
    assert info.kind is None


def test_buildings() -> None:
    """A building without a name is called by its code; one without a code is none."""
    assert Building.from_record({"name": "一栋电", "build_code": "gzfh-1-d"}) == Building(
        build_code="gzfh-1-d", name="一栋电"
    )
    assert Building.from_record({"build_code": "x"}) == Building(build_code="x", name="x")
    assert Building.from_record({"name": "一栋电", "build_code": ""}) is None


def test_addresses() -> None:
    """An address may stand without a building."""
    assert Address.from_record({"address": "一栋一层", "build_code": "一栋"}) == Address(
        address="一栋一层", build_code="一栋"
    )
    assert Address.from_record({"address": " "}) == Address(address=" ", build_code="")
    assert Address.from_record({"build_code": "一栋"}) is None


def test_rooms() -> None:
    """A room needs a user code and nothing else."""
    assert Room.from_record({"user_code": "01", "user_name": "a", "house_number": "b"}) == Room(
        user_code="01", user_name="a", house_number="b"
    )
    assert Room.from_record({"user_code": "1", "house_number": None}) == Room(
        user_code="1", user_name="", house_number=""
    )
    assert Room.from_record({"user_name": "a"}) is None


def test_payments() -> None:
    """The document's example is read; a record with nothing is one."""
    record = {
        "out_trade_no": "jrh2023030716084144045",
        "total_fee": "10.00",
        "trade_type": "微信充值",
        "create_time": "2023-04-06 13:39:21",
    }
    assert Payment.from_record(record) == Payment(
        order_number="jrh2023030716084144045",
        amount=Decimal("10.00"),
        time=datetime(2023, 4, 6, 5, 39, 21, tzinfo=UTC),
        channel="微信充值",
    )
    assert Payment.from_record({"total_fee": "-5"}) == Payment(
        order_number="", amount=Decimal(-5), time=None, channel=None
    )


def test_consumption() -> None:
    """The document's example is read; the time is that of the newer reading."""
    record = {
        "tableNo": "2211676758",
        "reading": "0.40",
        "readTime": "2023-03-31 10:49:32",
        "lastRead": "0.00",
        "lastReadTime": "2023-03-31 08:59:32",
        "deviceId": "7",
    }
    read = Consumption.from_record(record)
    assert read == Consumption(
        table_no="2211676758",
        reading=Decimal("0.40"),
        read_time=datetime(2023, 3, 31, 2, 49, 32, tzinfo=UTC),
        last_reading=Decimal("0.00"),
        last_read_time=datetime(2023, 3, 31, 0, 59, 32, tzinfo=UTC),
        device_id="7",
    )
    assert read is not None
    assert read.time == read.read_time
    nothing = Consumption.from_record({})
    assert nothing is not None
    assert nothing.time is None


@pytest.mark.parametrize("bad", ["\ufffd", "\x00", "\t", "\x1a", chr(0xD800)])
def test_characters_that_are_lost(bad: str) -> None:
    """In a name they cost themselves, in what identifies or counts the record."""
    room = {"user_code": "1", "user_name": f"一{bad}栋", "house_number": f"{bad}101"}
    assert Room.from_record(room) == Room(user_code="1", user_name="一栋", house_number="101")
    assert Room.from_record(room | {"user_code": f"1{bad}2"}) is None
    building = {"build_code": "1", "name": f"{bad}{bad}"}
    assert Building.from_record(building) == Building(build_code="1", name="1")
    assert Building.from_record(building | {"build_code": f"1{bad}"}) is None
    assert Address.from_record({"address": f"一{bad}"}) is None
    payment = {"out_trade_no": "1", "total_fee": "5", "trade_type": f"微{bad}信"}
    read = Payment.from_record(payment)
    assert read is not None
    assert read.channel == "微信"
    assert Payment.from_record(payment | {"out_trade_no": f"1{bad}"}) is None
    assert Payment.from_record(payment | {"total_fee": f"5{bad}0"}) is None
    assert Consumption.from_record({"reading": f"1{bad}.5"}) is None
    assert Consumption.from_record({"lastRead": f"1{bad}.5"}) is None
    info = MeterInfo.from_record(INFO | {"reading": f"3{bad}.00", "tableNo": f"2{bad}2"})
    assert (info.reading, info.balance, info.table_no) == (None, Decimal(130), "22")


def test_lengths() -> None:
    """A name is cut, a code that is longer than any is none."""
    long = "9" * 4301
    room = Room.from_record({"user_code": "1", "user_name": long, "house_number": long})
    assert room == Room(user_code="1", user_name="9" * 100, house_number="9" * 100)
    assert Room.from_record({"user_code": long}) is None
    assert Payment.from_record({"out_trade_no": long, "total_fee": "5"}) is None
    assert MeterInfo.from_record(INFO | {"tableNo": "x" * 2_000_000}).table_no == "x" * 100
