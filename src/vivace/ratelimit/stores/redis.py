"""Counters in Redis, for all processes that use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from limits.aio.storage import RedisStorage

from vivace.extras import MissingPackage
from vivace.per_loop import PerLoop
from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule
from vivace.ratelimit.stores.circuit import Circuit
from vivace.ratelimit.stores.protocol import StoreUnavailable
from vivace.ratelimit.stores.windows import Counting, FixedWindows, SlidingWindows

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError, RedisError
except ModuleNotFoundError:
    raise MissingPackage("redis", "redis") from None

if TYPE_CHECKING:
    from vivace.ratelimit.stores.tokens import TokenBuckets

#: What Redis being away, or being of no use, looks like.
FAILURES = (RedisError, OSError)

#: Redis says how long a key lives in whole seconds, to the nearest one.
TTL_ROUNDING = 0.5


class RedisStore:
    """Counts in Redis: together with all processes that do so under the same prefix.

    Each counter is changed in one step, in Redis, so that of requests at once no more pass than
    one after the other. It expires by itself.

    It may be made at import: connections are made in each process, for each event loop.

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key begins with, before a colon.
        timeout: Seconds that Redis may take to count, connecting included. A limit is better not
            counted than waited for.
        pause: Seconds for which Redis is left alone when it has failed to answer; then one request
            tries it again.
        options: For ``redis.asyncio.BlockingConnectionPool``, as ``{"max_connections": 50}``.

    Raises:
        ValueError: This is no address of Redis, or no prefix.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "vivace:ratelimit",
        timeout: float = 0.5,
        pause: float = 1.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._options = dict(options or {})
        parse_url(url)
        if not prefix or prefix != prefix.strip(": "):
            raise ValueError(f"The prefix {prefix!r} is empty, or begins or ends with a colon.")
        self._timeout = timeout
        self._pause = pause
        self._circuit = Circuit(timeout=timeout, pause=pause, failures=FAILURES)
        self._clients: PerLoop[_Client] = PerLoop(self._make_client, _Client.close)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        counting = self._clients.get().counting(rule)
        return await self._circuit.call(partial(counting.take, rule, key, cost))

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        counting = self._clients.get().counting(rule)
        return await self._circuit.call(partial(counting.read, rule, key, cost))

    async def clear(self, part: str = "") -> None:
        client = self._clients.get()
        try:
            await client.clear(part)
        except FAILURES as error:
            raise StoreUnavailable(self._pause) from error

    async def close(self) -> None:
        await self._clients.close()

    def _make_client(self) -> _Client:
        options = {
            "max_connections": 20,
            # One more try, at once: a connection that has waited in the pool may have been cut.
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            # For where the circuit's time-out is swallowed, as the `wait_for` of Python 3.11 may.
            "timeout": self._timeout,
            "socket_timeout": self._timeout,
            "socket_connect_timeout": self._timeout,
            **self._options,
        }
        return _Client(BlockingConnectionPool.from_url(self._url, **options), self._prefix)


class _Client:
    """Connections of one event loop, and what counts over them."""

    def __init__(self, pool: BlockingConnectionPool, prefix: str) -> None:
        self._redis: Any = Redis.from_pool(pool)
        self._prefix = prefix
        # Of an address it takes only that it is one, since it has the pool.
        options: dict[str, Any] = {"connection_pool": pool, "key_prefix": prefix}
        storage = RedisStorage("async+redis://", implementation="redispy", **options)
        self._fixed = FixedWindows(storage, rounding=TTL_ROUNDING)
        self._sliding = SlidingWindows(storage)

    def counting(self, rule: Rule) -> Counting:
        if rule.window == "fixed":
            return self._fixed
        return self._sliding if rule.window == "sliding" else self._buckets

    @cached_property
    def _buckets(self) -> TokenBuckets:
        from throttled.asyncio import RedisStoreBackend

        from vivace.ratelimit.stores.tokens import TokenBuckets

        redis = self._redis

        class Backend(RedisStoreBackend):
            # Errors of Redis come out as they are, and so as those of windows do.
            base_exceptions = ()

            def get_client(self) -> Any:
                return redis

        return TokenBuckets("redis", Backend(), self._prefix)

    async def clear(self, part: str) -> None:
        self._fixed.forget()
        # Key by key, since Redis does nothing else while it looks for all of them at once.
        pattern = f"{_literally(self._prefix)}:*{_literally(part)}*"
        async for name in self._redis.scan_iter(pattern, count=1000):
            await self._redis.unlink(name)

    async def close(self) -> None:
        await self._redis.aclose()


def _literally(text: str) -> str:
    return re.sub(r"([\[\]*?\\])", r"\\\1", text)


__all__ = ["RedisStore"]
