"""``vivace dev`` and ``vivace run``: serve an app with uvicorn."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vivace.cli.discovery import Target, find_target
from vivace.cli.errors import CommandError
from vivace.cli.options import (
    AppArgument,
    AsFastapiOption,
    EntrypointOption,
    ForwardedAllowIpsOption,
    HostOption,
    NameOption,
    PortOption,
    ProxyHeadersOption,
    RootPathOption,
)
from vivace.cli.reloading import follow

#: Seconds that ``vivace dev`` waits for open connections: a browser holds event streams and
#: WebSockets open, which would put off starting again for ever.
OPEN_CONNECTIONS_TIMEOUT = 1

#: Seconds that ``vivace run`` lets requests go on: less than most that start and stop servers wait
#: before they kill them, which is 30.
GRACEFUL_TIMEOUT = 25


def dev(
    app: AppArgument = None,
    *,
    name: NameOption = None,
    entrypoint: EntrypointOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    reload: Annotated[bool, typer.Option(help="Start again when a file changes.")] = True,
    reload_dir: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIRECTORY",
            exists=True,
            file_okay=False,
            help="A directory to watch, once for each.  [default: the current one]",
            show_default=False,
        ),
    ] = None,
    root_path: RootPathOption = "",
    proxy_headers: ProxyHeadersOption = True,
    forwarded_allow_ips: ForwardedAllowIpsOption = None,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """Serve an app on this machine, and again whenever its source changes."""
    target = find_target(app or entrypoint, name=name, as_fastapi=as_fastapi)
    serve(
        "development",
        target,
        host=host,
        port=port,
        reload=reload,
        reload_dirs=[str(path) for path in reload_dir] if reload_dir else None,
        timeout_graceful_shutdown=OPEN_CONNECTIONS_TIMEOUT,
        root_path=root_path,
        proxy_headers=proxy_headers,
        forwarded_allow_ips=forwarded_allow_ips,
    )


def run(
    app: AppArgument = None,
    *,
    name: NameOption = None,
    entrypoint: EntrypointOption = None,
    host: HostOption = "0.0.0.0",
    port: PortOption = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="Processes to serve with.  [default: $WEB_CONCURRENCY or 1]",
            show_default=False,
        ),
    ] = None,
    root_path: RootPathOption = "",
    proxy_headers: ProxyHeadersOption = True,
    forwarded_allow_ips: ForwardedAllowIpsOption = None,
    access_log: Annotated[bool, typer.Option(help="Log a line for each request.")] = True,
    graceful_timeout: Annotated[
        int,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long requests may go on when the server is told to stop.",
        ),
    ] = GRACEFUL_TIMEOUT,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """Serve an app in production."""
    target = find_target(app or entrypoint, name=name, as_fastapi=as_fastapi)
    serve(
        "production",
        target,
        host=host,
        port=port,
        workers=workers,
        root_path=root_path,
        proxy_headers=proxy_headers,
        forwarded_allow_ips=forwarded_allow_ips,
        access_log=access_log,
        timeout_graceful_shutdown=graceful_timeout,
    )


def serve(mode: str, target: Target, *, host: str, port: int, **settings: Any) -> None:
    """Serve ``target`` until the process is told to stop; ``settings`` are uvicorn's.

    Raises:
        CommandError: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise CommandError("Uvicorn is not installed.", 'pip install "vivace[standard]"') from None
    show_banner(mode, target, host=host, port=port)
    app, is_factory = target.import_string, target.is_factory
    if settings.get("reload"):
        app, is_factory = follow(target), True
    if is_factory:
        settings["factory"] = True
    uvicorn.run(app, host=host, port=port, **settings)


def show_banner(mode: str, target: Target, *, host: str, port: int) -> None:
    """Print where the app is served, and where its documentation is."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row("App", Text(target.import_string))
    # The port that 0 stands for is known when uvicorn has bound it, which then says so.
    if port:
        lines.add_row("Server", address)
        if docs := documentation_path(target.app):
            lines.add_row("Docs", f"{address}{docs}")
    if mode == "development":
        lines.add_row("In production", "vivace run")
    Console(highlight=False).print(
        Panel(lines, title=f"Vivace, {mode}", title_align="left", expand=False)
    )


def documentation_path(app: Any) -> str | None:
    """The path of the app's documentation page, if it has one."""
    if getattr(app, "openapi_url", None) is None:
        return None
    docs: str | None = getattr(app, "docs_url", None) or getattr(app, "redoc_url", None)
    return docs
