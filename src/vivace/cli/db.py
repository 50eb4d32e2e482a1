"""``vivace db``: the tables of an app's database, from one version to the next."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vivace.cli.discovery import (
    IMPORT_STRING,
    find_target,
    import_module,
    locate_module,
    read_settings,
)
from vivace.cli.errors import CommandError

if TYPE_CHECKING:
    from vivace.sql.migrations import Migrations

#: Where revisions are kept, unless pyproject.toml or an option says otherwise.
DIRECTORY = "migrations"

#: How to mend what Alembic says is wrong.
HINTS = {"Target database is not up to date.": "vivace db upgrade"}
#: So that -1 is a revision, and no option.
RELATIVE = {"ignore_unknown_options": True}

db = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

EntrypointOption = Annotated[
    str | None,
    typer.Option(
        "--entrypoint",
        "-e",
        metavar="PATH|MODULE:APP",
        help="The app whose database it is, found as for other commands by default.",
        show_default=False,
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|MODULE:NAME",
        help="The variable that holds the database. [default: database of [tool.vivace], or the "
        "one in the app's module]",
        show_default=False,
    ),
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        "-d",
        metavar="PATH",
        help="Where the revisions are. [default: migrations of [tool.vivace], or migrations]",
        show_default=False,
    ),
]
SqlOption = Annotated[bool, typer.Option("--sql", help="Print the SQL, and run nothing.")]


@db.callback()
def main() -> None:
    """Change the tables of a database, by Alembic."""


@db.command()
def init(
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Make the directory for revisions."""
    with _migrations(entrypoint, database, directory) as migrations:
        migrations.init()
        typer.echo(f"Made {migrations.directory}. Next: vivace db revision -m 'First tables'")


@db.command()
def revision(
    message: Annotated[
        str, typer.Option("--message", "-m", help="What the revision does.", show_default=False)
    ],
    autogenerate: Annotated[
        bool,
        typer.Option(
            "--autogenerate/--empty",
            help="Write down what has changed in the app's tables, or leave it to be written.",
        ),
    ] = True,
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Make a revision of what has changed in the app's tables."""
    with _migrations(entrypoint, database, directory) as migrations:
        made = migrations.revision(message, autogenerate=autogenerate)
        if made is None:
            typer.echo("Nothing has changed.")
        else:
            typer.echo(f"Made {made}. Read it before you apply it: vivace db upgrade")


@db.command(context_settings=RELATIVE)
def upgrade(
    revision: Annotated[str, typer.Argument(help="The revision to go to.")] = "head",
    sql: SqlOption = False,
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Bring the database to a revision."""
    with _migrations(entrypoint, database, directory, prints_steps=not sql) as migrations:
        if sql:
            migrations.print_sql(revision)
        else:
            migrations.upgrade(revision)


@db.command(context_settings=RELATIVE)
def downgrade(
    revision: Annotated[
        str,
        typer.Argument(
            help="The revision to go back to: -1 for the last but one, base for no tables.",
            show_default=False,
        ),
    ],
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Take the database back to a revision."""
    with _migrations(entrypoint, database, directory) as migrations:
        migrations.downgrade(revision)


@db.command()
def current(
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Show the revision that the database is at."""
    with _migrations(entrypoint, database, directory) as migrations:
        migrations.print_current()


@db.command()
def history(
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Show all revisions, the newest first."""
    with _migrations(entrypoint, database, directory) as migrations:
        migrations.print_history()


@db.command()
def check(
    entrypoint: EntrypointOption = None,
    database: DatabaseOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Exit with 1 if a revision is missing or not applied."""
    with _migrations(entrypoint, database, directory) as migrations:
        migrations.check()


@contextlib.contextmanager
def _migrations(
    entrypoint: str | None,
    database: str | None,
    directory: Path | None,
    *,
    prints_steps: bool = True,
) -> Iterator[Migrations]:
    """The migrations of the database that is meant; what its user can mend is reported.

    Raises:
        CommandError: There is none, or what was asked of it failed.
    """
    with _reported():
        from vivace.sql.migrations import Migrations

        settings = read_settings(Path.cwd())
        path = directory or Path(settings.get("migrations", DIRECTORY))
        found = _find_database(entrypoint, database or settings.get("database"))
        with _printed_steps() if prints_steps else contextlib.nullcontext():
            yield Migrations(found, path)


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        from alembic.util import CommandError as AlembicError
        from sqlalchemy.exc import DBAPIError
    except ModuleNotFoundError as error:
        raise CommandError(f"{error.name} is not installed.", 'pip install "vivace[sql]"') from None
    try:
        yield
    except AlembicError as error:
        raise CommandError(str(error), HINTS.get(str(error))) from None
    except DBAPIError as error:
        raise CommandError(f"The database says: {error.orig}") from None
    except FileExistsError as error:
        raise CommandError(str(error), "Choose another one with --directory.") from None
    except (FileNotFoundError, ImportError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"The database cannot be reached: {error}") from None


def _find_database(entrypoint: str | None, named: str | None) -> Any:
    """The database that ``named`` names, or the only one in the app's module."""
    from vivace.sql.base import BaseDatabase

    # What the program prints while it is imported is no part of what the command says.
    with contextlib.redirect_stdout(sys.stderr):
        if named is not None and IMPORT_STRING.fullmatch(named):
            location, _, name = named.partition(":")
            module = import_module(locate_module(location))
        else:
            module = sys.modules[find_target(entrypoint).module]
            name = named or ""
    there = {name: one for name, one in vars(module).items() if isinstance(one, BaseDatabase)}
    if name:
        if name not in there:
            raise CommandError(f"There is no database {name!r} in {module.__name__}.")
        return there[name]
    distinct = {id(one): one for one in there.values()}
    if len(distinct) == 1:
        return distinct.popitem()[1]
    if there:
        raise CommandError(
            f"{module.__name__} holds several databases: {', '.join(there)}.",
            f"Say which one is meant, for example --database {next(iter(there))}.",
        )
    raise CommandError(
        f"There is no database in {module.__name__}.",
        'Say where it is: in pyproject.toml, below [tool.vivace], database = "shop.tables:db"; '
        "or with --database.",
    )


@contextlib.contextmanager
def _printed_steps() -> Iterator[None]:
    """Print each step that Alembic takes, which it logs."""
    logger = logging.getLogger("alembic.runtime.migration")
    handler = _Steps()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Steps(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Running "):
            typer.echo(message)


__all__ = ["db"]
