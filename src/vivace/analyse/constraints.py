"""Constraints that no value of their type can be held against.

pydantic takes ``Annotated[str, Ge(3)]`` and raises ``TypeError`` for each value: any input would be
a fault of the server. Such a declaration is refused where it stands.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from vivace.analyse.blame import blaming
from vivace.analyse.fields import Field, InvalidField
from vivace.analyse.plan import CallPlan

#: A value for each type of core schema that always validates to one Python type.
_SAMPLES: dict[str, Any] = {
    "bool": True,
    "bytes": b"",
    "date": datetime.date(2000, 1, 1),
    "datetime": datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC),
    "decimal": Decimal(1),
    "dict": {},
    "float": 1.0,
    "frozenset": frozenset(),
    "int": 1,
    "list": [],
    "none": None,
    "set": set(),
    "str": "",
    "time": datetime.time(),
    "timedelta": datetime.timedelta(),
    "tuple": (),
    "uuid": uuid.UUID(int=0),
}
#: What core schemas hold beside further schemas: whatever users put there.
_NOT_SCHEMAS = frozenset({"config", "default", "expected", "metadata", "serialization"})
#: Where pydantic keeps its own functions for constraints that a core schema has no key for.
_VALIDATORS = "pydantic._internal._validators"
_KNOWN_METADATA = "pydantic._internal._known_annotated_metadata"


def check_constraints(plan: CallPlan) -> None:
    """Refuse constraints that do not fit the type of a parameter, in ``plan`` and all below it.

    Types that name what does not exist yet are passed over.

    Raises:
        InvalidField: It names the function, the parameter, the constraint and the type.
    """
    for parameter in plan.parameters:
        field = parameter.field
        if field.is_complete:
            with blaming(plan.call, parameter.name):
                _check_field(field)
    for dependency in plan.dependencies:
        check_constraints(dependency.plan)


def _check_field(field: Field) -> None:
    for reason in _misfits(field.core_schema):
        raise InvalidField(
            f"{field.name!r} has a constraint that does not fit its type {field.annotation!r}: "
            f"change the one or the other. {reason}"
        )


def _misfits(schema: Any) -> Iterator[str]:
    """What pydantic says of each constraint in ``schema`` that cannot be applied."""
    if isinstance(schema, (list, tuple)):
        for item in schema:
            yield from _misfits(item)
    elif isinstance(schema, dict):
        if schema.get("type") == "function-after":
            yield from _refusals(schema["function"]["function"], _samples(schema["schema"]))
        elif schema.get("type") == "chain":
            for before, step in zip(schema["steps"], schema["steps"][1:]):
                yield from _refusals_of_step(step, _samples(before))
        for key, value in schema.items():
            if key not in _NOT_SCHEMAS:
                yield from _misfits(value)


def _refusals(function: Any, samples: Iterator[Any]) -> Iterator[str]:
    if not _is_constraint(function):
        return
    for sample in samples:
        try:
            function(sample)
        except TypeError as error:
            yield _reason(error, sample)
        except Exception:
            continue  # The value breaks the constraint, so that it can be applied.


def _refusals_of_step(step: Any, samples: Iterator[Any]) -> Iterator[str]:
    function = step.get("function", {}).get("function")
    if getattr(function, "__module__", None) != _KNOWN_METADATA:
        return
    validator = SchemaValidator(step)
    for sample in samples:
        try:
            validator.validate_python(sample)
        except TypeError as error:
            yield _reason(error, sample)
        except ValidationError:
            continue


def _reason(error: TypeError, sample: Any) -> str:
    said = str(error).partition(" to supplied value")[0]
    return f"{said} to a value of type {type(sample).__name__}."


def _samples(schema: Any) -> Iterator[Any]:
    """Values of the types that ``schema`` lets through, as far as they are known."""
    kind = schema["type"]
    if kind in _SAMPLES:
        yield _SAMPLES[kind]
    elif kind == "union":
        for choice in schema["choices"]:
            yield from _samples(choice[0] if isinstance(choice, tuple) else choice)
    elif kind == "chain":
        yield from _samples(schema["steps"][-1])
    elif kind in ("nullable", "default") or _is_known_function(schema):
        yield from _samples(schema["schema"])


def _is_known_function(schema: Any) -> bool:
    """True for a constraint, which returns what it is given; users' functions may not."""
    if schema["type"] != "function-after":
        return False
    return _is_constraint(schema["function"]["function"])


def _is_constraint(function: Any) -> bool:
    return isinstance(function, partial) and function.func.__module__ == _VALIDATORS
