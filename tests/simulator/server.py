"""Serve the platform over HTTP."""

import asyncio
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING

from aiohttp import web

from . import control
from .dialect import Dialect
from .faults import Fault
from .pace import Call
from .platform import REQUIRED, Params
from .replies import Answer, content_type, encode, render
from .requests import read_body, without_secrets

if TYPE_CHECKING:
    from .simulator import Simulator

HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class Server:
    """Listen once, for one simulator."""

    def __init__(self, sim: Simulator, seed: int) -> None:
        """Prepare to listen."""
        self._sim = sim
        self._random = Random(seed)  # noqa: S311  seeded, to be repeated
        self._stopping = asyncio.Event()
        app = web.Application(client_max_size=8_000_000)
        app.router.add_post("/user/{interface}", self._serve)
        app.router.add_routes(control.routes(sim))
        app.router.add_route("*", "/{tail:.*}", self._stray)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen, and return the address."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        host, port = self._runner.addresses[0][:2]
        return host, port

    async def stop(self) -> None:
        """End everything that waits, and close."""
        self._stopping.set()
        await self._runner.cleanup()

    async def _stray(self, request: web.Request) -> web.Response:
        """Record who comes to a path that is not the platform's."""
        self._sim.strays.append((request.method, request.path))
        return _html(404)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Take in one call, count it, and answer it."""
        interface = request.match_info["interface"]
        if interface not in REQUIRED:
            return await self._stray(request)
        body = await request.read()
        arrived = self._sim.monotonic()
        params, encoding, is_read = read_body(request, body, self._sim.dialect)
        transport = request.transport
        peer = None if transport is None else transport.get_extra_info("peername")
        call = Call(
            number=self._sim.pace.next_number(),
            interface=interface,
            account=params.get("admin_user_name", ""),
            params=without_secrets(params),
            encoding=encoding,
            arrived=arrived,
            at=self._sim.now(),
            connection=None if peer is None else peer[1],
            gone=lambda: request.transport is None or request.transport.is_closing(),
        )
        self._sim.pace.arrive(call, self._sim.dialect)
        try:
            response = await self._answer(request, call, params, is_read=is_read)
            call.status = response.status
        finally:
            self._sim.pace.close(call)
        return response

    async def _answer(
        self, request: web.Request, call: Call, params: Params, *, is_read: bool
    ) -> web.StreamResponse:
        """Process one call, with what goes wrong."""
        if self._sim.delay or self._sim.jitter:
            await self._pause(self._sim.delay + self._sim.jitter * self._random.random())
        dialect = self._sim.dialect
        if call.refused:
            return self._send(call, self._refusal(call, dialect))
        if dialect.redirect and dialect.redirect_only in {"", call.interface}:
            return self._send(call, _redirect(dialect.redirect, self._target(call, dialect)))
        fault = self._sim.faults.choose(call.interface, params)
        if fault is None:
            return self._send(call, self._process(call, params, is_read=is_read))
        call.fault = fault.kind
        if fault.kind == "delay" and fault.when == "before":
            await self._pause(1.0 if fault.seconds is None else fault.seconds)
        done: web.Response | None = None
        if fault.kind == "delay" or fault.when == "after":
            done = self._process(call, params, is_read=is_read)
        if done is not None and fault.kind == "delay":
            if fault.when == "after":
                await self._pause(1.0 if fault.seconds is None else fault.seconds)
            return self._send(call, done)
        call.code = None
        return await self._spoil(request, call, fault, done)

    async def _spoil(
        self, request: web.Request, call: Call, fault: Fault, done: web.Response | None
    ) -> web.StreamResponse:
        """Answer as a fault has it."""
        right = (
            done.body
            if done is not None
            else encode({"code": 200, "msg": "操作成功"}, self._sim.dialect)
        )
        whole = right if isinstance(right, bytes) else b""
        if fault.kind == "hang":
            await self._hang(request, fault.seconds)
            return _cut(request)
        if fault.kind == "cut":
            self._sim.pace.answer(call, self._sim.monotonic(), self._sim.now(), self._sim.dialect)
            return _cut(request)
        if fault.kind == "cut_body":
            response = web.StreamResponse(headers={"Content-Length": str(len(whole) + 10)})
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            self._sim.pace.answer(call, self._sim.monotonic(), self._sim.now(), self._sim.dialect)
            if request.transport is not None:
                request.transport.close()
            return response
        return self._send(call, self._spoiled(call, fault, whole))

    def _spoiled(self, call: Call, fault: Fault, whole: bytes) -> web.Response:
        """Return a whole answer that is wrong."""
        status = fault.status or 200
        match fault.kind:
            case "status":
                return _html(fault.status or 500)
            case "html":
                return _html(status)
            case "truncated":
                return self._raw(whole[: len(whole) * 2 // 3], fault)
            case "redirect":
                return _redirect(fault.status or 302, fault.location or self._elsewhere(call))
            case "code":
                call.code = fault.code
                return self._raw(render(Answer(fault.code, fault.msg), self._sim.dialect), fault)
            case "no_code":
                return self._raw(encode({"msg": fault.msg}, self._sim.dialect), fault)
            case "oversized":
                filler = b'{"code":200,"msg":"' + b"x" * fault.size + b'"}'
                return self._raw(filler, fault)
            case "wrong":
                return self._raw(encode(fault.reply, self._sim.dialect), fault)
            case _:
                return self._raw(fault.body, fault)

    def _process(self, call: Call, params: Params, *, is_read: bool) -> web.Response:
        """Let the platform do it."""
        dialect = self._sim.dialect
        if is_read:
            answer = self._sim.platform.call(call.interface, params)
        elif dialect.wrong_body < 1000:
            return _html(dialect.wrong_body)
        else:
            answer = Answer(dialect.wrong_body)
        call.code = answer.code
        status = dialect.success_status if answer.code == 200 else dialect.code_status
        return self._raw(render(answer, dialect), status=status)

    def _refusal(self, call: Call, dialect: Dialect) -> web.Response:
        """Return what an early call gets."""
        if dialect.early == "429":
            response = _html(429)
            if dialect.retry_after is not None:
                response.headers["Retry-After"] = str(dialect.retry_after)
            return response
        call.code = dialect.early_code
        return self._raw(render(Answer(dialect.early_code, dialect.early_msg), dialect))

    def _raw(self, body: bytes, fault: Fault | None = None, status: int = 200) -> web.Response:
        """Return bytes with the dialect's content type."""
        kind = content_type(self._sim.dialect)
        if fault is None:
            return web.Response(body=body, status=status, headers={"Content-Type": kind})
        headers = {"Content-Type": fault.content_type or kind}
        return web.Response(body=body, status=fault.status or 200, headers=headers)

    def _send(self, call: Call, response: web.Response) -> web.Response:
        """Stamp an answer just before it leaves, so that no client can be ahead of the stamp."""
        is_told = self._sim.dialect.date == "world"
        response.headers["Date"] = format_datetime(self._sim.now()) if is_told else ""
        self._sim.pace.answer(call, self._sim.monotonic(), self._sim.now(), self._sim.dialect)
        return response

    def _target(self, call: Call, dialect: Dialect) -> str:
        """Return where the dialect redirects to."""
        return dialect.redirect_to or self._elsewhere(call)

    def _elsewhere(self, call: Call) -> str:
        """Return a path that records who comes."""
        return f"{self._sim.url}/elsewhere/user/{call.interface}"

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _hang(self, request: web.Request, seconds: float | None) -> None:
        """Wait until the time is over, the client has gone or the server stops."""
        end = None if seconds is None else self._sim.monotonic() + seconds
        while request.transport is not None and not self._stopping.is_set():
            left = 0.2 if end is None else min(0.2, end - self._sim.monotonic())
            if left <= 0:
                return
            await self._pause(left)


def _html(status: int) -> web.Response:
    """Return a page as web servers send them."""
    return web.Response(text=HTML.format(status), status=status, content_type="text/html")


def _redirect(status: int, location: str) -> web.Response:
    """Return a redirect."""
    return web.Response(status=status, headers={"Location": location})


def _cut(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
