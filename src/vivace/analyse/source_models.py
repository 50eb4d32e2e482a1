"""Models that stand for a whole source: every query parameter, header, cookie or form field."""

from __future__ import annotations

from copy import copy
from functools import lru_cache

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Field
from vivace.analyse.plan import Source
from vivace.declare.params import Form


def members_of_model(field: Field, source: Source) -> tuple[Field, ...] | None:
    """The fields of the model that ``field`` is; ``None`` where it is no model of its source.

    A model in a JSON body is the body itself, not a collection of parameters.
    """
    if source is Source.PATH or (source is Source.BODY and not isinstance(field.info, Form)):
        return None
    if source is Source.BODY and kinds.union_of_models(field.annotation):
        models = kinds.without_none(field.annotation)
        return tuple(member for model in models for member in model_fields(model))
    model = kinds.model_of(field.annotation)
    if model is None:
        return None
    if getattr(field.info, "convert_underscores", False):
        return header_fields(model)
    return model_fields(model)


@lru_cache(maxsize=4096)
def model_fields(model: type[BaseModel]) -> tuple[Field, ...]:
    """The fields of ``model``, once for all endpoints that use it."""
    return tuple(
        Field(name, info, config=model.model_config)
        for name, info in model.model_fields.items()
    )


@lru_cache(maxsize=4096)
def header_fields(model: type[BaseModel]) -> tuple[Field, ...]:
    """The fields of ``model`` named as headers are: with hyphens."""
    return tuple(_as_header(field) for field in model_fields(model))


def _as_header(field: Field) -> Field:
    info: FieldInfo = copy(field.info)
    if info.alias is None and info.validation_alias is None:
        info.alias = field.name.replace("_", "-")
    return Field(field.name, info, config=field.config)
