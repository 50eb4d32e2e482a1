"""An HTTP route: an endpoint, what was declared about it, and the handler compiled from both."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route, get_name
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace.analyse.blame import blaming
from vivace.analyse.calls import (
    check_connection,
    check_names,
    complete,
    is_complete,
    parameter_names,
)
from vivace.analyse.constraints import check_constraints
from vivace.analyse.endpoint import analyse_call, endpoint_plan, with_dependencies
from vivace.analyse.fields import Field
from vivace.analyse.plan import EndpointPlan, ResponsePlan
from vivace.analyse.response import (
    Serialization,
    complete_response,
    is_complete_response,
    response_field,
    response_plan,
)
from vivace.compile.options import HandlerOptions
from vivace.declare.defaults import Default, DefaultPlaceholder
from vivace.declare.dependencies import Depends
from vivace.declare.form_limits import FormLimits, check_form_limits
from vivace.declare.options import IncEx
from vivace.responses import JSONResponse
from vivace.runtime.body_limit import check_body_limit
from vivace.runtime.responses import allows_body
from vivace.serve.handlers import Handlers, endpoint_context
from vivace.serve.operation_id import generate_unique_id
from vivace.serve.paths import check_braces, compile_declared
from vivace.serve.scope import current_route, effective_route
from vivace.serve.settings import Settings, check_responses


class APIRoute(Route):
    """An endpoint at a path, read when it is declared and compiled when it is first called.

    A route that is included in a router exists once more for each inclusion, with the settings
    it has there; see :meth:`inside`. These copies share what was read from the signature.

    Raises:
        AssertionError: The signature does not fit the path, or the status has no body.
        VivaceError: A type that pydantic has no schema for.
    """

    handlers_class: ClassVar[type[Handlers]] = Handlers
    #: Whether declarations are refused that cannot do what they say, such as a constraint that
    #: fails for every value. FastAPI takes them, and so does the alias: a program may never come
    #: to use them.
    is_strict: ClassVar[bool] = True

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        response_model: Any = Default(None),
        status_code: int | None = None,
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        summary: str | None = None,
        description: str | None = None,
        response_description: str = "Successful Response",
        responses: dict[int | str, dict[str, Any]] | None = None,
        deprecated: bool | None = None,
        name: str | None = None,
        methods: set[str] | list[str] | None = None,
        operation_id: str | None = None,
        response_model_include: IncEx | None = None,
        response_model_exclude: IncEx | None = None,
        response_model_by_alias: bool = True,
        response_model_exclude_unset: bool = False,
        response_model_exclude_defaults: bool = False,
        response_model_exclude_none: bool = False,
        include_in_schema: bool = True,
        response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        dependency_overrides_provider: Any = None,
        callbacks: list[BaseRoute] | None = None,
        openapi_extra: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        strict_content_type: bool | DefaultPlaceholder = Default(True),
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        with blaming(endpoint):
            self.path_regex, self.path_format, self.param_convertors = compile_declared(path)
            self.status_code = _status(status_code)
            self.max_body_size = check_body_limit(max_body_size)
            self.form_limits = check_form_limits(form_limits or {})
        self.methods = {method.upper() for method in (methods or ["GET"])}
        self.tags = tags or []
        self.dependencies = list(dependencies or [])
        self.summary = summary
        self.description = _public(description) if description else _description(endpoint)
        self.response_description = response_description
        self.responses = responses or {}
        self.deprecated = deprecated
        self.operation_id = operation_id
        self.include_in_schema = include_in_schema
        self.response_class = response_class
        self.dependency_overrides_provider = dependency_overrides_provider
        self.callbacks = callbacks
        self.openapi_extra = openapi_extra
        self.generate_unique_id_function = generate_unique_id_function
        self.strict_content_type = strict_content_type
        self.response_model_include = response_model_include
        self.response_model_exclude = response_model_exclude
        self.response_model_by_alias = response_model_by_alias
        self.response_model_exclude_unset = response_model_exclude_unset
        self.response_model_exclude_defaults = response_model_exclude_defaults
        self.response_model_exclude_none = response_model_exclude_none
        self._declared_model = response_model
        self._original: APIRoute = self
        self._check()
        self._handlers = self.handlers_class(self)
        self.app: ASGIApp = self._handlers.serve

    def _check(self) -> None:
        """Read the signature now, so that what is wrong with it is said where it is declared."""
        self._call = analyse_call(self.endpoint, self.path_names)
        self._call_names = self.path_names & parameter_names(self._call)
        with blaming(self.endpoint):
            self.response_model, self._response = self._response_plan("")
            # Those of the decorator and of the router are read where they fail, too.
            root = with_dependencies(self._call, self.dependencies, self.path_names)
            self._check_responses()
        check_connection(root, websocket=False)
        if self.is_strict:
            with blaming(self.endpoint):
                check_braces(self.path)
            check_names(root)
            check_constraints(root)

    def _check_responses(self) -> None:
        if self.response_model:
            assert allows_body(self.status_code), (
                f"Status code {self.status_code} must not have a response body. Declare that the "
                "endpoint returns `None`, or set `response_model=None`."
            )
        assert self._response.stream is None or allows_body(self.status_code), (
            f"Status code {self.status_code} must not have a response body, and this endpoint "
            "yields one. Let it return, or choose another status."
        )
        check_responses(self.responses)
        for status, response in self.responses.items():
            if response.get("model"):
                response_field(f"Response_{status}", response["model"])
                assert _status_allows_body(status), (
                    f"Status code {status} must not have a response body. Take the model away."
                )

    @cached_property
    def path_names(self) -> frozenset[str]:
        """The names in braces in the path."""
        return frozenset(self.param_convertors)

    @cached_property
    def unique_id(self) -> str:
        """The operation id, given or made."""
        function: Any = self.generate_unique_id_function
        if isinstance(function, DefaultPlaceholder):
            function = function.value
        return self.operation_id or str(function(self))

    @cached_property
    def plan(self) -> EndpointPlan:
        """What handler and documentation are made from."""
        call = self._call
        if self.path_names & parameter_names(call) != self._call_names or not is_complete(call):
            # A prefix has made a parameter of the path out of one of the query; or types exist
            # by now that did not when the endpoint was declared.
            call = analyse_call(self.endpoint, self.path_names)
        with blaming(self.endpoint):
            root = with_dependencies(call, self.dependencies, self.path_names)
            response = self._complete_response()
        complete(root)
        if self.is_strict:
            check_constraints(root)
        return endpoint_plan(root, response)

    def _complete_response(self) -> ResponsePlan:
        response = self._response
        if response.stream is not None or not is_complete_response(response):
            self.response_model, response = self._response_plan(self.unique_id)
            complete_response(response)
        elif response.field is not None:
            field = response.field.renamed(f"Response_{self.unique_id}")
            response = replace(response, field=field)
        return response

    def _response_plan(self, unique_id: str) -> tuple[Any, ResponsePlan]:
        return response_plan(
            self.endpoint,
            self._declared_model,
            self.response_class,
            self._serialization,
            unique_id,
        )

    @property
    def _serialization(self) -> Serialization:
        return Serialization(
            include=self.response_model_include,
            exclude=self.response_model_exclude,
            by_alias=self.response_model_by_alias,
            exclude_unset=self.response_model_exclude_unset,
            exclude_defaults=self.response_model_exclude_defaults,
            exclude_none=self.response_model_exclude_none,
        )

    @property
    def response_field(self) -> Field | None:
        return self.plan.response.field

    @cached_property
    def response_fields(self) -> dict[int | str, Field]:
        """The declared models of further responses, by status."""
        with blaming(self.endpoint):
            fields = {
                status: response_field(f"Response_{status}_{self.unique_id}", response["model"])
                for status, response in self.responses.items()
                if response.get("model")
            }
            for field in fields.values():
                field.complete()
        return fields

    # Inclusion.

    def inside(self, settings: Settings) -> APIRoute:
        """This route as it is inside an inclusion, without reading anything again."""
        inner = settings.around(self.settings)
        route = copy.copy(self)
        for name in ("path_names", "unique_id", "plan", "response_fields"):
            route.__dict__.pop(name, None)
        route.path = settings.prefix + self.path
        with blaming(self.endpoint):
            compiled = compile_declared(route.path)
        route.path_regex, route.path_format, route.param_convertors = compiled
        route.tags = list(inner.tags)
        route.dependencies = list(inner.dependencies)
        route.responses = inner.responses
        route.callbacks = list(inner.callbacks) or None
        route.deprecated = inner.deprecated
        route.include_in_schema = inner.include_in_schema
        route.response_class = inner.response_class
        route.generate_unique_id_function = inner.generate_unique_id_function
        route.strict_content_type = inner.strict_content_type
        route.max_body_size = inner.max_body_size
        route.form_limits = inner.form_limits
        route._handlers = self.handlers_class(route)
        if self.app == self._handlers.serve:
            route.app = route._handlers.serve
        return route

    @property
    def settings(self) -> Settings:
        """What an inclusion combines with its own settings."""
        return Settings(
            prefix=self.path,
            tags=tuple(self.tags),
            dependencies=tuple(self.dependencies),
            responses=self.responses,
            callbacks=tuple(self.callbacks or ()),
            deprecated=self.deprecated,
            include_in_schema=self.include_in_schema,
            response_class=self.response_class,
            generate_unique_id_function=self.generate_unique_id_function,
            strict_content_type=self.strict_content_type,
            max_body_size=self.max_body_size,
            form_limits=self.form_limits,
        )

    @property
    def makes_handler(self) -> bool:
        """True for a subclass that wraps the handler in one of its own."""
        return type(self).get_route_handler is not APIRoute.get_route_handler

    @property
    def is_direct(self) -> bool:
        """True where requests go straight to the compiled handler.

        False for a subclass that decides by itself how a request is handled, and where ``app``
        has been replaced.
        """
        return type(self).handle is APIRoute.handle and self.app == self._handlers.serve

    @property
    def original_route(self) -> APIRoute:
        """The route as it was declared, which is this one where it is not included anywhere."""
        return self._original

    # Serving.

    def handler_options(self) -> HandlerOptions:
        """The settings of the handler, every default resolved."""
        response_class = self.response_class
        is_default = isinstance(response_class, DefaultPlaceholder)
        return HandlerOptions(
            response_class=cast("type[Response]", getattr(response_class, "value", response_class)),
            is_default_class=is_default,
            status_code=self.status_code,
            strict_content_type=bool(
                self.strict_content_type.value
                if isinstance(self.strict_content_type, DefaultPlaceholder)
                else self.strict_content_type
            ),
            form_limits=self.form_limits,
            max_body_size=self.max_body_size,
            endpoint_context=endpoint_context(
                self.endpoint, f"{sorted(self.methods or {'GET'})[0]} {self.path}"
            ),
            path_names=self.path_names,
        )

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
        """The handler as a function of the request, for a subclass to wrap.

        It is asked for once for each place where the route is included.
        """
        route = current_route.get() or self
        return route._handlers.from_request()

    def source(self) -> str:
        """The Python source of the compiled handler."""
        return self._handlers.source()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        route = effective_route(scope, self)
        match, child_scope = Route.matches(route, scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = effective_route(scope, self)
        if self.methods and not _accepts(self.methods, scope):
            await _refuse_method(self.methods, scope, receive, send)
        else:
            await route.app(scope, receive, send)


def _accepts(methods: set[str], scope: Scope) -> bool:
    """True for a method that is declared, and for HEAD where the app gives it to all of GET."""
    if scope["method"] == "HEAD" and "GET" in methods:
        return "HEAD" in methods or getattr(scope.get("app"), "complete_methods", False)
    return scope["method"] in methods


async def _refuse_method(methods: set[str], scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"Allow": ", ".join(sorted(methods))}
    if "app" in scope:
        raise HTTPException(status_code=405, headers=headers)
    response = PlainTextResponse("Method Not Allowed", status_code=405, headers=headers)
    await response(scope, receive, send)


def _description(endpoint: Callable[..., Any]) -> str:
    return _public(inspect.cleandoc(endpoint.__doc__ or ""))


def _public(description: str) -> str:
    """What stands before a form feed: the rest is for readers of the code."""
    return description.split("\f")[0].strip()


def _status(declared: Any) -> int | None:
    try:
        return None if declared is None else int(declared)
    except (TypeError, ValueError) as error:
        raise type(error)(f"status_code={declared!r} is not a number, such as 201.") from error


def _status_allows_body(status: int | str) -> bool:
    return allows_body(int(status)) if str(status).isdigit() else True
