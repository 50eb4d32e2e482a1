"""The operations of a path: one route's part of the document."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from warnings import warn

from vivace.describe.merging import merge
from vivace.describe.parameters import (
    documented_parameters,
    examples_of,
    parameter_objects,
)
from vivace.describe.responses import add_validation_error, response_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vivace.analyse.fields import Field
    from vivace.analyse.plan import BodyPlan, SecurityUse
    from vivace.describe.schemas import Schemas

#: Methods for whose content RFC 9110 §9.3 does not rule out a meaning.
METHODS_WITH_BODY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})


def is_documented(route: Any) -> bool:
    """Whether ``route`` is an endpoint that the document shows. A mounted app is none."""
    return bool(getattr(route, "include_in_schema", False)) and hasattr(route, "response_field")


def documented_routes(routes: Iterable[Any] | None) -> list[Any]:
    return [route for route in routes or () if is_documented(route)]


def fields_of(route: Any) -> Iterator[Field]:
    """Every field that the document of ``route`` shows, those of its callbacks last."""
    if route.body_field is not None:
        yield route.body_field
    if route.response_field is not None:
        yield route.response_field
    yield from route.response_fields.values()
    if route.plan.response.stream_item is not None:
        yield route.plan.response.stream_item
    for callback in documented_routes(route.callbacks):
        yield from fields_of(callback)
    for _, parameter in documented_parameters(route.plan.root):
        yield parameter


@dataclass
class Operations:
    """Makes the operations of a document, and gathers what they have in common."""

    schemas: Schemas
    security_schemes: dict[str, Any] = field(default_factory=dict)
    #: Whether any operation refers to the definitions of validation errors.
    has_validation_errors: bool = False
    _ids: set[str] = field(default_factory=set)

    def path_item(self, route: Any) -> dict[str, Any]:
        """The path item object of ``route`` (OpenAPI 3.1 §4.8.9)."""
        return {method.lower(): self.operation(route, method) for method in route.methods}

    def operation(self, route: Any, method: str) -> dict[str, Any]:
        """The operation object of one method of ``route`` (OpenAPI 3.1 §4.8.10)."""
        made = self._metadata(route)
        plan = route.plan
        self._add_security(made, plan.security)
        parameters = parameter_objects(documented_parameters(plan.root), self.schemas)
        if parameters:
            made["parameters"] = parameters
        if plan.body is not None and method in METHODS_WITH_BODY:
            made["requestBody"] = self._request_body(plan.body, route.body_field)
        callbacks = documented_routes(route.callbacks)
        if callbacks:
            made["callbacks"] = {
                callback.name: {callback.path: self.path_item(callback)} for callback in callbacks
            }
        made["responses"] = self._responses(route)
        if route.openapi_extra:
            merge(made, route.openapi_extra)
        return made

    def _metadata(self, route: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if route.tags:
            made["tags"] = [tag.value if isinstance(tag, Enum) else tag for tag in route.tags]
        made["summary"] = route.summary or route.name.replace("_", " ").title()
        if route.description:
            made["description"] = route.description
        made["operationId"] = self._operation_id(route)
        if route.deprecated:
            made["deprecated"] = True
        return made

    def _operation_id(self, route: Any) -> str:
        operation_id: str = route.operation_id or route.unique_id
        if operation_id in self._ids:
            endpoint = inspect.unwrap(route.endpoint)
            message = (
                f"Duplicate Operation ID {operation_id} for function "
                f"{getattr(endpoint, '__name__', type(endpoint).__name__)}"
            )
            code = getattr(endpoint, "__code__", None)
            warn(f"{message} at {code.co_filename}" if code else message, stacklevel=1)
        self._ids.add(operation_id)
        return operation_id

    def _add_security(self, made: dict[str, Any], uses: Iterable[SecurityUse]) -> None:
        """Add one security requirement for each scheme, with every scope asked of it."""
        scopes: dict[str, list[str]] = {}
        for use in uses:
            name = use.scheme.scheme_name
            self.security_schemes[name] = use.scheme.model
            asked = scopes.setdefault(name, [])
            asked.extend(scope for scope in use.scopes if scope not in asked)
        if scopes:
            made["security"] = [{name: asked} for name, asked in scopes.items()]

    def _request_body(self, body: BodyPlan, body_field: Field) -> dict[str, Any]:
        """The request body object (OpenAPI 3.1 §4.8.13)."""
        media_type = getattr(body_field.info, "media_type", "application/json")
        content = {"schema": self.schemas.of(body_field), **examples_of(body_field)}
        required = {"required": True} if body.required else {}
        return {**required, "content": {media_type: content}}

    def _responses(self, route: Any) -> dict[str, Any]:
        responses = response_objects(route, self.schemas)
        plan = route.plan
        # Also where the parameters are not documented: the client may get it all the same.
        if plan.parameters or plan.body is not None:
            before = len(responses)
            add_validation_error(responses)
            self.has_validation_errors |= len(responses) > before
        return responses


__all__ = ["Operations", "documented_routes", "fields_of"]
