"""Response objects sent: streams that can be ended, and background tasks that cannot be lost."""

from __future__ import annotations

from copy import copy
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from vivace.runtime.background import run_background
from vivace.runtime.connections import connections_of
from vivace.runtime.errors import TrackedSend, answer_late_error


async def send_response(response: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response object, then run its background tasks.

    An error before its first byte is answered like any other.
    """
    background = getattr(response, "background", None)
    if background is not None:
        # The response would run them itself, and lose them where the request is cancelled.
        response = copy(response)
        response.background = None
    tracked = TrackedSend(send)
    try:
        if isinstance(response, StreamingResponse):
            await _send_stream(response, scope, receive, tracked)
        else:
            await response(scope, receive, tracked)
    except Exception as error:
        await answer_late_error(error, scope, receive, tracked)
        return
    if background is not None:
        await run_background(background, scope)


async def _send_stream(
    response: StreamingResponse, scope: Scope, receive: Receive, send: TrackedSend
) -> None:
    """Send a stream, which ends where it stands if the server is stopping."""
    connections = connections_of(scope)
    if connections is None:
        await response(scope, receive, send)
        return
    with connections.track() as tracking:
        await response(scope, receive, send)
    if tracking.cancelled_caught and send.started:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
