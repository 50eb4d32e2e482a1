"""Messages: the models that a room is declared with, told apart by their field ``type``."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypeAliasType

#: The types of the frames that a room sends by itself.
OWN_TYPES = frozenset(
    {"ack", "dropped", "error", "gap", "joined", "left", "ping", "pong", "presence", "welcome"}
)
#: What frames have beside the fields of a message.
ENVELOPE = frozenset({"event_id", "ref"})

#: Characters of each part of an error: what a client has sent may be among them.
_LONGEST = 200

# They differ where typing_extensions brings a newer one.
_ALIASES: Any = (TypeAliasType, getattr(typing, "TypeAliasType", TypeAliasType))

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}\Z")


class InvalidFrame(ValueError):
    """A frame that is no message of its room.

    Args:
        errors: What is wrong, each with its place: ``type``, ``loc`` and ``msg``.
        is_json: Whether it is JSON at all.
    """

    def __init__(self, errors: list[dict[str, Any]], *, is_json: bool = True) -> None:
        super().__init__(errors)
        self.errors = errors
        self.is_json = is_json


class Messages:
    """The messages that go one way.

    Args:
        declared: A model, a union of models, or such a union with a discriminator.
        blame: What declares them, for errors.

    Raises:
        TypeError: It is none of these, or a model has no ``type`` that tells it from the others.

    Attributes:
        by_type: The models, by the values of their ``type``.
        union: A type of all of them, as pydantic takes it.
    """

    def __init__(self, declared: Any, blame: str) -> None:
        self.by_type: dict[str, type[BaseModel]] = {}
        for model in _models(declared, blame):
            for name in _types_of(model, blame):
                if name in self.by_type:
                    raise TypeError(
                        f"{blame}: both {self.by_type[name].__name__} and {model.__name__} are of "
                        f'type "{name}". Give each a value of its own.'
                    )
                self.by_type[name] = model
        models = tuple(dict.fromkeys(self.by_type.values()))
        self.union: Any = models[0]
        if len(models) > 1:
            # Told apart by what they are declared with: errors then are those of one model.
            self.union = Annotated[Union[models], Field(discriminator="type")]  # noqa: UP007
        self.adapter: TypeAdapter[Any] = TypeAdapter(self.union)
        self.models = models

    def read(self, content: dict[str, Any]) -> BaseModel:
        """The message that the content of a frame is.

        Raises:
            InvalidFrame: It is none.
        """
        type = content.get("type")
        if len(self.models) > 1 and not (isinstance(type, str) and type in self.by_type):
            known = ", ".join(self.by_type)
            raise InvalidFrame([_error("unknown_type", ["type"], f"Give one of these: {known}")])
        try:
            message: BaseModel = self.adapter.validate_python(content)
        except ValidationError as error:
            raise InvalidFrame(readable(error)) from None
        return message

    def encode(self, message: BaseModel) -> tuple[str, bytes]:
        """The type and the JSON of a message.

        Raises:
            TypeError: The room is not declared to send it.
        """
        name = getattr(message, "type", None)
        if not isinstance(message, self.models):
            known = ", ".join(model.__name__ for model in self.models)
            raise TypeError(
                f"{type(message).__name__} is none of what the room sends. Send one of these: "
                f"{known}; or add it to sends=..."
            )
        return str(name), message.__pydantic_serializer__.to_json(message, by_alias=True)


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object (RFC 8259, section 4).

    Raises:
        InvalidFrame: It is none.
    """
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidFrame([_error("json_invalid", [], str(error))], is_json=False) from None
    if not isinstance(content, dict):
        raise InvalidFrame([_error("dict_type", [], "A frame is an object: {...}")])
    return content


def take_ref(content: dict[str, Any]) -> str | None:
    """What the client calls a message, taken out of its frame.

    Raises:
        InvalidFrame: It is no text of at most 64 characters.
    """
    ref = content.pop("ref", None)
    if ref is None or (isinstance(ref, str) and len(ref) <= 64):
        return ref
    raise InvalidFrame([_error("string_type", ["ref"], "Give text of at most 64 characters")])


def readable(error: ValidationError) -> list[dict[str, Any]]:
    """Errors as clients get them: without the input, which they know, and short."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [_error(one["type"], list(one["loc"]), one["msg"]) for one in found[:20]]


def _error(kind: str, loc: list[str | int], msg: str) -> dict[str, Any]:
    place = [part[:_LONGEST] if isinstance(part, str) else part for part in loc]
    return {"type": kind, "loc": place[:_LONGEST], "msg": msg[:_LONGEST]}


def parts_of(annotation: Any) -> list[Any]:
    """The types that an annotation is, or is a union of, whatever it is called."""
    while isinstance(annotation, _ALIASES):
        annotation = annotation.__value__
    origin = get_origin(annotation)
    if origin is Annotated:
        return parts_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [one for part in get_args(annotation) for one in parts_of(part)]
    return [annotation]


def _models(declared: Any, blame: str) -> Iterable[type[BaseModel]]:
    for part in parts_of(declared):
        if not (isinstance(part, type) and issubclass(part, BaseModel)):
            raise TypeError(
                f"{blame}: {part!r} is no message. Give a pydantic model with a field "
                '`type: Literal["..."]`, or a union of such models.'
            )
        yield part


def _types_of(model: type[BaseModel], blame: str) -> Iterable[str]:
    """The values that the ``type`` of a model may have, checked with its other fields."""
    fields: Mapping[str, Any] = model.model_fields
    values = ()
    field = fields.get("type")
    if field is not None and get_origin(field.annotation) is Literal:
        values = get_args(field.annotation)
    if not values or not all(isinstance(value, str) and _NAME.match(value) for value in values):
        raise TypeError(
            f"{blame}: {model.__name__} needs a field that tells it from other messages, of "
            f'letters and digits: `type: Literal["{model.__name__.lower()}"]`.'
        )
    if {field.alias, field.validation_alias, field.serialization_alias} - {None, "type"}:
        raise TypeError(
            f"{blame}: the field type of {model.__name__} has an alias. Frames are told apart by "
            '"type": leave it its name.'
        )
    if taken := OWN_TYPES.intersection(values):
        raise TypeError(
            f'{blame}: {model.__name__} is of type "{min(taken)}", as a frame of rooms '
            "themselves is. Call it otherwise."
        )
    names = {one.serialization_alias or one.alias or name for name, one in fields.items()}
    names |= {str(one.validation_alias or one.alias or name) for name, one in fields.items()}
    if taken := ENVELOPE.intersection(names):
        raise TypeError(
            f'{blame}: {model.__name__} has a field "{min(taken)}", which frames have beside the '
            "message. Give it another name or alias."
        )
    return values


__all__ = [
    "ENVELOPE",
    "OWN_TYPES",
    "InvalidFrame",
    "Messages",
    "parse_object",
    "parts_of",
    "readable",
    "take_ref",
]
