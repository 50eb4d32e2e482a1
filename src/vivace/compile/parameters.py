"""Text that reads path, query, header and cookie parameters."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from vivace.analyse.plan import Parameter, Source as Origin, Step
from vivace.compile.source import Source, local
from vivace.runtime.query import (
    all_headers,
    all_values,
    cookies,
    first_headers,
    last_of,
    last_values,
)
from vivace.runtime.source_models import make_reader
from vivace.runtime.validation import add_errors, add_found, add_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vivace.analyse.fields import Field

LITERALS = (str, bytes, int, float, bool, type(None))

#: The variables that hold one value of each name, and all of them.
SINGLE = {
    Origin.PATH: "path_params",
    Origin.QUERY: "query",
    Origin.HEADER: "headers",
    Origin.COOKIE: "cookies",
}
EVERY = {
    Origin.QUERY: "query_lists",
    Origin.HEADER: "header_lists",
    Origin.COOKIE: "cookies",
    Origin.BODY: "form",
}


@dataclass(frozen=True)
class Place:
    """Where a value is looked for, as an error about it has to say."""

    #: The source; the first item of ``loc``.
    location: str
    #: The names under which it may stand; none where it is the whole source.
    names: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """The expression of ``loc`` where there is no value."""
        return repr((self.location, *self.names[:1]))

    @property
    def found(self) -> str:
        """The expression of ``loc`` where there is one: of several names, the one that it has."""
        return f"({self.location!r}, name)" if len(self.names) > 1 else self.missing


def place_of(parameter: Parameter) -> Place:
    return Place(parameter.source.location, parameter.field.validation_names)


def emit_sources(source: Source, steps: Iterable[Step]) -> None:
    """Take apart what the parameters of ``steps`` come from, each source once."""
    parameters = [p for step in steps for p in step.plan.parameters]
    single = {p.source for p in parameters if not needs_every(p)}
    every = {p.source for p in parameters if needs_every(p)}
    if Origin.PATH in single:
        source.line('path_params = scope["path_params"]')
    _emit_query(source, single=Origin.QUERY in single, every=Origin.QUERY in every)
    if Origin.HEADER in single:
        name = source.bind("first_headers", first_headers)
        source.line(f'headers = {name}(scope["headers"])')
    if Origin.HEADER in every:
        name = source.bind("all_headers", all_headers)
        source.line(f'header_lists = {name}(scope["headers"])')
    if Origin.COOKIE in single | every:
        source.line(f'cookies = {source.bind("cookies", cookies)}(scope["headers"])')


def _emit_query(source: Source, *, single: bool, every: bool) -> None:
    if every:
        name = source.bind("all_values", all_values)
        source.line(f'query_lists = {name}(scope["query_string"])')
        if single:
            source.line(f"query = {source.bind('last_of', last_of)}(query_lists)")
    elif single:
        source.line(f'query = {source.bind("last_values", last_values)}(scope["query_string"])')


def needs_every(parameter: Parameter) -> bool:
    """True where one value a name is not enough."""
    return parameter.members is not None or parameter.field.takes_list


def emit_parameters(source: Source, step: Step, parameters: Iterable[Parameter]) -> None:
    """Read those parameters of ``step`` that do not come from the body."""
    for parameter in parameters:
        if parameter.source is Origin.BODY:
            continue
        if parameter.members is not None:
            emit_model(source, step, parameter, EVERY[parameter.source])
        else:
            _emit_parameter(source, step, parameter)


def emit_model(source: Source, step: Step, parameter: Parameter, received: str) -> None:
    """Read a model that stands for the whole source in the variable ``received``."""
    reader = source.bind(f"read_{parameter.name}", make_reader(parameter))
    source.line(f"{local(parameter.name, step.index)}, found = {reader}({received})")
    with source.block("if found:"):
        source.line(f"errors = {source.bind('add_found', add_found)}(errors, found)")
        source.line(flag_line(step))


def _emit_parameter(source: Source, step: Step, parameter: Parameter) -> None:
    field = parameter.field
    variable = local(parameter.name, step.index)
    place = place_of(parameter)
    emit_lookup(source, place, lambda name: _lookup(parameter, name))
    in_bytes = parameter.source is Origin.HEADER and not field.takes_list
    value = 'raw.decode("latin-1")' if in_bytes else "raw"
    with source.block("if raw is None:"):
        emit_default(source, step, field, variable, place)
    with source.block("else:"):
        if not is_plain_string(field):
            emit_validation(source, step, field, variable, place.found, value)
        elif parameter.source is Origin.PATH:
            # A convertor may have made something else of the text.
            with source.block("if type(raw) is str:"):
                source.line(f"{variable} = raw")
            with source.block("else:"):
                emit_validation(source, step, field, variable, place.found, value)
        else:
            source.line(f"{variable} = {value}")


def _lookup(parameter: Parameter, name: str) -> str:
    if parameter.field.takes_list and parameter.source in (Origin.QUERY, Origin.HEADER):
        key = name.lower() if parameter.source is Origin.HEADER else name
        return f"{EVERY[parameter.source]}.get({key!r})"
    if parameter.source is Origin.HEADER:
        return f"headers.get({name.lower().encode('latin-1')!r})"
    return f"{SINGLE[parameter.source]}.get({name!r})"


def emit_lookup(
    source: Source, place: Place, expression: Callable[[str], str], absent: str = "None"
) -> None:
    """Look under each name in turn. Afterwards ``raw`` holds the value, or ``absent``.

    Where there is more than one name, ``name`` holds the one that it was found under.
    """
    first, *others = place.names
    _emit_attempt(source, place, first, expression)
    for other in others:
        with source.block(f"if raw is {absent}:"):
            _emit_attempt(source, place, other, expression)


def _emit_attempt(
    source: Source, place: Place, name: str, expression: Callable[[str], str]
) -> None:
    if len(place.names) > 1:
        source.line(f"name = {name!r}")
    source.line(f"raw = {expression(name)}")


def emit_validation(
    source: Source, step: Step, field: Field, variable: str, loc: str, arguments: str
) -> None:
    """Validate a value. ``loc`` and ``arguments`` are expressions."""
    validate = source.bind(f"validate_{field.name}", field.adapter.validator.validate_python)
    with source.block("try:"):
        source.line(f"{variable} = {validate}({arguments})")
    error = source.bind("ValidationError", ValidationError)
    with source.block(f"except {error} as error:"):
        add = source.bind("add_errors", add_errors)
        source.line(f"errors = {add}(errors, error, {loc})")
        source.line(flag_line(step))


def emit_default(source: Source, step: Step, field: Field, variable: str, place: Place) -> None:
    """What happens where the client sent no value."""
    if field.required:
        emit_missing(source, step, place)
    elif field.info.validate_default:
        default = f"{source.bind(f'default_{field.name}', field.get_default)}()"
        emit_validation(source, step, field, variable, place.missing, default)
    else:
        source.line(f"{variable} = {_default(source, field)}")


def emit_missing(source: Source, step: Step, place: Place) -> None:
    """Report that a value is missing."""
    source.line(f"errors = {source.bind('add_missing', add_missing)}(errors, {place.missing})")
    source.line(flag_line(step))


def _default(source: Source, field: Field) -> str:
    default = field.info.default
    name = f"default_{field.name}"
    if field.info.default_factory is not None:
        return f"{source.bind(name, field.get_default)}()"
    if type(default) is float and not math.isfinite(default):
        return source.bind(name, default)
    if type(default) in LITERALS:
        return repr(default)
    if isinstance(default, enum.Enum):
        return source.bind(name, default)
    return f"{source.bind(name, field.get_default)}()"


def is_plain_string(field: Field) -> bool:
    """True where any string is valid and stays as it is."""
    schema = field.core_schema
    while schema["type"] in ("default", "nullable"):
        schema = schema["schema"]
    return set(schema) <= {"type", "metadata", "serialization"} and schema["type"] == "str"


def flag_line(step: Step) -> str:
    """Note that ``step`` cannot be called; the endpoint itself never is where anything is wrong."""
    return f"step_{step.index}_failed = True"
