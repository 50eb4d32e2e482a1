"""Text that reads the body of a request and the parameters in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivace.analyse import annotations as kinds
from vivace.analyse.plan import BodyKind, BodyPlan, Parameter, Source as Origin, Step
from vivace.compile.options import HandlerOptions
from vivace.compile.parameters import emit_default, emit_found, emit_validation
from vivace.compile.source import Source, local
from vivace.declare.params import File, Form
from vivace.runtime.body import content_type, is_json, parse_json, read_body
from vivace.runtime.forms import read_bytes, read_form
from vivace.runtime.source_models import make_reader
from vivace.runtime.validation import ABSENT, as_object


def emit_body(source: Source, body: BodyPlan, options: HandlerOptions, has_request: bool) -> None:
    """Receive the body; afterwards ``payload`` holds what it says, None where it is empty."""
    if body.kind is BodyKind.FORM:
        read = source.bind("read_form", read_form)
        limits = source.bind("form_limits", dict(options.form_limits))
        source.line(f"payload = await {read}(request, {limits})")
        source.line("request_stack.push_async_callback(payload.close)")
        return
    if has_request:
        source.line("body = await request.body()")
    else:
        source.line(f"body = await {source.bind('read_body', read_body)}(receive)")
    with source.block("if not body:"):
        source.line("payload = None")
    check = source.bind("is_json", is_json)
    find = source.bind("content_type", content_type)
    strict = options.strict_content_type
    with source.block(f'elif {check}({find}(scope["headers"]), strict={strict}):'):
        context = source.bind("endpoint_context", options.endpoint_context)
        source.line(f"payload = {source.bind('parse_json', parse_json)}(body, {context})")
    with source.block("else:"):
        source.line("payload = body")
    if body.embed:
        source.line(f"fields = {source.bind('as_object', as_object)}(payload)")


def emit_body_parameters(source: Source, step: Step, body: BodyPlan) -> None:
    """Validate those parameters of ``step`` that the body holds."""
    for parameter in step.plan.parameters:
        if parameter.source is not Origin.BODY:
            continue
        if body.kind is BodyKind.FORM:
            _emit_form_parameter(source, step, parameter)
        elif body.embed:
            _emit_member(source, step, parameter)
        else:
            _emit_whole(source, step, parameter)


def _emit_whole(source: Source, step: Step, parameter: Parameter) -> None:
    source.line("raw = payload")
    _emit_json_value(source, step, parameter, loc=("body",), absent="None")


def _emit_member(source: Source, step: Step, parameter: Parameter) -> None:
    absent = source.bind("ABSENT", ABSENT)
    names = parameter.field.validation_names
    source.line(f"raw = fields.get({names[0]!r}, {absent})")
    for name in names[1:]:
        with source.block(f"if raw is {absent}:"):
            source.line(f"raw = fields.get({name!r}, {absent})")
    _emit_json_value(source, step, parameter, loc=("body", parameter.alias), absent=absent)


def _emit_json_value(
    source: Source, step: Step, parameter: Parameter, *, loc: tuple[str, ...], absent: str
) -> None:
    field = parameter.field
    variable = local(parameter.name, step.index)
    # `null` counts as not sent, unless the type says what it means.
    empty = f"raw is {absent}" if kinds.allows_none(field.annotation) else f"raw is None or raw is {absent}"
    if absent == "None":
        empty = "raw is None"
    with source.block(f"if {empty}:"):
        emit_default(source, step, field, variable=variable, loc=loc)
    with source.block("else:"):
        emit_validation(source, step, field, variable, loc, "raw, from_attributes=True")


def _emit_form_parameter(source: Source, step: Step, parameter: Parameter) -> None:
    variable = local(parameter.name, step.index)
    field = parameter.field
    if parameter.members is not None:
        reader = source.bind(f"read_{parameter.name}", make_reader(parameter))
        source.line(f"{variable}, found = {reader}(payload)")
        emit_found(source, step)
        return
    sequence = kinds.is_sequence(field.annotation)
    for position, name in enumerate(field.validation_names):
        text = f"payload.getlist({name!r}) or None" if sequence else f"payload.get({name!r})"
        if position == 0:
            source.line(f"raw = {text}")
        else:
            with source.block("if raw is None:"):
                source.line(f"raw = {text}")
    if isinstance(field.info, Form) and not sequence:
        with source.block('if raw == "":'):
            source.line("raw = None")
    loc = ("body", parameter.alias)
    with source.block("if raw is None:"):
        emit_default(source, step, field, variable=variable, loc=loc)
    with source.block("else:"):
        if isinstance(field.info, File) and kinds.is_bytes(field.annotation):
            source.line(f"raw = await {source.bind('read_bytes', read_bytes)}(raw)")
        emit_validation(source, step, field, variable, loc, "raw, from_attributes=True")


def needs_form(body: BodyPlan | None) -> bool:
    return body is not None and body.kind is BodyKind.FORM


__all__ = ["Any", "Mapping", "emit_body", "emit_body_parameters", "needs_form"]
