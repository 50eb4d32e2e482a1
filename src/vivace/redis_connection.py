"""A Redis that several processes share, and that may be away."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any, TypeVar

from vivace.extras import MissingPackage
from vivace.outages import Circuit, StoreUnavailable
from vivace.per_loop import PerLoop

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError, RedisError
except ModuleNotFoundError:
    raise MissingPackage("redis", "redis") from None

#: What Redis being away, or being of no use, looks like.
FAILURES = (RedisError, OSError)

T = TypeVar("T")


class RedisConnection:
    """Connections to Redis, made in each process for each event loop when they are first needed.

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key begins with, before a colon.
        timeout: Seconds that Redis may take to answer, connecting included.
        pause: Seconds for which Redis is left alone when it has failed to answer.
        options: For ``redis.asyncio.BlockingConnectionPool``.
        what: What is kept there, as a log says it.
        logger: Where outages are logged.

    Raises:
        ValueError: This is no address of Redis, or no prefix.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str,
        timeout: float,
        pause: float,
        options: Mapping[str, Any] | None,
        what: str,
        logger: logging.Logger,
    ) -> None:
        parse_url(url)
        if not prefix or prefix != prefix.strip(": "):
            raise ValueError(f"The prefix {prefix!r} is empty, or begins or ends with a colon.")
        self.prefix = prefix
        self._url = url
        self._pause = pause
        self._options = {
            "max_connections": 20,
            # One more try, at once: a connection that has waited in the pool may have been cut.
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            # For where the circuit's time-out is swallowed, as the `wait_for` of Python 3.11 may.
            "timeout": timeout,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            **(options or {}),
        }
        self._circuit = Circuit(what, logger, timeout=timeout, pause=pause, failures=FAILURES)
        self._clients: PerLoop[Any] = PerLoop(self._make_client, _close)

    def key(self, kind: str, name: str) -> str:
        """The name of a key in Redis."""
        return f"{self.prefix}:{kind}:{name}"

    async def call(self, function: Callable[[Any], Awaitable[T]]) -> T:
        """What ``function`` returns, which gets the client.

        Raises:
            StoreUnavailable: Redis is away.
        """
        client = self._clients.get()
        return await self._circuit.call(lambda: function(client))

    def client(self) -> Any:
        """The client of the running loop, for libraries that want one; :meth:`call` guards it."""
        return self._clients.get()

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Around what is called without :meth:`call`, and so may take any time.

        Raises:
            StoreUnavailable: Redis is away.
        """
        try:
            yield
        except FAILURES as error:
            raise StoreUnavailable(self._pause) from error

    async def run(self, script: str, keys: list[str], *arguments: Any) -> Any:
        """What a script of Redis returns: one step for all processes.

        Raises:
            StoreUnavailable: Redis is away.
        """
        return await self.call(lambda redis: redis.register_script(script)(keys, arguments))

    async def close(self) -> None:
        """Close the connections of the running loop; what is needed later is opened again."""
        await self._clients.close()

    def _make_client(self) -> Any:
        return Redis.from_pool(BlockingConnectionPool.from_url(self._url, **self._options))


def to_milliseconds(seconds: float) -> int:
    """A time as Redis takes it: none that is over at once, which would be an error."""
    return max(1, ceil(seconds * 1000))


async def _close(client: Any) -> None:
    await client.aclose()


__all__ = ["RedisConnection", "to_milliseconds"]
