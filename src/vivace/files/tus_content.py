"""The bytes of an upload that is held, as they come and as they go."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import anyio

from vivace.files.blocks import BlockWriter, in_thread, open_file, read_blocks
from vivace.files.errors import FileError
from vivace.files.tus_headers import Checksum
from vivace.files.tus_upload import StagedUpload


class ChecksumMismatch(FileError):
    """460, which tus has made up, for bytes that are not what their checksum says."""

    def __init__(self, algorithm: str) -> None:
        place = ("header", "upload-checksum")
        message = f"The {algorithm} of the bytes is another one; they are dropped"
        super().__init__(460, "checksum_mismatch", place, message)


async def read_staged(upload: StagedUpload, stop: int) -> AsyncGenerator[bytes]:
    """The bytes of an upload up to ``stop``."""
    with await in_thread(partial(open_file, upload.data, "rb")) as file:
        async for block in read_blocks(file, 0, stop):
            yield block


async def append(upload: StagedUpload, body: AsyncIterator[bytes]) -> None:
    """Add ``body`` to the bytes of an upload; as much of it as comes."""
    with await in_thread(partial(open_file, upload.data, "ab")) as file:
        writer = BlockWriter(file)
        try:
            async for chunk in body:
                await writer.write(chunk)
        finally:
            # What has come counts, also where no more does.
            with anyio.CancelScope(shield=True):
                await writer.flush()
                await in_thread(upload.sync)


async def append_verified(
    upload: StagedUpload, body: AsyncIterator[bytes], checksum: Checksum
) -> None:
    """Add ``body`` to the bytes of an upload; all of it or nothing.

    Raises:
        ChecksumMismatch: It is not what ``checksum`` says.
    """
    await in_thread(upload.mark_unverified)
    digest = checksum.start()

    async def hashed() -> AsyncIterator[bytes]:
        async for chunk in body:
            digest.update(chunk)
            yield chunk

    try:
        await append(upload, hashed())
        if digest.digest() != checksum.digest:
            raise ChecksumMismatch(checksum.algorithm)
        await in_thread(upload.verify)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await in_thread(upload.drop_unverified)
        raise


__all__ = ["ChecksumMismatch", "append", "append_verified", "read_staged"]
