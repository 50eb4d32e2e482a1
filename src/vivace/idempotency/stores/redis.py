"""Keys in Redis, for all processes that use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vivace.answers.answer import Answer
from vivace.idempotency.stores.memory import logger
from vivace.idempotency.stores.protocol import Held
from vivace.redis_connection import RedisConnection, to_milliseconds

# A value says what has become of the request, in one letter, then its fingerprint, then the token
# of a running one or the answer of one that is done.
RUNNING: Final = b"R"
DONE: Final = b"D"
NOT_KEPT: Final = b"N"

_BEGIN: Final = """
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""
#: What is missing has been lost by Redis, or was nobody's for a while: nobody else has taken it.
_REPLACE: Final = """
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return found == ARGV[2] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_FREE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class RedisStore:
    """Keeps keys in Redis: together with all processes that do so under the same prefix.

    It may be made at import: connections are made in each process, for each event loop.

    It is as sure as Redis is. What Redis forgets, since it is restarted without persistence, fails
    over to a replica that has not heard of it yet, or evicts keys, can be carried out once more:
    have it persist (``appendonly yes``), and never evict (``maxmemory-policy noeviction``).

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key begins with, before a colon.
        timeout: Seconds that Redis may take to answer, connecting included.
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
        prefix: str = "vivace:idempotency",
        timeout: float = 1.0,
        pause: float = 1.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._redis = RedisConnection(
            url,
            prefix=prefix,
            timeout=timeout,
            pause=pause,
            options=options,
            what="Idempotency keys",
            logger=logger,
        )

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._redis.prefix!r})"

    async def begin(self, name: str, fingerprint: str, token: str, lease: float) -> Held | None:
        running = _running(fingerprint, token)
        found = await self._redis.run(_BEGIN, self._keys(name), running, to_milliseconds(lease))
        return None if found is None else _held(found)

    async def extend(self, name: str, fingerprint: str, token: str, lease: float) -> bool:
        running = _running(fingerprint, token)
        return await self._replace(name, running, running, lease)

    async def finish(
        self, name: str, fingerprint: str, token: str, answer: Answer | None, ttl: float
    ) -> bool:
        kind, data = (NOT_KEPT, b"") if answer is None else (DONE, answer.to_bytes())
        value = kind + fingerprint.encode() + b"\n" + data
        return await self._replace(name, _running(fingerprint, token), value, ttl)

    async def free(self, name: str, token: str) -> None:
        found = await self._redis.call(lambda redis: redis.get(self._keys(name)[0]))
        # Only this attempt has this value, so that it does not change in between.
        if found is not None and found[:1] == RUNNING and found.endswith(token.encode()):
            await self._redis.run(_FREE, self._keys(name), found)

    async def close(self) -> None:
        await self._redis.close()

    def _keys(self, name: str) -> list[str]:
        return [self._redis.key("key", name)]

    async def _replace(self, name: str, running: bytes, value: bytes, seconds: float) -> bool:
        arguments = running, value, to_milliseconds(seconds)
        return bool(await self._redis.run(_REPLACE, self._keys(name), *arguments))


def _running(fingerprint: str, token: str) -> bytes:
    return RUNNING + fingerprint.encode() + b"\n" + token.encode()


def _held(value: bytes) -> Held:
    kind, (fingerprint, _, data) = value[:1], value[1:].partition(b"\n")
    answer = Answer.from_bytes(data) if kind == DONE else None
    return Held(fingerprint.decode(), kind == RUNNING, answer)


__all__ = ["RedisStore"]
