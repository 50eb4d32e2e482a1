"""Requests whose version is a matter of who makes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

from vivace.requests import HTTPConnection
from vivace.routing import Finding, Match
from vivace.types import Receive, Scope, Send
from vivace.versioning.refusal import Refusal
from vivace.versioning.visit import Visit
from vivace.versioning.ways import ByConsumer

#: What there is in the version of a name; without one, in the default version.
InVersion = Callable[[str | None], Finding]


class Identification(Finding):
    """Finds out who makes a request, and what their version has for it.

    Args:
        asked: What there is in the version that is asked for in another way, if one is.
    """

    __slots__ = ("_asked", "_in_version", "_way")

    def __init__(
        self, match: Match, way: ByConsumer, asked: Finding | None, in_version: InVersion
    ) -> None:
        self.match = match
        self._way = way
        self._asked = asked
        self._in_version = in_version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            found = await self._identify(scope)
        except Exception as error:
            found = Refusal(self.match, error)
        await found(scope, receive, send)

    async def _identify(self, scope: Scope) -> Finding:
        identified = self._way.identify(HTTPConnection(scope))
        consumer = await identified if inspect.isawaitable(identified) else identified
        if consumer is None:
            return self._asked or self._in_version(None)
        kept = await self._way.store.get(consumer)
        if kept is not None:
            return self._asked or self._in_version(kept)
        first = self._asked or self._in_version(None)
        if isinstance(first, Visit):
            name = first.edition.version.name
            first.remember(partial(self._way.store.remember, consumer, name))
        return first


__all__ = ["Identification"]
