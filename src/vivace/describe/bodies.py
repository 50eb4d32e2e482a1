"""The request body of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from vivace.analyse.fields import Field
from vivace.analyse.plan import Source
from vivace.declare.params import Body, File, Form
from vivace.describe.forms import ComposedForm, is_composed
from vivace.describe.parameters import declared_parameters, examples_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vivace.analyse.plan import EndpointPlan, Parameter
    from vivace.describe.schemas import JsonSchema, Schemas

JSON = "application/json"
URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, eq=False)
class WholeBody:
    """A body that is described by one field."""

    field: Field

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the schema is made from."""
        return (self.field,)

    def schema(self, schemas: Schemas) -> JsonSchema:
        return schemas.of(self.field)


@dataclass(frozen=True, eq=False)
class DocumentedBody:
    """A request body as the document shows it."""

    content: WholeBody | ComposedForm
    media_type: str
    required: bool
    examples: dict[str, Any]

    def object(self, schemas: Schemas) -> dict[str, Any]:
        """The request body object (OpenAPI 3.1 §4.8.13)."""
        required = {"required": True} if self.required else {}
        content = {"schema": self.content.schema(schemas), **self.examples}
        return {**required, "content": {self.media_type: content}}


def documented_body(plan: EndpointPlan, unique_id: str) -> DocumentedBody | None:
    """The body of an endpoint; ``None`` where it takes none.

    Args:
        plan: The plan of the endpoint.
        unique_id: The id of the operation, after which a body is named that has no name itself.
    """
    if plan.body is None:
        return None
    parameters = _parameters(plan)
    name = f"Body_{unique_id}"
    content: WholeBody | ComposedForm
    if is_composed(parameters):
        content = ComposedForm(name, parameters)
    elif plan.body.embed:
        content = WholeBody(embedding_field(name, parameters, required=plan.body.required))
    else:
        content = WholeBody(parameters[0].field)
    return DocumentedBody(
        content=content,
        media_type=_media_type(parameters),
        required=plan.body.required,
        examples=examples_of(parameters[0].field) if _is_alone(plan, parameters) else {},
    )


def _parameters(plan: EndpointPlan) -> tuple[Parameter, ...]:
    declared = (p for p in declared_parameters(plan.root) if p.source is Source.BODY)
    return tuple(dict.fromkeys(declared))


def _is_alone(plan: EndpointPlan, parameters: Sequence[Parameter]) -> bool:
    """Whether there is one parameter, and the body is its value rather than an object with it."""
    return len(parameters) == 1 and (
        not plan.body or not plan.body.embed or is_composed(parameters)
    )


def embedding_field(name: str, parameters: Sequence[Parameter], *, required: bool) -> Field:
    """An object, or a form, with a property for each parameter."""
    members: dict[str, Any] = {p.name: (p.field.annotation, p.field.info) for p in parameters}
    default: Any = ... if required else None
    return Field("body", Body(default, annotation=create_model(name, **members)))


def _media_type(parameters: Sequence[Parameter]) -> str:
    """The one media type in which all of ``parameters`` can be sent."""
    markers = [p.field.info for p in parameters if isinstance(p.field.info, Body)]
    if any(isinstance(marker, File) for marker in markers):
        return MULTIPART
    forms = [marker for marker in markers if isinstance(marker, Form)]
    media_types = {marker.media_type for marker in forms or markers}
    if len(media_types) == 1:
        return media_types.pop()
    if not forms:
        return JSON
    return MULTIPART if MULTIPART in media_types else URL_ENCODED


__all__ = ["DocumentedBody", "documented_body", "embedding_field"]
