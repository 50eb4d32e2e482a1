"""Lets packages in that instrument Starlette apps, and so this one, by replacing ``__call__``."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

_STARLETTE_CALL = Starlette.__call__


def is_instrumented() -> bool:
    """True where a package has put a function of its own in the place of Starlette's."""
    return Starlette.__call__ is not _STARLETTE_CALL


class InstrumentedStack:
    """The stack of an app, behind what has been put around the apps of Starlette."""

    def __init__(self, owner: Starlette, app: ASGIApp) -> None:
        self.owner = owner
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Starlette.__call__(self.owner, scope, receive, send)
