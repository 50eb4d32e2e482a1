"""The store on Redis, for records that do not live long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace as make_changed
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from vivace.extras import brought_by

with brought_by("redis"):
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.connection import parse_url
    from redis.exceptions import ConnectionError as ConnectionLost

from vivace.auth.stores import records
from vivace.auth.stores.protocol import Duplicate
from vivace.auth.stores.record_fields import RecordField, fields_of, name_of
from vivace.auth.stores.record_json import dump_record, load_record
from vivace.auth.stores.records import Record
from vivace.auth.stores.redis_scripts import ADD, PRUNE, REMOVE, REPLACE
from vivace.per_loop import PerLoop

R = TypeVar("R", bound=Record)

FOREVER = -1


class RedisStore:
    """Keeps records in Redis, for all processes that use it, until they expire.

    Records are gone once their ``expires_at`` has passed, whether or not :meth:`remove_expired` is
    called. It is meant for sessions, challenges and failed attempts; what has to last belongs in a
    database, see :class:`vivace.auth.SplitStore`. A server that throws records away when its
    memory is full (a ``maxmemory-policy`` other than ``noeviction``) signs users out and forgets
    attempts.

    It may be made at import: connections are made in each process, for each event loop.

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key begins with.
        options: For ``redis.asyncio.BlockingConnectionPool``, as ``{"max_connections": 50}``.

    Raises:
        ValueError: This is no address of Redis.
    """

    def __init__(
        self, url: str, *, prefix: str = "vivace:auth", options: Mapping[str, Any] | None = None
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._options = dict(options or {})
        parse_url(url)
        self._clients: PerLoop[_Client] = PerLoop(self._make_client, _Client.close)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    async def open(self) -> None:
        """Connect."""
        redis: Any = self._clients.get().redis
        await redis.ping()

    async def close(self) -> None:
        await self._clients.close()

    async def add(self, record: Record) -> None:
        client = self._clients.get()
        keys = self._keys_of(record)
        arguments: list[Any] = [len(keys.unique), _quote(record.id), *_contents(record)]
        conflict = await client.add(keys.all, arguments)
        if conflict:
            raise Duplicate(type(record), ["id", *keys.unique][conflict - 1])

    async def get(self, kind: type[R], id: str) -> R | None:
        found = await self._load(kind, [id])
        return found[0] if found else None

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        found = [
            record
            for record in await self._load(kind, await self._candidates(kind, equal))
            if all(getattr(record, name) == value for name, value in equal.items())
        ]
        return sorted(found, key=lambda record: (record.created_at, record.id))

    async def replace(self, old: R, **changes: Any) -> R | None:
        new = make_changed(old, **changes, version=old.version + 1)
        client = self._clients.get()
        keys = self._keys_of(new)
        left = [key for key in self._keys_of(old).all if key not in keys.all]
        arguments: list[Any] = [
            *(len(keys.unique), _quote(new.id)),
            *(*_contents(new), old.version, len(keys.all)),
        ]
        conflict = await client.replace([*keys.all, *left], arguments)
        if conflict > 0:
            raise Duplicate(type(old), ["id", *keys.unique][conflict - 1])
        return new if conflict == 0 else None

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        if not equal:
            raise TypeError("Say which records are to be removed: remove(Session, user_id=...)")
        client = self._clients.get()
        removed = 0
        # One that is replaced meanwhile is looked at again: it may be another's now.
        while found := await self.find(kind, **equal):
            for record in found:
                keys = self._keys_of(record)
                arguments: list[Any] = [len(keys.unique), _quote(record.id), record.version]
                removed += await client.remove(keys.all, arguments)
        return removed

    async def remove_expired(self, kind: type[Record]) -> int:
        """Forget the records whose ``expires_at`` has passed.

        Redis has done that for those that it could tell; it is for clocks that were set.
        """
        time = records.now()
        removed = 0
        for record in await self.find(kind):
            expires_at = getattr(record, "expires_at", None)
            if expires_at is not None and expires_at <= time:
                removed += await self.remove(kind, id=record.id, version=record.version)
        return removed

    def _make_client(self) -> _Client:
        # A connection that the server has closed meanwhile is made anew, and the command sent once
        # more. If it had been carried out already, it is refused now as others' would be: there is
        # such a record, or somebody was faster. Nothing is done twice.
        options = {"max_connections": 20, "retry_on_error": [ConnectionLost], **self._options}
        pool = BlockingConnectionPool.from_url(self._url, **options)
        return _Client(Redis.from_pool(pool))

    async def _candidates(self, kind: type[Record], equal: dict[str, Any]) -> list[str]:
        """The ids of records among which all are that have these values."""
        for field in fields_of(kind):
            value = equal.get(field.name)
            if value is None:
                continue
            if field.name == "id":
                return [value]
            if field.unique:
                return await self._owner(self._key(kind, field.name, value))
            if field.indexed:
                return await self._members(kind, self._key(kind, field.name, value))
        return await self._all(kind)

    async def _owner(self, key: str) -> list[str]:
        """The id that a unique field's value leads to."""
        redis: Any = self._clients.get().redis
        id = await redis.get(key)
        return [] if id is None else [_unquote(id)]

    async def _members(self, kind: type[Record], key: str) -> list[str]:
        """The ids that an indexed field's value leads to."""
        client = self._clients.get()
        redis: Any = client.redis
        ids = [_unquote(id) for id in await redis.smembers(key)]
        if ids:
            keys = [self._key(kind, "id", id) for id in ids]
            await client.prune([key, *keys], [_quote(id) for id in ids])
        return ids

    async def _all(self, kind: type[Record]) -> list[str]:
        redis: Any = self._clients.get().redis
        begin = self._key(kind, "id", "")
        pattern = re.sub(r"([\[\]*?\\])", r"\\\1", begin) + "*"
        # A scan may give a key twice.
        keys = {key async for key in redis.scan_iter(pattern, count=1000)}
        return [_unquote(key[len(begin.encode()) :]) for key in keys]

    async def _load(self, kind: type[R], ids: list[str]) -> list[R]:
        """The records of these ids that there are."""
        redis: Any = self._clients.get().redis
        async with redis.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hget(self._key(kind, "id", id), "json")
            found = await pipeline.execute()
        return [load_record(kind, text) for text in found if text is not None]

    def _keys_of(self, record: Record) -> _Keys:
        def key_of(field: RecordField) -> str:
            return self._key(type(record), field.name, getattr(record, field.name))

        present = [f for f in fields_of(type(record)) if getattr(record, f.name) is not None]
        return _Keys(
            id=self._key(type(record), "id", record.id),
            unique={field.name: key_of(field) for field in present if field.unique},
            indexed=[key_of(field) for field in present if field.indexed],
        )

    def _key(self, kind: type[Record], name: str, value: object) -> str:
        return f"{self._prefix}:{name_of(kind)}:{name}:{_quote(str(value))}"


@dataclass(frozen=True)
class _Keys:
    """The key of a record, and those that lead to it."""

    id: str
    #: By the names of the fields.
    unique: dict[str, str]
    indexed: list[str]

    @property
    def all(self) -> list[str]:
        return [self.id, *self.unique.values(), *self.indexed]


class _Client:
    """Connections, and the scripts that are run over them."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.add = redis.register_script(ADD)
        self.replace = redis.register_script(REPLACE)
        self.remove = redis.register_script(REMOVE)
        self.prune = redis.register_script(PRUNE)

    async def close(self) -> None:
        await self.redis.aclose()


def _contents(record: Record) -> tuple[int, str, int]:
    """What is kept of a record: version, JSON, and for how many milliseconds."""
    expires_at = getattr(record, "expires_at", None)
    lifetime = FOREVER
    if expires_at is not None:
        # By the app's clock: that of Redis may be another.
        lifetime = max(1, ceil((expires_at - records.now()).total_seconds() * 1000))
    return record.version, dump_record(record), lifetime


def _quote(text: str) -> str:
    """The text in ASCII and without colons (RFC 3986, section 2.1), whatever is in it."""
    return quote(text, safe="", errors="surrogatepass")


def _unquote(text: bytes) -> str:
    return unquote(text.decode("ascii"), errors="surrogatepass")


__all__ = ["RedisStore"]
