"""Names of buildings and rooms: which belong together, and what they are sorted by."""

from collections.abc import Container
import re
from typing import Final
import unicodedata

_NUMERALS: Final = "零一二三四五六七八九"
_CHINESE: Final = re.compile(
    r"[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二三四五六七八九]+"
)


def building_name(building: str, buildings: Container[str]) -> str:
    """Return the name of the building behind a list of meters.

    The platform lists the meters of one building as 一栋电 and 一栋水. The letter is dropped only
    where that joins two lists: a place may be called 丽水.
    """
    name, letter = building[:-1], building[-1:]
    other = {"电": "水", "水": "电"}.get(letter)
    joins = other is not None and (name in buildings or f"{name}{other}" in buildings)
    return (name if joins else building).strip()


def numbered(name: str) -> str:
    """Return a name with its Chinese and full-width numbers in digits, as people type them."""
    plain = unicodedata.normalize("NFKC", name).replace("〇", "零")
    return _CHINESE.sub(lambda match: str(_value(match[0])), plain)


def natural(name: str) -> tuple[bool, list[int | str]]:
    """Return what to sort a name by: numbers by value, 二栋 before 十一栋; no name comes last."""
    parts = re.split(r"([0-9]+)", numbered(name))
    return not name, [int(part) if i % 2 else part for i, part in enumerate(parts)]


def _value(number: str) -> int:
    """Return the value of a Chinese number below 100, or of a row of digits."""
    tens, ten, ones = number.partition("十")
    if not ten:
        return int("".join(str(_NUMERALS.index(digit)) for digit in number))
    return (_NUMERALS.index(tens) if tens else 1) * 10 + (_NUMERALS.index(ones) if ones else 0)
