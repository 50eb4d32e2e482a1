"""Idempotency keys: what an app makes once, and its endpoints take keys by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import FrameType
from typing import Any, TypedDict, TypeVar, Unpack, overload

from vivace import Vivace
from vivace.answers.endpoints import Run, around, place_of
from vivace.answers.functions import checked_owner, with_parameters
from vivace.connection_functions import as_dependency
from vivace.endpoint_decorators import check_order
from vivace.exceptions import VivaceError
from vivace.idempotency.document import SETTINGS, describing
from vivace.idempotency.middleware import IdempotencyMiddleware
from vivace.idempotency.settings import Away, Settings
from vivace.idempotency.stores.memory import MemoryStore
from vivace.idempotency.stores.protocol import Store, TransactionalStore
from vivace.idempotency.visit import VISITS, Visit
from vivace.opening import opening
from vivace.requests import Request
from vivace.routing import APIRoute

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Options(TypedDict, total=False):
    """What a decorator may say of one endpoint; :class:`Idempotency` explains it."""

    by: Any
    ttl: float
    wait: float
    lease: float
    away: Away


#: What a dependency makes: the visit, whose it is, and the transaction.
_Made = tuple[Visit, Any, Any]

#: The attribute of an endpoint that takes no keys, whatever its router says.
EXEMPT = "__idempotency_exempt__"


class Idempotency:
    """Has a request carried out once, however often a client sends it.

    It follows draft-ietf-httpapi-idempotency-key-header-07.

    .. code-block:: python

        idempotency = Idempotency(RedisStore("redis://localhost"), by=by_user(auth))
        app = Vivace()
        idempotency.install(app)


        @app.post("/payments", status_code=201)
        @idempotency.required
        async def pay(payment: Payment) -> Receipt: ...

    Args:
        store: Where keys are kept; by default, in the memory of this process.
        by: Whose keys they are: a dependency that returns a str, an int or a UUID, as
            ``by_user(auth)``. The same key of two of them is two keys. By default they are told
            apart by what they send as ``Authorization``, ``Cookie`` and ``X-API-Key``, and for the
            security schemes of the endpoint; so whoever has been given a new token or cookie
            meanwhile is somebody else, whose request is carried out.
        ttl: Seconds for which an answer is kept.
        wait: Seconds that a second request waits for the first one, before it gets a 409.
        lease: Seconds after which a request can be made again whose process has died.
        away: What becomes of requests with a key while the store is away: ``"refuse"`` with a 503,
            or ``"pass"``, to be carried out each time.
        max_body: Bytes of a body with a key; more is a 413.
        max_answer: Bytes of an answer; one of more is sent and not kept, and a second request gets
            a 409. So does one for a stream.

    Raises:
        TypeError: The store is none, or ``by`` cannot be called.
        ValueError: A number is none that there can be, or ``away`` is none that is known.

    Attributes:
        store: As given.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        by: Any = None,
        ttl: float = 86_400,
        wait: float = 0,
        lease: float = 30,
        away: Away = "refuse",
        max_body: int = 1024 * 1024,
        max_answer: int = 1024 * 1024,
    ) -> None:
        self.store: Store = MemoryStore() if store is None else store
        if not isinstance(self.store, Store):
            raise TypeError(f"{store!r} is no store. Give one, as RedisStore({store!r}).")
        if max_body < 0 or max_answer < 0:
            raise ValueError(f"max_body={max_body} and max_answer={max_answer} are from 0 on.")
        self._settings = Settings(by=by, ttl=ttl, wait=wait, lease=lease, away=away)
        self._limits = {"max_body": max_body, "max_answer": max_answer}
        self._is_installed = False
        self._opened = opening(self)
        if by is not None:
            as_dependency(by)

    def install(self, app: Vivace) -> None:
        """Put it into an app, which its decorators need, and into the app's document.

        What is added as middleware before it stands inside: what that does to an answer is kept.
        What is added after it stands around it, and acts on every answer.
        """
        app.add_middleware(IdempotencyMiddleware, kit=self, **self._limits)
        app.describe = describing(app)  # type: ignore[method-assign]
        self._is_installed = True

    @overload
    def required(self, endpoint: Endpoint, /) -> Endpoint: ...
    @overload
    def required(
        self, endpoint: None = None, /, **options: Unpack[Options]
    ) -> Callable[[Endpoint], Endpoint]: ...
    def required(self, endpoint: Any = None, /, **options: Unpack[Options]) -> Any:
        """Have an endpoint take keys, and refuse requests without one (400).

        The decorator stands below that of the route, with or without arguments.

        All dependencies of the endpoint run before a key is looked at: what they refuse leaves no
        trace. Then the endpoint runs, or the answer is given that it gave to the same request
        before: status, fields and content, with ``Idempotency-Replayed: true``. An answer is kept
        unless it is a failure of the server's (5xx) or asks for another try (408, 425, 429).

        Args:
            options: ``by``, ``ttl``, ``wait``, ``lease`` and ``away``, as for the kit, for this
                endpoint.

        Raises:
            ValueError, TypeError: As by the kit; or the decorator stands above that of the route,
                or the endpoint yields.
        """
        return self._decorator(endpoint, options, sys._getframe(1), is_required=True)

    @overload
    def accepted(self, endpoint: Endpoint, /) -> Endpoint: ...
    @overload
    def accepted(
        self, endpoint: None = None, /, **options: Unpack[Options]
    ) -> Callable[[Endpoint], Endpoint]: ...
    def accepted(self, endpoint: Any = None, /, **options: Unpack[Options]) -> Any:
        """As :meth:`required`, but requests without a key are carried out each time."""
        return self._decorator(endpoint, options, sys._getframe(1), is_required=False)

    def exempt(self, endpoint: Endpoint) -> Endpoint:
        """Have an endpoint take no keys, whatever its router says."""
        setattr(endpoint, EXEMPT, True)
        return endpoint

    def route_class(
        self,
        base: type[APIRoute] = APIRoute,
        *,
        methods: Iterable[str] = ("POST", "PATCH"),
        required: bool = False,
    ) -> type[APIRoute]:
        """A class for the routes of a router, whose endpoints all take keys.

        As ``APIRouter(route_class=idempotency.route_class())``, or for an app, before its first
        route, ``app.router.route_class = idempotency.route_class()``. Endpoints that have a
        decorator of their own keep what it says; see also :meth:`exempt`.

        Args:
            base: What it is derived from.
            methods: Those that keys are for.
            required: Whether requests without a key are refused.
        """
        covered = frozenset(method.upper() for method in methods)
        settings = replace(self._settings, is_required=required)

        class IdempotentRoute(base):  # type: ignore[valid-type, misc]  # a class as any other
            def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
                named = {method.upper() for method in options.get("methods") or ["GET"]}
                is_decided = hasattr(endpoint, SETTINGS) or hasattr(endpoint, EXEMPT)
                if named & covered and not is_decided:
                    endpoint = decorate(endpoint)
                super().__init__(path, endpoint, **options)

        def decorate(endpoint: Any) -> Any:
            try:
                return self._decorate(endpoint, settings)
            except TypeError as error:
                raise TypeError(
                    f"{error} All endpoints of its router take keys: @idempotency.exempt leaves "
                    "one out."
                ) from None

        return IdempotentRoute

    async def open(self) -> None:
        """Called when an app starts.

        Raises:
            VivaceError: It is in no app.
        """
        if not self._is_installed:
            raise VivaceError(
                "Endpoints take keys by an Idempotency that is in no app. Call "
                "idempotency.install(app)."
            )

    async def close(self) -> None:
        """Close the store's connections."""
        await self.store.close()

    def _decorator(
        self, endpoint: Any, options: Options, frame: FrameType, *, is_required: bool
    ) -> Any:
        settings = replace(self._settings, is_required=is_required, **options)
        name = "idempotency.required" if is_required else "idempotency.accepted"

        def decorate(endpoint: Any) -> Any:
            check_order(endpoint, frame, name)
            return self._decorate(endpoint, settings)

        return decorate if endpoint is None else decorate(endpoint)

    def _decorate(self, endpoint: Any, settings: Settings) -> Any:
        place = place_of(endpoint)

        async def call(made: _Made, arguments: dict[str, Any], run: Run) -> Any:
            visit, said, session = made
            owner = checked_owner(said, settings.by)
            return await visit.answer(settings, place, owner, session, run)

        decorated = around(endpoint, self._visit(settings.by), call)
        setattr(decorated, SETTINGS, settings)
        return decorated

    def _visit(self, by: Any) -> Any:
        """The dependency that gives the visit, whose the key is, and a transaction."""

        async def visit(request: Request, **given: Any) -> _Made:
            return self._visit_of(request), given.get("owner"), given.get("session")

        declared = {"opened": self._opened}
        if by is not None:
            declared["owner"] = as_dependency(by)
        if isinstance(self.store, TransactionalStore):
            declared["session"] = self.store.session
        return with_parameters(visit, declared)

    def _visit_of(self, request: Request) -> Visit:
        visit: Visit | None = request.scope.get(VISITS, {}).get(self)
        if visit is None:
            raise VivaceError("The keys are not in this app. Call idempotency.install(app).")
        visit.arrive(request.scope)
        return visit


__all__ = ["Idempotency"]
