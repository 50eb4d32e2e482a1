"""The parameters of an operation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from vivace.analyse.plan import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from vivace.analyse.fields import Field
    from vivace.analyse.plan import CallPlan, Parameter
    from vivace.describe.schemas import Schemas

#: The order in which a document lists them.
SOURCES = (Source.PATH, Source.QUERY, Source.HEADER, Source.COOKIE)


@dataclass(frozen=True, eq=False)
class DocumentedParameter:
    """A parameter as the document shows it."""

    source: Source
    field: Field
    #: The name that clients use.
    name: str
    #: What its title is made from.
    title: str
    required: bool


def documented_parameters(root: CallPlan, path_names: Collection[str]) -> list[DocumentedParameter]:
    """The parameters that the document shows, those of the endpoint before its dependencies'."""
    by_source: dict[Source, list[DocumentedParameter]] = defaultdict(list)
    for parameter in declared_parameters(root):
        if is_documented(parameter.field):
            by_source[parameter.source].extend(_documented(parameter, path_names))
    return [made for source in SOURCES for made in by_source[source]]


def declared_parameters(plan: CallPlan) -> Iterator[Parameter]:
    """Every parameter of ``plan`` and of what it depends on, from the top down."""
    yield from plan.parameters
    for dependency in plan.dependencies:
        yield from declared_parameters(dependency.plan)


def is_documented(field: Field) -> bool:
    """Whether a field is for the document. A plain pydantic field always is."""
    return bool(getattr(field.info, "include_in_schema", True))


def _documented(parameter: Parameter, path_names: Collection[str]) -> Iterator[DocumentedParameter]:
    source, field = parameter.source, parameter.field
    if parameter.members is None:
        name = _path_name(field, path_names) if source is Source.PATH else field.validation_name
        yield DocumentedParameter(source, field, name, name, field.required)
        return
    for member in filter(is_documented, parameter.members):
        name = member.validation_name
        # Hyphens that stand for underscores in the name of a header are not for its title.
        title = member.name if member.name.replace("_", "-") == name else name
        required = field.required and member.required
        yield DocumentedParameter(source, member, name, title, required)


def _path_name(field: Field, path_names: Collection[str]) -> str:
    """The name that stands in the path, of all those that the parameter may go by."""
    choices = (*field.validation_names, field.alias, field.name)
    return next((name for name in choices if name in path_names), field.validation_name)


def parameter_objects(
    parameters: Iterable[DocumentedParameter], schemas: Schemas
) -> list[dict[str, Any]]:
    """Parameter objects (OpenAPI 3.1 §4.8.12), each name once for each place it stands in.

    Of several declarations of one parameter the last counts, and one that requires it before any
    that does not.
    """
    chosen: dict[tuple[Source, str], DocumentedParameter] = {}
    for parameter in parameters:
        key = (parameter.source, parameter.name)
        if key not in chosen or parameter.required or not chosen[key].required:
            chosen[key] = parameter
    return [_parameter_object(parameter, schemas) for parameter in chosen.values()]


def _parameter_object(parameter: DocumentedParameter, schemas: Schemas) -> dict[str, Any]:
    info = parameter.field.info
    made: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.source.value,
        "required": parameter.required,
        "schema": schemas.of(parameter.field, name=parameter.title),
    }
    if info.description:
        made["description"] = info.description
    made.update(examples_of(parameter.field))
    if info.deprecated:
        made["deprecated"] = True
    return made


def examples_of(field: Field) -> dict[str, Any]:
    """The examples of a parameter or a body, where its declaration has some.

    Those of JSON Schema (``examples``) stand in the schema and not here.
    """
    named = getattr(field.info, "openapi_examples", None)
    if named:
        return {"examples": named}
    example = getattr(field.info, "example", PydanticUndefined)
    return {} if example is PydanticUndefined else {"example": example}


__all__ = [
    "DocumentedParameter",
    "declared_parameters",
    "documented_parameters",
    "examples_of",
    "parameter_objects",
]
