"""``vivace routes``: what an app answers, and how."""

from typing import Annotated

import typer

from vivace.cli.discovery import find_target
from vivace.cli.errors import CommandError
from vivace.cli.options import AppArgument, AsFastapiOption, NameOption


def routes(
    app: AppArgument = None,
    *,
    name: NameOption = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Print the compiled handlers of this path instead.",
            show_default=False,
        ),
    ] = None,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """List the routes of an app, and what of each runs in a worker thread."""
    # It brings in the framework, which other commands and shell completion do without.
    from rich.console import Console

    from vivace.cli.listing import list_routes, show_source, show_table

    target = find_target(app, name=name, as_fastapi=as_fastapi)
    rows = list(list_routes(getattr(target.app, "routes", ())))
    console = Console(highlight=False)
    if source is not None:
        show_source(console, rows, source)
    elif rows:
        show_table(console, rows)
    else:
        raise CommandError(f"{target.import_string} has no routes.")
