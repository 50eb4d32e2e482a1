"""The tables from one version of the kit to the next, by Alembic.

The revisions are in ``versions``; ``env.py`` is what Alembic runs them by. Which revision a
database is at is noted in a table of its own, so the app's migrations are not in the way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

#: Taken by one who migrates on PostgreSQL, so that two processes do it one after the other.
LOCK = int.from_bytes(b"vivauth")


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the tables to ``revision``, or leave them if they are there or further.

    It is one transaction: a migration that fails has changed nothing. Several processes may start
    it at once.

    Args:
        engine: As :func:`vivace.auth.stores.database_url.make_transaction_engine` makes it.
    """
    await _run(engine, lambda config: _command().upgrade(config, revision))


async def downgrade(engine: AsyncEngine, revision: str) -> None:
    """Take the tables back to ``revision``; ``base`` is before the first one, without any."""
    await _run(engine, lambda config: _command().downgrade(config, revision))


async def current(engine: AsyncEngine) -> tuple[str | None, str]:
    """The revision that the database is at, and the newest one that there is."""
    return await _run(engine, _current)


async def _run(engine: AsyncEngine, work: Callable[[Any], T]) -> T:
    def within(connection: Connection) -> T:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        return work(_make_config(connection))

    async with engine.begin() as connection:
        return await connection.run_sync(within)


def _make_config(connection: Connection) -> Any:
    from alembic.config import Config

    # Alembic logs each step as information, and is not to do so in an app that has not asked.
    logging.getLogger("alembic").addHandler(logging.NullHandler())
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _current(config: Any) -> tuple[str | None, str]:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from vivace.auth.stores.tables import VERSION_TABLE

    context = MigrationContext.configure(
        config.attributes["connection"], opts={"version_table": VERSION_TABLE}
    )
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return context.get_current_revision(), head


def _command() -> Any:
    # Imported where it is used: an app whose tables are there starts without Alembic.
    from alembic import command

    return command


__all__ = ["current", "downgrade", "upgrade"]
