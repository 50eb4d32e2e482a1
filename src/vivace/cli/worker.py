"""``vivace worker``: run the tasks of an app."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vivace.cli.discovery import (
    configured_entrypoint,
    find_app_name,
    import_module,
    is_factory,
    locate_module,
    make_app,
    split_location,
)
from vivace.cli.errors import CommandError
from vivace.cli.options import AppArgument, AsFastapiOption, NameOption


def worker(
    app: AppArgument = None,
    *,
    name: NameOption = None,
    processes: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, help="Processes to run tasks in.")
    ] = 1,
    concurrency: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, help="Tasks that each of them runs at once.")
    ] = 10,
    queue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A queue to take tasks from, once for each, the most urgent first.  "
            "[default: all]",
            show_default=False,
        ),
    ] = None,
    grace: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="What tasks have to end when the worker stops; then they go back.",
        ),
    ] = 20.0,
    scheduler: Annotated[bool, typer.Option(help="Send what is to be sent by the clock.")] = True,
    reload: Annotated[bool, typer.Option(help="Start again when a file changes.")] = False,
    as_fastapi: AsFastapiOption = False,
) -> None:
    """Run the tasks of an app, which wait in Redis, RabbitMQ or NATS.

    The app may be named, or the tasks themselves, as main:tasks.
    """
    if as_fastapi:
        from vivace import compat

        compat.install()
        compat.install_in_children()
    settings = {
        "concurrency": concurrency,
        "queues": tuple(queue) if queue else None,
        "grace": grace,
        "schedules": scheduler,
    }
    if reload:
        reload_and_supervise(app, name, processes, settings)
    else:
        raise typer.Exit(supervise(app, name, processes, settings))


def supervise(where: str | None, name: str | None, processes: int, settings: dict[str, Any]) -> int:
    """Run workers until the process is told to stop; its status.

    Raises:
        CommandError: There are no tasks to run.
    """
    module, attribute, found = find_named(where, name)
    from vivace.tasks.processes import Supervisor
    from vivace.tasks.worker import NoTasks, WorkerSettings, find_tasks

    makes_app = is_factory(found)
    try:
        tasks = find_tasks(make_app(found, module) if makes_app else found)
    except NoTasks as error:
        raise CommandError(str(error)) from None
    for queue in settings["queues"] or ():
        if queue not in tasks.queues:
            known = ", ".join(tasks.queues)
            raise CommandError(f"There is no queue {queue!r}.", f"There are: {known}.")
    told = WorkerSettings(module, attribute, **settings, is_factory=makes_app)
    return Supervisor(told, processes).run()


def find_named(where: str | None, name: str | None) -> tuple[str, str, Any]:
    """A module, the name of an app or of tasks in it, and what has that name.

    Raises:
        CommandError: There is no such thing.
    """
    if where is None:
        where = configured_entrypoint(Path.cwd())
    location, named = split_location(where)
    module = locate_module(location)
    imported = import_module(module)
    attribute = name or named or find_app_name(imported)
    found: Any = imported
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise CommandError(f"There is no {attribute!r} in {module.name}.") from None
    return module.name, attribute, found


def reload_and_supervise(
    where: str | None, name: str | None, processes: int, settings: dict[str, Any]
) -> None:
    """The same, and anew whenever a file of Python changes in the current directory."""
    try:
        from watchfiles import PythonFilter, run_process
    except ModuleNotFoundError:
        raise CommandError(
            "To start again when a file changes, watchfiles has to be installed.",
            'pip install "vivace[standard]"',
        ) from None
    run_process(
        Path.cwd(),
        target=_supervise_again,
        args=(where, name, processes, settings),
        watch_filter=PythonFilter(),
        # It is told to stop with SIGINT, and then has as long as its tasks have.
        sigint_timeout=settings["grace"] + 20,
    )


def _supervise_again(
    where: str | None, name: str | None, processes: int, settings: dict[str, Any]
) -> None:
    sys.exit(supervise(where, name, processes, settings))


__all__ = ["worker"]
