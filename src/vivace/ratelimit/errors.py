"""What a client is told whose request is refused."""

from __future__ import annotations

from math import ceil

from vivace import HTTPException, WebSocket, WebSocketException
from vivace.problems import ProblemResponse
from vivace.ratelimit.decision import Decision
from vivace.requests import HTTPConnection, Request
from vivace.websockets import WebSocketState

#: "Try Again Later", in the registry of close codes (RFC 6455, section 11.7).
WS_1013_TRY_AGAIN_LATER = 1013


class RateLimited(HTTPException):
    """429 for a request that a limit does not let pass (RFC 6585, section 4).

    Args:
        decision: What was found.
        fields: Fields for the response.

    Attributes:
        decision: As given.
        policies: The names of the rules that the request did not fit into.
        retry_after: Whole seconds after which it is worth trying again.
    """

    def __init__(self, decision: Decision, fields: dict[str, str]) -> None:
        self.decision = decision
        self.policies = [level.rule.name for level in decision.violated]
        self.retry_after = decision.retry_after
        rules = " and ".join(str(level.rule) for level in decision.violated)
        seconds = "second" if self.retry_after == 1 else "seconds"
        super().__init__(
            429,
            f"Too many requests: at most {rules}. Try again in {self.retry_after} {seconds}.",
            fields,
        )


class LimiterUnavailable(HTTPException):
    """503 where nothing can be counted, and the limit is not to be passed uncounted.

    Args:
        retry_after: Seconds until it is tried again.
    """

    def __init__(self, retry_after: float) -> None:
        headers = {"Retry-After": str(max(1, ceil(retry_after)))}
        super().__init__(503, "Service Unavailable", headers)


def refusal(error: HTTPException, connection: HTTPConnection) -> Exception:
    """What to raise to refuse ``connection``: ``error``, where its status can still be sent.

    The handshake of a WebSocket is answered with it if the server knows how (ASGI's "WebSocket
    Denial Response"). Otherwise, and where it is open, a WebSocket is closed.
    """
    scope = connection.scope
    if scope["type"] != "websocket":
        return error
    is_open = (
        isinstance(connection, WebSocket)
        and connection.application_state is WebSocketState.CONNECTED
    )
    if not is_open and "websocket.http.response" in (scope.get("extensions") or {}):
        return error
    return WebSocketException(WS_1013_TRY_AGAIN_LATER, str(error.detail))


async def quota_exceeded(request: Request, error: RateLimited) -> ProblemResponse:
    """A handler for :class:`RateLimited` that answers with a problem of the type for it.

    The type is that of draft-ietf-httpapi-ratelimit-headers-11, section 5.1.
    """
    return ProblemResponse(
        error.status_code,
        type="https://iana.org/assignments/http-problem-types#quota-exceeded",
        title="Request cannot be satisfied as assigned quota has been exceeded",
        detail=error.detail,
        headers=error.headers,
        **{"violated-policies": error.policies},
    )


__all__ = ["LimiterUnavailable", "RateLimited", "quota_exceeded", "refusal"]
