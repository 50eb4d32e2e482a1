"""Files in a bucket of Amazon S3, or of another server that speaks its protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import anyio

from vivace.extras import brought_by
from vivace.files.errors import NoSuchFile, StoreUnavailable
from vivace.files.store import check_name

with brought_by("files"):
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store as Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of one upload (Amazon S3, "Multipart upload limits").
MOST_PARTS: Final = 10_000
SMALLEST_PART: Final = 5 * 1024 * 1024
#: In bytes: what is passed on in one go, at least.
BLOCK: Final = 65_536

log = logging.getLogger("vivace.files")


class S3Store:
    """Keeps files as objects of a bucket; they are sent in parts, of which few are in memory.

    What is not given comes from the environment, as ``AWS_ACCESS_KEY_ID``, or from the role of the
    machine. An upload that is broken off is aborted. Where the process itself is killed its parts
    stay, unseen: a rule of the bucket's lifecycle should abort incomplete uploads after a day.

    Args:
        bucket: The name of the bucket, which has to be there.
        prefix: What the names of the objects begin with, as a folder.
        endpoint: The address of the server, where it is not Amazon's.
        region: Of the bucket.
        access_key_id: Who asks, ...
        secret_access_key: ... and what proves it.
        part_size: In bytes, at least 5 MiB. Two parts of each upload are in memory, and a file has
            at most 10 000 of them, so this sets how large one can be.
        timeout: In seconds, without a byte from the server; it is then away.
    """

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str | None = None,
        endpoint: str | None = None,
        region: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        part_size: int = SMALLEST_PART,
        timeout: float = 60,
    ) -> None:
        if part_size < SMALLEST_PART:
            raise ValueError(f"part_size={part_size} is less than {SMALLEST_PART}, which is 5 MiB.")
        given = {
            "endpoint": endpoint,
            "region": region,
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
        }
        config: Any = {name: value for name, value in given.items() if value is not None}
        self._part_size = part_size
        self._bucket = Bucket(
            bucket,
            prefix=prefix,
            config=config,
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=min(timeout, 5)),
                "read_timeout": timedelta(seconds=timeout),
                # Of a whole request, which may be a download for somebody with a slow line.
                "timeout": timedelta(days=7),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=timeout)},
        )

    @property
    def max_size(self) -> int | None:
        return self._part_size * MOST_PARTS

    async def open(self) -> None:
        """Does nothing: connections are made when they are needed."""

    async def close(self) -> None:
        """Does nothing: connections that nobody uses end by themselves."""

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> None:
        check_name(name)
        # The library reads in a task of its own, and an upload that is cancelled it does not
        # abort, whereas one whose source fails it does. So ``chunks`` is read here, and what goes
        # wrong with that is made known to the upload.
        handover = _Handover()
        upload = asyncio.ensure_future(self._upload(name, handover, headers))
        upload.add_done_callback(lambda _: handover.end())
        try:
            await handover.send(chunks)
            await asyncio.shield(upload)
        except BaseException:
            handover.abandon()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([upload])
            # What went wrong is known already.
            upload.exception()
            raise

    async def _upload(self, name: str, handover: _Handover, headers: Mapping[str, str]) -> None:
        with _errors():
            await obstore.put_async(
                self._bucket,
                name,
                handover.receive(),
                attributes=dict(headers),
                chunk_size=self._part_size,
                max_concurrency=2,
            )

    async def read(
        self, name: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes]:
        check_name(name)
        wanted: Any = {"offset": start} if stop is None else (start, stop)
        options: Any = {} if (start, stop) == (0, None) else {"range": wanted}
        with _errors():
            try:
                found = await obstore.get_async(self._bucket, name, options=options)
            except FileNotFoundError:
                raise NoSuchFile from None
            async for block in found.stream(min_chunk_size=BLOCK):
                yield block

    async def delete(self, name: str) -> None:
        with _errors(), suppress(FileNotFoundError):
            await obstore.delete_async(self._bucket, check_name(name))

    async def sign(self, name: str, expires_in: timedelta) -> str:
        """An address from which whoever has it can get ``name``, for a time."""
        with _errors():
            return await obstore.sign_async(self._bucket, "GET", check_name(name), expires_in)


class _Handover:
    """Passes chunks from the task that has them to the one that uploads them, one at a time."""

    def __init__(self) -> None:
        self._entrance, self._exit = anyio.create_memory_object_stream[bytes](0)
        self._is_abandoned = False

    async def send(self, chunks: AsyncIterable[bytes]) -> None:
        """Pass on all of ``chunks``, or as many as the upload takes before it fails."""
        async for chunk in chunks:
            try:
                await self._entrance.send(chunk)
            except anyio.BrokenResourceError:
                break
        self._entrance.close()

    def abandon(self) -> None:
        """Have the upload fail, rather than end with what there is."""
        self._is_abandoned = True
        self._entrance.close()

    async def receive(self) -> AsyncIterator[bytes]:
        """The chunks, for the upload."""
        async for chunk in self._exit:
            yield chunk
        if self._is_abandoned:
            raise _Abandoned

    def end(self) -> None:
        """The upload has ended: it takes no more."""
        self._exit.close()


class _Abandoned(Exception):
    """Whoever had the chunks has none any more."""


@contextmanager
def _errors() -> Iterator[None]:
    """Around requests to the server: what goes wrong becomes what a client is told."""
    try:
        yield
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            log.error("There is no such bucket", exc_info=error)
        else:
            log.error("A store of files cannot be reached", exc_info=error)
        raise StoreUnavailable from error


__all__ = ["S3Store"]
