"""Answers in Redis, for all processes that use it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import ceil
from secrets import token_hex
from typing import Any, Final

from vivace.answers.functions import digest
from vivace.caching.entry import Entry
from vivace.caching.policy import logger
from vivace.caching.stores.protocol import Lead
from vivace.redis_connection import RedisConnection, to_milliseconds

#: Seconds for which the version of a tag is kept at least: longer than it takes to make an answer.
#: If it is forgotten, what has the tag is not found any more.
VERSION_KEPT: Final = 600

#: The lead, if nobody has it, and the versions of the tags; one that has none gets a new one.
_LEAD: Final = """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local versions = {}
for number = 2, #KEYS do
    local version = redis.call('GET', KEYS[number])
    if version then
        if redis.call('TTL', KEYS[number]) < tonumber(ARGV[3]) then
            redis.call('EXPIRE', KEYS[number], ARGV[3])
        end
    else
        version = ARGV[1] .. number
        redis.call('SET', KEYS[number], version, 'EX', ARGV[3])
    end
    versions[number - 1] = version
end
return versions
"""
_KEEP: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[1])
return 1
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class RedisStore:
    """Keeps answers in Redis: together with all processes that do so under the same prefix.

    It may be made at import: connections are made in each process, for each event loop. How much
    is kept is for Redis to bound, with ``maxmemory`` and a policy as ``allkeys-lru``: whatever it
    forgets is only made again.

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key begins with, before a colon.
        timeout: Seconds that Redis may take to answer, connecting included. An answer is better
            made than waited for.
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
        prefix: str = "vivace:cache",
        timeout: float = 0.5,
        pause: float = 1.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._redis = RedisConnection(
            url,
            prefix=prefix,
            timeout=timeout,
            pause=pause,
            options=options,
            what="Cached answers",
            logger=logger,
        )

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._redis.prefix!r})"

    async def find(self, key: str, tags: Sequence[str]) -> Entry | None:
        names = [self._entry(key), *map(self._tag, tags)]
        found, *versions = await self._redis.call(lambda redis: redis.mget(names))
        if found is None or None in versions:
            return None
        head, _, data = found.partition(b"\n")
        try:
            is_valid = json.loads(head) == [version.decode() for version in versions]
            return Entry.from_bytes(data) if is_valid else None
        except ValueError:
            return None  # Another version of the program has written it.

    async def lead(
        self, key: str, tags: Sequence[str], seconds: float, kept_for: float
    ) -> Lead | None:
        token = token_hex(8)
        keys = [self._lead(key), *map(self._tag, tags)]
        times = to_milliseconds(seconds), VERSION_KEPT + ceil(seconds + kept_for)
        versions = await self._redis.run(_LEAD, keys, token, *times)
        if versions is None:
            return None
        return Lead(token, tuple(version.decode() for version in versions))

    async def keep(self, key: str, entry: Entry, lead: Lead) -> bool:
        data = json.dumps(lead.versions).encode() + b"\n" + entry.to_bytes()
        keys = [self._lead(key), self._entry(key)]
        milliseconds = to_milliseconds(entry.kept_for)
        return bool(await self._redis.run(_KEEP, keys, lead.token, data, milliseconds))

    async def release(self, key: str, lead: Lead) -> None:
        await self._redis.run(_RELEASE, [self._lead(key)], lead.token)

    async def invalidate(self, tags: Sequence[str]) -> None:
        names = [self._tag(tag) for tag in tags]
        await self._redis.call(lambda redis: redis.unlink(*names))

    async def close(self) -> None:
        await self._redis.close()

    def _entry(self, key: str) -> str:
        return self._redis.key("entry", key)

    def _lead(self, key: str) -> str:
        return self._redis.key("lead", key)

    def _tag(self, tag: str) -> str:
        # Tags may have in them what clients have sent, as paths.
        return self._redis.key("tag", digest(tag))


__all__ = ["RedisStore"]
