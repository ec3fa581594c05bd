"""Random answers on every interface: whatever comes, only errors of the client come out.

The suite tries a few hundred answers. `FUZZ_EXAMPLES=2500 scripts/test tests/api/test_fuzz.py`
tries that many of each kind.
"""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
import json
import os
import time
from typing import Any
import unicodedata
from unittest.mock import Mock, patch

import aiohttp
from hypothesis import HealthCheck, given, settings, strategies as st
import orjson

from custom_components.jrhsz.api import (
    Client,
    Encoding,
    Http,
    MeterInfo,
    Pacer,
    PlatformError,
    Session,
)
from custom_components.jrhsz.api.reply import Reply, parse

from ..support.calls import READS
from .conftest import PASSWORD, WallClock, assert_clean

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
fuzz = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TOKEN = b64encode(
    json.dumps(
        {"admin_user_name": "demo", "api_password": PASSWORD}, separators=(",", ":")
    ).encode()
).decode()
GOOD_LOGIN = json.dumps({"code": 200, "msg": "登录成功", "data": TOKEN}).encode()
CODES = [200, 1001, 1002, 1005, 1006, 1007, 1008, 1009, 4711]
NAMES = [
    *("user_code", "user_name", "house_number", "name", "build_code", "address"),
    *("tableNo", "reading", "readTime", "balance", "tableType"),
    *("out_trade_no", "total_fee", "create_time", "trade_type"),
    *("lastRead", "lastReadTime", "deviceId"),
]
CHARSETS = [
    *("utf-8", "UTF8", "gb18030", "gbk", "gb2312", "big5", "iso-8859-1", "ascii", "utf-16"),
    *(
        "utf-32",
        "utf-7",
        "utf-8-sig",
        "cp1252",
        "shift_jis",
        "iso2022_kr",
        "hz",
        "idna",
        "punycode",
    ),
    *("unicode_escape", "raw_unicode_escape", "undefined", "rot13", "hex", "zlib", "base64", "bz2"),
    *("mbcs", "latin-99", "", " ", "\x00", "utf-8\x00", "x" * 500),
]

calls = st.sampled_from([*READS, "Prestore", "login"])
charsets = st.none() | st.sampled_from(CHARSETS)
texts = (
    st.text(st.characters(exclude_categories=()), max_size=12)
    | st.sampled_from(["", " ", "--", "NaN", "1,234.50", "0000-00-00 00:00:00", "暂无数据", "频繁"])
    | st.sampled_from([PASSWORD, TOKEN, f"用户 {TOKEN} 密码 {PASSWORD}", "9" * 50, "1e999", "-0"])
    | st.sampled_from(["2026-10-31 12:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "3"])
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats(allow_nan=True, allow_infinity=True)
    | texts
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(st.sampled_from(NAMES), leaves, max_size=12)


@st.composite
def wrapped(draw: st.DrawFn, data: st.SearchStrategy[Any]) -> Any:
    """Return data in up to four strings."""
    value = draw(data)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3, 4]))):
        value = json.dumps(value, ensure_ascii=draw(st.booleans()))
    return value


def reply(data: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return answers of the right shape with this data."""
    return st.fixed_dictionaries(
        {"code": st.sampled_from([200, 200, 200, "200", *CODES])},
        optional={"msg": leaves, "data": wrapped(data), "totalCount": leaves, "x": values},
    )


class Platform:
    """Answers one interface with anything, and the login well."""

    def __init__(self, interface: str, body: bytes, charset: str | None) -> None:
        """Take the answer."""
        self.interface = interface
        self.body = body
        self.charset = charset
        self.count = 0

    async def post(
        self,
        _http: aiohttp.ClientSession,
        url: str,
        sent: Mapping[str, str | int],
        _encoding: Encoding,
    ) -> Reply:
        """Answer in place of HTTP."""
        json.dumps(dict(sent)).encode()
        self.count += 1
        if url.endswith(f"/{self.interface}"):
            return parse(self.body, self.charset)
        return parse(GOOD_LOGIN, None)


def call(interface: str, body: bytes, charset: str | None = None) -> Any:
    """Return what a call returns, or nothing if it fails as it may."""
    platform = Platform(interface, body, charset)
    failures: list[PlatformError] = []

    async def run() -> Any:
        """Make the call."""
        session = Session("http://platform", "demo", Pacer(), now=WallClock())
        http = Http(single=Mock(), kept=Mock())
        session.use(PASSWORD, http)
        client = Client(session)
        async with asyncio.timeout(30):
            try:
                if interface == "login":
                    await session.sign_in(PASSWORD, http)
                    return None
                if interface == "Prestore":
                    return await client.prestore("1", "HA1", Decimal(1))
                return await READS[interface](client)
            except PlatformError as err:
                failures.append(err)
                return None
            finally:
                orjson.dumps(session.as_dict())

    with (
        patch("custom_components.jrhsz.api.session.post", platform.post),
        patch("custom_components.jrhsz.api.pacer.INTERVAL", 0.0),
    ):
        begin = time.process_time()
        result = asyncio.run(run())
        assert time.process_time() - begin < 5
    for err in failures:
        assert_clean(err)
        assert len(str(err)) < 400
        assert str(err).isprintable()
    assert 1 <= platform.count <= 9
    check(result)
    return result


def check(result: Any) -> None:
    """Assert that all values are ones that can be computed with, shown and kept."""
    for item in result if isinstance(result, list) else [result] * (result is not None):
        for value in values_of(item):
            match value:
                case Decimal():
                    assert value.is_finite()
                    assert abs(value) < 10**12
                case datetime():
                    assert value.utcoffset() == timedelta(hours=8)
                    assert 2000 <= value.year < 2100
                case str():
                    orjson.dumps(value)
                    assert len(value) <= 128
                    assert not any(unicodedata.category(x) == "Cc" for x in value)
                    assert "\ufffd" not in value
                case _:
                    assert value is None or isinstance(value, int)
        if isinstance(item, MeterInfo):
            assert MeterInfo.from_record(json.loads(orjson.dumps(item.as_record()))) == item


def values_of(item: Any) -> Iterator[Any]:
    """Return what an item holds."""
    return (getattr(item, field.name) for field in fields(item))


def encoded(content: Any, encoding: str = "utf-8") -> bytes:
    """Return JSON as bytes, with whatever is no text in it."""
    shown = json.dumps(content, ensure_ascii=False)
    try:
        return shown.encode(encoding, "surrogatepass")
    except UnicodeEncodeError, LookupError:
        return json.dumps(content).encode(encoding)


@given(interface=calls, body=st.binary(max_size=300), charset=charsets)
@fuzz
def test_bytes(interface: str, body: bytes, charset: str | None) -> None:
    """Noise is no answer."""
    call(interface, body, charset)


@given(interface=calls, content=values | reply(values), charset=charsets)
@fuzz
def test_json_of_any_shape(interface: str, content: Any, charset: str | None) -> None:
    """JSON is one if it has a code."""
    call(interface, encoded(content), charset)


@given(interface=calls, content=reply(records | st.lists(records, max_size=6)))
@fuzz
def test_right_shapes_with_wrong_types(interface: str, content: Any) -> None:
    """Each value is read by itself."""
    call(interface, encoded(content))


@given(
    interface=calls,
    content=reply(st.lists(records, min_size=1, max_size=3)),
    encoding=st.sampled_from(
        ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32", "utf-7", "cp037"]
    ),
    charset=charsets,
)
@fuzz
def test_encodings(interface: str, content: Any, encoding: str, charset: str | None) -> None:
    """What is declared may be anything else."""
    call(interface, encoded(content, encoding), charset)


@given(
    interface=calls,
    content=reply(st.lists(records, min_size=1, max_size=3)),
    place=st.floats(0, 1),
    put=st.binary(max_size=3),
    cut=st.integers(0, 40),
)
@fuzz
def test_damage(interface: str, content: Any, place: float, put: bytes, cut: int) -> None:
    """An answer that was damaged on the way is read or refused."""
    body = encoded(content)
    at = int(len(body) * place)
    call(interface, body[:at] + put + body[at + cut :])


@given(
    interface=calls,
    depth=st.integers(1, 300_000),
    shape=st.sampled_from(["[", '{"a":', '[{"a":', '[["']),
    inside=st.booleans(),
)
@settings(fuzz, max_examples=max(10, EXAMPLES // 10))
def test_depth(interface: str, depth: int, shape: str, inside: bool) -> None:  # noqa: FBT001  parametrized
    """Nesting doesn't end in a stack that overflows."""
    nested = shape * depth
    closed = nested + "".join(
        "]" if mark == "[" else "}" for mark in reversed(nested) if mark in "[{"
    )
    for text in (nested, closed):
        data = json.dumps(text) if inside else text
        call(interface, f'{{"code":200,"data":{data}}}'.encode())


def test_not_everything_is_refused() -> None:
    """The calls of these tests do work."""
    body = encoded({"code": 200, "data": [dict.fromkeys(NAMES, "3")]})
    for interface in READS:
        assert call(interface, body) not in (None, [])
