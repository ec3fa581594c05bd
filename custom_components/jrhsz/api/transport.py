"""One HTTP exchange with the platform: fields → reply, every failure one of our errors."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
import json
from types import SimpleNamespace
from typing import Final
from urllib.parse import urlencode

import aiohttp
from aiohttp.hdrs import CONTENT_TYPE
from yarl import URL

from .errors import (
    CertificateError,
    ConnectError,
    ExchangeError,
    ExchangeTimeoutError,
    HttpStatusError,
    KeptConnectionError,
    PlatformError,
    RateLimitError,
    RedirectError,
    ReplyError,
    UnreadableReplyError,
)
from .reply import Reply, parse
from .values import YEARS

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
_LARGE_REPLY_BYTES: Final = 256 * 1024
# Being connected takes its own, shorter time: when it is over, nothing was sent for certain.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
_CHUNK_BYTES: Final = 64 * 1024
_MAX_HOST: Final = 253


class Encoding(StrEnum):
    """How the fields of a request are written into its body."""

    FORM = "form"
    JSON = "json"

    @property
    def other(self) -> Encoding:
        """Return the other encoding."""
        return Encoding.JSON if self is Encoding.FORM else Encoding.FORM


_TYPES: Final = {
    Encoding.FORM: {CONTENT_TYPE: "application/x-www-form-urlencoded"},
    Encoding.JSON: {CONTENT_TYPE: "application/json"},
}


@dataclass(frozen=True, slots=True)
class Http:
    """The HTTP sessions: `single` opens a connection for each request, `kept` keeps them.

    A connection kept open may be closed by the other side just when a request is sent on it, which
    can't be told from a request that was acted on: an order or a login never goes over one. Reads
    do, which saves most of what a connection costs, above all with TLS. `kept` has `reuse_trace`,
    `single` a connector that closes each connection.
    """

    single: aiohttp.ClientSession
    kept: aiohttp.ClientSession


@dataclass(slots=True)
class _Way:
    """Over what a request goes."""

    is_reused: bool = False


def reuse_trace() -> aiohttp.TraceConfig:
    """Return what lets `post` tell a connection that was kept from one that was made for it."""

    async def note_reuse(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        """Note that the request goes over a connection that was used before."""
        context.trace_request_ctx.is_reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note_reuse)
    return trace


async def post(
    http: aiohttp.ClientSession,
    url: str,
    fields: Mapping[str, str | int],
    encoding: Encoding,
) -> Reply:
    """Send one request and return the reply, of whatever return code and HTTP status.

    Raises ConnectError, ExchangeError or a ReplyError that isn't a ReturnCodeError, except that
    an HTTP 429 that doesn't say more is a RateLimitError. Nothing is ever sent twice here and no
    redirect is followed.
    """
    if http.closed:
        msg = "The HTTP session is closed: its owner is stopping"
        raise ConnectError(msg)
    way = _Way()
    error: PlatformError
    try:
        # aiohttp would make a form of many parts first.
        body = urlencode(fields) if encoding is Encoding.FORM else json.dumps(fields)
        async with http.post(
            url,
            data=body.encode(),
            headers=_TYPES[encoding],
            allow_redirects=False,
            timeout=_TIMEOUT,
            trace_request_ctx=way,
        ) as response:
            content = await _body(response)
    except aiohttp.ClientConnectorCertificateError:
        error = CertificateError("The certificate of the address isn't valid")
    except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL:
        error = ConnectError("No connection could be made")
    except TimeoutError:
        error = ExchangeTimeoutError("No whole answer came in time")
    except (aiohttp.ClientError, OSError, ValueError) as err:
        kind = KeptConnectionError if way.is_reused else ExchangeError
        error = kind(f"The connection broke ({type(err).__name__})")
    else:
        return await _reply(response, content)
    # Raised here, so that it doesn't carry the cause, which may show what was sent or answered.
    raise error


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    """Read the body, up to the size that any true reply has; nothing if it is larger."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            return None
    return bytes(body)


async def _reply(response: aiohttp.ClientResponse, body: bytes | None) -> Reply:
    """Return what was answered, or raise the error that it stands for."""
    status, date = response.status, _date_of(response)
    error: ReplyError
    try:
        _raise_for_redirect(response)
        reply = await _parsed(body, response.charset)
        if status != HTTPStatus.TOO_MANY_REQUESTS or reply.says_what:
            return replace(reply, status=status, date=date)
        error = RateLimitError(status, "")
    except UnreadableReplyError as err:
        match status:
            case HTTPStatus.OK:
                error = err
            case HTTPStatus.TOO_MANY_REQUESTS:
                error = RateLimitError(status, "")
            case _:
                error = HttpStatusError(status)
    except ReplyError as err:
        error = err
    error.date = date
    raise error


async def _parsed(body: bytes | None, charset: str | None) -> Reply:
    """Return the reply of a body; a large one doesn't hold up the event loop."""
    if body is None:
        msg = "The answer is too large"
        raise UnreadableReplyError(msg)
    if len(body) > _LARGE_REPLY_BYTES:
        return await asyncio.get_running_loop().run_in_executor(None, parse, body, charset)
    return parse(body, charset)


def _raise_for_redirect(response: aiohttp.ClientResponse) -> None:
    """Raise the error for a redirect, beside which no return code counts."""
    status = response.status
    if not HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return
    location = response.headers.get("Location", "")
    try:
        host = (location and response.url.join(URL(location)).host) or ""
    except ValueError:
        host = ""
    raise RedirectError(status, host[:_MAX_HOST])


def _date_of(response: aiohttp.ClientResponse) -> datetime | None:
    """Return what the server's clock showed, if it told."""
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError, OverflowError:
        return None
    return date if date.tzinfo is not None and date.year in YEARS else None
