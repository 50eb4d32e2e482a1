"""``python -m vivace.webhooks``: deliveries in a process of their own.

.. code-block:: console

    $ python -m vivace.webhooks deliver shop.main:webhooks
    $ python -m vivace.webhooks purge shop.main:webhooks
"""

import asyncio
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from vivace.webhooks.kit import Webhooks

try:
    import typer
except ModuleNotFoundError:
    sys.exit('The command needs typer. Install it with: pip install "vivace[standard]"')

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    # An error that is not the user's is shown as Python shows it.
    pretty_exceptions_enable=False,
)

WebhooksArgument = Annotated[
    str, typer.Argument(metavar="MODULE:NAME", help="Where the Webhooks are, as main:webhooks.")
]


@app.callback()
def main() -> None:
    """Deliver webhooks without serving an app."""


@app.command()
def deliver(where: WebhooksArgument) -> None:
    """Deliver until told to end, by SIGTERM or SIGINT."""
    webhooks = find(where)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    typer.echo(f"Delivering {where}")
    asyncio.run(webhooks.deliver_forever())


@app.command()
def purge(where: WebhooksArgument) -> None:
    """Remove what was finished before the retention."""
    count = asyncio.run(find(where).purge())
    typer.echo(f"removed {count} records" if count != 1 else "removed 1 record")


def find(where: str) -> Webhooks:
    """The webhooks that ``where`` names; what its user can mend is reported in a line."""
    module, _, name = where.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    found: Any = None
    try:
        # A relative name, and none, are no modules to be imported.
        if module and not module.startswith("."):
            found = import_module(module)
    except ModuleNotFoundError as error:
        # One that this module imports is another matter.
        if not f"{module}.".startswith(f"{error.name}."):
            raise
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Webhooks):
        typer.echo(f"Error: {where} is no Webhooks. Name it as main:webhooks.", err=True)
        raise typer.Exit(1)
    return found


if __name__ == "__main__":
    app(prog_name="python -m vivace.webhooks")
