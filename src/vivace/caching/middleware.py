"""What stands around an app with a cache; and ETags alone, for answers that are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.answers.answer import Answer
from vivace.answers.exchange import Exchange
from vivace.caching.conditions import is_not_modified, not_modified, with_etag
from vivace.caching.visit import VISITS, Visit
from vivace.datastructures import Headers
from vivace.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from vivace.caching.cache import Cache


class CacheMiddleware:
    """Records what endpoints with a cache answer, and sends what is kept in its place.

    :meth:`vivace.caching.Cache.install` puts it into an app.

    Args:
        app: What is inside.
        cache: The cache.
    """

    def __init__(self, app: ASGIApp, *, cache: Cache) -> None:
        self.app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = Visit(self._cache, scope, send)
        scope[VISITS] = {**scope.get(VISITS, {}), self._cache: visit}
        try:
            await self.app(scope, receive, visit.send)
        finally:
            await visit.end()


class ETagMiddleware:
    """Gives whole answers an ETag, and answers 304 to who has them already.

    Nothing is kept: the endpoint runs, and only the content need not be sent (RFC 9110, section
    13.1.2). It is for ``GET`` and status 200; streams, and what has an ETag of its own, keep what
    they have, and a condition on that is answered as well.

    Args:
        app: What is inside.
        max_bytes: Larger answers are sent as they come.

    Raises:
        ValueError: ``max_bytes`` is no number of bytes.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int = 1024 * 1024) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes={max_bytes} is no number of bytes from 1 on.")
        self.app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            exchange = Exchange(send, is_head=scope["method"] == "HEAD")
            exchange.record(_Tagger(scope), self._max_bytes)
            send = exchange.send
        await self.app(scope, receive, send)


class _Tagger:
    """Gives a recorded answer its ETag."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def completed(self, answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        tagged = with_etag(answer, is_head=self._scope["method"] == "HEAD")
        return not_modified(tagged) if self._is_known(tagged) else tagged

    async def passed(self, status: int) -> None:
        pass

    def _is_known(self, answer: Answer) -> bool:
        return is_not_modified(answer, Headers(scope=self._scope))


__all__ = ["CacheMiddleware", "ETagMiddleware"]
