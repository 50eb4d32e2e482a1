"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import ast
from pathlib import Path

import vivace.tasks

PUBLIC = [
    *("Backoff", "DeadLetter", "DeadLetters", "Ended", "EngineUnavailable", "GiveUp", "Handle"),
    *("QueueFull", "ResultNotKept", "Retry", "Sending", "Status", "Task", "TaskContext"),
    *("TaskFailed", "Tasks", "current_task"),
]
#: The modules in the order in which they may import each other: none imports a later one.
PARTS = [
    {"errors", "options", "message", "context", "results"},
    *({"tracing", "arguments"}, {"task"}, {"engines"}),
    *({"dead", "attempt", "opened", "schedule"}, {"runner", "testing"}, {"working"}),
    *({"kit"}, {"worker"}, {"processes"}),
]
SOURCE = Path(vivace.tasks.__file__).parent


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.tasks.__all__ == PUBLIC == sorted(PUBLIC)
    assert all(hasattr(vivace.tasks, name) for name in PUBLIC)


def test_a_module_imports_from_those_before_it() -> None:
    part_of = {path: path.relative_to(SOURCE).parts[0] for path in SOURCE.rglob("*.py")}
    found = {part.removesuffix(".py") for part in part_of.values()}
    assert found - {"__init__"} == set().union(*PARTS)
    for number, parts in enumerate(PARTS):
        later: set[str] = set().union(*PARTS[number + 1 :])
        for path, part in part_of.items():
            if part.removesuffix(".py") in parts:
                assert not imported_by(path) & later, path


def imported_by(path: Path) -> set[str]:
    """Also where it happens within a function, but not where it is for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        (node.module or "").split(".")[2]
        for top in tree.body
        if not isinstance(top, ast.If)
        for node in ast.walk(top)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vivace.tasks.")
    }
