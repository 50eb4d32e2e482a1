"""The cache: what an app makes once, and its endpoints are kept by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from vivace import Vivace
from vivace.answers.endpoints import Run, around, parameters_of, place_of
from vivace.answers.functions import checked_owner, with_parameters
from vivace.caching.lookup import Lookup
from vivace.caching.middleware import CacheMiddleware
from vivace.caching.policy import Policy, check_tags, filled, logger
from vivace.caching.stores.memory import MemoryStore
from vivace.caching.stores.protocol import Store, StoreUnavailable
from vivace.caching.visit import ALL, VISITS, Visit, path_tag
from vivace.connection_functions import as_dependency
from vivace.endpoint_decorators import check_order, name_of_endpoint
from vivace.exceptions import VivaceError
from vivace.opening import opening
from vivace.requests import Request

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

#: How many invalidations wait for a store that is away; beyond that everything is invalidated.
MOST_PENDING = 1000


class Cache:
    """Keeps answers of endpoints, and gives them again (RFC 9111).

    .. code-block:: python

        cache = Cache(RedisStore("redis://localhost"))
        app = Vivace()
        cache.install(app)


        @app.get("/books/{book_id}")
        @cache.store(seconds=60, tags=["book:{book_id}"])
        async def read_book(book_id: int) -> Book: ...


        @app.put("/books/{book_id}")
        @cache.invalidates("book:{book_id}")
        async def change_book(book_id: int, book: Book) -> Book: ...

    Args:
        store: Where answers are kept; by default, in the memory of this process.
        max_answer: Bytes; what is larger is not kept.
        wait: Seconds that a request waits for another one to make the answer. Then it makes its
            own.
        lead: Seconds after which another process makes an answer that one has begun to make.

    Raises:
        TypeError: The store is none.
        ValueError: A number is none that there can be.

    Attributes:
        store: As given.
        max_answer: As given.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        max_answer: int = 1024 * 1024,
        wait: float = 5.0,
        lead: float = 30.0,
    ) -> None:
        self._store: Store = MemoryStore() if store is None else store
        if not isinstance(self._store, Store):
            raise TypeError(f"{store!r} is no store. Give one, as RedisStore({store!r}).")
        for name, value in (("max_answer", max_answer), ("lead", lead)):
            if value <= 0:
                raise ValueError(f"{name}={value!r} has to be more than 0.")
        if wait < 0:
            raise ValueError(f"wait={wait!r} is no number of seconds.")
        self.max_answer = max_answer
        self.lookup = Lookup(self._store, wait=wait, lead=lead)
        self._pending: set[str] = set()
        self._warned: set[tuple[str, str]] = set()
        self._is_installed = False
        self._opened = opening(self)

    def install(self, app: Vivace) -> None:
        """Put the cache into an app, which its decorators need.

        What is added as middleware before it stands inside: what that does to an answer is kept.
        What is added after it stands around it, and acts on every answer: compression and CORS
        belong there.
        """
        app.add_middleware(CacheMiddleware, cache=self)
        self._is_installed = True

    def store(
        self,
        seconds: float,
        *,
        vary: Sequence[str] = (),
        tags: Sequence[str] = (),
        by: Any = None,
        shared: bool = False,
        client_seconds: float | None = None,
        stale_while_revalidate: float = 0,
        stale_if_error: float = 0,
    ) -> Callable[[Endpoint], Endpoint]:
        """Keep the answers of an endpoint; the decorator stands below that of the route.

        An answer is kept for each path and query, and each value of what is in ``vary``. It is kept
        if it is one of success, whole, of no more than ``max_answer`` bytes, and sets no cookie.
        ``Cache-Control`` of the endpoint's own is obeyed: with ``no-store``, ``no-cache`` or
        ``private`` the answer is not kept, and ``s-maxage`` and ``max-age`` replace ``seconds``.

        All dependencies of the endpoint run before an answer is given, so that whom they refuse
        gets none. Requests with ``Authorization``, ``Cookie`` or ``X-API-Key``, and those to an
        endpoint with a security scheme, are neither given one, nor is theirs kept, unless ``by`` or
        ``shared`` says whose it is.

        Args:
            seconds: For how long an answer is given without being made anew.
            vary: Fields of requests that the answer depends on, as ``["Accept-Language"]``.
            tags: Names to invalidate by; ``{name}`` in one stands for an argument of the endpoint.
            by: Whose answers they are: a dependency that returns a str, an int or a UUID, each of
                which has answers of its own; ``None`` stands for nobody. As
                ``by_user(auth)``.
            shared: Whether all get the same answer, also those who have credentials.
            client_seconds: For how long clients may use an answer without asking. 0 has them ask
                each time, which costs a 304. By default that is so for requests with credentials;
                other clients may use it for as long as it is kept here.
            stale_while_revalidate: For how many seconds after that it is given while one request
                makes a new one (RFC 5861, section 3).
            stale_if_error: For how many seconds after that it is given where the endpoint fails
                (RFC 5861, section 4).

        Raises:
            ValueError: A time is none, a tag names no parameter, or a field is no name of one.
            TypeError: The endpoint yields, or the decorator stands above that of the route.
        """
        policy = Policy(
            seconds=seconds,
            vary=vary if isinstance(vary, str) else tuple(vary),  # type: ignore[arg-type]
            tags=tags if isinstance(tags, str) else tuple(tags),  # type: ignore[arg-type]
            by=by,
            shared=shared,
            client_seconds=client_seconds,
            stale_while_revalidate=stale_while_revalidate,
            stale_if_error=stale_if_error,
        )
        frame = sys._getframe(1)

        def decorate(endpoint: Endpoint) -> Endpoint:
            check_order(endpoint, frame, "cache.store")
            check_tags(policy.tags, parameters_of(endpoint), name_of_endpoint(endpoint))
            place = place_of(endpoint)

            async def call(made: tuple[Visit, Any], arguments: dict[str, Any], run: Run) -> Any:
                visit, said = made
                owner = checked_owner(said, by)
                return await visit.answer(policy, place, owner, arguments, run)

            decorated: Endpoint = around(endpoint, self._visit(by), call)
            return decorated

        return decorate

    def invalidates(self, *tags: str) -> Callable[[Endpoint], Endpoint]:
        """Invalidate tags, and the path of the request, when an endpoint has answered.

        That is after a session of :mod:`vivace.sql` has been committed, and before the client has
        the answer: what it asks for next shows its change. An answer that refuses (4xx)
        invalidates nothing.

        Args:
            tags: As for :meth:`store`.

        Raises:
            ValueError: A tag names no parameter.
            TypeError: The decorator stands above that of the route.
        """
        frame = sys._getframe(1)

        def decorate(endpoint: Endpoint) -> Endpoint:
            check_order(endpoint, frame, "cache.invalidates")
            check_tags(tags, parameters_of(endpoint), name_of_endpoint(endpoint))

            async def call(made: tuple[Visit, Any], arguments: dict[str, Any], run: Run) -> Any:
                made[0].invalidate(filled(tags, arguments))
                return await run()

            decorated: Endpoint = around(endpoint, self._visit(None), call)
            return decorated

        return decorate

    async def invalidate(self, *tags: str) -> None:
        """Have no answer given any more that has one of ``tags``, in no process.

        While the store is away, it is remembered, and done before this process reads from the
        store again.
        """
        self._pending.update(tags)
        if len(self._pending) > MOST_PENDING:
            self._pending = {ALL}
        # While it is away, nothing is given from there either.
        with suppress(StoreUnavailable):
            await self.invalidate_pending()

    async def invalidate_path(self, path: str) -> None:
        """Have no answer given any more that a path has, whatever the query: as ``/books/7``."""
        await self.invalidate(path_tag(path))

    async def clear(self) -> None:
        """Have no answer given any more that is kept now."""
        await self.invalidate(ALL)

    async def invalidate_pending(self) -> None:
        """Do what is left to be invalidated.

        Raises:
            StoreUnavailable: The store is away.
        """
        if self._pending:
            tags = frozenset(self._pending)
            await self._store.invalidate(sorted(tags))
            self._pending -= tags

    async def open(self) -> None:
        """Called when an app starts.

        Raises:
            VivaceError: The cache is in no app.
        """
        if not self._is_installed:
            raise VivaceError(
                "Endpoints are decorated with a cache that is in no app. Call cache.install(app)."
            )

    async def close(self) -> None:
        """Close the store's connections."""
        await self._store.close()

    def warn_once(self, message: str, place: str, *arguments: str) -> None:
        """Log what is wrong with an endpoint, and not with each request to it."""
        if (message, place) not in self._warned:
            self._warned.add((message, place))
            logger.warning(message, place, *arguments)

    def _visit(self, by: Any) -> Any:
        """The dependency that gives the visit, and whose it is."""

        async def visit(request: Request, **given: Any) -> tuple[Visit, Any]:
            return self._visit_of(request), given.get("owner")

        declared = {"opened": self._opened}
        if by is not None:
            declared["owner"] = as_dependency(by)
        return with_parameters(visit, declared)

    def _visit_of(self, request: Request) -> Visit:
        visit: Visit | None = request.scope.get(VISITS, {}).get(self)
        if visit is None:
            raise VivaceError("The cache is not in this app. Call cache.install(app).")
        visit.arrive(request.scope)
        return visit


__all__ = ["Cache"]
