"""Counters in Redis, for all processes that use it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from limits.aio.storage import RedisStorage

from vivace.per_loop import PerLoop
from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule
from vivace.ratelimit.stores.windows import Counting, FixedWindows, SlidingWindows
from vivace.redis_connection import RedisConnection

if TYPE_CHECKING:
    from vivace.ratelimit.stores.tokens import TokenBuckets

logger = logging.getLogger("vivace.ratelimit")

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
        self._prefix = prefix
        self._connection = RedisConnection(
            url,
            prefix=prefix,
            timeout=timeout,
            pause=pause,
            options=options,
            what="The counters of rate limits",
            logger=logger,
        )
        self._counters: PerLoop[_Counters] = PerLoop(self._make_counters)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        counting = self._counters.get().counting(rule)
        return await self._connection.call(lambda redis: counting.take(rule, key, cost))

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        counting = self._counters.get().counting(rule)
        return await self._connection.call(lambda redis: counting.read(rule, key, cost))

    async def clear(self, part: str = "") -> None:
        # It takes as long as there are keys, and so longer than a request may wait.
        with self._connection.failing():
            await self._counters.get().clear(part)

    async def close(self) -> None:
        await self._counters.close()
        await self._connection.close()

    def _make_counters(self) -> _Counters:
        return _Counters(self._connection.client(), self._prefix)


class _Counters:
    """What counts over the connections of one event loop."""

    def __init__(self, redis: Any, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        pool = redis.connection_pool
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


def _literally(text: str) -> str:
    return re.sub(r"([\[\]*?\\])", r"\\\1", text)


__all__ = ["RedisStore"]
