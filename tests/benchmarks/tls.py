"""What polls cost with TLS over a line with delay: on a kept connection, on a new one for each.

A line in between delays each way by half of a round trip, and what comes first by one more, as the
handshake of TCP does. The platform runs in a thread of its own, whose work isn't counted.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory
import threading
from time import thread_time
from unittest.mock import patch

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from custom_components.jrhsz.api import Client, Http, Pacer, Session, pacer, reuse_trace
from tests.simulator import Simulator

from .figures import Figure
from .home import PASSWORD
from .pace import REAL

HOST = "127.0.0.1"
ROUND_TRIPS = (0.02, 0.08)
METERS = 16
POLLS_TO_WEIGH = 200
_CHUNK = 2**16


def measure(interval: float = REAL, polls: int = METERS) -> list[Figure]:
    """Poll over all lines at once: calls are made so seldom that none disturbs another."""
    figures: list[Figure] = []
    with _platform((0.0, *ROUND_TRIPS)) as (url, ports, codes):
        # What comes after this is at the real pace again.
        with patch.object(pacer, "INTERVAL", interval):
            rates = asyncio.run(_rates(url, ports[1:], codes[:polls]))
        with patch.object(pacer, "INTERVAL", 0.0):
            weights = asyncio.run(_weights(url, ports[0], codes))
    for round_trip, (kept, single) in zip(ROUND_TRIPS, rates, strict=True):
        limit = 60 / (interval + round_trip)
        name = f"TLS, {round_trip * 1000:g} ms: calls per minute, beside pace and one round trip"
        figures += [
            Figure(name, kept, limit, bound=0.97, at_least=True),
            Figure("  with a new connection for each", single, limit, bound=0, at_least=True),
        ]
    kept, single = (weight * 1000 for weight in weights)
    name = "  a poll, beside one with a connection of its own, processor"
    return [*figures, Figure(name, kept, single, "ms")]


async def _rates(url: str, ports: list[int], codes: list[str]) -> list[list[float]]:
    """Return the calls per minute over each line, on kept and on new connections."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            [group.create_task(_rate(url, port, codes, is_kept=kept)) for kept in (True, False)]
            for port in ports
        ]
    return [[task.result() for task in line] for line in tasks]


async def _rate(url: str, port: int, codes: list[str], *, is_kept: bool) -> float:
    """Return how many calls are made a minute."""
    async with _client(url, port, is_kept=is_kept) as client:
        # With the login, which takes a connection of its own.
        await client.get_meter(codes[0])
        begun = asyncio.get_running_loop().time()
        for code in codes:
            await client.get_meter(code)
        return 60 * len(codes) / (asyncio.get_running_loop().time() - begun)


async def _weights(url: str, port: int, codes: list[str]) -> list[float]:
    """Return the processor time of a poll on kept and on new connections."""
    weights = []
    for is_kept in (True, False):
        async with _client(url, port, is_kept=is_kept) as client:
            await client.get_meter(codes[0])
            begun = thread_time()
            for number in range(POLLS_TO_WEIGH):
                await client.get_meter(codes[number % len(codes)])
            weights.append((thread_time() - begun) / POLLS_TO_WEIGH)
    return weights


@asynccontextmanager
async def _client(url: str, port: int, *, is_kept: bool) -> AsyncGenerator[Client]:
    """Return a client whose reads go over a kept connection, or over one for each."""
    jar = aiohttp.DummyCookieJar()
    single = aiohttp.TCPConnector(force_close=True, ssl=False)
    kept = aiohttp.TCPConnector(force_close=not is_kept, ssl=False)
    async with (
        aiohttp.ClientSession(cookie_jar=jar, connector=single) as for_orders,
        aiohttp.ClientSession(
            cookie_jar=jar, connector=kept, trace_configs=[reuse_trace()]
        ) as for_reads,
    ):
        address = URL(url).with_scheme("https").with_port(port)
        session = Session(str(address), "demo", Pacer())
        session.use(PASSWORD, Http(single=for_orders, kept=for_reads))
        yield Client(session)


@contextmanager
def _platform(round_trips: tuple[float, ...]) -> Generator[tuple[str, list[int], list[str]]]:
    """Run a platform and lines to it in a thread; yield its address, their ports, and meters."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    simulator = Simulator(meters=METERS, limit=0.0, history_days=2, wechat=False)

    async def start() -> list[asyncio.Server]:
        """Start the platform, what speaks TLS for it, and the lines."""
        await simulator.start()
        plain = URL(simulator.url).port or 0
        with TemporaryDirectory() as folder:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_certificate(Path(folder)))
        secure = await _line(plain, 0.0, context)
        port = secure.sockets[0].getsockname()[1]
        return [secure, *[await _line(port, round_trip) for round_trip in round_trips]]

    async def stop() -> None:
        """Stop all of it."""
        for server in servers:
            server.close()
            server.close_clients()
        await simulator.stop()

    servers = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        ports = [server.sockets[0].getsockname()[1] for server in servers[1:]]
        yield simulator.url, ports, sorted(simulator.meters)
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _line(
    port: int, round_trip: float, context: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Start a line to a port of this machine, which may speak TLS."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand everything on, both ways."""
        other_reader, other_writer = await asyncio.open_connection(HOST, port)
        await asyncio.sleep(round_trip)
        async with asyncio.TaskGroup() as group:
            group.create_task(_hand_on(reader, other_writer, round_trip / 2))
            group.create_task(_hand_on(other_reader, writer, round_trip / 2))

    return await asyncio.start_server(connect, HOST, 0, ssl=context)


async def _hand_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
) -> None:
    """Hand on one way, each piece a while later, without a wait before the next comes in."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(_CHUNK):
        loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)


def _certificate(folder: Path) -> Path:
    """Write a certificate that nobody signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
