"""Limits on connections and on waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class MongoSettings:
    """How many connections there are, and for how long anything is waited for.

    Args:
        max_pool_size: Connections to each server that a process has at most.
        min_pool_size: Those that it keeps open in any case.
        pool_timeout: Seconds that an operation waits for a connection; a 503 comes after that.
        connect_timeout: Seconds that connecting to a server may take.
        server_selection_timeout: Seconds that an operation waits for a server that can be reached:
            so soon a 503 comes where the database is away. Less than one makes no sense, as PyMongo
            looks for a server at most twice a second. An election in a replica set takes longer;
            who would rather wait for its end than be told sets 15.
        response_timeout: Seconds that a server may take to answer; ``None`` sets no limit. What
            PyMongo tries a second time may take twice as long. Its own ``timeoutMS`` is for all of
            an operation, and has the better of ``server_selection_timeout``.
        retry_after: Seconds after which a client is told to try again, while the database is away.
        translate_errors: Whether errors of PyMongo become HTTP errors in a request; see
            :func:`vivace.mongo.errors.translate`. If not, they reach the app's own handlers.
        client_options: For PyMongo's ``AsyncMongoClient``, as ``{"tlsCAFile": "ca.pem"}``. They win
            over the address, and the address over the limits above.

    Raises:
        ValueError: A number is out of its range.
    """

    max_pool_size: int = 100
    min_pool_size: int = 0
    pool_timeout: float = 5.0
    connect_timeout: float = 2.0
    server_selection_timeout: float = 2.0
    response_timeout: float | None = 30.0
    retry_after: int = 5
    translate_errors: bool = True
    client_options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _require(self.max_pool_size >= 1, "max_pool_size", "at least 1")
        fits = 0 <= self.min_pool_size <= self.max_pool_size
        _require(fits, "min_pool_size", "from 0 to max_pool_size")
        for name in ("pool_timeout", "connect_timeout", "server_selection_timeout"):
            _require(getattr(self, name) >= 0.001, name, "at least 0.001 seconds")
        if self.response_timeout is not None:
            _require(self.response_timeout >= 0.001, "response_timeout", "at least 0.001 seconds")
        _require(self.retry_after >= 0, "retry_after", "a number of seconds")

    def limits(self) -> dict[str, Any]:
        """The limits as PyMongo knows them, in milliseconds."""
        limits = {
            "maxPoolSize": self.max_pool_size,
            "minPoolSize": self.min_pool_size,
            "waitQueueTimeoutMS": milliseconds(self.pool_timeout),
            "connectTimeoutMS": milliseconds(self.connect_timeout),
            "serverSelectionTimeoutMS": milliseconds(self.server_selection_timeout),
        }
        if self.response_timeout is not None:
            limits["socketTimeoutMS"] = milliseconds(self.response_timeout)
        return limits


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _require(holds: bool, name: str, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{name} of MongoSettings has to be {wanted}.")


__all__ = ["MongoSettings"]
