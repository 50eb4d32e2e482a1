"""Text that reads the body of a request and the parameters in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.analyse import annotations as kinds
from vivace.analyse.plan import BodyKind, BodyPlan, Parameter, Source as Origin, Step
from vivace.compile.parameters import (
    Place,
    emit_default,
    emit_lookup,
    emit_missing,
    emit_model,
    emit_validation,
    place_of,
)
from vivace.compile.source import Source, local
from vivace.declare.params import File
from vivace.runtime.body import content_type, is_json, parse_json, read_body
from vivace.runtime.forms import every_field, last_field, read_bytes, read_form, with_contents
from vivace.runtime.query import grouped
from vivace.runtime.validation import ABSENT, as_object

if TYPE_CHECKING:
    from vivace.analyse.fields import Field
    from vivace.compile.options import HandlerOptions

#: Where the whole body is one value.
WHOLE = Place("body")


def emit_body(source: Source, body: BodyPlan, options: HandlerOptions, has_request: bool) -> None:
    """Receive the body; afterwards ``payload`` holds what it says, ``None`` where it is empty."""
    match body.kind:
        case BodyKind.FORM:
            _emit_form(source, options)
        case BodyKind.JSON:
            _emit_json(source, options, has_request)
        case BodyKind.NONE:
            source.line("payload = body = None")
    emit_fields(source, body)


def emit_fields(source: Source, body: BodyPlan) -> None:
    """Take ``payload`` apart: into ``form``, or into ``fields`` where it is an object."""
    if body.kind is BodyKind.FORM:
        source.line(f"form = {source.bind('grouped', grouped)}(payload.multi_items())")
    elif body.embed:
        source.line(f"fields = {source.bind('as_object', as_object)}(payload)")


def _emit_form(source: Source, options: HandlerOptions) -> None:
    read = source.bind("read_form", read_form)
    limits = source.bind("form_limits", dict(options.form_limits))
    source.line(f"payload = await {read}(request, {limits})")
    source.line("request_stack.push_async_callback(payload.close)")


def _emit_json(source: Source, options: HandlerOptions, has_request: bool) -> None:
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


def emit_body_parameters(source: Source, step: Step, body: BodyPlan) -> None:
    """Validate those parameters of ``step`` that the body holds."""
    for parameter in step.plan.parameters:
        if parameter.source is not Origin.BODY:
            continue
        if body.kind is BodyKind.FORM:
            emit = _emit_form_model if parameter.members is not None else _emit_form_field
        else:
            emit = _emit_key if body.embed else _emit_whole
        emit(source, step, parameter)


def _emit_whole(source: Source, step: Step, parameter: Parameter) -> None:
    field = parameter.field
    variable = local(parameter.name, step.index)
    # `null` is a value like any other: only an empty body is none.
    with source.block("if not body:"):
        emit_default(source, step, field, variable, WHOLE)
    with source.block("else:"):
        arguments = "payload, from_attributes=True"
        emit_validation(source, step, field, variable, WHOLE.found, arguments)


def _emit_key(source: Source, step: Step, parameter: Parameter) -> None:
    field = parameter.field
    variable = local(parameter.name, step.index)
    place = place_of(parameter)
    absent = source.bind("ABSENT", ABSENT)
    emit_lookup(source, place, lambda name: f"fields.get({name!r}, {absent})", absent)
    with source.block(f"if raw is not {absent}:"):
        arguments = "raw, from_attributes=True"
        emit_validation(source, step, field, variable, place.found, arguments)
    if not field.required:
        # There are defaults for keys that an object leaves out, not for those of another value.
        # Bytes are no JSON at all.
        with source.block("elif body and not isinstance(payload, (dict, bytes)):"):
            emit_missing(source, step, place)
    with source.block("else:"):
        emit_default(source, step, field, variable, place)


def _emit_form_model(source: Source, step: Step, parameter: Parameter) -> None:
    names = {
        name
        for member in parameter.members or ()
        if kinds.is_bytes(member.wire_type)
        for name in member.validation_names
    }
    if not names:
        emit_model(source, step, parameter, "form")
        return
    read = source.bind("with_contents", with_contents)
    source.line(f"contents = await {read}(form, {sorted(names)!r})")
    emit_model(source, step, parameter, "contents")


def _emit_form_field(source: Source, step: Step, parameter: Parameter) -> None:
    field = parameter.field
    variable = local(parameter.name, step.index)
    place = place_of(parameter)
    take = every_field if field.takes_list else last_field
    taken = source.bind(take.__name__, take)
    emit_lookup(source, place, lambda name: f"{taken}(form, {name!r})")
    with source.block("if raw is None:"):
        emit_default(source, step, field, variable, place)
    with source.block("else:"):
        if holds_contents(field):
            source.line(f"raw = await {source.bind('read_bytes', read_bytes)}(raw)")
        emit_validation(source, step, field, variable, place.found, "raw")


def holds_contents(field: Field) -> bool:
    """True for a file that is passed as the bytes it holds."""
    return isinstance(field.info, File) and kinds.is_bytes(field.wire_type)


def needs_form(body: BodyPlan | None) -> bool:
    return body is not None and body.kind is BodyKind.FORM
