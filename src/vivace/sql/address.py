"""Where a database is, and its replicas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import URL

from vivace.sql.database_url import is_in_memory, read_url
from vivace.sql.sqlite import MemoryDatabase


@dataclass(frozen=True)
class Address:
    """A database.

    Args:
        url: The primary: the one that is written to.
        replicas: Copies that are read from.
        memory: What keeps a database in memory alive.
    """

    url: URL
    replicas: tuple[URL, ...] = ()
    memory: MemoryDatabase | None = field(default=None, repr=False)

    @classmethod
    def read(cls, url: str | URL, replicas: Iterable[str | URL] = (), *, is_async: bool) -> Self:
        """The addresses, each with a driver.

        Raises:
            ValueError: One is no address, or the replicas are not what the primary is.
            MissingPackage: The driver is not installed; it says what to install.
        """
        primary = read_url(url, is_async=is_async)
        copies = tuple(read_url(replica, is_async=is_async) for replica in replicas)
        for copy in copies:
            if copy.drivername != primary.drivername:
                raise ValueError(
                    f"A replica of {primary.drivername} cannot be {copy.drivername}: give both "
                    "addresses the same beginning."
                )
        if is_in_memory(primary):
            memory = MemoryDatabase()
            return cls(memory.locate(primary), copies, memory)
        return cls(primary, copies)

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


__all__ = ["Address"]
