"""Tests of single values, however they are written."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.jrhsz.api import CHINA_STANDARD_TIME
from custom_components.jrhsz.api.values import code, integer, is_damaged, name, number, time


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
        ("1.42E-14", "1.42E-14"),
        ("1.0E7", "1.0E+7"),
        ("1e3", "1E+3"),
        ("-2.5e+1", "-25"),
        ("3.00元", "3.00"),
        ("3.00 元", "3.00"),
        ("12度", "12"),
        ("0.5kWh", "0.5"),
        ("0.5 KWH", "0.5"),
        ("7m³", "7"),
        ("7 m3", "7"),
        ("7吨", "7"),
        ("1E3元", "1E+3"),
        ("1.420000E-014", "1.420000E-14"),
        ("1.0E+007", "1.0E+7"),
        ("12.30¥", "12.30"),
        ("12.30 ￥", "12.30"),
        ("7千瓦·时", "7"),
        ("7kW.h", "7"),
        ("7立方", "7"),
    ],
)
def test_numbers(value: str, expected: str) -> None:
    """Decimal notation is read exactly, with an exponent or a unit."""
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
        "1e",
        "e3",
        "1e12",
        "1e999",
        "1e-999",
        "1e-41",
        "元",
        "3.00元元",
        "元3.00",
        "¥3.00",
        "￥-3.00",
        "CNY 3.00",
        "3.00万",
        "3.00 MWh",
        "3.00Wh",
        "3.00元/月",
        "3.00-",
        "(3.00)",
        "\u22123.00",
        "1,234,567",
        "12,34",
        "null",
        "true",
        "\ufeff3.00",
        "3.00 error",
        "1 2元",
        "1_000",
        "0x10",
        "1.2.3",
        "1 2",
        "３",
        "٣",
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


@pytest.mark.parametrize("value", ["2e2", "200元", "2E2", "200 度"])
def test_integers_are_plain(value: str) -> None:
    """What is a code or a type has neither an exponent nor a unit."""
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
        "2022-04-20 21:00:04.0",
        "2022-04-20 21:00:04.123456789",
        "2022-04-20 21:00:04,5",
        "2022-04-20T21:00:04",
        "2022-04-20T21:00:04.000",
        "2022/04/20 21:00:04",
        "2022/4/20 21:00:04",
        "2022.04.20 21:00:04",
        "2022年4月20日 21:00:04",
        "2022年04月20日21时00分04秒",
        "20220420210004",
        "2022-04-20T21:00:04+08",
        "2022-4-20 21:00:04",
        "2022-04-20  21:00:04",
        "2022-04-20T13:00:04Z",
        "2022-04-20T13:00:04.000Z",
        "2022-04-20T21:00:04+08:00",
        "2022-04-20T21:00:04.000+0800",
        "2022-04-20 21:00:04 +0800",
        "2022-04-20T08:00:04-05:00",
        "1650459604",
        "1650459604000",
        "1650459604.0",
        "1.650459604E9",
        "1.650459604E12",
        "1650459604000.0",
        "/Date(1650459604000)/",
        "/Date(1650459604000+0800)/",
        "2022-04-20 09:00:04 PM",
        "2022-04-20 9:00:04pm",
        "2022/4/20 下午 09:00:04",
        "2022年4月20日 下午9:00:04",
        "2022年4月20日下午9时0分4秒",
        "2022-04-20 09:00:04 下午",
        "2022-04-20 21:00:04 PM",
        "2022-04-20 21:0:4",
        "2022-04-20 13:00:04 UTC",
        "2022-04-20 21:00:04 GMT+8",
        "2022-04-20 21:00:04 UTC+08:00",
        "2022-04-20T21:00:04+08:00[Asia/Shanghai]",
        "2022-04-20T21:00:04.000000000+08:00[Asia/Shanghai]",
    ],
)
def test_other_forms_of_times(value: str) -> None:
    """However a time is written, it is the same moment, in whole seconds."""
    read = time(value)
    assert read == datetime(2022, 4, 20, 13, 0, 4, tzinfo=UTC)
    assert read is not None
    assert read.tzinfo is CHINA_STANDARD_TIME


def test_time_without_seconds() -> None:
    """What isn't told is the beginning of the minute."""
    assert time("2022-04-20 21:00") == datetime(2022, 4, 20, 13, tzinfo=UTC)
    assert time("2022/4/20 9:00") == datetime(2022, 4, 20, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "hour"),
    [
        ("上午 12:30:00", 0),
        ("12:30:00 AM", 0),
        ("00:30:00 AM", 0),
        ("上午1:30:00", 1),
        ("11:30:00 am", 11),
        ("下午 12:30:00", 12),
        ("12:30:00 PM", 12),
        ("下午 01:30:00", 13),
        ("11:30:00 PM", 23),
    ],
)
def test_hours_of_half_a_day(value: str, hour: int) -> None:
    """Hours are counted from noon where it is said which half of a day it is."""
    read = time(f"2022-04-20 {value}")
    assert read is not None
    assert (read.hour, read.minute) == (hour, 30)


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
        "2022-04/20 21:00:04",
        "2022/4/20",
        "20220420",
        "2022年4月20日",
        "22-04-20 21:00:04",
        "22/04/20 21:00:04",
        "20-04-2022 21:00:04",
        "4/5/2022 21:00:04",
        "04/20/2022 9:00:04 PM",
        "2022-04-20 13:00:04 AM",
        "2022-04-20 上午 13:00:04",
        "2022-04-20 24:00:04 PM",
        "2022-04-20 21:00:04 CST",
        "2022-04-20 21:00:04 +15",
        "2022-04-20 21:00:04 +800",
        "1.65E9999",
        "1.65E-999",
        "-1650459604",
        "/Date(-1650459604000)/",
        "/Date(165045960)/",
        "2022-04-20 21",
        "2022-04-20 21:00:61",
        "2022-04-20T21:00:04+99:99",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "165045960",
        "16504596040",
        "0000000000",
        "9999999999",
        "9999999999999",
        "２022-04-20 21:00:04",
        "昨天下午",
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
        ("🏠\u200b", "🏠\u200b"),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("", None),
        ("a\tb", None),
        ("\t", None),
        ("a\n", None),
        ("a\x00", None),
        ("a\ufffd", None),
        ("\ud800", None),
        ("a\udfffb", None),
        (None, None),
        (7, None),
        ([], None),
        (True, None),
    ],
    ids=repr,
)
def test_codes(value: object, expected: str | None) -> None:
    """A code is kept to the byte; one that lost a character can neither be sent back nor kept."""
    assert code(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("一栋101", "一栋101"),
        (" 一栋\u3000101 ", " 一栋\u3000101 "),
        ("a\nb\tc\x00d\x1ae\x7ff\x85g", "abcdefg"),
        ("\u202e一\u200b栋\ufeff", "一栋"),
        ("a\u2028b\u2029", "ab"),
        ("一\ufffd栋\ud800", "一栋"),
        ("🏠", "🏠"),
        ("错" * 4301, "错" * 100),
        ("\x00" * 2_000_000, None),
        ("", None),
        ("\n", None),
        (None, None),
        (7, None),
        (["a"], None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_names(value: object, expected: str | None) -> None:
    """Of a name those characters are kept that can be seen, and not too many."""
    assert name(value) == expected


@pytest.mark.parametrize("value", ["3.00", " 3.00\n", "\t3", "--", "", None, 3, "错"])
def test_not_damaged(value: object) -> None:
    """Blanks around a number are no damage."""
    assert not is_damaged(value)


@pytest.mark.parametrize(
    "value", ["3\ufffd00", "3\x000", "3\t0", "\x00", "1\u20282", "1\u20292", "\u202e12", "1\u20662"]
)
def test_damaged(value: object) -> None:
    """What lost a character isn't what it was."""
    assert is_damaged(value)
