"""The tables of a database, from one version to the next, by Alembic.

The revisions are in a directory of the project, with the ``env.py`` by which Alembic runs them.
The commands of ``vivace db`` are the methods of :class:`Migrations`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from alembic import command, context
from alembic.config import Config
from alembic.script import Script
from sqlalchemy import Connection

from vivace.sql.database import Database
from vivace.sql.sync import SyncDatabase
from vivace.sql.tables import take_turn

#: What the names of files with revisions are made of: they sort by when they were made.
FILE_NAME = "%(year)d_%(month).2d_%(day).2d_%(rev)s_%(slug)s"
#: Ends the name of each template: without it tools would take them for source of Vivace's own.
SUFFIX = ".template"


class Migrations:
    """The revisions of a database's tables.

    Args:
        database: The database, made with ``metadata=``.
        directory: Where the revisions are, or are to be.
        output: Where Alembic prints to; standard output by default.
    """

    def __init__(
        self,
        database: Database | SyncDatabase,
        directory: Path,
        *,
        output: TextIO | None = None,
    ) -> None:
        self._database = database
        self.directory = directory
        self._config = Config(stdout=output or sys.stdout, output_buffer=output or sys.stdout)
        self._config.set_main_option("script_location", _escape(str(directory)))
        self._config.set_main_option("file_template", _escape(FILE_NAME))
        self._config.attributes["database"] = database

    def init(self) -> None:
        """Make the directory, with what Alembic needs in it.

        Raises:
            FileExistsError: There is something in it already.
        """
        if self.directory.exists() and any(self.directory.iterdir()):
            raise FileExistsError(f"{self.directory} exists already.")
        (self.directory / "versions").mkdir(parents=True)
        for template in (files("vivace.sql") / "migration_templates").iterdir():
            text = template.read_text(encoding="utf-8")
            path = self.directory / template.name.removesuffix(SUFFIX)
            path.write_text(text, encoding="utf-8")

    def revision(self, message: str, *, autogenerate: bool = True) -> Path | None:
        """Make a revision: what there is to do from the database as it is to the app's tables.

        It is formatted, where ruff is installed.

        Args:
            message: What it does; a part of it becomes the name of the file.
            autogenerate: Write down what has changed. Otherwise there is nothing in it yet.

        Returns:
            The file that was made; ``None`` where nothing has changed.
        """

        def make(config: Config) -> Any:
            return command.revision(
                config,
                message,
                autogenerate=autogenerate,
                process_revision_directives=_leave_out_empty if autogenerate else None,
            )

        # Alembic says where it writes to, as does whoever calls this.
        with contextlib.redirect_stdout(io.StringIO()):
            made = self._connected(make)
        if not isinstance(made, Script):
            return None
        path = Path(made.path)
        _format(path)
        return path

    def upgrade(self, revision: str = "head") -> None:
        """Bring the database to ``revision``; several processes may do so at once."""
        self._connected(lambda config: command.upgrade(config, revision))

    def downgrade(self, revision: str) -> None:
        """Take the database back to ``revision``; ``base`` is before the first one."""
        self._connected(lambda config: command.downgrade(config, revision))

    def print_sql(self, revision: str = "head") -> None:
        """Print what an upgrade to ``revision``, or from one to another, would do, as SQL.

        Args:
            revision: The one to go to; or ``from:to``.
        """
        command.upgrade(self._config, revision, sql=True)

    def print_current(self) -> None:
        """Print the revision that the database is at."""
        self._connected(command.current)

    def print_history(self) -> None:
        """Print the revisions, the newest first, and which one the database is at."""
        self._connected(lambda config: command.history(config, indicate_current=True))

    def check(self) -> None:
        """See that there is a revision for everything that has changed, and that it is applied.

        Raises:
            alembic.util.CommandError: There is not, or it is not.
        """
        self._connected(command.check)

    def _connected(self, work: Callable[[Config], Any]) -> Any:
        """What ``work`` gives, which finds a connection in the attributes of its argument."""

        def within(connection: Connection) -> Any:
            take_turn(connection)
            self._config.attributes["connection"] = connection
            return work(self._config)

        database = self._database
        if isinstance(database, Database):
            return asyncio.run(_run_async(database, within))
        engine = database.migration_engine()
        with engine.connect() as connection:
            return within(connection)


async def _run_async(database: Database, work: Callable[[Connection], Any]) -> Any:
    engine = database.migration_engine()
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def run_migrations(**options: Any) -> None:
    """What ``env.py`` calls: run what Alembic was asked for, on the database of the app.

    Args:
        options: For Alembic's ``EnvironmentContext.configure``, as ``compare_server_default=True``.

    Raises:
        RuntimeError: Alembic was not started by ``vivace db``.
    """
    attributes = context.config.attributes
    if "database" not in attributes:
        raise RuntimeError("The migrations are run by `vivace db`, which finds the app's database.")
    database: Database | SyncDatabase = attributes["database"]
    is_sqlite = database.address.url.get_backend_name() == "sqlite"
    configured: dict[str, Any] = {
        "target_metadata": database.metadata,
        "include_name": _is_managed_here,
        # SQLite changes tables by making them anew; with that in a transaction, a migration that
        # fails has changed nothing.
        "render_as_batch": is_sqlite,
        "transactional_ddl": True if is_sqlite else None,
    }
    if context.is_offline_mode():
        configured |= {
            "url": database.address.url,
            "literal_binds": True,
            "dialect_opts": {"paramstyle": "named"},
        }
    else:
        configured["connection"] = attributes["connection"]
    context.configure(**{**configured, **options})
    with context.begin_transaction():
        context.run_migrations()


def _is_managed_here(name: str | None, kind: str, parents: Any) -> bool:
    """Whether something in the database is no table that has migrations of its own."""
    # An app whose users sign in has the tables of vivace.auth beside its own.
    auth: Any = sys.modules.get("vivace.auth.stores.tables")
    return (
        auth is None
        or kind != "table"
        or (name not in auth.metadata.tables and name != auth.VERSION_TABLE)
    )


def _leave_out_empty(migration: Any, revision: Any, directives: list[Any]) -> None:
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def _format(path: Path) -> None:
    """Format what was written: Alembic breaks lines as no style guide does."""
    if find_spec("ruff") is not None:
        command = [sys.executable, "-m", "ruff", "format", "--quiet", str(path)]
        subprocess.run(command, check=False)


def _escape(value: str) -> str:
    return value.replace("%", "%%")


__all__ = ["Migrations", "run_migrations"]
