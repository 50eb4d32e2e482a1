"""Reading a model that stands for a whole source: all query parameters, headers, cookies, fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Errors, Field, missing_error
from vivace.analyse.plan import Parameter, Source
from vivace.declare.params import Form

Reader = Callable[[Any], tuple[Any, Errors]]


def make_reader(parameter: Parameter) -> Reader:
    """A function that makes the model of ``parameter`` from what the client sent."""
    assert parameter.members is not None
    field = parameter.field
    loc = (parameter.source.location,)
    members = parameter.members
    is_form = isinstance(field.info, Form)
    known = {name.lower() if parameter.source is Source.HEADER else name
             for member in members for name in member.validation_names}

    def read(received: Mapping[str, Any]) -> tuple[Any, Errors]:
        values = _values_of(members, received, is_form)
        if not values and not field.required:
            return field.get_default(), []
        if not values and not received and kinds.allows_none(field.annotation) and field.required:
            return None, [missing_error(loc)]
        for name in received:
            if name not in known and name not in values:
                values[name] = _value_of(received, name)
        return field.validate(values, loc)

    return read


def _values_of(
    members: tuple[Field, ...], received: Mapping[str, Any], is_form: bool
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for member in members:
        for name in member.validation_names:
            value = _member_value(member, received, name)
            if value is None or (is_form and value == ""):
                continue
            values[name] = value
            break
    return values


def _member_value(member: Field, received: Mapping[str, Any], name: str) -> Any:
    if kinds.is_sequence(member.annotation) and hasattr(received, "getlist"):
        return received.getlist(name) or None
    return received.get(name)


def _value_of(received: Mapping[str, Any], name: str) -> Any:
    if not hasattr(received, "getlist"):
        return received[name]
    values = received.getlist(name)
    return values[0] if len(values) == 1 else values
