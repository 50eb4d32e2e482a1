"""JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError, core_schema

MEDIA_TYPE = "application/merge-patch+json"


def merge_patch(target: Any, patch: Any, model: type[BaseModel] | None = None) -> Any:
    """What ``patch`` makes of ``target`` (RFC 7396, section 2). Neither is changed.

    Args:
        model: What the result is to be an instance of. Where a field of it may be null, a null is
            its value rather than a member that is taken away: to the model the two are the same,
            and only the first is valid if the field has to be there.
    """
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    fields = named_fields(model) if model is not None else {}
    for name, value in patch.items():
        field = fields.get(name)
        if value is not None:
            inner = model_of(field.annotation) if field is not None else None
            result[name] = merge_patch(_as_document(result.get(name)), value, inner)
        elif field is not None and allows_none(field.annotation):
            result[name] = None
        else:
            result.pop(name, None)
    return result


def _as_document(value: Any) -> Any:
    return value.model_dump(by_alias=True) if isinstance(value, BaseModel) else value


def named_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the names that clients use."""
    return {client_name(name, field): field for name, field in model.model_fields.items()}


def client_name(name: str, field: FieldInfo) -> str:
    """The name of a field in JSON."""
    alias = field.validation_alias
    return alias if isinstance(alias, str) else name


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model in ``Model`` or ``Model | None``; ``None`` for anything else."""
    models = [one for one in _alternatives(annotation) if one is not type(None)]
    is_model = len(models) == 1 and isinstance(models[0], type) and issubclass(models[0], BaseModel)
    return models[0] if is_model else None


def allows_none(annotation: Any) -> bool:
    return type(None) in _alternatives(annotation) or annotation is Any


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin is Union or type(annotation).__name__ == "UnionType":
        return tuple(one for argument in get_args(annotation) for one in _alternatives(argument))
    return (annotation,)


class PatchOf:
    """Metadata of a body: a JSON object, which documentation shows as a part of ``model``.

    It is validated when it has been merged, as only then it is known what it makes.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        shown = handler.generate_schema(self.model)
        return core_schema.no_info_wrap_validator_function(_check_object, shown)


def _check_object(value: Any, validate: Any) -> Any:
    if not isinstance(value, dict):
        raise PydanticKnownError("dict_type")
    return value


__all__ = ["MEDIA_TYPE", "PatchOf", "client_name", "merge_patch", "named_fields"]
