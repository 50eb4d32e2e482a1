"""The app: a router with settings, error handlers, middleware and documentation around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace.declare.defaults import Default, DefaultPlaceholder
from vivace.declare.dependencies import Depends
from vivace.declare.form_limits import FormLimits
from vivace.describe.description import Description, describe_routes
from vivace.describe.site import DocumentationSite
from vivace.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
    websocket_request_validation_exception_handler,
)
from vivace.exceptions import (
    RequestValidationError,
    WebSocketRequestValidationError,
    warn_deprecated,
)
from vivace.problems import problem_handlers
from vivace.responses import JSONResponse
from vivace.runtime.app_scope import AppScope
from vivace.runtime.background import RUNNING, BackgroundJobs
from vivace.runtime.body_limit import BodyLimitMiddleware
from vivace.runtime.connections import CONNECTIONS, OpenConnections
from vivace.runtime.errors import HANDLERS, TrackedSend, invoke_handler
from vivace.runtime.form_limits import SCOPE_KEY as FORM_LIMITS, merge_inherited
from vivace.serve.app_registration import AppRegistration, ExceptionHandler
from vivace.serve.error_boundary import ErrorBoundary, may_handle_errors
from vivace.serve.handler_tables import check_handled, handler_tables
from vivace.serve.inclusion import FlatRoutes
from vivace.serve.instrumentation import InstrumentedStack, is_instrumented
from vivace.serve.operation_id import generate_unique_id
from vivace.serve.registration import Endpoint
from vivace.serve.router import APIRouter
from vivace.serve.settings import Responses
from vivace.telemetry import Telemetry, read_config
from vivace.telemetry.routes import record_unhandled


class Vivace(AppRegistration, Starlette):
    """An API.

    Args:
        debug: Answer errors with their traceback.
        routes: Routes to begin with.
        title, summary, description, version, terms_of_service, contact, license_info,
        openapi_tags, servers, openapi_external_docs: For the OpenAPI document.
        openapi_url: Where the document is served; ``None`` for nowhere, and no pages either.
        docs_url, redoc_url, scalar_url: Where the pages with Swagger UI, ReDoc and Scalar are;
            ``None`` for nowhere.
        docs_from_cdn: Load the pages' scripts from a CDN even where they are installed.
        swagger_ui_oauth2_redirect_url, swagger_ui_init_oauth, swagger_ui_parameters: For
            Swagger UI.
        dependencies, default_response_class, responses, callbacks, deprecated,
        include_in_schema, generate_unique_id_function, strict_content_type, max_body_size,
        form_limits: For every endpoint; see :class:`vivace.APIRouter`.
        redirect_slashes: Whether a path that only exists with, or without, a slash at its end
            is redirected there.
        middleware: What requests pass through, the outermost first.
        exception_handlers: Functions of the request and the exception that make the reply, by
            class or status.
        on_startup, on_shutdown, lifespan: What runs when the app starts and stops.
        root_path: The prefix that a proxy takes off the path; see ``root_path_in_servers``.
        root_path_in_servers: Whether the document names it as a server.
        webhooks: Requests that the API sends, for its documentation.
        separate_input_output_schemas: Whether a model that is read and written differently has
            two schemas.
        problem_details: Answer errors as ``application/problem+json`` (RFC 9457).
        shutdown_grace: Seconds that open streams and WebSockets have to end by themselves when
            the server stops.
        telemetry: Settings for OpenTelemetry; see :mod:`vivace.telemetry`.
    """

    #: Whether HEAD works wherever GET does, and 405 names every method of the path.
    complete_methods = True
    #: Whether background tasks run to their end where the request is cancelled.
    keeps_background = True
    #: The module whose functions make the pages of the documentation.
    pages_module = "vivace.describe.pages"
    #: The class of the app's own router.
    router_class: type[APIRouter] = APIRouter
    router: APIRouter

    def __init__(
        self,
        *,
        debug: bool = False,
        routes: list[BaseRoute] | None = None,
        title: str = "Vivace",
        summary: str | None = None,
        description: str = "",
        version: str = "0.1.0",
        openapi_url: str | None = "/openapi.json",
        openapi_tags: list[dict[str, Any]] | None = None,
        servers: list[dict[str, Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        redirect_slashes: bool = True,
        docs_url: str | None = "/docs",
        redoc_url: str | None = "/redoc",
        scalar_url: str | None = None,
        docs_from_cdn: bool = False,
        swagger_ui_oauth2_redirect_url: str | None = "/docs/oauth2-redirect",
        swagger_ui_init_oauth: dict[str, Any] | None = None,
        middleware: Sequence[Middleware] | None = None,
        exception_handlers: Mapping[Any, ExceptionHandler] | None = None,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Any = None,
        terms_of_service: str | None = None,
        contact: dict[str, Any] | None = None,
        license_info: dict[str, Any] | None = None,
        openapi_prefix: str = "",
        root_path: str = "",
        root_path_in_servers: bool = True,
        responses: Responses | None = None,
        callbacks: list[BaseRoute] | None = None,
        webhooks: APIRouter | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        swagger_ui_parameters: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        separate_input_output_schemas: bool = True,
        openapi_external_docs: dict[str, Any] | None = None,
        strict_content_type: bool = True,
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
        problem_details: bool = False,
        shutdown_grace: float = 2.0,
        telemetry: Any = None,
    ) -> None:
        self.debug = debug
        self.title = title
        self.summary = summary
        self.description = description
        self.version = version
        self.terms_of_service = terms_of_service
        self.contact = contact
        self.license_info = license_info
        self.openapi_url = openapi_url
        self.openapi_tags = openapi_tags
        self.openapi_external_docs = openapi_external_docs
        self.openapi_version = "3.1.0"
        self.openapi_schema: dict[str, Any] | None = None
        self.servers = servers or []
        self.separate_input_output_schemas = separate_input_output_schemas
        self.docs_url = docs_url
        self.redoc_url = redoc_url
        self.scalar_url = scalar_url
        self.docs_from_cdn = docs_from_cdn
        self.swagger_ui_oauth2_redirect_url = swagger_ui_oauth2_redirect_url
        self.swagger_ui_init_oauth = swagger_ui_init_oauth
        self.swagger_ui_parameters = swagger_ui_parameters
        if openapi_prefix:
            warn_deprecated(
                '"openapi_prefix" has been deprecated in favor of "root_path", which follows more '
                "closely the ASGI standard, is simpler, and more automatic. Instead of passing it "
                'to the app, say it to the server, as in "vivace run --root-path".'
            )
        self.root_path = root_path or openapi_prefix
        self.root_path_in_servers = root_path_in_servers
        if self.openapi_url:
            assert self.title, "A title must be provided for OpenAPI, e.g.: 'My API'"
            assert self.version, "A version must be provided for OpenAPI, e.g.: '2.1.0'"
        self.webhooks = webhooks or self.router_class()
        self.state = State()
        self.dependency_overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
        self.app_scope = AppScope()
        self.services = []
        self.background = BackgroundJobs() if self.keeps_background else None
        self.connections = OpenConnections(shutdown_grace)
        self.router = self.router_class(
            routes=routes,
            redirect_slashes=redirect_slashes,
            dependency_overrides_provider=self,
            on_startup=on_startup,
            on_shutdown=on_shutdown,
            lifespan=lifespan,
            default_response_class=default_response_class,
            dependencies=dependencies,
            callbacks=callbacks,
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            responses=responses,
            generate_unique_id_function=generate_unique_id_function,
            strict_content_type=strict_content_type,
            max_body_size=max_body_size,
            form_limits=form_limits,
        )
        self.router.dispatcher.complete_methods = self.complete_methods
        self.problem_details = problem_details
        self.exception_handlers = self._default_handlers(problem_details)
        for handled in exception_handlers or {}:
            check_handled(handled)
        self.exception_handlers.update(exception_handlers or {})
        self.user_middleware = list(middleware or [])
        self.middleware_stack: ASGIApp | None = None
        #: Whether the middleware lets every error pass, so that it is answered inside.
        self.answers_errors_inside = False
        self._telemetry = read_config(telemetry)
        self._recorder = Telemetry(self._telemetry)
        self._scope = None
        self._site = DocumentationSite(self)
        self.setup()

    def _default_handlers(self, problem_details: bool) -> dict[Any, ExceptionHandler]:
        if problem_details:
            return dict(problem_handlers())
        return {
            HTTPException: http_exception_handler,
            RequestValidationError: request_validation_exception_handler,
            WebSocketRequestValidationError: websocket_request_validation_exception_handler,
        }

    @property
    def max_body_size(self) -> int | None:  # type: ignore[override]
        return self.router.max_body_size

    @property
    def routes(self) -> list[BaseRoute]:
        """Every route with the path it is served at, those of included routers in their place.

        A flat list, in order of declaration. The same objects come back as long as no route is
        added or removed, so that tools may annotate them.
        """
        return FlatRoutes(self.router.dispatcher.flat, self.router.routes)

    # Documentation.

    def setup(self) -> None:
        """Add the routes of the document and its pages; called once, by the constructor."""
        self._site.add_routes()

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made when first asked for and when routes have changed since.

        Override it, or assign a function to it, to change the document.
        """
        return Description.of(self).document()

    def describe(
        self,
        routes: Sequence[BaseRoute],
        *,
        version: str | None = None,
        description: str | None = None,
        webhooks: Sequence[BaseRoute] = (),
    ) -> dict[str, Any]:
        """An OpenAPI document of ``routes`` alone, with what is said of this app.

        The app's own is made by it too: override it to change all documents.
        """
        return describe_routes(
            self, routes, version=version, description=description, webhooks=webhooks
        )

    def add_openapi(self, name: str, url: str, make: Callable[[], dict[str, Any]]) -> None:
        """Serve a further OpenAPI document, and let people choose it by ``name`` in the pages.

        Args:
            name: What the pages call it; the app's own document has the title of the app.
            url: Where it is served.
            make: Makes the document, when first asked for and when routes have changed since.
                :meth:`describe` is of use there. An app without document has none of these.

        Raises:
            ValueError: There is a document of this name already.
        """
        self._site.add_document(name, url, make)

    # Middleware.

    def middleware(self, middleware_type: str) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function as middleware, around what was registered before it.

        Args:
            middleware_type: ``"http"`` for ``async def (request, call_next) -> Response``,
                ``"websocket"`` for ``async def (websocket: WebSocket, call_next) -> None``; see
                :class:`vivace.middleware.FunctionMiddleware`.

        Raises:
            TypeError: It is no such function.
            ValueError: There is no such type.
        """
        from vivace.middleware.function import FunctionMiddleware, check_function

        if middleware_type not in ("http", "websocket"):
            raise ValueError(f'middleware({middleware_type!r}) is neither "http" nor "websocket".')

        def register(function: Endpoint) -> Endpoint:
            check_function(function, middleware_type)
            self.add_middleware(FunctionMiddleware, dispatch=function)
            return function

        return register

    def build_middleware_stack(self) -> ASGIApp:
        """What requests pass through: every middleware around the router, the outermost first."""
        app: ASGIApp = self._serve
        catching = [m for m in self.user_middleware if may_handle_errors(m)]
        self.answers_errors_inside = not catching
        for middleware in reversed(self.user_middleware):
            app = middleware.cls(app, *middleware.args, **middleware.kwargs)
            if catching and middleware is catching[0]:
                app = ErrorBoundary(app, self.answer_unhandled)
        if self.user_middleware:
            app = BodyLimitMiddleware(app, self.max_body_size)
        return ServerErrorMiddleware(app, handler=self._error_handler, debug=self.debug)

    def _shortest_stack(self) -> ASGIApp:
        """The stack; only the router, where nothing stands around it that it cannot do itself."""
        stack = self.build_middleware_stack()
        if type(stack) is ServerErrorMiddleware and stack.app == self._serve:
            return self._serve
        return stack

    @property
    def _error_handler(self) -> ExceptionHandler | None:
        return self.exception_handlers.get(500) or self.exception_handlers.get(Exception)

    # Serving.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.root_path:
            scope["root_path"] = self.root_path
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self._shortest_stack()
        stack = self.middleware_stack
        if is_instrumented():
            stack = InstrumentedStack(self, stack)
        if scope["type"] == "lifespan":
            await self._recorder.lifespan(stack, scope, receive, send)
        elif self._recorder.is_active():
            await self._recorder(stack, scope, receive, send)
        else:
            await stack(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.update(self._scope or self._make_scope())
        if self.router.form_limits:
            scope[FORM_LIMITS] = merge_inherited(scope, self.router.form_limits)
        if scope["type"] == "lifespan":
            await self.router(scope, receive, send)
        else:
            await self.router.dispatcher.dispatch(scope, receive, send)

    def _make_scope(self) -> dict[str, Any]:
        """What every request of this app finds in its scope."""
        self._scope = {
            HANDLERS: handler_tables(self.exception_handlers),
            RUNNING: self.background,
            CONNECTIONS: self.connections,
        }
        return self._scope

    async def answer_unhandled(
        self, error: Exception, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send the reply to an error that no handler is registered for: 500."""
        record_unhandled(scope, error)
        request = Request(scope, receive, send)
        handler = self._error_handler
        standard = ServerErrorMiddleware(self.router, debug=self.debug)
        if self.debug:
            response = standard.debug_response(request, error)
        elif handler is not None:
            response = await invoke_handler(handler, request, error)
        else:
            response = standard.error_response(request, error)
        await response(scope, receive, TrackedSend(send))
