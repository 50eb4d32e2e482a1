"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

from tests.unit.imports import check_imports

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


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.tasks.__all__ == PUBLIC == sorted(PUBLIC)
    assert all(hasattr(vivace.tasks, name) for name in PUBLIC)


def test_a_module_imports_from_those_before_it() -> None:
    check_imports(vivace.tasks, PARTS)
