"""Errors as problem details: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vivace.error_encoding import encode_errors
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.responses import JSONResponse
from vivace.runtime.responses import allows_body

#: Members that all problems of a request have besides their own, as the id of the request.
problem_members: ContextVar[Mapping[str, Any]] = ContextVar(
    "vivace_problem_members", default=MappingProxyType({})
)


class ProblemResponse(JSONResponse):
    """A problem: ``status`` and ``title`` always, ``detail`` and further members where known.

    What :data:`problem_members` has is in it too.
    """

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        *,
        detail: str | None = None,
        type: str = "about:blank",
        title: str | None = None,
        headers: Any = None,
        **members: Any,
    ) -> None:
        problem: dict[str, Any] = {"type": type, "title": title or phrase(status), "status": status}
        # A detail that is the phrase, in Python's words or in the RFC's, adds nothing to it.
        if detail not in (None, problem["title"], _phrase_in_python(status)):
            problem["detail"] = detail
        super().__init__(
            {**problem, **problem_members.get(), **members}, status_code=status, headers=headers
        )


#: The names of RFC 9110, section 15.5, where Python has those of older RFCs until 3.13.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def phrase(status: int) -> str:
    """The reason phrase of a status, which is the title of a problem without a type of its own."""
    return _RENAMED.get(status) or _phrase_in_python(status)


def _phrase_in_python(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


async def http_problem(request: Request, exc: HTTPException) -> Response:
    """An ``HTTPException``; a ``detail`` that is no text becomes a member of the problem."""
    headers = getattr(exc, "headers", None)
    if not allows_body(exc.status_code):
        return Response(status_code=exc.status_code, headers=headers)
    detail: Any = exc.detail
    if isinstance(detail, str):
        return ProblemResponse(exc.status_code, detail=detail, headers=headers)
    return ProblemResponse(exc.status_code, headers=headers, errors=encode_errors(detail))


async def validation_problem(request: Request, exc: RequestValidationError) -> Response:
    """Invalid input: 422, with every error in the member ``errors``."""
    return ProblemResponse(
        422, detail="The request is not valid.", errors=encode_errors(exc.errors())
    )


async def server_problem(request: Request, exc: Exception) -> Response:
    """A fault of the program: 500, and nothing about it."""
    return ProblemResponse(500)


def problem_handlers() -> dict[Any, Any]:
    """The exception handlers of an app that answers with problem details."""
    from vivace.exception_handlers import websocket_request_validation_exception_handler

    return {
        HTTPException: http_problem,
        RequestValidationError: validation_problem,
        WebSocketRequestValidationError: websocket_request_validation_exception_handler,
        Exception: server_problem,
    }
