"""Small functions that programs import from the peer."""

from __future__ import annotations

from vivace.declare.defaults import value_or_default as get_value_or_default
from vivace.runtime.responses import allows_body
from vivace.serve.operation_id import generate_unique_id


def is_body_allowed_for_status_code(status_code: int | str | None) -> bool:
    """Whether a response with this status has content (RFC 9110, section 6.4.1).

    Statuses may be OpenAPI's: `"default"`, or a range such as `"2XX"`.
    """
    if isinstance(status_code, str):
        if not status_code.isdecimal():
            return True
        status_code = int(status_code)
    return allows_body(status_code)


__all__ = ["generate_unique_id", "get_value_or_default", "is_body_allowed_for_status_code"]
