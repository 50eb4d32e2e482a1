"""What a request has been found to carry, for processors of spans and of log records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from starlette.requests import Request
    from starlette.websockets import WebSocket

#: Where a request's telemetry stands in an OpenTelemetry context.
CONTEXT_KEY = "vivace-request-telemetry"


@dataclass
class TelemetryData:
    """The objects of a request while it is handled. None of them is ever exported by itself.

    Each is ``None`` until it is known: ``body`` before dependencies run, ``values`` and
    ``errors`` after them.
    """

    request: Request | None = None
    websocket: WebSocket | None = None
    #: The body as it was parsed, before validation.
    body: Any = None
    #: The arguments of the endpoint, by parameter name.
    values: dict[str, Any] | None = None
    #: What validation found wrong; empty where nothing was.
    errors: list[Any] | None = None


def get_telemetry_data(context: Context | None = None) -> TelemetryData | None:
    """The data of the request that is being handled.

    Args:
        context: The OpenTelemetry context to look in, such as a processor is given; the current
            one by default.

    Returns:
        ``None`` outside a request, once it is over, and where it is not recorded.
    """
    from opentelemetry.context import get_value

    telemetry = get_value(CONTEXT_KEY, context)
    return getattr(telemetry, "open_data", None)
