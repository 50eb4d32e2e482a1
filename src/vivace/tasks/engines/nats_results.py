"""Results of tasks in NATS: a bucket of JetStream's."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import nats
from nats.js.api import KeyValueConfig
from nats.js.errors import BadRequestError, KeyNotFoundError

from vivace.tasks.engines.nats_answers import note, unavailable
from vivace.tasks.engines.protocol import EngineSettings

#: What NATS calls "stream name already in use with a different configuration".
IN_USE = 10058


class NatsResults:
    """Keeps records in a bucket whose entries expire.

    Args:
        url: The address of NATS, or several, with commas between them.
        settings: What the kit says.
    """

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._servers = [part.strip() for part in url.split(",")]
        self._settings = settings
        self._lock = asyncio.Lock()
        self._client: Any = None
        self._bucket: Any = None

    async def _opened(self) -> Any:
        if self._bucket is None:
            async with self._lock:
                if self._bucket is None:
                    try:
                        async with asyncio.timeout(self._settings.timeout):
                            self._bucket = await self._open()
                    except BaseException:
                        # Or it would go on to connect.
                        await self.close()
                        raise
        return self._bucket

    async def _open(self) -> Any:
        self._client = await nats.connect(
            self._servers,
            connect_timeout=max(1, round(self._settings.timeout)),
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            error_cb=note,
        )
        stream, keep = self._client.jetstream(), self._settings.keep_results
        name = f"vivace_{self._settings.name}_results"
        config = KeyValueConfig(bucket=name, ttl=keep, replicas=self._settings.replicas)
        try:
            return await stream.create_key_value(config)
        except BadRequestError as error:
            if error.err_code != IN_USE:
                raise
        # It was made with other settings, and gets these.
        bucket = await stream.key_value(name)
        former = (await stream.stream_info(f"KV_{name}")).config
        await stream.update_stream(
            former.evolve(
                max_age=keep,
                duplicate_window=min(120.0, keep),
                num_replicas=self._settings.replicas,
            )
        )
        return bucket

    async def write(self, id: str, record: bytes) -> None:
        with unavailable():
            async with asyncio.timeout(self._settings.timeout):
                await (await self._opened()).put(id, record)

    async def read(self, id: str) -> bytes | None:
        with unavailable():
            async with asyncio.timeout(self._settings.timeout):
                try:
                    found: bytes | None = (await (await self._opened()).get(id)).value
                except KeyNotFoundError:
                    return None
        return found

    async def close(self) -> None:
        client, self._client, self._bucket = self._client, None, None
        if client is not None:
            with suppress(Exception):
                await client.close()


__all__ = ["NatsResults"]
