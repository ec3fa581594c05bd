"""Tests of reading bytes as text."""

import time

import pytest

from custom_components.jrhsz.api.decoding import decoded

TEXT = '{"msg":"一棟101室：李雷","data":[]}'


def first(body: bytes, charset: str | None = None) -> str:
    """Return the likeliest text."""
    return next(iter(decoded(body, charset)))


@pytest.mark.parametrize(
    "charset",
    [
        None,
        "utf-8",
        "UTF8",
        "ISO-8859-1",
        "latin1",
        "gbk",
        "big5",
        "utf-16",
        "punycode",
        "idna",
        "",
    ],
)
def test_utf8_is_utf8(charset: str | None) -> None:
    """Whatever is declared, what is valid UTF-8 is nothing else."""
    assert [*decoded(TEXT.encode(), charset)] == [TEXT]
    assert [*decoded(TEXT.encode("utf-8-sig"), charset)] == [TEXT]


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("gb18030", None),
        ("gb18030", "utf-8"),
        ("gb18030", "GB2312"),
        ("gb18030", "gbk"),
        ("gb18030", "GB_18030"),
        ("gb18030", "cp936"),
        ("gb18030", "punycode"),
        ("gb18030", "big5-hkscs5"),
        ("big5", "Big5"),
        ("big5", " big5-hkscs "),
        ("utf-16", None),
        ("utf-16", "utf-8"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "utf-16be"),
        ("utf-16-le", "utf-16"),
        ("utf-16-le", None),
        ("utf-16-be", None),
        ("utf-16-be", "utf-16"),
        ("big5", "cp950"),
        ("gb18030", "ISO-8859-1"),
        ("gb18030", "windows-1252"),
        ("gb18030", '"gbk"'),
    ],
)
def test_other_charsets(encoding: str, charset: str | None) -> None:
    """Those that servers use are read, declared or not."""
    text = TEXT.replace("李雷", "李四")
    assert first(text.encode(encoding), charset) == text


def test_latin_1() -> None:
    """Latin-1 is what it says, if it isn't UTF-8."""
    assert first("Café".encode("latin-1"), "ISO-8859-1") == "Café"
    assert first("Café Ü".encode("latin-1"), "windows-1252") == "Café Ü"


@pytest.mark.parametrize("bad", [b"\xff", b"\xe4\xb8", b"\x80", b"\xed\xa0\x80"])
def test_bad_characters_of_utf8(bad: bytes) -> None:
    """A text that is UTF-8 but for a few characters is UTF-8."""
    body = TEXT.encode().replace(b"101", bad)
    for charset in (None, "utf-8", "gbk", "latin-1"):
        text = first(body, charset)
        assert text.replace("\ufffd", "") == TEXT.replace("101", "")


@pytest.mark.parametrize(
    "piece",
    [
        *(b"\xff", b"\x81", b"\x81\x30", b"\xa1\xff", b"a\xe9", b"\x81\x30\x81\x22", b"\xd2\\"),
        *(
            "一".encode(),
            "一".encode("gb18030"),
            b"\x00",
            b"[",
            b"xn--",
            b"+AG-",
            b"~{",
            b"\x1b$)C",
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize("charset", [None, "punycode", "idna", "utf-7", "unicode_escape", "big5"])
def test_time(piece: bytes, charset: str | None) -> None:
    """No text takes long, whatever it is and declares."""
    body = piece * (256 * 1024 // len(piece))
    begin = time.process_time()
    for text in decoded(body, charset):
        assert len(text) <= len(body)
    assert time.process_time() - begin < 1
