"""A field: a name, a type and the validator and serializer made from them, once."""

from __future__ import annotations

import warnings
from copy import deepcopy
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vivace.exceptions import VivaceError

Mode = Literal["validation", "serialization"]
Errors = list[dict[str, Any]]


class InvalidField(VivaceError):
    """A type that pydantic has no schema for stands where one is needed."""


class Field:
    """A value with a name and a type: a parameter, a body, or a response.

    ``info`` is pydantic's description of it: a parameter marker, or a plain ``FieldInfo``.
    ``mode`` says which of its two JSON Schemas documents it.

    Raises:
        InvalidField: pydantic cannot make a schema of the type.
    """

    def __init__(
        self,
        name: str,
        info: FieldInfo,
        *,
        mode: Mode = "validation",
        config: ConfigDict | None = None,
    ) -> None:
        self.name = name
        self.info = info
        self.mode: Mode = mode
        self.config = config
        self.adapter: TypeAdapter[Any] = self._make_adapter()

    def _make_adapter(self) -> TypeAdapter[Any]:
        annotation = self.info.annotation
        try:
            with warnings.catch_warnings():
                # A parameter's default belongs to the parameter, not to its type, which is
                # all that the adapter looks at.
                warnings.simplefilter("ignore", UserWarning)
                return TypeAdapter(Annotated[annotation, self.info], config=self.config)
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            if isinstance(error, PydanticUserError) and not isinstance(
                error, PydanticSchemaGenerationError
            ):
                raise
            raise InvalidField(
                f"{self.name!r} has the type {annotation!r}, which pydantic cannot validate. "
                "Use a pydantic model, a dataclass, a TypedDict or a type that pydantic knows."
            ) from error

    @property
    def annotation(self) -> Any:
        return self.info.annotation

    @property
    def alias(self) -> str:
        """The name on the wire where nothing more special is declared."""
        return self.info.alias or self.name

    @property
    def validation_name(self) -> str:
        """The name under which a client sends the value."""
        alias = self.info.validation_alias
        if isinstance(alias, AliasChoices):
            return next((c for c in alias.choices if isinstance(c, str)), self.alias)
        return alias if isinstance(alias, str) else self.alias

    @property
    def validation_names(self) -> tuple[str, ...]:
        """Every name under which a client may send the value, the preferred one first."""
        alias = self.info.validation_alias
        if isinstance(alias, AliasChoices):
            return tuple(choice for choice in alias.choices if isinstance(choice, str))
        return (self.validation_name,)

    @property
    def serialization_name(self) -> str:
        """The name under which the value is sent to a client."""
        return self.info.serialization_alias or self.alias

    @property
    def required(self) -> bool:
        return self.info.is_required()

    @property
    def default(self) -> Any:
        return self.info.default

    def get_default(self) -> Any:
        """A default that the caller may change without changing the next caller's."""
        return deepcopy(self.info.get_default(call_default_factory=True, validated_data={}))

    @cached_property
    def core_schema(self) -> Any:
        return self.adapter.core_schema

    def validate(self, value: Any, loc: tuple[str | int, ...]) -> tuple[Any, Errors]:
        """Validate ``value``; the errors found are placed below ``loc``."""
        try:
            return self.adapter.validator.validate_python(value, from_attributes=True), []
        except ValidationError as error:
            return None, located_errors(error, loc)

    def serialize(self, value: Any, *, mode: Literal["json", "python"] = "json", **how: Any) -> Any:
        return self.adapter.serializer.to_python(value, mode=mode, **how)

    def serialize_json(self, value: Any, **how: Any) -> bytes:
        return self.adapter.serializer.to_json(value, **how)

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.annotation!r})"


def located_errors(error: ValidationError, loc: tuple[str | int, ...]) -> Errors:
    """The errors of a failed validation as dictionaries, each placed below ``loc``."""
    return [
        {**item, "loc": (*loc, *item["loc"])}
        for item in error.errors(include_url=False)
    ]


def missing_error(loc: tuple[str | int, ...]) -> dict[str, Any]:
    """What is reported for a required value that the client did not send."""
    return {"type": "missing", "loc": loc, "msg": "Field required", "input": None}


__all__ = ["Errors", "Field", "InvalidField", "Mode", "PydanticUndefined", "located_errors", "missing_error"]
