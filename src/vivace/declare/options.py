"""What a registration may say about a route, a router and an inclusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypedDict

from starlette.responses import Response
from starlette.routing import BaseRoute

from vivace.declare.dependencies import Depends
from vivace.declare.form_limits import FormLimits

IncEx = set[int] | set[str] | dict[int, Any] | dict[str, Any]


class OperationOptions(TypedDict, total=False):
    """The keyword arguments of ``get``, ``post`` and the other verbs.

    Keys:
        response_model: The type that responses are checked against and filtered by; ``None``
            switches that off. By default, the return annotation.
        status_code: The status of a successful response.
        tags: Groups in the documentation.
        dependencies: Called before the endpoint, for their effect.
        summary, description, response_description, deprecated, operation_id: For OpenAPI.
        responses: Further responses for OpenAPI, by status; ``"model"`` names a type.
        response_model_include, response_model_exclude, response_model_by_alias,
        response_model_exclude_unset, response_model_exclude_defaults,
        response_model_exclude_none: What of the response model is sent, as in pydantic.
        include_in_schema: Whether OpenAPI shows the operation.
        response_class: The class that makes the response of what is returned.
        name: For ``url_path_for``; by default, the name of the function.
        callbacks: Routes that document what this API calls in turn.
        openapi_extra: Merged into the operation.
        generate_unique_id_function: Makes the operation id of a route.
        max_body_size: The largest accepted request body, in bytes.
        form_limits: How many fields and files a form may have, and how large they may be.
    """

    response_model: Any
    status_code: int | None
    tags: list[str | Enum] | None
    dependencies: Sequence[Depends] | None
    summary: str | None
    description: str | None
    response_description: str
    responses: dict[int | str, dict[str, Any]] | None
    deprecated: bool | None
    operation_id: str | None
    response_model_include: IncEx | None
    response_model_exclude: IncEx | None
    response_model_by_alias: bool
    response_model_exclude_unset: bool
    response_model_exclude_defaults: bool
    response_model_exclude_none: bool
    include_in_schema: bool
    response_class: type[Response] | Any
    name: str | None
    callbacks: list[BaseRoute] | None
    openapi_extra: dict[str, Any] | None
    generate_unique_id_function: Callable[[Any], str] | Any
    max_body_size: int | None
    form_limits: FormLimits | None


class RouteOptions(OperationOptions, total=False):
    """Those of ``api_route`` and ``add_api_route``, which take any methods."""

    methods: set[str] | list[str] | None


__all__ = ["IncEx", "OperationOptions", "RouteOptions"]
