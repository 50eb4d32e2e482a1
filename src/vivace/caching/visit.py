"""One request to an app with a cache."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio

from vivace import HTTPException, Response
from vivace.answers.answer import Answer
from vivace.answers.credentials import USUAL, has_scheme
from vivace.answers.endpoints import Run
from vivace.answers.exchange import Exchange
from vivace.caching.conditions import is_not_modified, not_modified, with_etag
from vivace.caching.entry import Entry
from vivace.caching.keys import has_credentials, is_plain, key_of
from vivace.caching.lookup import Found, Turn
from vivace.caching.policy import Policy, directives, filled, logger
from vivace.caching.stores.protocol import StoreUnavailable
from vivace.datastructures import Headers
from vivace.types import Message, Scope, Send

if TYPE_CHECKING:
    from vivace.caching.cache import Cache

#: Where the visits are in the scope, by their caches: an app may have several.
VISITS = "vivace.caching"

_UNDECLARED = "Answers of %s are not kept, as their Vary has what vary= does not name: %s."
_GUARDED = (
    "The answers of %s are not kept, as it depends on who asks. Say by= whose they are, or "
    "shared=True where all get the same."
)


class Visit:
    """Gives the answer that is kept, or has the one that is made kept.

    Args:
        cache: The cache of the app.
        scope: The request.
        send: Sends to the client.
    """

    def __init__(self, cache: Cache, scope: Scope, send: Send) -> None:
        self._cache = cache
        self._scope = scope
        self._exchange = Exchange(send, is_head=scope["method"] == "HEAD")
        self._turn: Turn | None = None
        self._policy: Policy | None = None
        self._place = ""
        self._stale: Entry | None = None
        self._is_owned = False
        self._is_private = False
        #: What is invalidated when the answer is sent.
        self._invalidated: list[str] = []

    def arrive(self, scope: Scope) -> None:
        """The request has come to its endpoint, with the scope that it has there."""
        self._scope = scope

    async def send(self, message: Message) -> None:
        """The ``send`` for what is inside."""
        if self._invalidated and message["type"] == "http.response.start":
            # By now transactions are committed: before, another request would read what was.
            tags, self._invalidated = self._invalidated, []
            if not 400 <= message["status"] < 500:
                await self._cache.invalidate(*tags)
        await self._exchange.send(message)

    async def end(self) -> None:
        """What is left to do when the request is over, whatever has become of it."""
        if self._turn is not None:
            turn, self._turn = self._turn, None
            await self._cache.lookup.give_up(turn)
        if self._invalidated:
            with anyio.CancelScope(shield=True):
                await self._cache.invalidate(*self._invalidated)

    def invalidate(self, tags: Sequence[str]) -> None:
        """Have ``tags`` invalidated when the answer is sent, if it is one of success."""
        self._invalidated.extend([*tags, path_tag(self._scope["path"])])

    async def answer(
        self, policy: Policy, place: str, owner: str | None, arguments: dict[str, Any], run: Run
    ) -> Any:
        """What the endpoint returns, or what takes its place.

        Args:
            policy: What the endpoint says of its answers.
            place: What tells it apart from others.
            owner: Whose answer it is; ``None`` for everybody's.
            arguments: Those of the endpoint.
            run: Calls it.
        """
        headers = Headers(scope=self._scope)
        self._is_owned = owner is not None
        is_signed, is_guarded = has_credentials(headers), has_scheme(self._scope.get("route"))
        # Caches on the way do not ask who somebody is: where that matters, they keep nothing.
        self._is_private = is_signed or is_guarded or policy.by is not None
        is_anyones = policy.shared or self._is_owned
        if not is_anyones and not is_signed:
            # A dependency that says whose it is has said: nobody's.
            is_anyones = not is_guarded or policy.by is not None
            if not is_anyones:
                self._cache.warn_once(_GUARDED, place)
        if self._scope["method"] not in ("GET", "HEAD") or not is_anyones or not is_plain(headers):
            return await run()
        key = key_of(self._scope, place, policy.vary, owner)
        tags = [ALL, path_tag(self._scope["path"]), *filled(policy.tags, arguments)]
        found = await self._look(key, tags, policy.kept_for, headers)
        self._policy, self._place = policy, place
        if found.is_hit and found.entry is not None:
            self._exchange.replace(self._rendered(found.entry))
            return Response()
        return await self._make(found, run)

    async def _look(
        self, key: str, tags: Sequence[str], kept_for: float, headers: Headers
    ) -> Found:
        try:
            await self._cache.invalidate_pending()
            said = directives([v.encode("latin-1") for v in headers.getlist("cache-control")])
            if self._scope["method"] == "HEAD" or "no-store" in said:
                return await self._cache.lookup.read(key, tags)
            return await self._cache.lookup.look(key, tags, kept_for)
        except StoreUnavailable:
            return Found()

    async def _make(self, found: Found, run: Run) -> Any:
        self._turn, stale, now = found.turn, found.entry, time.time()
        if stale is not None and stale.may_replace_error(now):
            self._stale = stale
        self._exchange.record(self, self._cache.max_answer)
        if self._turn is not None and stale is not None and stale.may_be_stale(now):
            # The client has its answer; what the endpoint makes now is for those who come after.
            await self._exchange.send_ahead(self._rendered(stale))
            return await run()
        if self._stale is None:
            return await run()
        try:
            return await run()
        except Exception as error:
            handlers = self._scope["app"].exception_handlers
            if any(kind in handlers for kind in type(error).__mro__ if kind is not Exception):
                raise  # The answer to it is looked at when it is complete.
            # Raised on, so that dependencies roll back; but as one that is answered here, inside.
            logger.exception("A stale answer is given in place of an error.")
            raise HTTPException(500) from error

    async def completed(self, answer: Answer) -> Answer:
        """See :class:`~vivace.answers.exchange.Recorder`."""
        assert self._policy is not None
        turn, self._turn = self._turn, None
        lifetime = self._policy.lifetime(answer, is_owned=self._is_owned)
        if undeclared := self._policy.undeclared(answer):
            self._cache.warn_once(_UNDECLARED, self._place, ", ".join(sorted(undeclared)))
        if lifetime is not None:
            # Also where the store is away, so that the client sees no difference.
            entry = self._entry(answer, self._policy, lifetime)
            if turn is not None:
                await self._cache.lookup.keep(turn, entry)
            return self._rendered(entry)
        if turn is not None:
            await self._cache.lookup.give_up(turn)
        if answer.status >= 500 and self._stale is not None:
            return self._rendered(self._stale)
        return answer

    async def passed(self, status: int) -> None:
        """See :class:`~vivace.answers.exchange.Recorder`."""
        await self.end()

    def _entry(self, answer: Answer, policy: Policy, lifetime: float) -> Entry:
        said = directives(answer.values(b"cache-control"))
        may_be_stale = not {"must-revalidate", "proxy-revalidate"} & said.keys()
        kept = with_etag(answer.kept(), is_head=self._scope["method"] == "HEAD")
        # Whoever has credentials is not given what others are: nor by a cache on the way.
        credentials = () if policy.shared or policy.by is not None else USUAL
        varies_by = dict.fromkeys([*_listed(kept, b"vary"), *policy.vary, *credentials])
        if varies_by:
            kept = kept.with_fields([(b"vary", ", ".join(varies_by).encode("latin-1"))])
        return Entry(
            kept,
            time.time(),
            lifetime,
            policy.stale_while_revalidate if may_be_stale else 0,
            policy.stale_if_error if may_be_stale else 0,
        )

    def _rendered(self, entry: Entry) -> Answer:
        """``entry`` as this request gets it: with its age, or as a 304."""
        assert self._policy is not None
        age = int(entry.age(time.time()))
        fields = [(b"age", b"%d" % age)]
        if not entry.answer.values(b"cache-control"):
            fields.append((b"cache-control", self._cache_control(entry, age).encode()))
        answer = entry.answer.with_fields(fields)
        if is_not_modified(answer, Headers(scope=self._scope)):
            return not_modified(answer)
        return answer

    def _cache_control(self, entry: Entry, age: int) -> str:
        assert self._policy is not None
        whose = "private" if self._is_private else "public"
        seconds = self._policy.client_seconds
        # A browser knows its answers by their address alone: the next one who signs in there must
        # not find those of the last one.
        if seconds == 0 or (seconds is None and self._is_private):
            return f"{whose}, no-cache"
        # A client reckons from the age (RFC 9111, section 4.2).
        return f"{whose}, max-age={int(entry.fresh_for if seconds is None else age + seconds)}"


#: The tag of every answer.
ALL = "all"


def path_tag(path: str) -> str:
    """The tag of the answers at a path."""
    return f"path {path}"


def _listed(answer: Answer, name: bytes) -> list[str]:
    parts = b",".join(answer.values(name)).decode("latin-1").lower().split(",")
    return [part.strip() for part in parts if part.strip()]


__all__ = ["ALL", "VISITS", "Visit", "path_tag"]
