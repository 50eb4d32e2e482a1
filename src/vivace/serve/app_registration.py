"""Registration with an app: what its router takes over, and what only an app has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Unpack

from vivace.analyse.blame import blaming
from vivace.declare.dependencies import Depends
from vivace.declare.options import RouteOptions
from vivace.serve.frontend_files import CheckDir, Fallback
from vivace.serve.handler_tables import check_handled
from vivace.serve.lifespan import Service
from vivace.serve.paths import check_start
from vivace.serve.registration import Endpoint, Registration
from vivace.serve.router import APIRouter

ExceptionHandler = Callable[[Any, Any], Any]


class AppRegistration(Registration):
    """The methods that add to an app: routes, handlers of errors, services."""

    router: APIRouter
    exception_handlers: dict[Any, ExceptionHandler]
    services: list[Service]
    # What every request finds in its scope, made of all this for the next one.
    _scope: dict[str, Any] | None

    def add_api_route(
        self, path: str, endpoint: Callable[..., Any], **options: Unpack[RouteOptions]
    ) -> None:
        """Register ``endpoint`` for ``path`` and the methods in ``options``, by default GET."""
        if self.router.route_class.is_strict:
            with blaming(endpoint):
                check_start(path)
        self.router.add_api_route(path, endpoint, **options)

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> None:
        """Register ``endpoint`` for WebSockets at ``path``."""
        if self.router.websocket_route_class.is_strict:
            with blaming(endpoint):
                check_start(path)
        self.router.add_api_websocket_route(path, endpoint, name, dependencies=dependencies)

    def add_websocket_route(
        self, path: str, route: Callable[..., Any], name: str | None = None
    ) -> None:
        """Register a function of the WebSocket as it is."""
        self.router.add_websocket_route(path, route, name=name)

    def frontend(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: Fallback = "auto",
        check_dir: CheckDir = "auto",
    ) -> None:
        """Serve a built single-page application; see :meth:`vivace.APIRouter.frontend`."""
        self.router.frontend(path, directory=directory, fallback=fallback, check_dir=check_dir)

    def include_router(
        self,
        router: APIRouter,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        **options: Any,
    ) -> None:
        """Serve the routes of ``router``; see :meth:`vivace.APIRouter.include_router`."""
        self.router.include_router(
            router, prefix=prefix, tags=tags, dependencies=dependencies, **options
        )

    def add_event_handler(self, event_type: str, handler: Callable[[], Any]) -> None:
        """Call ``handler`` at ``"startup"`` or ``"shutdown"``."""
        self.router.add_event_handler(event_type, handler)

    def exception_handler(
        self, exc_class_or_status_code: int | type[Exception]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for a class of exceptions or a status."""
        check_handled(exc_class_or_status_code)

        def register(handler: Endpoint) -> Endpoint:
            self.add_exception_handler(exc_class_or_status_code, handler)
            return handler

        return register

    def add_exception_handler(
        self, exc_class_or_status_code: int | type[Exception], handler: ExceptionHandler
    ) -> None:
        """Answer a class of exceptions, or a status, with what ``handler`` returns.

        Raises:
            TypeError: It is neither.
        """
        check_handled(exc_class_or_status_code)
        self.exception_handlers[exc_class_or_status_code] = handler
        self._scope = None

    def add_service(self, service: Service) -> None:
        """Have something run beside the app for as long as it serves, also where it is mounted.

        Args:
            service: A function of the app that makes an asynchronous context manager. It is entered
                when the lifespan has started and the values of scope ``app`` have been made, and
                left before they are closed, when all background tasks have ended.
        """
        self.services.append(service)
