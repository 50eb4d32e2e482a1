"""Reading a model that stands for a whole source: all query parameters, headers, cookies, fields.

A reader is made at start-up, for one parameter. It goes once through everything that the client
sent and hands the model an object: each field under the key that the model takes, in the shape
that its type asks for, then all the rest, for the model to ignore, to keep or to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Tag

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Errors, Field, Member, missing_error
from vivace.analyse.plan import Parameter, Source
from vivace.analyse.source_models import model_fields, models_of
from vivace.runtime.shapes import shape_of
from vivace.runtime.validation import ABSENT

#: All values of each name that a client sent, in a list; of a cookie the one it has.
Received = Mapping[str, Any]
#: A value by itself, or a list of several, for each name.
Values = dict[str, Any]
Reader = Callable[[Received], tuple[Any, Errors]]


def make_reader(parameter: Parameter) -> Reader:
    """A function that makes the model of ``parameter`` from what the client sent."""
    field = parameter.field
    if kinds.allows_none(field.annotation) or not field.required:
        return _optional(parameter, _required(parameter))
    return _required(parameter)


def _required(parameter: Parameter) -> Reader:
    loc = (parameter.source.location,)
    unfold = dict if parameter.source is Source.COOKIE else unfolded
    if len(models_of(parameter.field)) > 1:
        # Each model has its own shapes, and which one it is only pydantic finds out.
        union = _arranging_by_itself(parameter.field)
        return lambda received: union.validate(unfold(received), loc)
    arrange = make_arrangement(parameter.members or (), parameter.source)
    renamed = _renamed(parameter)
    field = parameter.field

    def read(received: Received) -> tuple[Any, Errors]:
        value, errors = field.validate(arrange(unfold(received)), loc)
        return value, [_relocated(error, renamed) for error in errors] if renamed else errors

    return read


def _optional(parameter: Parameter, read: Reader) -> Reader:
    """``read``, for a model that may be missing as a whole."""
    field = parameter.field
    loc = (parameter.source.location,)
    is_sent = make_presence(parameter)

    def read_if_sent(received: Received) -> tuple[Any, Errors]:
        if is_sent(received):
            return read(received)
        if field.required:
            return None, [missing_error(loc)]
        default = field.get_default()
        return field.validate(default, loc) if field.info.validate_default else (default, [])

    return read_if_sent


def make_presence(parameter: Parameter) -> Callable[[Received], bool]:
    """A function that says whether anything was sent of which the model takes notice."""
    models, members = models_of(parameter.field), parameter.members or ()
    if any(model.model_config.get("extra") in ("allow", "forbid") for model in models):
        return bool
    names = {name for member in members for name in member.validation_names}
    names.update(str(path.path[0]) for member in members for path in member.paths)
    if parameter.source is Source.HEADER:
        names = {name.lower() for name in names}
    return lambda received: not names.isdisjoint(received)


def unfolded(received: Received) -> Values:
    """A value by itself where a name has one only, the list of them where it has several."""
    return {name: values[0] if len(values) == 1 else values for name, values in received.items()}


def make_arrangement(
    members: tuple[Member, ...], source: Source
) -> Callable[[Values], dict[str, Any]]:
    """A function that gives values the keys and the shapes which the model of ``members`` takes.

    A name that was looked for belongs to the field, also where it was empty. One that was not,
    since a name before it had a value, is left to the model with the rest.
    """
    fields = [(shape_of(member, source), _sent_names(member, source)) for member in members]
    # A header with an underscore is not the field of that name, whose own has a hyphen.
    refused = {key for _, names in fields for name, key in names if name != key}
    lists = {path.path[0] for m in members for path in m.paths if isinstance(path.path[-1], int)}

    def arrange(values: Values) -> dict[str, Any]:
        arranged: dict[str, Any] = {}
        taken = set(refused)
        for shape, names in fields:
            for name, key in names:
                if name in values:
                    taken.add(name)
                    value = shape(values[name])
                    if value is not ABSENT:
                        arranged[key] = value
                        break
        for name, value in values.items():
            if name not in taken:
                listed = name in lists and not isinstance(value, list)
                arranged[name] = [value] if listed else value
        return arranged

    return arrange


def _sent_names(member: Member, source: Source) -> list[tuple[str, str]]:
    """The names of ``member`` as they arrive, each with the key that the model takes."""
    if source is Source.HEADER:
        return [(name.lower(), key) for name, key in member.names]
    return list(member.names)


def _renamed(parameter: Parameter) -> dict[str | int, str]:
    """The keys that clients know by other names, which an error has to give."""
    if parameter.source is not Source.HEADER:
        return {}
    return {
        key: name
        for member in parameter.members or ()
        for name, key in member.names
        if name != key and (member.config or {}).get("loc_by_alias") is not False
    }


def _relocated(error: dict[str, Any], renamed: Mapping[str | int, str]) -> dict[str, Any]:
    source, *path = error["loc"]
    if path and path[0] in renamed:
        return {**error, "loc": (source, renamed[path[0]], *path[1:])}
    return error


def _arranging_by_itself(field: Field) -> Field:
    """``field``, each model in its union arranging the values of a form before it is tried."""
    info = copy(field.info)
    info.annotation = _with_arrangements(field.annotation)
    return Field(field.name, info)


def _with_arrangements(annotation: Any) -> Any:
    annotation = kinds.expand_alias(annotation)
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return Annotated[(_with_arrangements(inner), *metadata)]
    if kinds.is_union(annotation):
        members = tuple(_with_arrangements(member) for member in get_args(annotation))
        return Union[members]  # noqa: UP007 - there is no operator for a tuple of them
    if kinds.is_subclass(annotation, BaseModel):
        arrange = make_arrangement(model_fields(annotation), Source.BODY)
        before = BeforeValidator(lambda v: arrange(v) if isinstance(v, dict) else v)
        # The tag is the name by which errors tell the models apart.
        return Annotated[annotation, before, Tag(annotation.__name__)]
    return annotation
