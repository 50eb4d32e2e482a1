"""Results of tasks in Redis."""

from __future__ import annotations

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from vivace.tasks.engines.protocol import EngineSettings
from vivace.tasks.engines.redis import unavailable


class RedisResults:
    """Keeps records under a key each, which expires by itself.

    Args:
        url: The address of Redis.
        settings: What the kit says.
    """

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._prefix = f"{{vivace:{settings.name}}}:result:"
        self._keep = max(1, round(settings.keep_results * 1000))
        options: dict[str, Any] = {
            "max_connections": 20,
            "timeout": settings.timeout,
            "socket_timeout": settings.timeout,
            "socket_connect_timeout": settings.timeout,
            # A connection that has waited in the pool may have been cut.
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        }
        self._redis: Any = Redis.from_pool(BlockingConnectionPool.from_url(url, **options))

    async def write(self, id: str, record: bytes) -> None:
        with unavailable():
            await self._redis.set(self._prefix + id, record, px=self._keep)

    async def read(self, id: str) -> bytes | None:
        with unavailable():
            found: bytes | None = await self._redis.get(self._prefix + id)
        return found

    async def close(self) -> None:
        await self._redis.aclose()


__all__ = ["RedisResults"]
