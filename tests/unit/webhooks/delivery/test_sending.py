from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vivace.outbound import Destinations, ForbiddenDestination
from vivace.webhooks import SendingFailed
from vivace.webhooks.delivery import sending
from vivace.webhooks.delivery.sending import HTTPSender, as_text

pytestmark = pytest.mark.anyio
LOOPBACK = Destinations(allow_http=True, ports=None, allowed_networks=["127.0.0.0/8"])
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*parts: bytes) -> tuple[list[bytes], Handler]:
    """A receiver that answers with these bytes, and the requests that it gets."""
    requests: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                requests.append(head + await reader.readexactly(2))
                for part in parts:
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return requests, handle


@asynccontextmanager
async def receiver(handle: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def sender(
    destinations: Destinations = LOOPBACK,
    *,
    patience: float = 20,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[HTTPSender]:
    async def resolve(host: str) -> list[str]:
        return ["127.0.0.1"]

    made = HTTPSender(
        destinations,
        timeout=patience,
        connections=5,
        context=context or ssl.create_default_context(),
        resolve=resolve,
    )
    try:
        yield made
    finally:
        await made.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"


async def test_a_message_is_posted() -> None:
    requests, handle = answering(OK)
    async with receiver(handle) as port, sender() as made:
        url = f"http://receiver.example:{port}/hooks?a=1"
        answer = await made.send(url, {"X-One": "1"}, b"{}", read=3)
    assert (answer.status, answer.headers["x-a"], answer.body) == (200, "b", b"hel")
    [request] = requests
    head = request.decode().split("\r\n")
    assert head[0] == "POST /hooks?a=1 HTTP/1.1"
    assert {f"Host: receiver.example:{port}", "X-One: 1", "Content-Length: 2"} <= {*head}


async def test_connections_are_used_again() -> None:
    connections = 0
    requests, handle = answering(OK)

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await handle(reader, writer)

    async with receiver(counting) as port, sender() as made:
        for _ in range(3):
            await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=0)
    assert (len(requests), connections) == (3, 1)


async def test_redirects_are_not_followed() -> None:
    requests, handle = answering(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    )
    async with receiver(handle) as port, sender() as made:
        answer = await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=10)
    assert (answer.status, len(requests)) == (302, 1)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    _, handle = answering(OK)
    async with receiver(handle) as port, sender() as made:
        answer = await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=0)
    assert answer.status == 200


async def test_the_address_is_checked_at_each_connection() -> None:
    requests, handle = answering(OK)
    only_http = Destinations(allow_http=True, ports=None)
    async with receiver(handle) as port, sender(only_http) as made:
        url = f"http://receiver.example:{port}/"
        with pytest.raises(ForbiddenDestination):
            await made.check(url)
        with pytest.raises(ForbiddenDestination):
            await made.send(url, {}, b"{}", read=0)
        with pytest.raises(ForbiddenDestination):
            await made.send(f"http://127.0.0.1:{port}/", {}, b"{}", read=0)
    assert requests == []


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ],
)
async def test_the_status_counts_whatever_comes_of_the_body(
    parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "READING", 0.05)
    _, handle = answering(*parts)
    async with receiver(handle) as port, sender() as made:
        answer = await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=3)
        assert answer.status == 200 and len(answer.body) <= 3


@pytest.mark.parametrize(
    "part",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
async def test_what_is_no_answer_is_said_so(part: bytes) -> None:
    _, handle = answering(part)
    async with receiver(handle) as port, sender() as made:
        with pytest.raises(SendingFailed, match="no HTTP"):
            await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=3)


async def test_a_connection_that_is_closed_is_said_so() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.transport.abort()

    async with receiver(close) as port, sender() as made:
        with pytest.raises(SendingFailed, match=r"connection was (closed|lost)"):
            await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=3)


async def test_a_port_where_nobody_is_is_said_so() -> None:
    _, handle = answering(OK)
    async with receiver(handle) as port:
        pass
    async with sender() as made:
        with pytest.raises(SendingFailed, match="refused"):
            await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=3)


async def test_a_receiver_that_says_nothing_is_left() -> None:
    _, handle = answering()
    async with receiver(handle) as port, sender(patience=0.05) as made:
        with pytest.raises(SendingFailed, match="no answer in time"):
            await made.send(f"http://receiver.example:{port}/", {}, b"{}", read=3)


# TLS.


def certificate(directory: Path, host: str) -> Path:
    """A certificate of its own for ``host``, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_is_spoken_with_the_host_and_not_with_its_address(tmp_path: Path) -> None:
    path = certificate(tmp_path, "receiver.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    asked: list[str | None] = []
    serving.sni_callback = lambda _, name, __: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(path))
    requests, handle = answering(OK)
    async with receiver(handle, serving) as port, sender(context=trusting) as made:
        answer = await made.send(f"https://receiver.example:{port}/", {}, b"{}", read=0)
        assert answer.status == 200
        with pytest.raises(SendingFailed, match="TLS failed"):
            await made.send(f"https://other.example:{port}/", {}, b"{}", read=0)
    assert asked == ["receiver.example", "other.example"]
    assert len(requests) == 1


async def test_certificates_that_nobody_knows_are_not_trusted(tmp_path: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate(tmp_path, "receiver.example"))
    requests, handle = answering(OK)
    async with receiver(handle, serving) as port, sender() as made:
        with pytest.raises(SendingFailed, match="TLS failed"):
            await made.send(f"https://receiver.example:{port}/", {}, b"{}", read=0)
    assert requests == []


@pytest.mark.parametrize(
    ("start", "text"),
    [(b"", None), (b"abcdef", "abc"), (b"a\x00b", "a\ufffdb"), (b"\xff\xfe", "\ufffd\ufffd")],
)
async def test_an_answer_is_kept_as_text_that_any_database_takes(
    start: bytes, text: str | None
) -> None:
    assert as_text(start, 3) == text
