"""What databases for asynchronous and for synchronous code have in common."""

from __future__ import annotations

import logging
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import URL, Connection

from vivace import Depends
from vivace.sql.address import Address
from vivace.sql.errors import Fault, Unavailable, find_fault, translate
from vivace.sql.settings import DatabaseSettings
from vivace.sql.tables import Tables, as_list

E = TypeVar("E")
logger = logging.getLogger("vivace.sql")

#: The longest pause before a second try, in seconds; each further one may be twice as long.
PAUSE = 0.02


class BaseDatabase(ABC, Generic[E]):
    """A database, which keeps its engines in an ``E``."""

    _is_async: ClassVar[bool]

    def __init__(
        self,
        url: str | URL,
        *,
        replicas: Iterable[str | URL] = (),
        metadata: Tables | None = None,
        create_tables: bool = False,
        settings: DatabaseSettings | None = None,
    ) -> None:
        self.settings = settings or DatabaseSettings()
        self.address = Address.read(url, replicas, is_async=self._is_async)
        self.metadata = as_list(metadata)
        self._create_tables = self._may_create(create_tables)
        self._engines = self._engines_at(self.address, rolls_back=False)
        opened = Depends(self._open_and_close, scope="app")
        self.session: Any = self._dependency(opened, read_only=False)
        self.read_session: Any = self._dependency(opened, read_only=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.address)!r})"

    @abstractmethod
    def _engines_at(self, address: Address, *, rolls_back: bool) -> E:
        """The engines for ``address``, none of them made yet."""

    @abstractmethod
    def _dependency(self, opened: Any, *, read_only: bool) -> Any:
        """The dependency that gives requests their sessions.

        Args:
            opened: What that depends on: the app has started with this database.
        """

    @abstractmethod
    def _open_and_close(self) -> AsyncIterator[None]:
        """What the app does when it starts, and when it ends."""

    def _may_create(self, create_tables: bool) -> bool:
        if create_tables and not self.metadata:
            raise ValueError(
                "create_tables=True takes the tables: metadata=Base.metadata, for example."
            )
        return create_tables

    def _make_tables(self, connection: Connection) -> None:
        for metadata in self.metadata:
            metadata.create_all(connection)

    @contextmanager
    def override(
        self,
        url: str | URL,
        *,
        replicas: Iterable[str | URL] = (),
        create_tables: bool = False,
    ) -> Iterator[None]:
        """Use another database within the block; for tests.

        Apps that are used in it have to be started in it.

        Args:
            url: Its address, as that of the database itself.
            create_tables: Make the tables there when an app starts.
        """
        before, self._create_tables = self._create_tables, self._may_create(create_tables)
        try:
            with self._replaced(Address.read(url, replicas, is_async=self._is_async)):
                yield
        finally:
            self._create_tables = before

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Take back in the end whatever is written within the block; for tests.

        Everything goes over one connection whose transaction is never committed: commits become
        savepoints. Where the database is asynchronous, each event loop has one. So requests must
        come one after the other, and what the database checks at a commit it does not check.
        """
        with self._replaced(self.address, rolls_back=True):
            yield

    @contextmanager
    def _replaced(self, address: Address, *, rolls_back: bool = False) -> Iterator[None]:
        before = self.address, self._engines
        self.address = address
        self._engines = self._engines_at(address, rolls_back=rolls_back)
        try:
            yield
        finally:
            self.address, self._engines = before

    def raise_translated(self, error: Exception) -> None:
        """Raise the HTTP error for what the database has said, if there is one.

        Raises:
            Conflict, InvalidValue, Unavailable: See :func:`vivace.sql.errors.translate`.
        """
        if self.settings.translate_errors:
            translated = translate(error, self.settings.retry_after)
            if isinstance(translated, Unavailable):
                # No statement is in it, and so nothing of what people have entrusted to the app.
                logger.warning("%s %s", translated.detail, getattr(error, "orig", error))
            if translated is not None:
                raise translated from error


def pause_before(attempt: int, attempts: int, error: Exception) -> float | None:
    """Seconds to wait before the next attempt; ``None`` where there is none to be made.

    Args:
        attempt: The one that has failed; the first is 1.
    """
    if attempt >= attempts or find_fault(error) is not Fault.CONTENTION:
        return None
    # By chance, so that those who met do not meet again.
    return random.uniform(0, PAUSE * 2**attempt)


__all__ = ["BaseDatabase", "pause_before"]
