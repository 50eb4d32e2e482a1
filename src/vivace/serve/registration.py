"""Registration of endpoints by decorators: what an app and a router have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Unpack

from typing_extensions import deprecated

from vivace.declare.dependencies import Depends
from vivace.declare.options import OperationOptions, RouteOptions
from vivace.serve.paths import check_path

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Registration:
    """The decorators, made of the methods that do the same with a function given to them."""

    def add_api_route(
        self, path: str, endpoint: Callable[..., Any], **options: Unpack[RouteOptions]
    ) -> None:
        """Register ``endpoint`` for ``path`` and the methods in ``options``, by default GET."""
        raise NotImplementedError

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> None:
        """Register ``endpoint`` for WebSockets at ``path``."""
        raise NotImplementedError

    def add_event_handler(self, event_type: str, handler: Callable[[], Any]) -> None:
        """Call ``handler`` at ``"startup"`` or ``"shutdown"``."""
        raise NotImplementedError

    def api_route(
        self, path: str, **options: Unpack[RouteOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for ``path`` and any methods."""

        check_path(path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, **options)
            return endpoint

        return register

    def _verb(
        self, method: str, path: str, options: OperationOptions
    ) -> Callable[[Endpoint], Endpoint]:
        route_options: Any = {**options, "methods": [method]}
        return self.api_route(path, **route_options)

    def get(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for GET (RFC 9110 section 9.3.1)."""
        return self._verb("GET", path, options)

    def put(self, path: str, **options: Unpack[OperationOptions]) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for PUT (RFC 9110 section 9.3.4)."""
        return self._verb("PUT", path, options)

    def post(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for POST (RFC 9110 section 9.3.3)."""
        return self._verb("POST", path, options)

    def delete(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for DELETE (RFC 9110 section 9.3.5)."""
        return self._verb("DELETE", path, options)

    def options(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for OPTIONS (RFC 9110 section 9.3.7)."""
        return self._verb("OPTIONS", path, options)

    def head(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for HEAD (RFC 9110 section 9.3.2)."""
        return self._verb("HEAD", path, options)

    def patch(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for PATCH (RFC 5789)."""
        return self._verb("PATCH", path, options)

    def trace(
        self, path: str, **options: Unpack[OperationOptions]
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for TRACE (RFC 9110 section 9.3.8)."""
        return self._verb("TRACE", path, options)

    def websocket(
        self,
        path: str,
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated function for WebSockets at ``path`` (RFC 6455)."""

        check_path(path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.add_api_websocket_route(path, endpoint, name, dependencies=dependencies)
            return endpoint

        return register

    def route(
        self,
        path: str,
        methods: Sequence[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> Callable[[Endpoint], Endpoint]:
        """Register a function of the request, without parameters read from its signature."""

        def register(endpoint: Endpoint) -> Endpoint:
            # Both have it of Starlette, where each has a signature of its own for it.
            registrar: Any = self
            registrar.add_route(
                path, endpoint, methods=methods, name=name, include_in_schema=include_in_schema
            )
            return endpoint

        return register

    def websocket_route(self, path: str, name: str | None = None) -> Callable[[Endpoint], Endpoint]:
        """Register a function of the WebSocket, without parameters read from its signature."""

        def register(endpoint: Endpoint) -> Endpoint:
            registrar: Any = self
            registrar.add_websocket_route(path, endpoint, name=name)
            return endpoint

        return register

    @deprecated("on_event is deprecated, use lifespan event handlers instead.")
    def on_event(self, event_type: str) -> Callable[[Endpoint], Endpoint]:
        """Register a function for ``"startup"`` or ``"shutdown"``. Use ``lifespan`` instead."""
        return self._register_event(event_type)

    def _register_event(self, event_type: str) -> Callable[[Endpoint], Endpoint]:
        def register(handler: Endpoint) -> Endpoint:
            self.add_event_handler(event_type, handler)
            return handler

        return register
