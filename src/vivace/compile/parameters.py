"""Text that reads path, query, header and cookie parameters."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Field
from vivace.analyse.plan import Parameter, Source as Origin, Step
from vivace.compile.source import Source, local
from vivace.runtime.query import all_headers, all_values, cookies, first_headers, last_values
from vivace.runtime.source_models import make_reader
from vivace.runtime.validation import add_errors, add_found, add_missing

LITERALS = (str, int, float, bool, type(None))


def emit_sources(source: Source, steps: Iterable[Step]) -> None:
    """Take apart what the parameters of ``steps`` come from, each source once."""
    parameters = [p for step in steps for p in step.plan.parameters]
    origins = {p.source for p in parameters}
    if Origin.PATH in origins:
        source.line('path_params = scope["path_params"]')
    if Origin.QUERY in origins:
        split = all_values if _needs_all(parameters, Origin.QUERY) else last_values
        source.line(f'query = {source.bind(split.__name__, split)}(scope["query_string"])')
    if Origin.HEADER in origins:
        split_headers: Any = all_headers if _needs_all(parameters, Origin.HEADER) else first_headers
        name = source.bind(split_headers.__name__, split_headers)
        source.line(f'headers = {name}(scope["headers"])')
    if Origin.COOKIE in origins:
        source.line(f'cookies = {source.bind("cookies", cookies)}(scope["headers"])')


def _needs_all(parameters: Iterable[Parameter], origin: Origin) -> bool:
    """True where one value a name is not enough."""
    return any(
        p.members is not None or kinds.is_sequence(p.field.annotation)
        for p in parameters
        if p.source is origin
    )


def emit_parameters(source: Source, step: Step, parameters: Iterable[Parameter]) -> None:
    """Read those parameters of ``step`` that do not come from the body."""
    every = [p for p in parameters if p.source is not Origin.BODY]
    for parameter in every:
        if parameter.members is not None:
            _emit_model(source, step, parameter)
        else:
            _emit_parameter(source, step, parameter)


def _emit_model(source: Source, step: Step, parameter: Parameter) -> None:
    variable = local(parameter.name, step.index)
    reader = source.bind(f"read_{parameter.name}", make_reader(parameter))
    received = {Origin.QUERY: "query", Origin.HEADER: "headers", Origin.COOKIE: "cookies"}
    source.line(f"{variable}, found = {reader}({received[parameter.source]})")
    emit_found(source, step)


def emit_found(source: Source, step: Step) -> None:
    with source.block("if found:"):
        source.line(f"errors = {source.bind('add_found', add_found)}(errors, found)")
        source.line(flag_line(step))


def _emit_parameter(source: Source, step: Step, parameter: Parameter) -> None:
    names = parameter.field.validation_names
    source.line(f"raw = {_lookup(source, parameter, names[0])}")
    for name in names[1:]:
        with source.block("if raw is None:"):
            source.line(f"raw = {_lookup(source, parameter, name)}")
    emit_value(
        source,
        step,
        parameter.field,
        variable=local(parameter.name, step.index),
        loc=(parameter.source.location, parameter.alias),
        convert='raw.decode("latin-1")' if _arrives_as_bytes(source, parameter) else "raw",
    )


def _arrives_as_bytes(source: Source, parameter: Parameter) -> bool:
    return parameter.source is Origin.HEADER and "_v_first_headers" in source.namespace


def _lookup(source: Source, parameter: Parameter, name: str) -> str:
    sequence = kinds.is_sequence(parameter.field.annotation)
    match parameter.source:
        case Origin.PATH:
            return f"path_params.get({name!r})"
        case Origin.QUERY:
            return f"query.getlist({name!r}) or None" if sequence else f"query.get({name!r})"
        case Origin.HEADER:
            if "_v_first_headers" in source.namespace:
                return f"headers.get({name.lower().encode('latin-1')!r})"
            return f"headers.getlist({name!r}) or None" if sequence else f"headers.get({name!r})"
        case _:
            return f"cookies.get({name!r})"


def emit_value(
    source: Source,
    step: Step,
    field: Field,
    *,
    variable: str,
    loc: tuple[str | int, ...],
    convert: str = "raw",
    from_attributes: bool = False,
) -> None:
    """Validate ``raw``, or use the default where it is None, and say what is wrong with it."""
    with source.block("if raw is None:"):
        emit_default(source, step, field, variable=variable, loc=loc)
    with source.block("else:"):
        if is_plain_string(field):
            source.line(f"{variable} = {convert}")
        else:
            arguments = f"{convert}, from_attributes=True" if from_attributes else convert
            emit_validation(source, step, field, variable, loc, arguments)


def emit_validation(
    source: Source, step: Step, field: Field, variable: str, loc: Any, arguments: str
) -> None:
    validate = source.bind(f"validate_{field.name}", field.adapter.validator.validate_python)
    with source.block("try:"):
        source.line(f"{variable} = {validate}({arguments})")
    error = source.bind("ValidationError", ValidationError)
    with source.block(f"except {error} as error:"):
        add = source.bind("add_errors", add_errors)
        source.line(f"errors = {add}(errors, error, {loc!r})")
        source.line(flag_line(step))


def emit_default(
    source: Source, step: Step, field: Field, *, variable: str, loc: tuple[str | int, ...]
) -> None:
    """What happens where the client sent no value."""
    if field.required:
        source.line(f"errors = {source.bind('add_missing', add_missing)}(errors, {loc!r})")
        source.line(flag_line(step))
    elif field.info.validate_default:
        default = f"{source.bind(f'default_{field.name}', field.get_default)}()"
        emit_validation(source, step, field, variable, loc, default)
    else:
        source.line(f"{variable} = {_default(source, field)}")


def _default(source: Source, field: Field) -> str:
    default = field.info.default
    if field.info.default_factory is None:
        if type(default) in LITERALS and default == default:
            return repr(default)
        if isinstance(default, enum.Enum):
            return source.bind(f"default_{field.name}", default)
    return f"{source.bind(f'default_{field.name}', field.get_default)}()"


def is_plain_string(field: Field) -> bool:
    """True where any string is valid and stays as it is."""
    schema = field.core_schema
    while schema["type"] in ("default", "nullable"):
        schema = schema["schema"]
    return set(schema) <= {"type", "metadata", "serialization"} and schema["type"] == "str"


def flag_line(step: Step) -> str:
    """Note that ``step`` cannot be called; the endpoint itself never is where anything is wrong."""
    return f"step_{step.index}_failed = True"
