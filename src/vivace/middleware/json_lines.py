"""Log records as JSON, one a line, with the names of OpenTelemetry."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace

#: What every record has; all else was given to it as ``extra``.
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "asctime", "message", "taskName"})

_encode = json.JSONEncoder(default=str).encode


class JSONLinesFormatter(logging.Formatter):
    """Writes a record as one JSON object, all on one line and in ASCII.

    It has ``timestamp`` (RFC 3339, UTC), ``severity_text``, ``logger``, ``message``, whatever the
    record was given as ``extra``, ``trace_id`` and ``span_id`` where there is a span, and of an
    exception ``exception.type``, ``exception.message`` and ``exception.stacktrace``, as the
    semantic conventions of OpenTelemetry name them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        written: dict[str, Any] = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "severity_text": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        written.update((k, v) for k, v in vars(record).items() if k not in _STANDARD)
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            written["trace_id"] = trace.format_trace_id(span.trace_id)
            written["span_id"] = trace.format_span_id(span.span_id)
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            written["exception.type"] = f"{kind.__module__}.{kind.__qualname__}"
            written["exception.message"] = str(error)
            written["exception.stacktrace"] = self.formatException(record.exc_info)
        return _encode(written)


__all__ = ["JSONLinesFormatter"]
