"""Spans around the stages of a request: dependencies, endpoint, serialization, background tasks."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from opentelemetry import context, trace
from opentelemetry.trace import StatusCode

from vivace.telemetry import naming

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

#: Stands in for an operation where none is traced.
NO_OPERATION: AbstractContextManager[None] = nullcontext()


class Operation:
    """A context manager: a span that is the current one inside, and ends with it.

    Args:
        tracer: Makes the span.
        name: What is done, such as ``endpoint``.
        call: The callable that it is done for.
        expects: Asked of an exception that leaves the operation: True where it is an answer to
            the client rather than a fault. By default each is a fault.
    """

    __slots__ = ("_call", "_expects", "_name", "_span", "_token", "_tracer")

    _span: Span
    _token: Token[Context]

    def __init__(
        self,
        tracer: Tracer,
        name: str,
        call: Callable[..., Any],
        expects: Callable[[BaseException], bool] | None = None,
    ) -> None:
        self._tracer = tracer
        self._name = name
        self._call = call
        self._expects = expects

    def __enter__(self) -> None:
        self._span = self._tracer.start_span(
            f"{naming.prefix()}.{self._name}",
            attributes={"code.function.name": naming.callable_name(self._call)},
        )
        self._token = context.attach(trace.set_span_in_context(self._span))

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        context.detach(self._token)
        if exception is not None and not (self._expects and self._expects(exception)):
            mark_failed(self._span, naming.type_name(type(exception)))
        self._span.end()


def mark_failed(span: Span, error_type: str) -> None:
    """Give ``span`` the status ERROR and its cause.

    The exception itself goes into a log record alone, and there once: each span that it passes
    would otherwise carry the same stack trace.
    """
    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)
