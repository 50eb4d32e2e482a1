"""Limits on connections and statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """How many connections there are, and for how long anything is waited for.

    Each process has a pool for reading and writing, and one for reading only where that is used.

    Args:
        pool_size: Connections that a pool keeps open.
        max_overflow: Further ones that it opens under load, and closes afterwards.
        pool_timeout: Seconds that a request waits for a connection; a 503 comes after that.
        pool_recycle: Seconds after which a connection is made anew, as proxies cut old ones.
        ping_after: Seconds of rest after which a connection is tried before it is used, so that a
            restart of the database fails no request; ``None`` tries none. Not done on SQLite.
        connect_timeout: Seconds that connecting may take, where there is a server.
        statement_timeout: Seconds that the database spends on one statement before it gives up;
            on SQLite, also on waiting for another who writes. ``None`` sets no limit. MySQL, unlike
            MariaDB, limits ``SELECT`` only.
        replica_retry: Seconds for which a replica that could not be reached is left alone.
        retry_after: Seconds after which a client is told to try again, while the database is away.
        begin_immediate: On SQLite, begin transactions with the right to write, one after the other,
            so that one which reads first cannot be refused when it writes.
        translate_errors: Whether errors of the database become HTTP errors in a request; see
            :func:`vivace.sql.errors.translate`. If not, they reach the app's own handlers.
        echo: Log each statement.
        engine_options: For SQLAlchemy's ``create_async_engine`` or ``create_engine``, as
            ``{"connect_args": {"ssl": context}}``. They win over the settings above.

    Raises:
        ValueError: A number is out of its range.
    """

    pool_size: int = 5
    max_overflow: int = 10
    pool_timeout: float = 10.0
    pool_recycle: float = 1800.0
    ping_after: float | None = 1.0
    connect_timeout: float = 5.0
    statement_timeout: float | None = 30.0
    replica_retry: float = 30.0
    retry_after: int = 5
    begin_immediate: bool = False
    translate_errors: bool = True
    echo: bool = False
    engine_options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _require(self.pool_size >= 1, "pool_size", "at least 1")
        _require(self.max_overflow >= 0, "max_overflow", "at least 0")
        for name in ("pool_timeout", "pool_recycle", "connect_timeout"):
            _require(getattr(self, name) > 0, name, "a number of seconds above 0")
        for name in ("replica_retry", "retry_after"):
            _require(getattr(self, name) >= 0, name, "a number of seconds")
        if self.ping_after is not None:
            _require(self.ping_after >= 0, "ping_after", "a number of seconds, or None")
        if self.statement_timeout is not None:
            # What the servers count in.
            _require(self.statement_timeout >= 0.001, "statement_timeout", "at least 0.001 seconds")

    @property
    def max_connections(self) -> int:
        """How many connections a pool may have open at once."""
        return self.pool_size + self.max_overflow


def _require(holds: bool, name: str, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{name} of DatabaseSettings has to be {wanted}.")


__all__ = ["DatabaseSettings"]
