"""From what an endpoint returned to the bytes, or the response object, that is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.responses import Response

from vivace.analyse.annotations import is_subclass
from vivace.analyse.fields import Field
from vivace.analyse.plan import ResponsePlan
from vivace.encoders import jsonable_encoder
from vivace.exceptions import ResponseValidationError, VivaceError
from vivace.runtime.json import encode_json

Encoder = Callable[[Any], bytes]
Content = Callable[[Any], Any]

NOTHING_RETURNED = (
    "No response object was returned. There's a high chance that the application code is raising "
    "an exception and a dependency with yield has a block with a bare except, or a block with "
    "except Exception, and is not raising the exception again."
)


def make_encoder(plan: ResponsePlan, context: Any, *, is_checked: bool = False) -> Encoder:
    """A function that turns a returned value into the JSON of its response.

    Args:
        is_checked: It has passed :func:`make_check` already.
    """
    if plan.field is None:
        return encode_json
    how = serialization_options(plan)
    to_json = plan.field.adapter.serializer.to_json
    if is_checked:
        return lambda value: to_json(value, **how)
    checked = _make_validator(plan.field, context)
    return lambda value: to_json(checked(value), **how)


def make_content(plan: ResponsePlan, context: Any, *, is_checked: bool = False) -> Content:
    """A function that turns a returned value into what a response class renders."""
    if plan.field is None:
        return jsonable_encoder
    how = serialization_options(plan)
    field = plan.field
    if is_checked:
        return lambda value: field.serialize(value, mode="json", **how)
    checked = _make_validator(field, context)
    return lambda value: field.serialize(checked(value), mode="json", **how)


def make_check(field: Field, context: Any) -> Content:
    """A function that validates a returned value, unless it is a response.

    Validation reads the attributes of objects, which may load them from a database; so it is
    done in the thread of an endpoint that has one.
    """
    checked = _make_validator(field, context)

    def check(value: Any) -> Any:
        return value if isinstance(value, Response) else checked(value)

    return check


def serialization_options(plan: ResponsePlan) -> dict[str, Any]:
    """The settings that differ from pydantic's own, as keyword arguments for its serializer."""
    options = {
        "include": plan.include,
        "exclude": plan.exclude,
        "exclude_unset": plan.exclude_unset,
        "exclude_defaults": plan.exclude_defaults,
        "exclude_none": plan.exclude_none,
    }
    return {"by_alias": plan.by_alias, **{key: value for key, value in options.items() if value}}


def _make_validator(field: Field, context: Any) -> Content:
    model = _model(field)

    def validate(value: Any) -> Any:
        if type(value) is model:
            return value
        checked, errors = field.validate(value, ("response",))
        if errors:
            raise ResponseValidationError(errors, body=value, endpoint_ctx=context)
        return checked

    return validate


def _model(field: Field) -> Any:
    """The model that the field is, where it is nothing more than a model.

    Its instances have been validated when they were made, by all the validators in the class.
    """
    model = field.annotation
    if not is_subclass(model, BaseModel):
        return None
    return model if model.model_config.get("revalidate_instances") != "always" else None


def parameter_response() -> Response:
    """The response that an endpoint or dependency asks for, to set headers and status on."""
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]
    return response


def allows_body(status: int | None) -> bool:
    """False for statuses whose responses have no content (RFC 9110 section 6.4.1)."""
    return status is None or not (status < 200 or status in (204, 205, 304))


def complete(
    response: Response, parameters: Response | None, background: BackgroundTask | None
) -> Response:
    """Add what was set through a ``Response`` parameter to a response that was made here.

    One whose status allows no content says nothing of any, unless the parameter does.
    """
    if not allows_body(response.status_code):
        response = _without_content(response)
    if parameters is not None:
        response.raw_headers.extend(parameters.raw_headers)
    if background is not None:
        response.background = background
    return response


#: What describes the content, and not the response.
_OF_CONTENT = (b"content-length", b"content-type")


def _without_content(response: Response) -> Response:
    # A stream or a file would send its content whatever is said here, hence another object.
    empty = Response(status_code=response.status_code, background=response.background)
    kept = (header for header in response.raw_headers if header[0] not in _OF_CONTENT)
    empty.raw_headers.extend(kept)
    return empty


def adopt_background(response: Response, background: BackgroundTask | None) -> Response:
    """Give the tasks of a request to a response that the endpoint made itself."""
    if response.background is None:
        response.background = background
    return response


def nothing_returned() -> VivaceError:
    return VivaceError(NOTHING_RETURNED)


__all__ = [
    "Field",
    "adopt_background",
    "allows_body",
    "complete",
    "make_check",
    "make_content",
    "make_encoder",
    "nothing_returned",
    "parameter_response",
]
