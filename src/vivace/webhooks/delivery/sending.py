"""One request to a receiver."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpcore2

from vivace.concurrency import run_in_threadpool
from vivace.outbound import (
    HOST_NOT_FOUND,
    Destinations,
    ForbiddenDestination,
    GuardedBackend,
    Resolver,
    tls_context,
)

#: Seconds that a connection is kept for the next message: shorter than receivers do, so that none
#: is sent over a connection that is just being closed.
KEEP_ALIVE = 2.0
#: Bytes of an answer's body that are read, and seconds for it; what takes more costs the
#: connection. The status alone says whether the message has arrived.
MOST_READ = 64 * 1024
READING = 2.0

#: What failed attempts are told apart by, in words that may be shown to who manages the endpoint.
_FAILURES: Sequence[tuple[type[Exception], str]] = (
    (httpcore2.ConnectTimeout, "No connection was made in time."),
    (httpcore2.TimeoutException, "There was no answer in time."),
    (httpcore2.ConnectError, "The connection was refused, or TLS failed."),
    (httpcore2.ProtocolError, "The answer was no HTTP, or the connection was closed."),
    (httpcore2.NetworkError, "The connection was lost."),
)
_LOST = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


class SendingFailed(Exception):
    """There was no answer. The text may be shown to who manages the endpoint."""


@dataclass(frozen=True)
class Answer:
    """What a receiver has answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    #: How the body begins.
    body: bytes = b""


class Sender(Protocol):
    """Sends messages; tests have another one than apps."""

    async def check(self, url: str) -> None:
        """See that ``url`` may be sent to.

        Raises:
            ForbiddenDestination: It may not.
        """

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, *, read: int) -> Answer:
        """Send a message; whoever calls this limits how long it takes.

        Args:
            read: How many bytes of the answer's body are wanted.

        Raises:
            SendingFailed: There was no answer.
            ForbiddenDestination: The URL may not be sent to.
        """

    async def close(self) -> None: ...


class HTTPSender:
    """Sends over HTTP, to where :class:`~vivace.outbound.Destinations` allow.

    Redirects are not followed, and no proxies of the environment are used.

    Args:
        destinations: Where may be sent to.
        timeout: Seconds for connecting, and for each pause of the receiver's.
        connections: How many there may be.
        context: The certificates that are trusted; by default those of the system.
        resolve: Finds the addresses of a host; by default the operating system.
    """

    def __init__(
        self,
        destinations: Destinations,
        *,
        timeout: float,
        connections: int,
        context: ssl.SSLContext | None = None,
        resolve: Resolver | None = None,
    ) -> None:
        self._destinations = destinations
        self._timeout = timeout
        self._connections = connections
        self._context = context
        self._backend = GuardedBackend(destinations, resolve=resolve, threads=connections)
        self._pool: httpcore2.AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()

    async def check(self, url: str) -> None:
        parsed = self._destinations.check_url(url)
        try:
            async with asyncio.timeout(self._timeout):
                await self._backend.addresses_of(parsed.raw_host.decode())
        except TimeoutError:
            raise ForbiddenDestination(HOST_NOT_FOUND) from None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, *, read: int) -> Answer:
        parsed = self._destinations.check_url(url)
        target = httpcore2.URL(
            scheme=parsed.raw_scheme,
            host=parsed.raw_host,
            port=parsed.port,
            target=parsed.raw_path,
        )
        fields: dict[Any, Any] = {
            "Host": parsed.netloc,
            **headers,
            "Content-Length": str(len(body)),
        }
        pool = self._pool or await self._open()
        try:
            async with pool.stream(
                "POST",
                target,
                headers=fields,
                content=body,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write"), self._timeout)},
            ) as response:
                start = await _start_of(response, read)
                return Answer(response.status, _named(response.headers), start)
        except _LOST as lost:
            raise SendingFailed(_words_for(lost)) from lost
        except (ssl.SSLError, OSError) as lost:
            raise SendingFailed("The connection was lost.") from lost

    async def close(self) -> None:
        if self._pool is not None:
            with suppress(httpcore2.NetworkError):
                await self._pool.aclose()
            self._pool = None
        self._backend.close()

    async def _open(self) -> httpcore2.AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:
                # They take too long to read for the event loop.
                context = self._context or await run_in_threadpool(tls_context)
                self._pool = httpcore2.AsyncConnectionPool(
                    ssl_context=context,
                    max_connections=self._connections,
                    keepalive_expiry=KEEP_ALIVE,
                    network_backend=self._backend,
                )
        return self._pool


async def _start_of(response: httpcore2.Response, size: int) -> bytes:
    """The first bytes of a body. The rest is read, up to a bound, to keep the connection."""
    kept, count = b"", 0
    with suppress(TimeoutError, *_LOST):
        async with asyncio.timeout(READING):
            async for part in response.aiter_stream():
                kept += part[: max(0, size - len(kept))]
                count += len(part)
                if count > MOST_READ:
                    break
    return kept


def _named(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _words_for(error: Exception) -> str:
    return next((words for kind, words in _FAILURES if isinstance(error, kind)), "It failed.")


def as_text(start: bytes, length: int) -> str | None:
    """How an answer began, as text that every database keeps; ``None`` where there is none."""
    text: Any = start.decode("utf-8", errors="replace").replace("\x00", "\ufffd")[:length]
    return text or None


__all__ = ["Answer", "HTTPSender", "Sender", "SendingFailed", "as_text"]
