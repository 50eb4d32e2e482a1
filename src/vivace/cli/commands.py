"""The commands, put together."""

from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from vivace.cli.db import db
from vivace.cli.errors import CommandError, report
from vivace.cli.new import new
from vivace.cli.openapi import openapi
from vivace.cli.routes import routes
from vivace.cli.serve import dev, run as run_app
from vivace.cli.worker import worker


class Commands(TyperGroup):
    """The group of commands; a :class:`CommandError` in one is reported, not raised."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CommandError as error:
            report(error, ctx.obj)
            raise typer.Exit(error.exit_code) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Plain help breaks its lines where rich's panels cut the names of options.
    rich_markup_mode=None,
    # An error that is not the user's is shown as Python shows it.
    pretty_exceptions_enable=False,
)


def show_version(asked: bool) -> None:
    if asked:
        from vivace import __version__

        typer.echo(f"Vivace {__version__}")
        raise typer.Exit


@app.callback()
def vivace(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Serve, inspect and start Vivace apps."""


app.command()(dev)
app.command()(run_app)
app.command()(worker)
app.command()(routes)
app.command()(openapi)
app.command()(new)
app.add_typer(db, name="db")


def run(program: str | None = None, *, errors: TextIO | None = None) -> None:
    """Run the command that ``sys.argv`` asks for, and exit with its status."""
    app(prog_name=program, obj=errors)
