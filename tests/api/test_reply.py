"""Tests of reading the platform's answers."""

import json
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    AuthenticationError,
    EmptyReplyError,
    FailedError,
    InterfaceDeniedError,
    MissingParameterError,
    NoApiPermissionError,
    RateLimitError,
    ReturnCodeError,
    Room,
    TokenError,
    UnknownCodeError,
    UnreadableReplyError,
)
from custom_components.jrhsz.api.errors import LOGIN_CODES, error_for
from custom_components.jrhsz.api.reply import Reply, parse

ROOM = {"user_code": "2022040001", "user_name": "一棟101"}
ROOMS = [ROOM, {"user_code": "2022040002", "user_name": "102"}]


def reply(data: Any = None, *, code: Any = 200, msg: Any = "操作成功", **more: Any) -> Reply:
    """Return what is read of an answer."""
    content = {"code": code, "msg": msg, "data": data, **more}
    return parse(json.dumps(content).encode(), None)


@pytest.mark.parametrize("code", ["200", '"200"', "200.0", '"200.0"', '" 200 "'], ids=str)
def test_success(code: str) -> None:
    """A code may be a number or a text."""
    read = parse(f'{{"code": {code}, "msg": "ok", "data": null}}'.encode(), None)
    assert read.code == 200
    assert read.error is None
    assert repr(read) == "<Reply 200>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null",
        b"true",
        b"[]",
        b'[{"code": 200}]',
        b'"200"',
        b"200",
        b"{}",
        b'{"msg": "ok"}',
        b'{"code": true}',
        b'{"code": null}',
        b'{"code": ""}',
        b'{"code": "ok"}',
        b'{"code": 2e2}',
        b'{"code": 200.5}',
        b'{"code": NaN}',
        b'{"code": Infinity}',
        b'{"code": [200]}',
        b'{"code": {"code": 200}}',
        b'{"code": 1000000000000}',
        b'{"code": ' + b"9" * 10_000 + b"}",
        b'{"code": 200',
        b'{"code": 200}{"code": 200}',
        b"<html><body>200</body></html>",
        b"\x00\xff\xfe\x80garbage",
        b"\xef\xbb\xbf\xff",
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_no_reply(body: bytes) -> None:
    """Whatever has no return code is no reply, and its content isn't told."""
    with pytest.raises(UnreadableReplyError) as caught:
        parse(body, None)
    assert str(caught.value) in {"The answer is not a JSON object", "The answer has no return code"}


@pytest.mark.parametrize("charset", [None, "utf-8", "gb18030", "GB2312", "latin-99", "zip", "idna"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(encoding: str, charset: str | None) -> None:
    """Text is read as UTF-8 if it is that, whatever is declared, and else as GB18030."""
    body = json.dumps({"code": 200, "data": [ROOM]}, ensure_ascii=False).encode(encoding)
    assert parse(body, charset).records() == [ROOM]


@pytest.mark.parametrize("charset", ["unicode_escape", "raw-unicode-escape"])
def test_charsets_that_no_server_means(charset: str) -> None:
    """What JSON escapes isn't read as what Python escapes."""
    assert parse(rb'{"code": 200, "data": "a\/\u4e00\n"}', charset).data == "a/一\n"


@pytest.mark.parametrize("times", range(3))
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
@pytest.mark.parametrize("charset", [None, "utf-8", "gbk", "big5"])
def test_half_a_character(encoding: str, charset: str | None, times: int) -> None:
    """A character that was cut off costs itself, not the list, however often it is escaped."""
    if (encoding == "big5") != (charset == "big5"):
        return
    rooms = [{"user_code": str(number), "user_name": f"李棟{number}"} for number in range(20)]
    content: Any = rooms
    for _ in range(times):
        content = json.dumps(content, ensure_ascii=False)
    body = json.dumps({"code": 200, "data": content}, ensure_ascii=False).encode(encoding)
    whole, last = "李棟7".encode(encoding), "棟7".encode(encoding)
    assert body.count(whole) == 1
    cut = body.replace(whole, whole[: len(whole) - len(last) + 1])
    assert cut != body
    records = parse(cut, charset).records()
    assert [record["user_code"] for record in records] == [str(number) for number in range(20)]
    names = [Room.from_record(record) for record in records]
    assert [room.user_name for room in names if room] == [
        "李" if number == 7 else f"李棟{number}" for number in range(20)
    ]


def test_half_a_character_in_a_code() -> None:
    """Of a code it costs the record."""
    content = json.dumps([{"user_code": "棟1"}, {"user_code": "棟2"}], ensure_ascii=False)
    body = json.dumps({"code": 200, "data": content}, ensure_ascii=False).encode("gb18030")
    cut = body.replace("棟1".encode("gb18030"), "棟".encode("gb18030")[:1])
    rooms = [Room.from_record(record) for record in parse(cut, None).records()]
    assert rooms == [None, Room(user_code="棟2", user_name="", house_number="")]


@pytest.mark.parametrize("bad", ["\t", "\n", "\x00", "\x1f"])
def test_control_characters(bad: str) -> None:
    """Those that JSON doesn't allow, raw or escaped, cost nothing but themselves."""
    for raw in (f'[{{"user_code":"1","user_name":"a{bad}b"}}]', '[{"user_code":"1"}]'):
        for data in (raw, json.dumps(raw), json.dumps(raw.replace(bad, f"\\u{ord(bad):04x}"))):
            read = parse(f'{{"code":200,"msg":"{bad}","data":{data}}}'.encode(), None)
            assert len(read.records()) == 1


@pytest.mark.parametrize("times", range(4))
@pytest.mark.parametrize("data", [ROOMS, ROOM, []], ids=["list", "object", "empty"])
def test_data_in_strings(data: Any, times: int) -> None:
    """JSON in a string, escaped again or not at all, is the same list."""
    sent = data
    for _ in range(times):
        sent = json.dumps(sent)
    assert reply(sent).records() == ([ROOM] if data == ROOM else data)


@pytest.mark.parametrize("data", [[], "[]", '"[]"', "", " ", "null", None, {}, "{}"])
def test_empty_lists(data: Any) -> None:
    """An empty list comes in many forms."""
    assert reply(data).records() == []
    with pytest.raises(EmptyReplyError):
        reply(data).record()


@pytest.mark.parametrize("times", range(4))
def test_whole_answer_in_a_string(times: int) -> None:
    """An answer may be a string that holds it, as its data may be."""
    content: Any = {"code": 200, "data": json.dumps([ROOM])}
    for _ in range(times):
        content = json.dumps(content)
    assert parse(json.dumps(content).encode(), None).records() == [ROOM]


def test_no_data() -> None:
    """Without data there are no records."""
    read = parse(b'{"code": 200}', None)
    assert read.records() == []
    assert read.message == ""


@pytest.mark.parametrize(
    "data",
    [
        42,
        "42",
        True,
        False,
        1.5,
        "一",
        "[{",
        [1, 2],
        [None],
        ["x"],
        [[]],
        [{}],
        "true",
        '"x"',
        "<p>",
    ],
    ids=repr,
)
def test_data_that_is_no_list(data: Any) -> None:
    """What isn't a list of records doesn't pass for an empty one."""
    with pytest.raises(UnreadableReplyError) as caught:
        reply(data).records()
    assert str(caught.value) == "The data of the reply is no list of records"


def test_elements_that_are_no_records_are_dropped() -> None:
    """One broken element doesn't spoil the others."""
    assert reply([None, ROOM, "x", 1, {}]).records() == [ROOM]


def test_one_record() -> None:
    """An object may come in a list of one, but not of two."""
    assert reply(ROOM).record() == ROOM
    assert reply([ROOM]).record() == ROOM
    with pytest.raises(UnreadableReplyError):
        reply(ROOMS).record()


def test_numbers_stay_as_they_are_written() -> None:
    """A number is the text that it was sent as."""
    read = parse(b'{"code":200,"data":[{"a":130.00,"b":1e3,"c":NaN,"d":-0.10,"e":12}]}', None)
    assert read.records() == [{"a": "130.00", "b": "1e3", "c": "NaN", "d": "-0.10", "e": "12"}]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (2, 2),
        ("2", 2),
        (2.0, 2),
        (None, None),
        ("", None),
        ("many", None),
        (True, None),
        ([], None),
    ],
)
def test_total_count(total: Any, expected: int | None) -> None:
    """A count that can't be read is none."""
    assert reply([], totalCount=total).total_count == expected


@pytest.mark.parametrize(
    ("code", "kind", "login_kind"),
    [
        (1001, FailedError, FailedError),
        (1002, InterfaceDeniedError, NoApiPermissionError),
        (1005, UnknownCodeError, AuthenticationError),
        (1006, TokenError, TokenError),
        (1007, TokenError, TokenError),
        (1008, MissingParameterError, MissingParameterError),
        (1009, InterfaceDeniedError, InterfaceDeniedError),
        (4711, UnknownCodeError, UnknownCodeError),
        (0, UnknownCodeError, UnknownCodeError),
        (-1, UnknownCodeError, UnknownCodeError),
    ],
)
def test_return_codes(
    code: int, kind: type[ReturnCodeError], login_kind: type[ReturnCodeError]
) -> None:
    """Each code has its error, which may be another one on a login."""
    err = reply(code=code, msg="失败").error
    assert type(err) is kind
    assert (err.code, err.message, str(err)) == (code, "失败", f"Return code {code}: 失败")
    assert type(error_for(code, "", LOGIN_CODES)) is login_kind
    assert str(error_for(code, "")) == f"Return code {code}"


@pytest.mark.parametrize(
    "msg", ["访问过于频繁,请稍后再试", "请求过快", "操作太快了", "请稍后", "频繁"]
)
@pytest.mark.parametrize("code", [1001, 1002, 4711])
def test_too_soon(code: int, msg: str) -> None:
    """A refusal for pace is known by its words, whatever its code."""
    read = reply(code=code, msg=msg)
    assert isinstance(read.error, RateLimitError)
    with pytest.raises(RateLimitError):
        read.raise_if_too_soon()
    assert not reply(code=200, msg=msg).error


def test_not_too_soon() -> None:
    """Any other answer passes."""
    reply(code=1001, msg="失败").raise_if_too_soon()
    reply().raise_if_too_soon()


@pytest.mark.parametrize(
    ("code", "msg", "says_what"),
    [
        (200, "", True),
        (1001, "失败", False),
        (1001, "请求过快", False),
        (1001, "今日调用次数已达上限", True),
        (1001, "暂无数据", True),
        (1005, "", True),
        (1006, "", True),
        (429, "", False),
        (4711, "", False),
    ],
)
def test_what_an_answer_says(code: int, msg: str, says_what: bool) -> None:  # noqa: FBT001  parametrized
    """Most return codes say more than that something failed, and so do some words."""
    assert reply(code=code, msg=msg).says_what is says_what


@pytest.mark.parametrize(
    ("code", "msg", "says_so"),
    [
        (1001, "暂无数据", True),
        (1001, "没有记录", True),
        (1001, "失败", False),
        (1001, None, False),
        (1001, 42, False),
        (1002, "暂无数据", False),
        (200, "暂无数据", False),
    ],
)
def test_no_records_as_failure(code: int, msg: Any, says_so: bool) -> None:  # noqa: FBT001  parametrized
    """A failure may mean an empty list."""
    assert reply(code=code, msg=msg).says_no_records is says_so


def test_message_of_a_success() -> None:
    """A success has no message, so that nothing of it can be told."""
    assert reply(code=200, msg="token:secret").without("x").message == ""


def test_message_of_a_failure() -> None:
    """A failure's message is one line, short, and without the secrets."""
    read = reply(code=1001, msg="a\nb\x00c\u202ed secret" + "错" * 5000).without("secret")
    assert read.message == "abcd ***" + "错" * 192
    assert len(reply(code=1001, msg="错" * 5000).message) == 2000
    assert reply(code=1001, msg="\ud800").message == ""
    assert reply(code=1001, msg=[]).message == ""
