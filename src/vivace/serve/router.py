"""The router: registrations on one side, requests on the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, ClassVar, Unpack

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace.analyse.blame import blaming, describe_call
from vivace.declare.defaults import Default, DefaultPlaceholder, value_or_default
from vivace.declare.dependencies import Depends
from vivace.declare.form_limits import FormLimits, check_form_limits
from vivace.declare.options import RouteOptions
from vivace.responses import JSONResponse
from vivace.runtime.body_limit import check_body_limit
from vivace.serve.checks import (
    check_given,
    check_inclusion,
    check_list,
    check_options,
    check_paths,
    check_prefix,
)
from vivace.serve.dispatch import Dispatcher
from vivace.serve.frontend import FrontendRoute
from vivace.serve.frontend_files import CheckDir, Fallback
from vivace.serve.inclusion import IncludedRouter, RouteList, Version
from vivace.serve.lifespan import (
    Lifespan,
    as_lifespan,
    event_lifespan,
    nested,
    resources_lifespan,
    run_lifespan,
)
from vivace.serve.operation_id import generate_unique_id
from vivace.serve.paths import check_braces
from vivace.serve.registration import Registration
from vivace.serve.route import APIRoute
from vivace.serve.route_group import Finding
from vivace.serve.settings import Responses, Settings
from vivace.serve.websocket_route import APIWebSocketRoute


class APIRouter(Registration, Router):
    """A group of endpoints, to be included in an app or another router, or served by itself.

    Args:
        prefix: Goes before every path; starts with ``/`` and does not end with one.
        tags, dependencies, responses, callbacks, deprecated, include_in_schema: For every
            endpoint, joined with its own.
        default_response_class, generate_unique_id_function, strict_content_type,
        max_body_size, form_limits: For every endpoint that does not say otherwise.
        routes: Routes to begin with.
        redirect_slashes: Whether a path that only exists with, or without, a slash at its end
            is redirected there.
        default: The ASGI app for what no route matches; by default, 404.
        route_class: The class of the routes.
        on_startup, on_shutdown, lifespan: What runs when the app starts and stops.
    """

    # Starlette's type for it does not say that an app may do without state.
    lifespan_context: Any
    websocket_route_class: ClassVar[type[APIWebSocketRoute]] = APIWebSocketRoute

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        responses: Responses | None = None,
        callbacks: list[BaseRoute] | None = None,
        routes: list[BaseRoute] | None = None,
        redirect_slashes: bool = True,
        default: ASGIApp | None = None,
        dependency_overrides_provider: Any = None,
        route_class: type[APIRoute] = APIRoute,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Any = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        strict_content_type: bool | DefaultPlaceholder = Default(True),
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
    ) -> None:
        if route_class.is_strict:
            check_list("tags", tags)
        if prefix:
            check_prefix(prefix)
        self.on_startup = list(on_startup or [])
        self.on_shutdown = list(on_shutdown or [])
        super().__init__(
            routes=routes,
            redirect_slashes=redirect_slashes,
            default=default,
        )
        self.lifespan_context = self._lifespan(lifespan)
        self.prefix = prefix
        self.tags = tags or []
        self.dependencies = list(dependencies or [])
        self.default_response_class = default_response_class
        self.responses = responses or {}
        check_given(type(self), self.dependencies, self.responses)
        self.callbacks = callbacks or []
        self.dependency_overrides_provider = dependency_overrides_provider
        self.route_class = route_class
        self.deprecated = deprecated
        self.include_in_schema = include_in_schema
        self.generate_unique_id_function = generate_unique_id_function
        self.strict_content_type = strict_content_type
        self.max_body_size = check_body_limit(max_body_size)
        self.form_limits = check_form_limits(form_limits or {})
        self.frontends: list[FrontendRoute] = []
        self.dispatcher = Dispatcher(self)

    def _lifespan(self, lifespan: Any) -> Lifespan:
        events = event_lifespan(self.on_startup, self.on_shutdown)
        return events if lifespan is None else as_lifespan(lifespan)

    @property
    def routes(self) -> list[BaseRoute]:
        """What was registered here, in order; an included router is one item."""
        return self._routes

    @routes.setter
    def routes(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = RouteList()
        self._routes.extend(routes)

    @property
    def settings(self) -> Settings:
        """What this router adds to the routes in it."""
        return Settings(
            prefix=self.prefix,
            tags=tuple(self.tags),
            dependencies=tuple(self.dependencies),
            responses=self.responses,
            callbacks=tuple(self.callbacks),
            deprecated=self.deprecated,
            include_in_schema=self.include_in_schema,
            response_class=self.default_response_class,
            generate_unique_id_function=self.generate_unique_id_function,
            strict_content_type=self.strict_content_type,
            max_body_size=self.max_body_size,
            form_limits=self.form_limits,
        )

    # Registration.

    def add_api_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        route_class_override: type[APIRoute] | None = None,
        **options: Unpack[RouteOptions],
    ) -> None:
        """Register ``endpoint`` for ``path`` and the methods in ``options``, by default GET."""
        route_class = route_class_override or self.route_class
        with blaming(endpoint):
            check_options(route_class, options)
            own = self.settings.around(_declared_settings(options))
        fixed: dict[str, Any] = {
            "tags": list(own.tags),
            "dependencies": list(own.dependencies),
            "responses": own.responses,
            "callbacks": list(own.callbacks),
            "deprecated": own.deprecated,
            "include_in_schema": own.include_in_schema,
            "response_class": own.response_class,
            "generate_unique_id_function": own.generate_unique_id_function,
            "strict_content_type": own.strict_content_type,
            "max_body_size": own.max_body_size,
            "form_limits": own.form_limits,
            "dependency_overrides_provider": self.dependency_overrides_provider,
        }
        self.routes.append(
            route_class(self.prefix + path, endpoint=endpoint, **{**options, **fixed})
        )

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> None:
        """Register ``endpoint`` for WebSockets at ``path``."""
        self.routes.append(
            self.websocket_route_class(
                self.prefix + path,
                endpoint=endpoint,
                name=name,
                dependencies=[*self.dependencies, *(dependencies or [])],
                dependency_overrides_provider=self.dependency_overrides_provider,
            )
        )

    def frontend(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: Fallback = "auto",
        check_dir: CheckDir = "auto",
    ) -> None:
        """Serve a built single-page application below ``path``, where nothing else is declared.

        See :class:`vivace.serve.frontend.FrontendRoute` for the arguments.
        """
        route = FrontendRoute(path, directory=directory, fallback=fallback, check_dir=check_dir)
        self.frontends.append(
            route.with_prefix(
                self.prefix, dependencies=self.dependencies, max_body_size=self.max_body_size
            )
        )
        Version.number += 1

    def include_router(
        self,
        router: APIRouter,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        responses: Responses | None = None,
        callbacks: list[BaseRoute] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        strict_content_type: bool | DefaultPlaceholder = Default(True),
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
    ) -> None:
        """Serve the routes of ``router`` here too, those that it will get later included.

        Nothing is copied or read again. The arguments are those of :class:`APIRouter`.

        Raises:
            AssertionError: An argument is wrong, or the router would include itself.
            VivaceError: Prefix and path of a route are both empty.
        """
        assert isinstance(router, APIRouter), (
            f"Only an APIRouter can be included, and this is {router!r}. Put an app at a path of "
            "its own with `mount`."
        )
        check_inclusion(self, router)
        check_given(self.include_router, dependencies or (), responses or {})
        if self.route_class.is_strict:
            check_list("tags", tags)
            check_braces(prefix)
        if prefix:
            check_prefix(prefix)
        elif not self.prefix:
            check_paths(router)
        included = Settings(
            prefix=prefix,
            tags=tuple(tags or ()),
            dependencies=tuple(dependencies or ()),
            responses=responses or {},
            callbacks=tuple(callbacks or ()),
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            response_class=value_or_default(default_response_class),
            generate_unique_id_function=generate_unique_id_function,
            strict_content_type=strict_content_type,
            max_body_size=check_body_limit(max_body_size),
            form_limits=check_form_limits(form_limits or {}),
        )
        settings = self.settings.around(included)
        self.routes.append(IncludedRouter(router, settings, self.dependency_overrides_provider))
        self._adopt_events(router)

    def _adopt_events(self, router: APIRouter) -> None:
        self.lifespan_context = nested(self.lifespan_context, router.lifespan_context)

    def add_event_handler(self, event_type: str, handler: Callable[[], Any]) -> None:
        """Call ``handler`` at ``"startup"`` or ``"shutdown"``."""
        assert event_type in ("startup", "shutdown"), (
            f"There is no event {event_type!r} for {describe_call(handler)}. It can be called at "
            "'startup' or 'shutdown'."
        )
        (self.on_startup if event_type == "startup" else self.on_shutdown).append(handler)

    # Serving.

    def find(self, scope: Scope) -> Finding | None:
        """What this router has for a request, if anything, to be called as an ASGI app."""
        return self.dispatcher.find(scope)

    @property
    def is_customised(self) -> bool:
        """True where a subclass decides by itself what matches or how it is handled."""
        cls = type(self)
        return cls.matches is not APIRouter.matches or cls.handle is not APIRouter.handle

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether requests may pass through this router; a subclass may say no."""
        return (Match.FULL, {}) if self.dispatcher.is_passing(scope) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to what matched it inside this router."""
        if self.dispatcher.is_passing(scope):
            await self.dispatcher.pass_on(scope, receive, send)
        else:
            await self(scope, receive, send)

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop: this router, those included in it, and what the app keeps."""
        lifespan = self.lifespan_context
        if getattr(scope.get("app"), "app_scope", None) is not None:
            lifespan = nested(lifespan, resources_lifespan)
        await run_lifespan(lifespan, scope, receive, send)  # type: ignore[arg-type]

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope.setdefault("router", self)
            await self.lifespan(scope, receive, send)
        else:
            await self.dispatcher.dispatch(scope, receive, send)


def _declared_settings(options: Any) -> Settings:
    return Settings(
        tags=tuple(options.get("tags") or ()),
        dependencies=tuple(options.get("dependencies") or ()),
        responses=options.get("responses") or {},
        callbacks=tuple(options.get("callbacks") or ()),
        deprecated=options.get("deprecated"),
        include_in_schema=options.get("include_in_schema", True),
        response_class=options.get("response_class", Default(JSONResponse)),
        generate_unique_id_function=options.get(
            "generate_unique_id_function", Default(generate_unique_id)
        ),
        max_body_size=check_body_limit(options.get("max_body_size")),
        form_limits=check_form_limits(options.get("form_limits") or {}),
    )
