"""Forms that models share with each other, or with fields beside them.

The fields of a model stand in the form itself, not below the model's name. So a form with several
models, or with a model that may be left out, is described by putting schemas together
(JSON Schema Core, §10.2.1), not by an object with a property for each.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from vivace.analyse.annotations import allows_none, without_none
from vivace.analyse.source_models import model_fields
from vivace.describe.schemas import REFERENCE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vivace.analyse.fields import Field
    from vivace.analyse.plan import Parameter
    from vivace.describe.schemas import JsonSchema, Schemas


def is_composed(parameters: Sequence[Parameter]) -> bool:
    """Whether the body is a form that no single schema of a parameter describes."""
    models = [p for p in parameters if p.members is not None]
    if not models:
        return False
    return len(parameters) > 1 or allows_none(models[0].field.annotation)


@dataclass(frozen=True, eq=False)
class ComposedForm:
    """A form with models and, perhaps, fields beside them."""

    name: str
    parameters: Sequence[Parameter]

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the schema is made from."""
        return tuple(parameter.field for parameter in self.parameters)

    def schema(self, schemas: Schemas) -> JsonSchema:
        """A reference to the schema of the form, which is added to the definitions."""
        schemas.definitions[self.name] = self._definition(schemas)
        return {"$ref": REFERENCE_PREFIX + self.name}

    def _definition(self, schemas: Schemas) -> JsonSchema:
        parts: list[JsonSchema] = []
        plain: dict[str, list[Field]] = defaultdict(list)
        for parameter in self.parameters:
            if parameter.members is None:
                plain[parameter.field.validation_name].append(parameter.field)
            else:
                parts.extend(_model_parts(parameter.field, schemas))
        properties: dict[str, JsonSchema] = {}
        for name, (first, *others) in plain.items():
            properties[name] = schemas.of(first, name=first.name)
            # A field that is declared twice has to fit both.
            parts.extend({"properties": {name: schemas.of(f, name=f.name)}} for f in others)
        definition: JsonSchema = {"allOf": parts}
        if properties:
            definition["properties"] = properties
        definition["type"] = "object"
        required = [name for name, fields in plain.items() if any(f.required for f in fields)]
        if required:
            definition["required"] = required
        definition["title"] = self.name
        return definition


def _model_parts(field: Field, schemas: Schemas) -> Iterator[JsonSchema]:
    """What a form has to fit for one parameter that is a model, or a union of models."""
    present = schemas.of(field)
    # In a form it does not stand for the model: its fields have defaults of their own.
    present.pop("default", None)
    models = [model for model in without_none(field.annotation) if _is_model(model)]
    if not allows_none(field.annotation):
        yield _with_every_name(present, models, schemas)
        return
    present["anyOf"] = [
        _with_every_name(branch, models, schemas)
        for branch in present["anyOf"]
        if branch != {"type": "null"}
    ]
    absent = _absent(models)
    if field.required:
        yield {"not": absent}
        yield present
    else:
        yield {"anyOf": [absent, present]}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _absent(models: Sequence[type[BaseModel]]) -> JsonSchema:
    """Fits a form in which there is nothing that any of ``models`` would take notice of."""
    if any(model.model_config.get("extra") in ("allow", "forbid") for model in models):
        return {"maxProperties": 0}
    names = {
        name for model in models for field in model_fields(model) for name in field.validation_names
    }
    if not names:
        return {}
    return {"not": {"anyOf": [{"required": [name]} for name in sorted(names)]}}


def _with_every_name(
    schema: JsonSchema, models: Sequence[type[BaseModel]], schemas: Schemas
) -> JsonSchema:
    """``schema`` with all the names that a required field may be sent under, not only one.

    That goes only for a model by itself: a definition is shared with JSON bodies, so that a
    model with such fields is described in place.
    """
    definition = schemas.definition(schema)
    if definition is None or len(models) != 1:
        return schema
    choices = [
        field.validation_names
        for field in model_fields(models[0])
        if field.required and len(field.validation_names) > 1
    ]
    if not choices:
        return schema
    chosen = {name for names in choices for name in names}
    required = [name for name in definition.get("required", []) if name not in chosen]
    any_name = [{"anyOf": [{"required": [name]} for name in names]} for names in choices]
    return {**definition, "required": required, "allOf": any_name}


__all__ = ["ComposedForm", "is_composed"]
