"""Requests that are refused, whatever is at their path."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from vivace import APIRouter
from vivace.routing import Finding, Match
from vivace.types import Receive, Scope, Send

#: The key in the scope for the reason.
REASON = "vivace.versioning.refusal"


async def _raise_reason(scope: Scope, receive: Receive, send: Send) -> None:
    raise scope.pop(REASON)


#: It has nothing, so that it raises the reason where the app turns errors into replies.
_nowhere = APIRouter(default=_raise_reason, redirect_slashes=False)


class Refusal(Finding):
    """An error as the answer to a request."""

    __slots__ = ("_reason",)

    def __init__(self, match: Match, reason: Exception) -> None:
        self.match = match
        self._reason = reason

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        scope[REASON] = self._reason
        return _nowhere.app(scope, receive, send)


__all__ = ["Refusal"]
