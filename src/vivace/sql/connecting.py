"""Where connections lead to, and whether they still lead there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Engine, PoolProxiedConnection, event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, OperationalError


@dataclass
class _Replica:
    """A replica, and until when it is left alone; 0 where it has answered."""

    args: list[Any]
    params: dict[str, Any]
    away_until: float = 0.0


class _Turns:
    """Connects to one replica after the other, and to the primary where none answers."""

    def __init__(self, replicas: Sequence[_Replica], retry: float) -> None:
        self._replicas = replicas
        self._retry = retry
        self._next = 0

    def connect(self, dialect: Any, record: Any, args: list[Any], params: dict[str, Any]) -> Any:
        for replica in self._due():
            if replica.away_until:
                # One finds out whether it is there again; others do without it meanwhile.
                replica.away_until = time.monotonic() + self._retry
            try:
                connection = dialect.connect(*replica.args, **replica.params)
            except Exception:
                replica.away_until = time.monotonic() + self._retry
            else:
                replica.away_until = 0.0
                return connection
        record.info["replace_at"] = min(replica.away_until for replica in self._replicas)
        return dialect.connect(*args, **params)

    def _due(self) -> list[_Replica]:
        self._next += 1
        count = len(self._replicas)
        turn = [self._replicas[(self._next + offset) % count] for offset in range(count)]
        return [replica for replica in turn if replica.away_until <= time.monotonic()]

    def leave_primary(self, connection: Any, record: Any, proxy: Any) -> None:
        """Have a connection to the primary made anew when a replica may be there again."""
        if record.info.get("replace_at", float("inf")) <= time.monotonic():
            raise DisconnectionError("A replica may be there again.")


def connect_in_turn(
    engine: Engine, replicas: Sequence[URL], retry: float, connect_args: Mapping[str, Any]
) -> None:
    """Have ``engine`` connect to ``replicas``, or to its own address where none answers.

    Args:
        retry: Seconds for which one that does not answer is left alone.
        connect_args: What the driver is called with besides.
    """
    places = []
    for url in replicas:
        args, params = engine.dialect.create_connect_args(url)
        places.append(_Replica(list(args), {**params, **connect_args}))
    turns = _Turns(places, retry)
    event.listen(engine, "do_connect", turns.connect)
    event.listen(engine, "checkout", turns.leave_primary)


class AsyncPool(AsyncAdaptedQueuePool):
    """A pool that says in one way that no connection could be made.

    What asyncpg raises is the system's error, or one of its own; where the server goes away while a
    connection is being set up, also that an operation is in progress.
    """

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except Exception as error:
            if isinstance(error, OSError) or "asyncpg" in type(error).__module__:
                raise OperationalError(None, None, error, hide_parameters=True) from error
            raise


def try_before_use(engine: Engine, rest: float) -> None:
    """Have a connection tried before it is used, if it has rested for so many seconds.

    SQLAlchemy's own ``pool_pre_ping`` tries it each time, which takes asyncpg three round trips.
    """
    dialect = engine.dialect

    @event.listens_for(engine, "checkin")
    def note_time(connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def try_connection(connection: Any, record: Any, proxy: Any) -> None:
        rests_since = record.info.pop("rests_since", None)
        if rests_since is None:
            return
        if time.monotonic() - rests_since < rest:
            if _is_known_to_be_closed(connection):
                raise InvalidatePoolError
            return
        try:
            alive = dialect.do_ping(connection)
        except Exception as error:
            raise InvalidatePoolError from error
        if not alive:
            raise InvalidatePoolError


def _is_known_to_be_closed(connection: Any) -> bool:
    """Whether the driver has been told that the server has closed the connection, as asyncpg is."""
    is_closed = getattr(getattr(connection, "driver_connection", None), "is_closed", None)
    return callable(is_closed) and is_closed()


__all__ = ["AsyncPool", "connect_in_turn", "try_before_use"]
