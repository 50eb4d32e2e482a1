"""A field: a name, a type and the validator and serializer made from them, once."""

from __future__ import annotations

import warnings
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import GroupedMetadata
from pydantic import (
    AliasChoices,
    AliasPath,
    ConfigDict,
    TypeAdapter,
    ValidationError,
)
from pydantic.errors import (
    PydanticSchemaGenerationError,
    PydanticUndefinedAnnotation,
    PydanticUserError,
)
from pydantic_core import SchemaError

from vivace.analyse.annotations import is_json, is_sequence, refuse_old_models
from vivace.exceptions import VivaceError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Mode = Literal["validation", "serialization"]
Errors = list[dict[str, Any]]


class InvalidField(VivaceError):
    """A type that pydantic has no schema for stands where one is needed."""


class Field:
    """A value with a name and a type: a parameter, a body, or a response.

    ``info`` is pydantic's description of it: a parameter marker, or a plain ``FieldInfo``.
    ``mode`` says which of its two JSON Schemas documents it.

    Raises:
        InvalidField: pydantic cannot make a schema of the type and its constraints.
        PydanticV1NotSupportedError: It is, or holds, a model of pydantic's first version.
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
        refuse_old_models(annotation)
        try:
            with warnings.catch_warnings():
                # A parameter's default belongs to the parameter, not to its type, which is
                # all that the adapter looks at.
                warnings.simplefilter("ignore", UserWarning)
                described: Any = Annotated[annotation, _with_groups_expanded(self.info)]
                return TypeAdapter(described, config=self.config)
        except SchemaError as error:
            reason = " ".join(str(error).split())
            raise InvalidField(
                f"{self.name!r} has constraints that do not fit its type {annotation!r}: change "
                f"the ones or the other. {reason}"
            ) from error
        except PydanticSchemaGenerationError as error:
            raise InvalidField(
                f"{self.name!r} has the type {annotation!r}, which pydantic cannot validate. "
                "Use a pydantic model, a dataclass, a TypedDict or a type that pydantic knows; or "
                "name the function that makes the value: `Depends(get_it)`."
            ) from error
        except PydanticUserError as error:
            raise InvalidField(
                f"{self.name!r} has the type {annotation!r}, which does not fit what is said of "
                f"it: change the one or the other. {error.message}"
            ) from error

    @property
    def is_complete(self) -> bool:
        """False where the type names what did not exist yet when it was read."""
        return self.adapter.pydantic_complete

    def complete(self) -> None:
        """Read the type to its end, if it names what did not exist when it was read first.

        Raises:
            InvalidField: That does not exist now either.
        """
        if self.is_complete:
            return
        try:
            self.adapter.rebuild(force=True)
        except PydanticUndefinedAnnotation as error:
            raise InvalidField(
                f"The type {self.annotation!r} names {error.name!r}, which does not exist where it "
                "is named. Define or import it there before the app starts, and not only where "
                "`TYPE_CHECKING` is true."
            ) from error

    def renamed(self, name: str) -> Field:
        """The same field under another name: nothing is made anew."""
        field = copy(self)
        field.name = name
        return field

    @property
    def annotation(self) -> Any:
        return self.info.annotation

    @property
    def alias(self) -> str:
        """The name on the wire where nothing more special is declared."""
        return self.info.alias or self.name

    @property
    def validation_name(self) -> str:
        """The name under which a client sends the value, the preferred one where it has several."""
        return self.validation_names[0]

    @property
    def validation_names(self) -> tuple[str, ...]:
        """Every name under which a client may send the value, the preferred one first."""
        return alias_names(self.info) or (self.alias,)

    @property
    def wire_type(self) -> Any:
        """The type of what a client sends: text for pydantic's ``Json``, whatever it holds."""
        return str if is_json(self.info.metadata) else self.annotation

    @cached_property
    def takes_list(self) -> bool:
        """True where a client may send several values of one name."""
        return is_sequence(self.wire_type)

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
        return self.info.get_default(call_default_factory=True, validated_data={})

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


class Member(Field):
    """A field of a model that stands for a whole source.

    Args:
        names: The names under which a client may send it, the preferred one first, each with the
            key under which the model takes it.
        paths: Where else the model looks for it: within the values of other names.
        config: The configuration of the model.
    """

    def __init__(
        self,
        name: str,
        info: FieldInfo,
        names: tuple[tuple[str, str], ...],
        paths: tuple[AliasPath, ...],
        config: ConfigDict,
    ) -> None:
        super().__init__(name, info, config=config)
        self.names = names
        self.paths = paths

    @property
    def validation_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.names) or (self.alias,)


def _with_groups_expanded(info: FieldInfo) -> FieldInfo:
    """``info`` with the members of each group of metadata, where pydantic does not look."""
    if not any(isinstance(item, GroupedMetadata) for item in info.metadata):
        return info
    info = copy(info)
    info.metadata = [
        member
        for item in info.metadata
        for member in (item if isinstance(item, GroupedMetadata) else [item])
    ]
    return info


def alias_names(info: FieldInfo) -> tuple[str, ...]:
    """The aliases under which a parameter may be sent.

    None where one of them is a path into a value (``AliasPath``): only models read those.
    """
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    names = tuple(choice for choice in choices if isinstance(choice, str))
    return names if len(names) == len(choices) else ()


def located_errors(error: ValidationError, loc: tuple[str | int, ...]) -> Errors:
    """The errors of a failed validation as dictionaries, each placed below ``loc``."""
    return [{**item, "loc": (*loc, *item["loc"])} for item in error.errors(include_url=False)]


def missing_error(loc: tuple[str | int, ...]) -> dict[str, Any]:
    """What is reported for a required value that the client did not send."""
    return {"type": "missing", "loc": loc, "msg": "Field required", "input": None}


__all__ = [
    "Errors",
    "Field",
    "InvalidField",
    "Member",
    "Mode",
    "alias_names",
    "located_errors",
    "missing_error",
]
