"""Parameters read outside a request, by the text that handlers are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict
from starlette.routing import compile_path

from vivace.analyse.body import body_plan
from vivace.analyse.endpoint import analyse_call
from vivace.analyse.fields import Errors, Field
from vivace.analyse.flatten import flatten
from vivace.analyse.parameters import parameter_of
from vivace.analyse.plan import Calling, CallPlan, Parameter, Source, Step
from vivace.compile.body import emit_body_parameters, emit_fields
from vivace.compile.build import build
from vivace.compile.parameters import emit_parameters, emit_sources
from vivace.compile.source import Source as Text, local
from vivace.declare.dependencies import Depends, check_dependency

from .dependant import Dependant


def get_dependant(
    *, path: str, call: Callable[..., Any], name: str | None = None, use_cache: bool = True
) -> Dependant:
    """What the signature of `call` says, where it stands at `path`."""
    names = frozenset(compile_path(path)[2])
    return Dependant.of(analyse_call(call, names), name, use_cache)


def get_parameterless_sub_dependant(*, depends: Depends, path: str) -> Dependant:
    """What the signature of a dependency says that is declared for its effect alone."""
    check_dependency(depends)
    call: Any = depends.dependency
    return get_dependant(path=path, call=call)


def request_params_to_args(
    fields: Sequence[Field], received: Mapping[str, Any]
) -> tuple[dict[str, Any], Errors]:
    """The values of path, query, header or cookie parameters, and what is wrong with them."""
    values: dict[str, Any] = {}
    errors: Errors = []
    for field in fields:
        read = _params_reader(field)
        value, found = read(_scope(parameter_of(field).source, received))
        values, errors = _collected(field, value, found, values, errors)
    return values, errors


async def request_body_to_args(
    body_fields: Sequence[Field], received_body: Any, embed_body_fields: bool
) -> tuple[dict[str, Any], Errors]:
    """The values of parameters of a body or a form, and what is wrong with them."""
    values: dict[str, Any] = {}
    errors: Errors = []
    for field in body_fields:
        read = _body_reader(field, embed_body_fields)
        value, found = await read(received_body)
        values, errors = _collected(field, value, found, values, errors)
    return values, errors


def _collected(
    field: Field, value: Any, found: Errors | None, values: dict[str, Any], errors: Errors
) -> tuple[dict[str, Any], Errors]:
    if found:
        return values, [*errors, *found]
    return {**values, field.name: value}, errors


def _scope(source: Source, received: Mapping[str, Any]) -> dict[str, Any]:
    """A scope in which `received` is what came from `source`."""
    items = _items(received)
    match source:
        case Source.PATH:
            return {"path_params": dict(items)}
        case Source.QUERY:
            return {"query_string": urlencode(list(items)).encode()}
        case Source.HEADER:
            pairs = ((name.lower(), value) for name, value in items)
            return {"headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in pairs]}
        case _:
            cookie = "; ".join(f"{name}={value}" for name, value in items)
            return {"headers": [(b"cookie", cookie.encode("latin-1"))]}


def _items(received: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return received.multi_items() if isinstance(received, ImmutableMultiDict) else received.items()


@lru_cache(maxsize=1024)
def _params_reader(field: Field) -> Callable[[dict[str, Any]], tuple[Any, Errors | None]]:
    step = _step(parameter_of(field))
    text = Text()
    with text.block("def read(scope):"):
        emit_sources(text, [step])
        text.line("errors = None")
        emit_parameters(text, step, step.plan.parameters)
        _emit_return(text, step)
    return build(text, "read", _params_reader)


@lru_cache(maxsize=1024)
def _body_reader(field: Field, embed: bool) -> Callable[[Any], Any]:
    step = _step(parameter_of(field))
    plan = body_plan(step.plan.parameters)
    assert plan is not None
    plan = replace(plan, embed=embed)
    text = Text()
    with text.block("async def read(payload):"):
        # `body` stands for the bytes, of which only whether there are any is asked.
        text.line("body = payload is not None")
        emit_fields(text, plan)
        text.line("errors = None")
        emit_body_parameters(text, step, plan)
        _emit_return(text, step)
    return build(text, "read", _body_reader)


def _step(parameter: Parameter) -> Step:
    call = CallPlan(call=parameter_of, calling=Calling.INLINE, parameters=(parameter,))
    return flatten(call)[0]


def _emit_return(text: Text, step: Step) -> None:
    """Return the value, or the errors where there is none."""
    (parameter,) = step.plan.parameters
    with text.block("if errors is not None:"):
        text.line("return None, errors")
    text.line(f"return {local(parameter.name, step.index)}, None")


__all__ = [
    "get_dependant",
    "get_parameterless_sub_dependant",
    "request_body_to_args",
    "request_params_to_args",
]
