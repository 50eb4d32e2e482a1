"""The limiter: what an app makes once, and takes its limits from."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from vivace import Vivace
from vivace.addresses import ClientAddress
from vivace.ratelimit.document import describing
from vivace.ratelimit.errors import RateLimited, quota_exceeded
from vivace.ratelimit.limit import Limit, Uncounted, digest_of_key
from vivace.ratelimit.middleware import RateLimitMiddleware, make_gate
from vivace.ratelimit.places import Places
from vivace.ratelimit.rules import Window
from vivace.ratelimit.stores.memory import MemoryStore
from vivace.ratelimit.stores.protocol import Store
from vivace.requests import HTTPConnection


class Limiter:
    """Limits how often clients may ask.

    .. code-block:: python

        limiter = Limiter(RedisStore("redis://localhost"))
        app = Vivace()
        limiter.install(app)


        @app.get("/search")
        @limiter.limit("5/second;100/hour")
        async def search(text: str): ...


        router = APIRouter(dependencies=[limiter.limit("100/minute", by=by_user(auth)).dependency])

    Args:
        store: Where is counted; by default, in the memory of this process.
        address: Tells the addresses of clients, which limits count by unless they say otherwise.
            Behind a proxy it has to know whom to believe.
        window: How limits count that do not say.
        uncounted: What becomes of requests while the store is away: ``"pass"``, or ``"refuse"``
            with a 503. A limit may say otherwise.
        enabled: Whether anything is counted; may be set at any time.

    Raises:
        TypeError: The store is none.

    Attributes:
        store: As given.
        enabled: As given.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        address: ClientAddress | None = None,
        window: Window = "fixed",
        uncounted: Uncounted = "pass",
        enabled: bool = True,
    ) -> None:
        self.store: Store = MemoryStore() if store is None else store
        if not isinstance(self.store, Store):
            raise TypeError(f"{store!r} is no store. Give one, as RedisStore({store!r}).")
        self.enabled = enabled
        self.places = Places()
        self._address = address or ClientAddress()
        self._window: Window = window
        self._uncounted: Uncounted = uncounted

    def limit(
        self,
        rules: str | Callable[..., Any],
        *,
        by: Any = None,
        cost: int | Callable[..., Any] = 1,
        exempt: Callable[..., Any] | None = None,
        scope: str | None = None,
        window: Window | None = None,
        name: str | None = None,
        uncounted: Uncounted | None = None,
    ) -> Limit:
        """A limit: a decorator for endpoints, with a dependency for routers and apps.

        Each endpoint is counted by itself, and each of its methods. What is given as a function may
        be any dependency, sync or async; a function with one parameter and no annotation gets the
        connection.

        Args:
            rules: As ``"5/second;100/hour"``; or a function that says them for a request, or
                ``None`` where there is no limit.
            by: A function that says what a request counts by, as a str, an int or a UUID; where it
                says ``None``, the request is not counted. By default, the address of the client.
            cost: How much a request counts; or a function that says it.
            exempt: A function that says whether a request passes without being counted.
            scope: A name under which all limits count together that have the same rules and the
                same ``by``, at whatever endpoint.
            window: How it is counted; see :data:`~vivace.ratelimit.Window`.
            name: What clients know the limit by, in ``RateLimit``.
            uncounted: As for the limiter.

        Raises:
            ValueError: The rules, the window, the name or ``uncounted`` is none that is known.
            TypeError: What should be a function is none, or the cost no number from 0 on.
        """
        return Limit(
            self,
            rules,
            by=self._address if by is None else by,
            cost=cost,
            exempt=exempt,
            scope=scope,
            window=window or self._window,
            name=name,
            uncounted=uncounted or self._uncounted,
        )

    def limit_key(
        self,
        rules: str | Callable[[Any], str | Awaitable[str | None] | None],
        *,
        scope: str = "API keys",
        **options: Any,
    ) -> Callable[[Any, HTTPConnection], Awaitable[None]]:
        """A limit on each API key of :mod:`vivace.auth`: ``Auth(limit_key=...)``.

        A key is counted wherever it is used. With :func:`~vivace.ratelimit.by_api_key` single
        endpoints can count keys.

        Args:
            rules: As for :meth:`limit`; or a function of the principal, sync or async, so that
                each can have those of its plan.
            scope: As for :meth:`limit`.
            options: ``window``, ``name`` and ``uncounted``, as for :meth:`limit`.
        """
        limit = self.limit(rules, scope=scope, **options)

        async def limit_key(principal: Any, connection: HTTPConnection) -> None:
            said: Any = None if isinstance(rules, str) else rules(principal)
            if inspect.isawaitable(said):
                said = await said
            await limit.let_pass(connection, key=principal.credential_id, rules=said)

        return limit_key

    def install(self, app: Vivace, *limits: str | Limit) -> None:
        """Put the limiter into an app as a whole. Limits of endpoints hold without that, too.

        All responses get the fields ``RateLimit`` and ``RateLimit-Policy``, whatever they are made
        of. Refusals are in the OpenAPI document, and are problems of the type for it in an app
        that answers with problem details.

        Middleware that is added later stands around it: CORS belongs there, so that refusals too
        have its headers.

        Args:
            app: The app.
            limits: Limits on all requests together, by the client's address if they are given as
                rules: also on those that no route is for.

        Raises:
            ValueError: The rules are none.
            TypeError: A function of a limit needs more than the connection.
        """
        gates = [make_gate(self.limit(one) if isinstance(one, str) else one) for one in limits]
        app.add_middleware(RateLimitMiddleware, gates=gates)
        app.describe = describing(app, whole_app=bool(gates))  # type: ignore[method-assign]
        if app.problem_details and RateLimited not in app.exception_handlers:
            app.add_exception_handler(RateLimited, quota_exceeded)

    async def reset(self, key: str | int | None = None) -> None:
        """Forget what has been counted; of one key alone, if it is given.

        Raises:
            StoreUnavailable: The store is away.
        """
        await self.store.clear("" if key is None else digest_of_key(key))


__all__ = ["Limiter"]
