"""Bytes → text, in whatever charset they are, with a bad character costing itself alone."""

import codecs
from collections.abc import Iterator
import re
from typing import Final

# Charsets that servers mean when they declare them. Python has others that freeze it for minutes.
_DECLARED: Final = {
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "cp950": "big5hkscs",
    "ms950": "big5hkscs",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "windows-1252": "latin-1",
}
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BAD: Final = "\ufffd"
# In other charsets, three bytes hardly ever look like one of these.
_CHINESE: Final = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
# A character of two or four bytes, or the first byte of one that was cut off before a backslash.
_CHARACTERS: Final = re.compile(
    rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][\x40-\x5b\x5d-\x7e\x80-\xfe]|([\x81-\xfe])(?=\\)"
)
# A control character, which no name keeps and no code may have.
_CUT: Final = b"\x1a"


def decoded(body: bytes, charset: str | None) -> Iterator[str]:
    """Yield what the text of an answer may be, the likeliest first.

    By its BOM, as UTF-8 if it is that (but for a few characters), by the charset that it declares,
    then as GB18030.
    """
    for bom, codec in _BOMS:
        if body.startswith(bom):
            yield body[len(bom) :].decode(codec, "replace")
            return
    # JSON begins with a character below 128, whose other byte is 0.
    if 0 in body[:2]:
        yield body.decode("utf-16-le" if body[0] else "utf-16-be", "replace")
        return
    declared = _DECLARED.get((charset or "").strip(" \"'").lower().replace("_", "-"))
    text = body.decode("utf-8", "replace")
    if _is_text(text):
        yield text
        return
    if declared == "latin-1" and _CHINESE.search(body.decode("gb18030", "replace")):
        # Servers name it that were told nothing, whatever they send.
        declared = None
    for codec in dict.fromkeys((declared or "gb18030", "gb18030")):
        try:
            yield body.decode(codec)
        except UnicodeDecodeError:
            continue
    usual = declared or "gb18030"
    yield body.decode(usual, "replace")
    yield _CHARACTERS.sub(_without_cut, body).decode(usual, "replace")


def _is_text(text: str) -> bool:
    """Tell whether a text read as UTF-8 is one, but for a few characters that were damaged."""
    bad = text.count(_BAD)
    return not bad or len(_CHINESE.findall(text)) > bad


def _without_cut(match: re.Match[bytes]) -> bytes:
    """Return a character, or what marks one that was cut off."""
    return _CUT if match[1] else match[0]
