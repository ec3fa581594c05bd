"""What a single field of a record holds, however it is written; what can't be read is nothing."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
import re
from typing import Final
from unicodedata import bidirectional, category

CHINA_STANDARD_TIME: Final = timezone(timedelta(hours=8), "CST")
# Before and after are the dates that databases and languages have for "never".
YEARS: Final = range(2000, 2100)

_MAX_CODE: Final = 128
_MAX_NAME: Final = 100
_PLAIN: Final = r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})"
_PLAIN_DECIMAL: Final = re.compile(_PLAIN)
_WITH_EXPONENT: Final = rf"{_PLAIN}(?:[eE][+-]?[0-9]{{1,3}})?"
_DECIMAL: Final = re.compile(
    rf"({_WITH_EXPONENT})\s*"
    r"(?:[元圆¥￥度吨t方]|千瓦·?时|kw[·.]?h|立方米?|m3|m³|㎥|rmb|cny|yuan)?",
    re.IGNORECASE,
)
_LIMIT: Final = Decimal(10) ** 12
_SMALLEST: Final = -40
_TIME: Final = re.compile(
    r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})[ T]\s*(上午|下午)?\s*"
    r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,][0-9]{1,9})?)?"
    r"\s*(上午|下午|am|pm)?"
    r"\s*(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])(0[0-9]|1[0-4]|[0-9](?![0-9]))(?::?([0-5][0-9]))?)?"
    r"(?:\[[a-z/_]+\])?",
    re.IGNORECASE,
)
_AFTERNOON: Final = ("下午", "pm")
# 2022年4月20日 21时00分04秒 and 20220420210004, as the others.
_IN_WORDS: Final = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "分": ":", "秒": ""})
_DIGITS_ONLY: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_LONGEST_TIME: Final = 60
# Also as ASP.NET writes it, whose offset changes nothing.
_EPOCH: Final = re.compile(rf"({_WITH_EXPONENT})|/Date\(([0-9]{{13}})(?:[+-][0-9]{{4}})?\)/")
_SECONDS: Final = range(10**9, 10**10)
_MILLISECONDS: Final = range(10**12, 10**13)
_NOON: Final = 12
_NO_CHARACTERS: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_BAD: Final = "\ufffd"
_ENDS_LINES: Final = ("Cc", "Cs", "Zl", "Zp")
_TURNS_LINES: Final = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def day_in_china(moment: datetime) -> date:
    """Return the day of a time in China Standard Time."""
    return moment.astimezone(CHINA_STANDARD_TIME).date()


def code(value: object) -> str | None:
    """Return what identifies something, exactly as received; nothing if it isn't whole."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CODE or is_damaged(f"|{value}|"):
        return None
    return value


def name(value: object) -> str | None:
    """Return a text for people without what isn't a character, and not longer than names are."""
    if not isinstance(value, str):
        return None
    if value.isprintable() and _BAD not in value:
        return value[:_MAX_NAME] or None
    seen = (x for x in value[: 2 * _MAX_NAME] if x != _BAD and category(x) not in _NO_CHARACTERS)
    return "".join(seen)[:_MAX_NAME] or None


def is_damaged(value: object) -> bool:
    """Tell whether a text has lost a character, or has one that none has.

    Lines end there, or are turned around from there on, wherever it is shown.
    """
    if not isinstance(value, str):
        return False
    inside = value.strip()[: _MAX_CODE + 2]
    return _BAD in inside or (
        not inside.isprintable()
        and any(category(x) in _ENDS_LINES or bidirectional(x) in _TURNS_LINES for x in inside)
    )


def number(value: object) -> Decimal | None:
    """Return a number below 10¹² from decimal notation, also with an exponent or a unit."""
    if not isinstance(value, str) or not (match := _DECIMAL.fullmatch(value.strip())):
        return None
    result = Decimal(match[1])
    exponent = result.as_tuple().exponent
    is_small = isinstance(exponent, int) and exponent < _SMALLEST
    return result if not is_small and -_LIMIT < result < _LIMIT else None


def integer(value: object) -> int | None:
    """Return a whole number, also from `"03"` or `3.0`."""
    if not isinstance(value, str) or not _PLAIN_DECIMAL.fullmatch(value.strip()):
        return None
    result = number(value)
    return int(result) if result is not None and result == int(result) else None


def time(value: object) -> datetime | None:
    """Return a time in whole seconds, in China Standard Time, which it is in unless it says so."""
    if not isinstance(value, str):
        return None
    plain = value[:_LONGEST_TIME].translate(_IN_WORDS).strip().rstrip(":")
    plain = _DIGITS_ONLY.sub(r"\1-\2-\3 \4:\5:\6", plain)
    try:
        result = _epoch(plain) or _local(plain)
    except ValueError, OverflowError:
        return None
    return result if result is not None and result.year in YEARS else None


def _epoch(plain: str) -> datetime | None:
    """Return the time of seconds or milliseconds since 1970."""
    if not (match := _EPOCH.fullmatch(plain)):
        return None
    seconds = int(min(Decimal(match[1] or match[2]), _LIMIT * 10))
    if seconds in _MILLISECONDS:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, CHINA_STANDARD_TIME) if seconds in _SECONDS else None


def _local(plain: str) -> datetime | None:
    """Return the time of a date with a time of day."""
    if not (match := _TIME.fullmatch(plain)):
        return None
    year, _, month, day, half, hour, minute, second, half_after, utc, sign, hours, minutes = (
        match.groups()
    )
    clock = f"{_hour(hour, half or half_after):0>2}:{minute:0>2}:{second or '0':0>2}"
    result = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2} {clock}")
    if not (utc or sign):
        return result.replace(tzinfo=CHINA_STANDARD_TIME)
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    result = result.replace(tzinfo=UTC) - (-ahead if sign == "-" else ahead)
    return result.astimezone(CHINA_STANDARD_TIME)


def _hour(hour: str, half: str | None) -> int:
    """Return the hour of the day of one that may be an hour of half a day."""
    value = int(hour)
    if half is None:
        return value
    if half.lower() in _AFTERNOON:
        return value if value >= _NOON else value + _NOON
    if value > _NOON:
        msg = "No such hour of the morning"
        raise ValueError(msg)
    return value % _NOON
