"""Traces that lead from where a task was sent to where it runs (OpenTelemetry)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import propagate, trace

from vivace.tasks.message import Message

tracer = trace.get_tracer("vivace.tasks")


def current_trace() -> dict[str, str]:
    """The context of the trace that is recorded now, as HTTP would send it; empty where none is."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


@contextmanager
def traced(message: Message, attempt: int) -> Iterator[Any]:
    """A span around an attempt, below that in which the task was sent.

    Names are those of OpenTelemetry's semantic conventions for messaging.
    """
    with tracer.start_as_current_span(
        f"process {message.task}",
        context=propagate.extract(message.trace),
        kind=trace.SpanKind.CONSUMER,
        attributes={
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": message.queue,
            "messaging.message.id": message.id,
            "vivace.task.name": message.task,
            "vivace.task.attempt": attempt,
        },
    ) as span:
        yield span


__all__ = ["current_trace", "traced"]
