"""Listing routes: as a table, or as the handlers compiled for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from starlette.routing import WebSocketRoute

from vivace.analyse.plan import Calling, EndpointPlan, Scope
from vivace.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

#: How calls that leave the event loop's thread are marked in a plan.
THREADED = frozenset({Calling.THREAD, Calling.GENERATOR})

#: Columns of a table that is not on a terminal; it takes no more than it needs.
UNFOLDED = 10_000


@dataclass(frozen=True)
class Row:
    """One route as it is listed."""

    methods: str
    path: str
    name: str
    #: The callables that a request runs in a worker thread.
    threaded: tuple[str, ...]
    route: Any


def list_routes(routes: Iterable[Any], prefix: str = "") -> Iterator[Row]:
    """The routes, and those of apps mounted among them."""
    for route in routes:
        path = prefix + getattr(route, "path", "")
        mounted = getattr(route, "routes", None)
        if mounted:
            yield from list_routes(mounted, path)
            continue
        yield Row(
            methods=describe_methods(route),
            path=path or "/",
            name=getattr(route, "name", None) or "",
            threaded=tuple(threaded_calls(getattr(route, "plan", None))),
            route=route,
        )


def describe_methods(route: Any) -> str:
    if isinstance(route, WebSocketRoute):
        return "WEBSOCKET"
    methods = getattr(route, "methods", None)
    if not methods:
        return "MOUNT"
    # HEAD comes with GET by itself, so that it says something only where it stands alone.
    shown = methods - {"HEAD"} if "GET" in methods else methods
    return ", ".join(sorted(shown))


def threaded_calls(plan: EndpointPlan | None) -> Iterator[str]:
    """The names of the callables that a request runs in a worker thread, each once."""
    seen = set()
    for step in plan.steps if plan is not None else ():
        name = callable_name(step.plan.call)
        # What the app makes once, when it starts, is no cost of a request.
        if step.plan.calling in THREADED and step.scope is not Scope.APP and name not in seen:
            seen.add(name)
            yield name


def callable_name(call: Any) -> str:
    name: str = getattr(call, "__name__", None) or type(call).__name__
    return name


def show_table(console: Console, rows: list[Row]) -> None:
    """Print a table that fits the terminal, or one line for each route where there is none."""
    if not console.is_terminal:
        # Nothing is folded for whoever reads lines, such as grep.
        console.width = UNFOLDED
        console.print(make_table(rows, box=None, padding=(0, 2, 0, 0)))
        return
    look: dict[str, Any] = {"box": box.SIMPLE_HEAD, "padding": (0, 1)}
    table = make_table(rows, **look)
    if (
        console.measure(table, options=console.options.update(width=UNFOLDED)).maximum
        > console.width
    ):
        # One name a line: names are better not broken.
        table = make_table(rows, separator="\n", **look)
    console.print(table)


def make_table(rows: list[Row], *, separator: str = ", ", **look: Any) -> Table:
    table = Table(pad_edge=False, show_edge=False, **look)
    table.add_column("Method", no_wrap=True, style="cyan")
    table.add_column("Path", overflow="fold", style="bold")
    table.add_column("Name", overflow="fold")
    table.add_column("In a thread", overflow="fold", style="yellow")
    for row in rows:
        threaded = separator.join(row.threaded) or "-"
        table.add_row(row.methods, Text(row.path), Text(row.name), Text(threaded))
    return table


def show_source(console: Console, rows: list[Row], path: str) -> None:
    """Print the handlers compiled for ``path``, coloured on a terminal."""
    matching = [row for row in rows if row.path == path and hasattr(row.route, "source")]
    if not matching:
        known = sorted({row.path for row in rows if hasattr(row.route, "source")})
        raise CommandError(
            f"There is no compiled route of the path {path}.",
            f"There are: {', '.join(known)}" if known else None,
        )
    for number, row in enumerate(matching):
        if number:
            console.print()
        text = f"# {row.methods} {row.path}\n{row.route.source().rstrip()}"
        if console.is_terminal:
            console.print(Syntax(text, "python", background_color="default", word_wrap=True))
        else:
            console.print(Text(text), soft_wrap=True)
