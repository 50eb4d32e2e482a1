"""The replies to exceptions that every app answers unless it says otherwise."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from vivace.error_encoding import encode_errors
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.responses import JSONResponse
from vivace.runtime.responses import allows_body
from vivace.status import WS_1008_POLICY_VIOLATION

#: What is left for the reason in the frame that closes a WebSocket (RFC 6455 section 5.5).
MAX_REASON_BYTES = 123


async def http_exception_handler(request: Request, exc: HTTPException) -> Response:
    """``{"detail": ...}`` with the exception's status and headers."""
    headers = getattr(exc, "headers", None)
    if not allows_body(exc.status_code):
        return Response(status_code=exc.status_code, headers=headers)
    return JSONResponse({"detail": exc.detail}, status_code=exc.status_code, headers=headers)


async def request_validation_exception_handler(
    request: Request, exc: RequestValidationError
) -> JSONResponse:
    """422 (RFC 9110 section 15.5.21) with every error: where, what, and the input."""
    return JSONResponse({"detail": encode_errors(exc.errors())}, status_code=422)


async def websocket_request_validation_exception_handler(
    websocket: WebSocket, exc: WebSocketRequestValidationError
) -> None:
    """Close with 1008, policy violation (RFC 6455 section 7.4.1)."""
    reason = str(encode_errors(exc.errors())).encode()[:MAX_REASON_BYTES]
    await websocket.close(code=WS_1008_POLICY_VIOLATION, reason=reason.decode(errors="ignore"))
