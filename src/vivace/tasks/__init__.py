"""Tasks: functions that run outside of requests, in this process or in workers.

Everything starts with :class:`Tasks`, and all that an app needs is here. Inside, a module imports
from those before it::

    errors, options, message, context, results, tracing -> arguments -> task -> engines
        -> dead, attempt, opened, schedule -> runner, testing -> working -> kit -> worker, processes

``worker`` and ``processes`` are what ``vivace worker`` runs.
"""

from __future__ import annotations

from vivace.extras import brought_by

with brought_by("tasks"):
    from vivace.tasks.attempt import Ended
    from vivace.tasks.context import TaskContext, current_task
    from vivace.tasks.dead import DeadLetter, DeadLetters
    from vivace.tasks.errors import (
        EngineUnavailable,
        GiveUp,
        QueueFull,
        ResultNotKept,
        Retry,
        TaskFailed,
    )
    from vivace.tasks.kit import Tasks
    from vivace.tasks.options import Backoff
    from vivace.tasks.results import Status
    from vivace.tasks.task import Handle, Sending, Task

__all__ = [
    "Backoff",
    "DeadLetter",
    "DeadLetters",
    "Ended",
    "EngineUnavailable",
    "GiveUp",
    "Handle",
    "QueueFull",
    "ResultNotKept",
    "Retry",
    "Sending",
    "Status",
    "Task",
    "TaskContext",
    "TaskFailed",
    "Tasks",
    "current_task",
]
