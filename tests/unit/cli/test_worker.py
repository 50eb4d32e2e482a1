from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from vivace.cli.errors import CommandError
from vivace.cli.worker import find_named, supervise
from vivace.tasks.processes import Supervisor
from vivace.tasks.worker import WorkerSettings

PROGRAM = """
from vivace import Vivace
from vivace.tasks import Tasks

tasks = Tasks("amqp://localhost", queues=["urgent"])
in_process = Tasks()
app = Vivace()
tasks.install(app)

def make():
    return app
"""
SETTINGS: dict[str, Any] = {"concurrency": 3, "queues": None, "grace": 1.0, "schedules": True}


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "worker_program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "worker_program", raising=False)


@pytest.mark.parametrize(
    ("where", "name", "attribute"),
    [
        ("worker_program", None, "app"),
        ("worker_program.py", None, "app"),
        ("worker_program:tasks", None, "tasks"),
        ("worker_program.py:tasks", None, "tasks"),
        ("worker_program", "tasks", "tasks"),
    ],
)
def test_an_app_or_its_tasks_are_named(where: str, name: str | None, attribute: str) -> None:
    module, found, value = find_named(where, name)
    assert (module, found) == ("worker_program", attribute)
    assert value is getattr(sys.modules["worker_program"], attribute)


def test_what_is_told_is_told_to_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def init(self: Supervisor, settings: WorkerSettings, processes: int) -> None:
        told.append((settings, processes))

    monkeypatch.setattr(Supervisor, "__init__", init)
    monkeypatch.setattr(Supervisor, "run", lambda _: 7)
    settings = {**SETTINGS, "queues": ("urgent",)}
    assert supervise("worker_program:app", None, 2, settings) == 7
    assert told == [(WorkerSettings("worker_program", "app", 3, ("urgent",), 1.0, True), 2)]


@pytest.mark.parametrize(
    ("where", "queues", "said"),
    [
        ("worker_program:nothing", None, "There is no 'nothing' in worker_program"),
        ("worker_program:in_process", None, "wait in the process that sends them"),
        ("worker_program:app", ("other",), "There is no queue 'other'"),
    ],
)
def test_what_cannot_be_run_is_said(where: str, queues: Any, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        supervise(where, None, 1, {**SETTINGS, "queues": queues})


def test_a_function_that_makes_the_app_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[WorkerSettings] = []
    monkeypatch.setattr(Supervisor, "__init__", lambda _, settings, __: told.append(settings))
    monkeypatch.setattr(Supervisor, "run", lambda _: 0)
    assert supervise("worker_program:make", None, 1, SETTINGS) == 0
    assert (told[0].attribute, told[0].is_factory) == ("make", True)
