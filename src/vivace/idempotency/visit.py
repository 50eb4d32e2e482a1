"""One request to an app with idempotency keys."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from vivace import Response
from vivace.answers.answer import Answer
from vivace.answers.credentials import credentials_in
from vivace.answers.endpoints import Run, variant_of
from vivace.answers.exchange import Exchange
from vivace.answers.functions import digest
from vivace.datastructures import Headers
from vivace.idempotency.claims import Claim
from vivace.idempotency.errors import (
    AnswerNotKept,
    BodyTooLarge,
    KeyReused,
    MissingKey,
    RequestOutstanding,
    StoreAway,
)
from vivace.idempotency.fingerprints import RequestBody, fingerprint_of
from vivace.idempotency.keys import HEADER, key_in
from vivace.idempotency.settings import Settings, is_kept
from vivace.idempotency.stores.protocol import Held, Store, StoreUnavailable
from vivace.types import Receive, Scope, Send

#: Where the visits are in the scope, by their kits: an app may have several.
VISITS = "vivace.idempotency"
#: Says of an answer that it was given before.
REPLAYED = (b"idempotency-replayed", b"true")
#: Seconds between two looks whether the first request is done: at first, and at most.
LOOK_AFTER = 0.02
LOOK_AT_MOST_AFTER = 0.5


class Visit:
    """Has a request carried out, or gives the answer that was given to it before.

    Args:
        store: Where the keys are.
        scope: The request.
        receive: Its body.
        send: Sends to the client.
        max_body: Bytes of a body that is compared.
        max_answer: Bytes of an answer that is kept.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        max_body: int,
        max_answer: int,
    ) -> None:
        self._store = store
        self._scope = scope
        self._headers = Headers(scope=scope)
        self._exchange = Exchange(send)
        self._max_body = max_body
        self._max_answer = max_answer
        self._claim: Claim | None = None
        self._ttl = 0.0
        self._body: RequestBody | None = None
        self.send = self._exchange.send
        self.receive = receive
        if HEADER in self._headers:
            self._body = RequestBody(receive, max_body)
            self.receive = self._body.receive

    def arrive(self, scope: Scope) -> None:
        """The request has come to its endpoint, with the scope that it has there."""
        self._scope = scope

    async def answer(
        self, settings: Settings, place: str, owner: str | None, session: Any, run: Run
    ) -> Any:
        """What the endpoint returns, or what takes its place.

        Args:
            settings: Those of the endpoint.
            place: What tells it apart from others.
            owner: Whose key it is; ``None`` for that of whoever has the same credentials.
            session: The transaction of the request, where the store is in it.
            run: Calls it.

        Raises:
            IdempotencyError: The request is not carried out.
        """
        key = key_in(self._headers)
        if key is None:
            if settings.is_required:
                raise MissingKey
            return await run()
        fingerprint = await self._fingerprint()
        claim = Claim(self._store, self._name(place, owner, key), fingerprint, settings.lease)
        try:
            held = await _begin(claim, fingerprint, settings.wait)
        except StoreUnavailable as away:
            if settings.away == "refuse":
                raise StoreAway(away.retry_after) from None
            return await run()
        if held is not None:
            return self._repeat(held)
        self._claim, self._ttl = claim, settings.ttl
        self._exchange.record(self, self._max_answer)
        result = await run()
        is_final = not isinstance(result, Response) or is_kept(result.status_code)
        # Before the transaction is committed, which it is when the endpoint has returned.
        if is_final and not await claim.mark(session, settings.ttl):
            raise RequestOutstanding
        return result

    def _repeat(self, held: Held) -> Response:
        if held.answer is None:
            raise AnswerNotKept
        self._exchange.replace(held.answer.with_fields([REPLAYED]))
        return Response()

    async def completed(self, answer: Answer) -> Answer:
        """See :class:`~vivace.answers.exchange.Recorder`."""
        await self._settle(answer.status, answer.kept())
        return answer

    async def passed(self, status: int) -> None:
        """See :class:`~vivace.answers.exchange.Recorder`."""
        await self._settle(status, None)

    async def end(self) -> None:
        """Called when the request is over: without an answer, it may be made again."""
        if self._claim is not None:
            claim, self._claim = self._claim, None
            await claim.free()

    async def _settle(self, status: int, answer: Answer | None) -> None:
        claim, self._claim = self._claim, None
        assert claim is not None
        if is_kept(status):
            await claim.finish(answer, self._ttl)
        else:
            await claim.free()

    async def _fingerprint(self) -> str:
        assert self._body is not None
        body = await self._body.whole()
        if body is None:
            raise BodyTooLarge(self._max_body)
        return fingerprint_of(self._scope, body)

    def _name(self, place: str, owner: str | None, key: str) -> str:
        if owner is None:
            owner = f"credentials {digest(*credentials_in(self._scope))}"
        scope = self._scope
        path = getattr(scope.get("route"), "path", "")
        endpoint = place, variant_of(scope), scope["method"], scope.get("root_path", ""), path
        return digest(*endpoint, owner, key)


async def _begin(claim: Claim, fingerprint: str, wait: float) -> Held | None:
    """Take the key, or wait for who has it, but not for long.

    Raises:
        KeyReused: It is that of another request.
        RequestOutstanding: Whoever has it is not done.
        StoreUnavailable: The store is away.
    """
    until, after = time.monotonic() + wait, LOOK_AFTER
    while True:
        held = await claim.begin()
        if held is None:
            return None
        if held.fingerprint != fingerprint:
            raise KeyReused
        if not held.is_running:
            return held
        left = until - time.monotonic()
        if left <= 0:
            raise RequestOutstanding
        await asyncio.sleep(min(after, left))
        after = min(after * 2, LOOK_AT_MOST_AFTER)


__all__ = ["VISITS", "Visit"]
