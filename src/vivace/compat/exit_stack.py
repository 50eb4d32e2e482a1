"""`fastapi.middleware.asyncexitstack`: a stack of what is to be cleaned up, in each scope.

Vivace keeps what a request has to clean up elsewhere, so that no app has this middleware by itself.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send


class AsyncExitStackMiddleware:
    """Puts an `AsyncExitStack` into the scope under `context_name`, and closes it at the end."""

    def __init__(self, app: ASGIApp, context_name: str = "fastapi_middleware_astack") -> None:
        self.app = app
        self.context_name = context_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            scope[self.context_name] = stack
            await self.app(scope, receive, send)


__all__ = ["AsyncExitStackMiddleware"]
