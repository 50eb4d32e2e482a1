"""The parameters of an operation."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from vivace.analyse.plan import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vivace.analyse.fields import Field
    from vivace.analyse.plan import CallPlan, Parameter
    from vivace.describe.schemas import Schemas

#: The order in which a document lists them.
SOURCES = (Source.PATH, Source.QUERY, Source.HEADER, Source.COOKIE)


def documented_parameters(root: CallPlan) -> list[tuple[Source, Field]]:
    """The parameters that the document shows, those of the endpoint before its dependencies'."""
    by_source: dict[Source, list[Field]] = defaultdict(list)
    for parameter in _declared(root):
        if is_documented(parameter.field):
            members = parameter.members
            fields = (parameter.field,) if members is None else filter(is_documented, members)
            by_source[parameter.source].extend(fields)
    return [(source, field) for source in SOURCES for field in by_source[source]]


def _declared(plan: CallPlan) -> Iterator[Parameter]:
    yield from plan.parameters
    for dependency in plan.dependencies:
        yield from _declared(dependency.plan)


def is_documented(field: Field) -> bool:
    """Whether a field is for the document. A plain pydantic field always is."""
    return bool(getattr(field.info, "include_in_schema", True))


def parameter_objects(
    parameters: Iterable[tuple[Source, Field]], schemas: Schemas
) -> list[dict[str, Any]]:
    """Parameter objects (OpenAPI 3.1 §4.8.12), each name once for each place it stands in.

    Of several declarations of one parameter the last counts, and one that requires it before any
    that does not.
    """
    chosen: dict[tuple[Source, str], dict[str, Any]] = {}
    for source, field in parameters:
        key = (source, field.validation_name)
        made = _parameter_object(source, field, schemas)
        if key not in chosen or made["required"] or not chosen[key]["required"]:
            chosen[key] = made
    return list(chosen.values())


def _parameter_object(source: Source, field: Field, schemas: Schemas) -> dict[str, Any]:
    info = field.info
    made: dict[str, Any] = {
        "name": field.validation_name,
        "in": source.value,
        "required": field.required,
        "schema": schemas.of(field),
    }
    if info.description:
        made["description"] = info.description
    made.update(examples_of(field))
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


__all__ = ["documented_parameters", "examples_of", "is_documented", "parameter_objects"]
