"""The operations of a path: one endpoint's part of the document."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from warnings import warn

from vivace.describe.merging import merge
from vivace.describe.parameters import parameter_objects
from vivace.describe.responses import add_validation_error, response_objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vivace.analyse.plan import SecurityUse
    from vivace.describe.endpoint import DocumentedEndpoint
    from vivace.describe.schemas import Schemas

#: Methods for whose content RFC 9110 §9.3 does not rule out a meaning.
METHODS_WITH_BODY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})


@dataclass
class Operations:
    """Makes the operations of a document, and gathers what they have in common."""

    schemas: Schemas
    security_schemes: dict[str, Any] = field(default_factory=dict)
    #: Whether any operation refers to the definitions of validation errors.
    has_validation_errors: bool = False
    _ids: set[str] = field(default_factory=set)

    def path_item(self, endpoint: DocumentedEndpoint) -> dict[str, Any]:
        """The path item object of an endpoint (OpenAPI 3.1 §4.8.9)."""
        methods = endpoint.route.methods
        return {method.lower(): self.operation(endpoint, method) for method in methods}

    def operation(self, endpoint: DocumentedEndpoint, method: str) -> dict[str, Any]:
        """The operation object of one method of an endpoint (OpenAPI 3.1 §4.8.10)."""
        route = endpoint.route
        made = self._metadata(route)
        security = self._security(route.plan.security)
        if security:
            made["security"] = security
        parameters = parameter_objects(endpoint.parameters, self.schemas)
        if parameters:
            made["parameters"] = parameters
        if endpoint.body is not None and method in METHODS_WITH_BODY:
            made["requestBody"] = endpoint.body.object(self.schemas)
        if endpoint.callbacks:
            made["callbacks"] = {
                callback.route.name: {callback.route.path: self.path_item(callback)}
                for callback in endpoint.callbacks
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
            warn(_duplicate_message(operation_id, route.endpoint), stacklevel=1)
        self._ids.add(operation_id)
        return operation_id

    def _security(self, uses: Iterable[SecurityUse]) -> list[dict[str, list[str]]]:
        """One security requirement (§4.8.30) for each scheme, with every scope asked of it."""
        scopes: dict[str, list[str]] = {}
        for use in uses:
            name = use.scheme.scheme_name
            self.security_schemes[name] = use.scheme.model
            asked = scopes.setdefault(name, [])
            asked.extend(scope for scope in use.scopes if scope not in asked)
        return [{name: asked} for name, asked in scopes.items()]

    def _responses(self, route: Any) -> dict[str, Any]:
        responses = response_objects(route, self.schemas)
        # Also where the parameters are not documented: the client may get it all the same.
        if route.plan.parameters or route.plan.body is not None:
            before = len(responses)
            add_validation_error(responses)
            self.has_validation_errors |= len(responses) > before
        return responses


def _duplicate_message(operation_id: str, endpoint: Any) -> str:
    function = inspect.unwrap(endpoint)
    name = getattr(function, "__name__", type(function).__name__)
    message = f"Duplicate Operation ID {operation_id} for function {name}"
    code = getattr(function, "__code__", None)
    return f"{message} at {code.co_filename}" if code else message


__all__ = ["Operations"]
