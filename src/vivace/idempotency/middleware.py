"""What stands around an app with idempotency keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.idempotency.visit import VISITS, Visit
from vivace.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from vivace.idempotency.kit import Idempotency


class IdempotencyMiddleware:
    """Records what endpoints answer, and sends what was answered before in its place.

    :meth:`vivace.idempotency.Idempotency.install` puts it into an app.

    Args:
        app: What is inside.
        kit: What takes the keys.
        max_body: Bytes of a body that is compared.
        max_answer: Bytes of an answer that is kept.
    """

    def __init__(self, app: ASGIApp, *, kit: Idempotency, max_body: int, max_answer: int) -> None:
        self.app = app
        self._kit = kit
        self._limits = {"max_body": max_body, "max_answer": max_answer}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(self._kit.store, scope, receive, send, **self._limits)
        scope[VISITS] = {**scope.get(VISITS, {}), self._kit: visit}
        try:
            await self.app(scope, visit.receive, visit.send)
        finally:
            await visit.end()


__all__ = ["IdempotencyMiddleware"]
