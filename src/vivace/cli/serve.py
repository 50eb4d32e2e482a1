"""``vivace dev`` and ``vivace run``: serve an app with uvicorn."""

import importlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vivace.cli.discovery import Target, find_target
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

#: Tells the processes that serve an app which one it is, where they import it by a function.
APP_VARIABLE = "VIVACE_AS_FASTAPI_APP"


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
    target = load(app or entrypoint, name=name, as_fastapi=as_fastapi)
    show_banner("development", target, host=host, port=port, root_path=root_path)
    serve(
        target,
        as_fastapi=as_fastapi,
        host=host,
        port=port,
        reload=reload,
        reload_dirs=[str(path) for path in reload_dir] if reload_dir else None,
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
            min=1,
            help="Processes to serve with.  [default: $WEB_CONCURRENCY or 1]",
            show_default=False,
        ),
    ] = None,
    root_path: RootPathOption = "",
    proxy_headers: ProxyHeadersOption = True,
    forwarded_allow_ips: ForwardedAllowIpsOption = None,
    access_log: Annotated[bool, typer.Option(help="Log a line for each request.")] = True,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """Serve an app in production."""
    target = load(app or entrypoint, name=name, as_fastapi=as_fastapi)
    show_banner("production", target, host=host, port=port, root_path=root_path)
    serve(
        target,
        as_fastapi=as_fastapi,
        host=host,
        port=port,
        workers=workers,
        root_path=root_path,
        proxy_headers=proxy_headers,
        forwarded_allow_ips=forwarded_allow_ips,
        access_log=access_log,
    )


def load(where: str | None, *, name: str | None, as_fastapi: bool) -> Target:
    """Find the app, after `fastapi` has been made to mean Vivace where that is asked for."""
    if as_fastapi:
        install_alias()
    return find_target(where, name=name)


def install_alias() -> None:
    from vivace import compat

    compat.install()


def serve(target: Target, *, as_fastapi: bool, **settings: Any) -> None:
    """Serve ``target`` until the process is told to stop; ``settings`` are uvicorn's."""
    import uvicorn

    if not as_fastapi:
        uvicorn.run(target.import_string, **settings)
        return
    # Workers and reloaded processes import the app by themselves: each needs the alias first.
    os.environ[APP_VARIABLE] = target.import_string
    uvicorn.run("vivace.cli.serve:import_as_fastapi", factory=True, **settings)


def import_as_fastapi() -> Any:
    """Import the app that the parent process found, with `fastapi` resolving to Vivace."""
    install_alias()
    module, _, attribute = os.environ[APP_VARIABLE].partition(":")
    app: Any = importlib.import_module(module)
    for name in attribute.split("."):
        app = getattr(app, name)
    return app


def show_banner(mode: str, target: Target, *, host: str, port: int, root_path: str) -> None:
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
            lines.add_row("Docs", f"{address}{root_path.rstrip('/')}{docs}")
    if mode == "development":
        lines.add_row("", "For production: vivace run")
    Console(highlight=False).print(
        Panel(lines, title=f"Vivace, {mode}", title_align="left", expand=False)
    )


def documentation_path(app: Any) -> str | None:
    """The path of the app's documentation page, if it has one."""
    if getattr(app, "openapi_url", None) is None:
        return None
    docs: str | None = getattr(app, "docs_url", None) or getattr(app, "redoc_url", None)
    return docs
