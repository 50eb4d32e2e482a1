"""``python -m vivace.auth``: the tables of the kit, in production.

.. code-block:: console

    $ python -m vivace.auth migrate postgresql://user@host/name
    $ python -m vivace.auth current sqlite:///app.db
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from vivace.auth.expiry import Expiry
from vivace.auth.stores import migrations
from vivace.auth.stores.database_url import make_transaction_engine, read_url
from vivace.auth.stores.sql import SQLStore

try:
    import typer
except ModuleNotFoundError:
    sys.exit('The command needs typer. Install it with: pip install "vivace[standard]"')

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    # An error that is not the user's is shown as Python shows it.
    pretty_exceptions_enable=False,
)

UrlArgument = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        envvar="VIVACE_AUTH_DATABASE",
        help="The database, as sqlite:///app.db or postgresql://user@host/name. Others on the "
        "machine can read the arguments of a command: a password is better kept in the variable.",
        show_default=False,
    ),
]


@app.callback()
def main() -> None:
    """Make the tables that vivace.auth needs, and bring them up to date."""


@app.command()
def migrate(
    url: UrlArgument,
    revision: Annotated[
        str, typer.Option("--to", metavar="REVISION", help="The revision to go to.")
    ] = "head",
) -> None:
    """Make the tables, or bring them up to date."""
    _run(url, lambda engine: migrations.upgrade(engine, revision))
    current(url)


@app.command()
def downgrade(
    url: UrlArgument,
    revision: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="REVISION",
            help="The revision to go back to; 'base' removes the tables, and all that is in them.",
            show_default=False,
        ),
    ],
) -> None:
    """Take the tables back to an older revision."""
    _run(url, lambda engine: migrations.downgrade(engine, revision))
    current(url)


@app.command()
def purge(url: UrlArgument) -> None:
    """Remove what has expired: tokens, sessions, resets, sign-ins that were not completed.

    Apps do so by themselves, once an hour, when somebody signs in.
    """

    async def remove(engine: AsyncEngine) -> int:
        store = SQLStore(engine.url)
        try:
            return await Expiry(store).remove_expired()
        finally:
            await store.close()

    count = _run(url, remove)
    typer.echo(f"removed {count} records" if count != 1 else "removed 1 record")


@app.command()
def current(url: UrlArgument) -> None:
    """Show which revision the tables are at."""
    revision, newest = _run(url, migrations.current)
    note = "" if revision == newest else f" (the newest is {newest})"
    typer.echo(f"{revision or 'no tables'}{note}")


def _run(url: str, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """What ``work`` gives; what its user can mend is reported in a line."""

    async def connect_and_work() -> T:
        engine = make_transaction_engine(read_url(url), {})
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(connect_and_work())
    except (ValueError, ImportError, OSError, CommandError) as error:
        message = str(error)
    except DBAPIError as error:
        message = str(error.orig)
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m vivace.auth")
