"""A server that answers with bytes, as no framework would."""

import asyncio
from typing import Self


class RawServer:
    """Answers each connection with `answer`, and keeps what it was asked.

    `closes` ends a connection after its answer; `waits` leaves it open without an end.
    """

    def __init__(self, answer: bytes = b"", *, closes: bool = True) -> None:
        """Take the answer."""
        self.answer = answer
        self.closes = closes
        self.requests: list[bytes] = []
        self.connections = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen on any port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
                self.requests.append(head + await reader.readexactly(length))
                writer.write(self.answer)
                await writer.drain()
                if self.closes:
                    break
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        writer.close()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a body."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
