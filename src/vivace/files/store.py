"""What a store of files has to do: keep bytes under names, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from datetime import timedelta
from typing import Protocol, runtime_checkable

_NAME = re.compile(r"[A-Za-z0-9_-]{4,100}(\.[a-z]{1,10})?")


class Store(Protocol):
    """Keeps bytes under names, for all processes alike.

    Names are made by the kit: letters, digits, ``-`` and ``_``, and maybe an extension.
    """

    @property
    def max_size(self) -> int | None:
        """The size in bytes of the largest file that it can keep; ``None`` for any."""

    async def open(self) -> None:
        """Get ready; called when the app starts."""

    async def close(self) -> None:
        """Let go of what was opened."""

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> None:
        """Keep ``chunks`` under ``name``: nobody sees it before the last one is safe.

        What ``chunks`` raises is raised, and then nothing is kept.

        Args:
            headers: What the store answers with, where clients fetch from it directly.

        Raises:
            StorageFull: There is no room.
            StoreUnavailable: It cannot be reached.
        """

    def read(self, name: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from ``start`` up to ``stop``, which is not included, piece by piece.

        Raises:
            NoSuchFile: There is nothing of that name.
            StoreUnavailable: It cannot be reached.
        """

    async def delete(self, name: str) -> None:
        """Keep it no longer; does nothing where there is nothing.

        Raises:
            StoreUnavailable: It cannot be reached.
        """


@runtime_checkable
class SigningStore(Protocol):
    """A store from which clients can fetch directly."""

    async def sign(self, name: str, expires_in: timedelta) -> str:
        """An address from which whoever has it can get ``name``, for a time."""


def check_name(name: str) -> str:
    """``name``, if it is one that the kit makes: it can be part of a path or an address.

    Raises:
        ValueError: It is not.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a store")
    return name


__all__ = ["SigningStore", "Store", "check_name"]
