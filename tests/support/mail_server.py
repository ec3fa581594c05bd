"""A server that takes mails, with just what a client says without encryption and login."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self


class MailServer:
    """Takes mails by SMTP and keeps them."""

    def __init__(self) -> None:
        """Begin without mails."""
        self.got: list[tuple[str, EmailMessage]] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on any port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, line by line."""
        writer.write(b"220 here\r\n")
        recipient = ""
        while line := (await reader.readline()).decode():
            said = line.strip().upper()
            if said == "DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.got.append((recipient, _parsed(body.removesuffix(b".\r\n"))))
            elif said.startswith("RCPT TO:"):
                recipient = line.partition("<")[2].partition(">")[0]
            writer.write(b"221 bye\r\n" if said == "QUIT" else b"250 8BITMIME\r\n")
            if said == "QUIT":
                break
        writer.close()


def _parsed(mail: bytes) -> EmailMessage:
    """Return a mail as it was before it was sent, when dots at a line's beginning were doubled."""
    lines = [line.removeprefix(b".") for line in mail.split(b"\r\n")]
    return message_from_bytes(b"\r\n".join(lines), EmailMessage, policy=policy.default)
