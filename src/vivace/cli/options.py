"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AppArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH|MODULE:APP",
        help="The app: a file, a directory, a module, or module:app. "
        "Found in main.py, app.py, api.py or app/ by default.",
        show_default=False,
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="NAME",
        help="The variable that holds the app, or the function that makes it.",
        show_default=False,
    ),
]
EntrypointOption = Annotated[
    str | None,
    typer.Option(
        "--entrypoint",
        "-e",
        metavar="MODULE:APP",
        help="The app, like the argument.",
        show_default=False,
        hidden=True,
    ),
]
AsFastapiOption = Annotated[
    bool,
    typer.Option("--as-fastapi", help="Let `import fastapi` in the program resolve to Vivace."),
]
HostOption = Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")]
PortOption = Annotated[
    int,
    typer.Option(
        metavar="PORT", min=0, max=65535, envvar="PORT", help="The port; 0 picks a free one."
    ),
]
RootPathOption = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help="The prefix under which a proxy serves the app, and which it strips.",
        show_default=False,
    ),
]
ProxyHeadersOption = Annotated[
    bool,
    typer.Option(help="Believe X-Forwarded-For and -Proto of --forwarded-allow-ips."),
]
ForwardedAllowIpsOption = Annotated[
    str | None,
    typer.Option(
        metavar="IPS",
        help="The proxies to believe, separated by commas; * for all.  [default: 127.0.0.1]",
        show_default=False,
    ),
]
