"""What a document shows of one route, read from the route's plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vivace.describe.bodies import documented_body
from vivace.describe.parameters import documented_parameters
from vivace.serve.inclusion import flat_routes
from vivace.serve.route_group import RouteGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vivace.analyse.fields import Field
    from vivace.describe.bodies import DocumentedBody
    from vivace.describe.parameters import DocumentedParameter


@dataclass(frozen=True, eq=False)
class DocumentedEndpoint:
    """A route, and the parts of its plan in the order and form of the document."""

    route: Any
    parameters: list[DocumentedParameter]
    body: DocumentedBody | None
    callbacks: list[DocumentedEndpoint]

    @classmethod
    def of(cls, route: Any) -> DocumentedEndpoint:
        return cls(
            route=route,
            parameters=documented_parameters(route.plan.root, route.param_convertors),
            body=documented_body(route.plan, route.unique_id),
            callbacks=documented_endpoints(route.callbacks),
        )

    def fields(self) -> Iterator[Field]:
        """Every field that has a schema in the document."""
        route = self.route
        if self.body is not None:
            yield from self.body.content.fields
        if route.response_field is not None:
            yield route.response_field
        yield from route.response_fields.values()
        if route.plan.response.stream_item is not None:
            yield route.plan.response.stream_item
        for callback in self.callbacks:
            yield from callback.fields()
        for parameter in self.parameters:
            yield parameter.field


def documented_endpoints(routes: Iterable[Any] | None) -> list[DocumentedEndpoint]:
    """The endpoints among ``routes``, and in included routers, that are for the document.

    Mounted apps and plain ASGI routes are not described.
    """
    flat = with_groups(routes or ())
    return [DocumentedEndpoint.of(route) for route in flat if _is_documented(route)]


def with_groups(routes: Iterable[Any]) -> Iterator[Any]:
    """``routes`` with those of included routers, and those that a group shows, in their place."""
    for route in flat_routes(routes):
        if isinstance(route, RouteGroup):
            yield from with_groups(route.described)
        else:
            yield route


def _is_documented(route: Any) -> bool:
    # Not by its plan: that is made when it is asked for, and would hide why it cannot be.
    return bool(getattr(route, "include_in_schema", False)) and hasattr(route, "response_class")


__all__ = ["DocumentedEndpoint", "documented_endpoints", "with_groups"]
