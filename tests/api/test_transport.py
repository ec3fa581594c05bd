"""Tests of the HTTP border, over sockets."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
import gzip
import json
import threading
from typing import Any

import aiohttp
import pytest

from custom_components.jrhsz.api import (
    ConnectError,
    Encoding,
    ExchangeError,
    ExchangeTimeoutError,
    Http,
    HttpStatusError,
    PlatformError,
    RateLimitError,
    RedirectError,
    ReplyError,
    UnreadableReplyError,
    transport,
)
from custom_components.jrhsz.api.errors import KeptConnectionError
from custom_components.jrhsz.api.reply import Reply, parse
from tests.simulator import Fault, Simulator

from ..support.raw_server import RawServer, http as http_answer
from .conftest import PASSWORD

GOOD = b'{"code":200,"data":[],"msg":"ok"}'
FIELDS: dict[str, str | int] = {
    "token": "eyJ+/=&%",
    "user_code": "0012 一栋",
    "api_password": PASSWORD,
    "pageNo": 1,
}

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def http(sessions: Http) -> aiohttp.ClientSession:
    """Return the HTTP session for orders."""
    return sessions.single


@pytest.fixture
async def server() -> AsyncGenerator[RawServer]:
    """Run a server that answers well."""
    async with RawServer(http_answer(GOOD)) as server:
        yield server


async def post(http: aiohttp.ClientSession, url: str, encoding: Encoding = Encoding.FORM) -> Reply:
    """Send one request."""
    return await transport.post(http, f"{url}/user/GetUserInfo", FIELDS, encoding)


async def test_form(http: aiohttp.ClientSession, server: RawServer) -> None:
    """A form has every field as UTF-8 text, and the connection is not kept."""
    reply = await post(http, server.url)
    assert (reply.code, reply.records()) == (200, [])
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /user/GetUserInfo HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded" in head
    assert b"\r\nConnection: close" in head
    assert body == (
        b"token=eyJ%2B%2F%3D%26%25&user_code=0012+%E4%B8%80%E6%A0%8B"
        b"&api_password=demo-password&pageNo=1"
    )


async def test_json(http: aiohttp.ClientSession, server: RawServer) -> None:
    """In JSON, page numbers are numbers and all else is text."""
    await post(http, server.url, Encoding.JSON)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/json" in head
    assert json.loads(body) == FIELDS


def test_other_encoding() -> None:
    """There are two."""
    assert Encoding.FORM.other is Encoding.JSON
    assert Encoding.JSON.other is Encoding.FORM


@pytest.mark.parametrize("closes", [True, False])
async def test_no_connection_is_used_twice(
    http: aiohttp.ClientSession,
    server: RawServer,
    closes: bool,  # noqa: FBT001  parametrized
) -> None:
    """Neither one that the other side keeps, nor one that it closes without a word."""
    server.closes = closes
    for _ in range(3):
        await post(http, server.url)
    assert server.connections == len(server.requests) == 3


async def test_connection_that_is_kept(sessions: Http, server: RawServer) -> None:
    """A kept one is used again; that it broke is told of those that were used before alone."""
    http = sessions.kept
    server.closes = False
    for _ in range(3):
        await post(http, server.url)
    assert (server.connections, len(server.requests)) == (1, 3)
    server.answer, server.closes = b"", True
    with pytest.raises(KeptConnectionError, match=r"^The connection broke \([A-Za-z]+\)$"):
        await post(http, server.url)
    with pytest.raises(ExchangeError) as caught:
        await post(http, server.url)
    assert type(caught.value) is ExchangeError
    assert server.connections == 2


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
async def test_no_connection(http: aiohttp.ClientSession, host: str) -> None:
    """Without a connection nothing was sent."""
    with pytest.raises(ConnectError, match=r"^No connection could be made$"):
        await post(http, f"http://{host}")


async def test_closed_session(http: aiohttp.ClientSession, server: RawServer) -> None:
    """A call that still waits when Home Assistant stops is told so, and nothing is sent."""
    await http.close()
    with pytest.raises(ConnectError, match=r"^The HTTP session is closed: its owner is stopping$"):
        await post(http, server.url)
    assert server.connections == 0


async def test_tls_that_is_none(http: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A TLS handshake that fails is no connection, and says nothing about a certificate."""
    with pytest.raises(ConnectError) as caught:
        await post(http, simulator.url.replace("http:", "https:"))
    assert type(caught.value) is ConnectError
    assert simulator.calls == []


async def test_tls_that_never_ends(
    http: aiohttp.ClientSession, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A TLS handshake that isn't answered is no connection."""
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=5, connect=0.1))
    with pytest.raises(ConnectError):
        await post(http, server.url.replace("http:", "https:"))
    assert server.requests == []


async def test_address_that_is_none(http: aiohttp.ClientSession) -> None:
    """Nothing was sent to an address that isn't one."""
    with pytest.raises(ConnectError):
        await post(http, "http://")


async def test_connect_timeout(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is looked up for ever is no connection."""
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=5, connect=0.01))

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        """Look up for ever."""
        await asyncio.Event().wait()
        return []

    assert isinstance(http.connector, aiohttp.TCPConnector)
    monkeypatch.setattr(http.connector, "_resolve_host", resolve)
    with pytest.raises(ConnectError):
        await post(http, "http://nowhere.invalid")


async def test_timeout(
    http: aiohttp.ClientSession, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that hangs is left after the timeout; it may have acted."""
    assert aiohttp.ClientTimeout(total=30, connect=10) == transport._TIMEOUT
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05, connect=0.04))
    simulator.add_fault(Fault(kind="hang"))
    with pytest.raises(ExchangeTimeoutError, match=r"^No whole answer came in time$"):
        await post(http, simulator.url)


async def test_timeout_in_the_body(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that never ends is left too."""
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05, connect=0.04))
    async with RawServer(http_answer(GOOD, "Content-Length: 99"), closes=False) as server:
        with pytest.raises(ExchangeTimeoutError):
            await post(http, server.url)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"HTTP/1.1",
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"HTTP/1.1 200 OK\r\n" + PASSWORD.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        http_answer(GOOD, "Content-Length: 99"),
        http_answer(GOOD, "Content-Length: -1"),
        http_answer(GOOD, "Content-Length: many"),
        http_answer(GOOD, "Transfer-Encoding: chunked"),
        http_answer(b"5\r\n{}\r\n", "Transfer-Encoding: chunked"),
        http_answer(b"zz\r\n" + PASSWORD.encode(), "Transfer-Encoding: chunked"),
        http_answer(GOOD, "Content-Encoding: gzip"),
        http_answer(GOOD, "Content-Encoding: deflate"),
        http_answer(gzip.compress(GOOD)[:-12], "Content-Encoding: gzip"),
    ],
    ids=lambda answer: repr(answer[:40]),
)
@pytest.mark.parametrize("encoding", Encoding)
async def test_broken_exchange(
    http: aiohttp.ClientSession, answer: bytes, encoding: Encoding
) -> None:
    """A connection that was made and broke leaves open whether the platform acted."""
    async with RawServer(answer) as server:
        with pytest.raises(PlatformError) as caught:
            await post(http, server.url, encoding)
    assert type(caught.value) in {ExchangeError, UnreadableReplyError}
    assert server.connections == 1


@pytest.mark.parametrize("kind", ["cut", "cut_body"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_cut(http: aiohttp.ClientSession, simulator: Simulator, kind: Any, when: Any) -> None:
    """A connection that is cut is an error of ours, and nothing is sent again."""
    simulator.add_fault(Fault(kind=kind, when=when))
    with pytest.raises(ExchangeError, match=r"^The connection broke \([A-Za-z]+\)$"):
        await post(http, simulator.url)
    assert len(simulator.calls) == 1


async def test_value_that_cannot_be_sent(http: aiohttp.ClientSession, server: RawServer) -> None:
    """Even half a character ends as an error of ours, and as one without it."""
    fields: dict[str, str | int] = {"api_password": f"{PASSWORD}\ud800"}
    with pytest.raises(ExchangeError):
        await transport.post(http, server.url, fields, Encoding.FORM)
    assert server.requests == []


@pytest.mark.parametrize("answer", [gzip.compress(GOOD)])
async def test_compressed(http: aiohttp.ClientSession, answer: bytes) -> None:
    """A compressed answer is read."""
    async with RawServer(http_answer(answer, "Content-Encoding: gzip")) as server:
        assert (await post(http, server.url)).code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/html; charset=gb2312",
        "Content-Type: ;;;=",
        "Content-Type: application/json; charset=",
        'Content-Type: application/json; charset="utf-8',
        "Content-Type: application/json; charset=a\x01b",
        "Set-Cookie: a=b; Domain=;;",
    ],
)
async def test_odd_headers(http: aiohttp.ClientSession, header: str) -> None:
    """JSON is read whatever the headers say."""
    async with RawServer(http_answer(GOOD, header)) as server:
        try:
            assert (await post(http, server.url)).code == 200
        except ExchangeError:
            assert "\x01" in header


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 500, 502, 503])
async def test_status(http: aiohttp.ClientSession, simulator: Simulator, status: int) -> None:
    """Without a return code, the HTTP status is what is told."""
    simulator.add_fault(Fault(kind="status", status=status))
    with pytest.raises(HttpStatusError) as caught:
        await post(http, simulator.url)
    assert type(caught.value) is HttpStatusError
    assert (caught.value.status, str(caught.value)) == (status, f"HTTP status {status}")


@pytest.mark.parametrize("status", [201, 400, 401, 403, 404, 500, 502])
@pytest.mark.parametrize("code", [200, 1001, 1006])
async def test_status_beside_a_return_code(
    http: aiohttp.ClientSession, simulator: Simulator, status: int, code: int
) -> None:
    """Whatever the HTTP status, a return code is the platform's answer."""
    simulator.add_fault(Fault(kind="code", code=code, status=status))
    reply = await post(http, simulator.url)
    assert (reply.code, reply.status) == (code, status)


@pytest.mark.parametrize("kind", ["oversized", "garbage", "no_code", "html"])
async def test_status_beside_anything_else(
    http: aiohttp.ClientSession, simulator: Simulator, kind: Any
) -> None:
    """Without a return code it is the status that tells what is wrong."""
    simulator.add_fault(Fault(kind=kind, status=503))
    with pytest.raises(HttpStatusError) as caught:
        await post(http, simulator.url)
    assert (caught.value.status, type(caught.value.date)) == (503, datetime)


DATES = {
    "Mon, 02 Nov 2026 04:00:07 GMT": datetime(2026, 11, 2, 4, 0, 7, tzinfo=UTC),
    "Mon, 02 Nov 2026 12:00:07 +0800": datetime(2026, 11, 2, 4, 0, 7, tzinfo=UTC),
    "Mon, 02 Nov 2026 04:00:07": None,
    "Mon, 02 Nov 1970 04:00:07 GMT": None,
    "": None,
    "today": None,
    "Mon, 32 Nov 2026 04:00:07 GMT": None,
    "Mon, 02 Nov 99999 04:00:07 GMT": None,
    "Mon, 02 Nov 2026 04:00:07 +99999999": None,
}


@pytest.mark.parametrize("date", DATES)
async def test_date(http: aiohttp.ClientSession, server: RawServer, date: str) -> None:
    """The time of an answer comes with it, or with its error."""
    server.answer = http_answer(GOOD, f"Date: {date}")
    assert (await post(http, server.url)).date == DATES[date]
    for answer, status in ((b"<p>", "200 OK"), (b"", "500 E"), (b"", "429 T"), (b"", "302 F")):
        server.answer = http_answer(answer, f"Date: {date}", status=status)
        with pytest.raises(ReplyError) as caught:
            await post(http, server.url)
        assert caught.value.date == DATES[date]


async def test_too_many_requests(http: aiohttp.ClientSession, simulator: Simulator) -> None:
    """HTTP 429 is a refusal for pace."""
    simulator.add_fault(Fault(kind="status", status=429))
    with pytest.raises(RateLimitError) as caught:
        await post(http, simulator.url)
    assert caught.value.code == 429


@pytest.mark.parametrize("code", [200, 1002, 1005, 1006, 1007, 1008, 1009])
async def test_return_code_of_too_many_requests(
    http: aiohttp.ClientSession, simulator: Simulator, code: int
) -> None:
    """A return code that says more counts beside HTTP 429 too."""
    simulator.add_fault(Fault(kind="code", code=code, status=429))
    reply = await post(http, simulator.url)
    assert (reply.code, reply.status) == (code, 429)


@pytest.mark.parametrize("code", [429, 1001, 4711])
async def test_failure_of_too_many_requests(
    http: aiohttp.ClientSession, simulator: Simulator, code: int
) -> None:
    """One that says no more than that something failed is a refusal for pace."""
    simulator.add_fault(Fault(kind="code", code=code, status=429))
    with pytest.raises(RateLimitError):
        await post(http, simulator.url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect(http: aiohttp.ClientSession, simulator: Simulator, status: int) -> None:
    """A redirect is never followed, and the error names the new host."""
    async with RawServer(http_answer(GOOD)) as elsewhere:
        location = elsewhere.url.replace("127.0.0.1", "localhost")
        simulator.add_fault(Fault(kind="redirect", status=status, location=f"{location}/user/x"))
        with pytest.raises(RedirectError) as caught:
            await post(http, simulator.url)
    assert (caught.value.status, caught.value.host) == (status, "localhost")
    assert str(caught.value) == f"HTTP status {status}, a redirect to localhost"
    assert elsewhere.requests == []
    assert len(simulator.calls) == 1


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/elsewhere", "127.0.0.1"),
        ("//new.example/x", "new.example"),
        ("https://user:demo-password@new.example:8443/?token=demo-password", "new.example"),
        ("http://h:99999/", ""),
        ("http://[::1", ""),
        ("http://" + "h" * 2000 + ".example/", "h" * 253),
        ("", ""),
    ],
    ids=range(7),
)
async def test_redirect_location(
    http: aiohttp.ClientSession, server: RawServer, location: str, host: str
) -> None:
    """Whatever the header says, the error names a host at most."""
    server.answer = http_answer(b"", f"Location: {location}", status="302 Found")
    with pytest.raises(RedirectError) as caught:
        await post(http, server.url)
    assert caught.value.host == host
    assert str(caught.value).endswith(f"a redirect to {host or 'nowhere'}")
    assert len(server.requests) == 1


async def test_not_modified(http: aiohttp.ClientSession, simulator: Simulator) -> None:
    """A redirect without a location leads nowhere."""
    simulator.add_fault(Fault(kind="status", status=304))
    with pytest.raises(RedirectError, match=r"^HTTP status 304, a redirect to nowhere$"):
        await post(http, simulator.url)


@pytest.mark.parametrize("kind", ["html", "truncated", "no_code", "garbage"])
async def test_unreadable(http: aiohttp.ClientSession, simulator: Simulator, kind: Any) -> None:
    """An answer without a return code is none of the platform's."""
    simulator.add_fault(Fault(kind=kind))
    with pytest.raises(UnreadableReplyError):
        await post(http, simulator.url)


@pytest.mark.parametrize("size", [4 * 1024 * 1024 - 30, 4 * 1024 * 1024, 9_000_000])
async def test_size(http: aiohttp.ClientSession, simulator: Simulator, size: int) -> None:
    """An answer of up to 4 MB is read; more is refused without reading on."""
    simulator.add_fault(Fault(kind="oversized", size=size))
    if size < 4 * 1024 * 1024 - 20:
        assert (await post(http, simulator.url)).code == 200
    else:
        with pytest.raises(UnreadableReplyError, match=r"^The answer is too large$"):
            await post(http, simulator.url)


async def test_small_body_that_unpacks_to_a_large_one(http: aiohttp.ClientSession) -> None:
    """What counts is what has to be kept."""
    packed = gzip.compress(b" " * 50_000_000)
    async with RawServer(http_answer(packed, "Content-Encoding: gzip")) as server:
        with pytest.raises(PlatformError) as caught:
            await post(http, server.url)
    assert type(caught.value) in {UnreadableReplyError, ExchangeError}


@pytest.mark.parametrize(("size", "in_executor"), [(255_000, False), (257_000 + 8_000, True)])
async def test_large_replies_are_parsed_elsewhere(
    http: aiohttp.ClientSession,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    in_executor: bool,  # noqa: FBT001  parametrized
) -> None:
    """Replies over 256 kB don't hold up the event loop, the JSON in their data included."""
    threads: list[threading.Thread] = []

    def noting(body: bytes, charset: str | None) -> Reply:
        """Parse, and note where."""
        threads.append(threading.current_thread())
        return parse(body, charset)

    monkeypatch.setattr(transport, "parse", noting)
    body = json.dumps({"code": 200, "data": json.dumps([{"a": "x" * size}])}).encode()
    simulator.add_fault(Fault(kind="garbage", body=body))
    reply = await post(http, simulator.url)
    assert isinstance(reply.data, list)
    assert len(reply.records()) == 1
    assert (threads[0] is not threading.main_thread()) is in_executor


async def test_large_unreadable_reply(http: aiohttp.ClientSession, simulator: Simulator) -> None:
    """An error from the executor is the same as any other."""
    simulator.add_fault(Fault(kind="garbage", body=b"[" * 1_000_000))
    with pytest.raises(UnreadableReplyError):
        await post(http, simulator.url)
