"""What a router or an inclusion adds to the routes below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from vivace.declare.defaults import Default, DefaultPlaceholder, value_or_default
from vivace.declare.dependencies import Depends
from vivace.declare.form_limits import FormLimits, merge_form_limits
from vivace.responses import JSONResponse
from vivace.runtime.body_limit import innermost
from vivace.serve.operation_id import generate_unique_id

Responses = dict[int | str, dict[str, Any]]


def check_responses(responses: Responses) -> None:
    """Check what is said of responses further than the one of success.

    Raises:
        AssertionError: That of a status is no dictionary.
    """
    for status, response in responses.items():
        assert isinstance(response, dict), (
            f"An additional response must be a dict, such as {{'model': ...}}, and that of "
            f"{status} is {response!r}."
        )


@dataclass(frozen=True, eq=False)
class Settings:
    """Settings that routes inherit; :meth:`around` says how an outer one combines with an inner."""

    prefix: str = ""
    tags: tuple[str | Enum, ...] = ()
    dependencies: tuple[Depends, ...] = ()
    responses: Responses = field(default_factory=dict)
    callbacks: tuple[BaseRoute, ...] = ()
    deprecated: bool | None = None
    include_in_schema: bool = True
    response_class: type[Response] | DefaultPlaceholder = field(
        default_factory=lambda: Default(JSONResponse)
    )
    generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = field(
        default_factory=lambda: Default(generate_unique_id)
    )
    strict_content_type: bool | DefaultPlaceholder = field(default_factory=lambda: Default(True))
    max_body_size: int | None = None
    form_limits: FormLimits = field(default_factory=lambda: FormLimits())

    def around(self, inner: Settings) -> Settings:
        """``inner`` as it is inside ``self``: lists are joined, and the inner value wins."""
        return replace(
            inner,
            prefix=self.prefix + inner.prefix,
            tags=(*self.tags, *inner.tags),
            dependencies=(*self.dependencies, *inner.dependencies),
            responses={**self.responses, **inner.responses},
            callbacks=(*self.callbacks, *inner.callbacks),
            deprecated=inner.deprecated or self.deprecated,
            include_in_schema=self.include_in_schema and inner.include_in_schema,
            response_class=value_or_default(inner.response_class, self.response_class),
            generate_unique_id_function=value_or_default(
                inner.generate_unique_id_function, self.generate_unique_id_function
            ),
            strict_content_type=value_or_default(
                inner.strict_content_type, self.strict_content_type
            ),
            max_body_size=innermost(inner.max_body_size, self.max_body_size),
            form_limits=merge_form_limits(self.form_limits, inner.form_limits),
        )
