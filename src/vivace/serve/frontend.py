"""Frontends: a single-page application's files, served where no route is declared.

What a router has to do with them:

- It keeps its frontends apart from its routes, in the order of their declaration. They are not
  part of ``routes`` and not of OpenAPI. ``router.frontend(...)`` makes a :class:`FrontendRoute`
  with the router's prefix, dependencies and limit; an inclusion turns each of the included
  router's into its own with :meth:`FrontendRoute.with_prefix`.
- :class:`FrontendRoutes` holds a router's own frontends first, then those of its inclusions,
  each in order. The longest prefix wins; of equal ones, the first. The one that matches answers
  for good: what it does not have is 404, not a question to the next.
- It is asked last: after a full match, a partial match (so a path with a declared route is
  answered with 405, and never with a file) and the redirect to or from a slash. A mount is a
  full match for all that is below it, and has the frontends of its own app. Only the router
  that serves the request does this, once, for all the routers included in it.
- Where it matches, the router updates the scope, tells telemetry which route it is, and calls
  ``handle``, also on a partial match. It matches no WebSocket.
- A frontend with dependencies is served by a handler that is compiled as that of a route is;
  without, by none. They run for GET and HEAD only, other methods being refused. Middleware is
  around frontends as around routes.
- 404 and 405 are raised as ``HTTPException``, for the app's handlers.
"""

from __future__ import annotations

import copy
import os
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from starlette._utils import get_route_path

# The signature of an endpoint is read at run time.
from starlette.background import BackgroundTasks  # noqa: TC002
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound

from vivace.analyse.calls import check_connection, complete
from vivace.analyse.constraints import check_constraints
from vivace.analyse.endpoint import analyse_call, endpoint_plan, with_dependencies
from vivace.analyse.plan import CallPlan, EndpointPlan, ResponsePlan
from vivace.compile.options import HandlerOptions
from vivace.runtime.body_limit import limit_body
from vivace.serve.frontend_files import (
    METHODS,
    CheckDir,
    Fallback,
    FrontendFiles,
    check_frontend,
)
from vivace.serve.handlers import Handlers, endpoint_context
from vivace.serve.paths import compile_declared
from vivace.serve.table import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from starlette.types import Receive, Scope, Send

    from vivace.declare.dependencies import Depends


class FrontendRoute(BaseRoute):
    """The files of one frontend, below ``path``.

    Args:
        path: Starts with ``/``; a slash at its end makes no difference. It may have parameters.
        directory: Where the build is.
        fallback: What is sent where there is no such file: ``"index.html"`` (to those who ask
            for HTML), ``"404.html"`` (with 404), ``"auto"`` (``404.html`` where there is one,
            else ``index.html``), or ``None`` (the app's 404).
        check_dir: Whether to check at once that the build is there. ``"auto"`` warns instead
            of failing where ``VIVACE_ENV`` is ``development``.
        dependencies: What runs before a file is sent.
        max_body_size: A limit on the request's body in bytes.

    Raises:
        AssertionError: ``path`` does not start with ``/``, or ``fallback`` is none of the above.
        RuntimeError: the build is not there.
    """

    def __init__(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: Fallback = "auto",
        check_dir: CheckDir = "auto",
        dependencies: Sequence[Depends] = (),
        max_body_size: int | None = None,
    ) -> None:
        assert path, "A frontend's path must not be empty: use '/' for the root"
        assert path.startswith("/"), (
            f"A frontend's path must start with '/': write {'/' + path!r}, not {path!r}"
        )
        assert fallback in ("auto", "index.html", "404.html", None), (
            f"fallback must be 'auto', 'index.html', '404.html' or None, and is {fallback!r}"
        )
        check_frontend(directory, fallback, check_dir)
        self.app = FrontendFiles(directory, fallback)
        self.methods = METHODS
        self.dependencies = list(dependencies)
        self.max_body_size = max_body_size
        self._place(path.rstrip("/"))

    def _place(self, path: str) -> None:
        self.path = path
        self.path_regex, self.path_format, self.param_convertors = compile_declared(
            path + "/{path:path}"
        )
        self.path_names = frozenset(self.param_convertors) - {"path"}
        # A wrong signature fails here, where the frontend is declared or included.
        check_connection(self._read(), websocket=False)
        self.__dict__.pop("plan", None)
        self._handlers = Handlers(self)

    @cached_property
    def plan(self) -> EndpointPlan:
        """What the handler is made from that calls the dependencies."""
        root = self._read()
        complete(root)
        check_constraints(root)
        return endpoint_plan(root, ResponsePlan())

    def _read(self) -> CallPlan:
        root = analyse_call(self.endpoint, self.path_names)
        return with_dependencies(root, self.dependencies, self.path_names)

    def handler_options(self) -> HandlerOptions:
        """The settings of the handler that calls the dependencies."""
        return HandlerOptions(
            response_class=FileResponse,
            is_default_class=False,
            max_body_size=self.max_body_size,
            endpoint_context=endpoint_context(self.endpoint, f"GET {self.path_format}"),
            path_names=self.path_names,
        )

    def with_prefix(
        self,
        prefix: str,
        *,
        dependencies: Sequence[Depends] = (),
        max_body_size: int | None = None,
    ) -> Self:
        """This frontend as it is below an inclusion.

        Args:
            prefix: Goes before the path.
            dependencies: Run before its own.
            max_body_size: Holds where it has no limit of its own, in bytes.
        """
        route = copy.copy(self)
        route.dependencies = [*dependencies, *self.dependencies]
        if self.max_body_size is None:
            route.max_body_size = max_body_size
        route._place(prefix + self.path)
        return route

    @property
    def specificity(self) -> tuple[int, int]:
        """Greater for what goes before: more segments, then fewer parameters among them."""
        return self.path.count("/"), -len(self.param_convertors)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        found = self._match(scope)
        if found is None:
            return Match.NONE, {}
        path_params, _ = found
        child_scope = {
            "route": self,
            "endpoint": self.endpoint,
            "path_params": {**scope.get("path_params", {}), **path_params},
        }
        return Match.FULL if scope["method"] in self.methods else Match.PARTIAL, child_scope

    def _match(self, scope: Scope) -> tuple[dict[str, object], str] | None:
        """The prefix's parameters, and the rest of the path, which has no leading slash."""
        route_path = get_route_path(scope)
        # The prefix alone stands for the directory.
        match = self.path_regex.match(route_path) or self.path_regex.match(route_path + "/")
        if match is None:
            return None
        params = convert(match.groupdict(), self.param_convertors)
        return (params, params.pop("path")) if params is not None else None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.dependencies and scope["method"] in self.methods:
            await self._handlers.current(scope)(scope, receive, send)
            return
        if self.max_body_size is not None:
            receive = limit_body(scope, receive, self.max_body_size)
        response = await self._get_response(scope)
        await response(scope, receive, send)

    async def endpoint(
        self, request: Request, response: Response, background_tasks: BackgroundTasks
    ) -> Response:
        """The endpoint behind the dependencies: what they set on ``response`` goes on the file."""
        file = await self._get_response(request.scope)
        file.raw_headers.extend(
            (name, value)
            for name, value in response.raw_headers
            if name not in (b"content-length", b"content-type")
        )
        file.background = background_tasks
        return file

    async def _get_response(self, scope: Scope) -> Response:
        found = self._match(scope)
        if found is None:
            raise HTTPException(404)
        _, rest = found
        return await self.app.get_response(_file_path(rest), scope)

    def url_path_for(self, name: str, /, **path_params: object) -> NoReturn:
        """Frontends have no names.

        Raises:
            NoMatchFound: always.
        """
        raise NoMatchFound(name, path_params)

    def __repr__(self) -> str:
        return f"FrontendRoute({self.path or '/'!r}, directory={self.app.root!r})"


def _file_path(url_path: str) -> str:
    """The path of a file from that in a URL.

    It may still lead out of the directory: ``lookup_path`` rejects that.
    """
    return os.path.normpath(os.path.join(*url_path.split("/")))  # noqa: PTH118


class FrontendRoutes(BaseRoute):
    """Several frontends, of which the one with the longest prefix answers."""

    def __init__(self, routes: Iterable[FrontendRoute] = ()) -> None:
        self.routes = sorted(routes, key=lambda route: route.specificity, reverse=True)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        for route in self.routes:
            match, child_scope = route.matches(scope)
            if match is not Match.NONE:
                return match, child_scope
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        for route in self.routes:
            match, child_scope = route.matches(scope)
            if match is not Match.NONE:
                scope.update(child_scope)
                await route.handle(scope, receive, send)
                return
        raise HTTPException(404)

    def url_path_for(self, name: str, /, **path_params: object) -> NoReturn:
        """Frontends have no names.

        Raises:
            NoMatchFound: always.
        """
        raise NoMatchFound(name, path_params)
