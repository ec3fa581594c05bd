"""Tests of the values that replies hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    CHINA_STANDARD_TIME,
    Address,
    Building,
    Consumption,
    MeterInfo,
    MeterKind,
    Payment,
    Room,
)
from custom_components.jrhsz.api.models import integer, number, text, time


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3.00", "3.00"),
        ("0", "0"),
        ("0.00", "0.00"),
        ("-12.5", "-12.5"),
        ("+7", "7"),
        (" 130.00 ", "130.00"),
        ("\t1\r\n", "1"),
        ("5.", "5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("007", "7"),
        ("999999999999.99", "999999999999.99"),
        ("0." + "0" * 39 + "1", "1E-40"),
    ],
)
def test_numbers(value: str, expected: str) -> None:
    """Plain decimal notation is read exactly."""
    assert str(number(value)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ".",
        "-",
        "--",
        "NaN",
        "nan",
        "sNaN",
        "Infinity",
        "-inf",
        "1,234.50",
        "1e3",
        "1_000",
        "0x10",
        "1.2.3",
        "1 2",
        "３",
        "٣",
        "3.00元",
        "1000000000000",
        "-1000000000000",
        "9" * 41,
        "9" * 100_000,
        "0." + "0" * 41,
        None,
        True,
        3,
        3.0,
        float("nan"),
        [],
        {},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_no_numbers(value: object) -> None:
    """Anything else is no value, and never 0."""
    assert number(value) is None
    assert integer(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), ("03", 3), ("3.0", 3), (" 3 ", 3), ("-1", -1), ("3.5", None), ("0.999", None)],
)
def test_integers(value: str, expected: int | None) -> None:
    """A whole number is one in any form."""
    assert integer(value) == expected


def test_times() -> None:
    """Times are China Standard Time, without daylight saving."""
    read = time("2022-07-20 21:00:04")
    assert read == datetime(2022, 7, 20, 13, 0, 4, tzinfo=UTC)
    assert read is not None
    assert read.tzinfo is CHINA_STANDARD_TIME
    assert read.utcoffset() == timedelta(hours=8)
    assert time(" 2022-04-20 21:00:04 ") == datetime(2022, 4, 20, 13, 0, 4, tzinfo=UTC)
    assert time("2024-02-29 00:00:00") is not None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0000-00-00 00:00:00",
        "0001-01-01 00:00:00",
        "1970-01-01 08:00:00",
        "9999-12-31 23:59:59",
        "9999-12-31 24:00:00",
        "2023-02-29 00:00:00",
        "2022-04-20 25:00:00",
        "2022-04-20",
        "2022-4-20 21:00:04",
        "2022/04/20 21:00:04",
        "２022-04-20 21:00:04",
        "昨天下午",
        "1650459604",
        None,
        1650459604,
        [],
    ],
    ids=repr,
)
def test_no_times(value: object) -> None:
    """Whatever can't be read, or means never, is no time."""
    assert time(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022040001", "2022040001"),
        (" 一栋\u3000", " 一栋\u3000"),
        ("007", "007"),
        ("🏠", "🏠"),
        ("", None),
        ("\ud800", None),
        ("a\udfffb", None),
        (None, None),
        (7, None),
        ([], None),
        (True, None),
    ],
    ids=repr,
)
def test_texts(value: object, expected: str | None) -> None:
    """A text is kept to the byte; half a character can neither be sent back nor kept."""
    assert text(value) == expected


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
    assert read.time == read.read_time
    assert Consumption.from_record({}).time is None
