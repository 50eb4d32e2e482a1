"""Parameters: pydantic's description of a field, plus the part of the request it comes from."""

# mypy: disable-error-code="misc"
# ``FieldInfo`` is final for type checkers only: pydantic keeps subclasses working on purpose.

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict, Unpack

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vivace.exceptions import warn_deprecated

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from pydantic import AliasChoices, AliasPath
    from pydantic.types import Discriminator
    from typing_extensions import deprecated as deprecated_decorator


class ParamTypes(Enum):
    """The values of ``in`` in a parameter (OpenAPI 3.1, section 4.8.12)."""

    query = "query"
    header = "header"
    path = "path"
    cookie = "cookie"


class FieldOptions(TypedDict, total=False):
    """What may be said of every value that comes from a request."""

    #: Makes the default, anew for each request.
    default_factory: Callable[[], Any] | None
    annotation: Any
    #: The name that clients use, where it is not the parameter's own.
    alias: str | None
    alias_priority: int | None
    #: Like ``alias``, and stronger: for input only.
    validation_alias: str | AliasPath | AliasChoices | None
    serialization_alias: str | None
    title: str | None
    description: str | None
    gt: float | None
    ge: float | None
    lt: float | None
    le: float | None
    #: In characters for text, in bytes for bytes, in items for collections.
    min_length: int | None
    max_length: int | None
    #: A regular expression that is searched for: anchor it to match the whole text.
    pattern: str | re.Pattern[str] | None
    #: Deprecated: ``pattern``.
    regex: str | None
    discriminator: str | Discriminator | None
    #: Whether to refuse a value of another type that could be converted.
    strict: bool | None
    validate_default: bool | None
    union_mode: Literal["smart", "left_to_right"] | None
    #: Whether to stop at the first invalid item of a collection.
    fail_fast: bool | None
    multiple_of: float | None
    allow_inf_nan: bool | None
    max_digits: int | None
    decimal_places: int | None
    #: Examples for JSON Schema (draft 2020-12, Validation, section 9.5).
    examples: list[Any] | None
    #: Deprecated: ``examples``.
    example: Any
    #: Named examples for OpenAPI (3.1, section 4.8.19).
    openapi_examples: dict[str, Any] | None
    deprecated: deprecated_decorator | str | bool | None
    include_in_schema: bool
    json_schema_extra: dict[str, Any] | Callable[[dict[str, Any]], None] | None


class HeaderOptions(FieldOptions, total=False):
    """What may be said of a header."""

    #: Whether ``user_agent`` stands for ``user-agent``.
    convert_underscores: bool


class FormOptions(FieldOptions, total=False):
    """What may be said of a field of a form."""

    media_type: str


class BodyOptions(FormOptions, total=False):
    """What may be said of a body."""

    #: Whether a lone body is a key of a JSON object rather than the body itself.
    embed: bool | None


# Names that pydantic's own ``FieldInfo`` takes: they come in where ``Field()`` and a marker
# stand in one ``Annotated`` and are merged.
_PYDANTIC_OPTIONS = frozenset(name for name in FieldInfo.__slots__ if not name.startswith("_"))


class Marker(FieldInfo):
    """A field that says which part of a request its value comes from.

    Options that were not given are not in ``_attributes_set``, by which pydantic merges the
    markers of one ``Annotated``.

    Raises:
        TypeError: an option is unknown.
    """

    #: Whether a marker that is a default makes what ``Annotated`` says beside it count for nothing.
    #: FastAPI's do, and so the alias's: ``x: Annotated[int, Gt(3)] = Query()`` takes a 2 there.
    is_alone: ClassVar[bool] = False
    #: The options that pydantic does not know, with their defaults.
    own_options: ClassVar[dict[str, Any]] = {
        "example": PydanticUndefined,
        "include_in_schema": True,
        "openapi_examples": None,
    }
    example: Any
    include_in_schema: bool
    openapi_examples: dict[str, Any] | None

    def __init__(self, default: Any = PydanticUndefined, **options: Any) -> None:
        self._check_names(options)
        _replace_deprecated(options)
        _spread_alias(options)
        own = {name: options.pop(name) for name in self.own_options if name in options}
        super().__init__(default=default, **options)
        self._attributes_set.update(own)
        for name, value in {**self.own_options, **own}.items():
            setattr(self, name, value)

    def _check_names(self, options: dict[str, Any]) -> None:
        known = {*FieldOptions.__annotations__, *self.own_options, *_PYDANTIC_OPTIONS}
        for name in options.keys() - known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(
                f"{type(self).__name__}() got an unexpected keyword argument {name!r}.{hint}"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.default})"


def _replace_deprecated(options: dict[str, Any]) -> None:
    regex = options.pop("regex", None)
    if regex is not None:
        warn_deprecated("`regex` is deprecated: use `pattern`.")
        if options.get("pattern") is None:
            options["pattern"] = regex
    if options.get("example", PydanticUndefined) is not PydanticUndefined:
        warn_deprecated("`example` is deprecated: use `examples`.")


def _spread_alias(options: dict[str, Any]) -> None:
    """An alias stands for both directions, unless one of them has its own.

    So does ``None``, by which a marker takes back the alias of an earlier one.
    """
    if "alias" in options:
        options.setdefault("validation_alias", options["alias"])
        options.setdefault("serialization_alias", options["alias"])


class Param(Marker):
    """A parameter outside the body. As such it comes from the query."""

    #: Which part of the request it comes from.
    source: ClassVar[str] = "query"

    def __init__(self, default: Any = PydanticUndefined, **options: Unpack[FieldOptions]) -> None:
        super().__init__(default, **options)

    @property
    def in_(self) -> ParamTypes:
        """Where OpenAPI says that it is."""
        return ParamTypes(self.source)


class Path(Param):
    """A part of the path. It is always there, so it has no default.

    Raises:
        AssertionError: a default is given.
    """

    source = "path"

    def __init__(self, default: Any = ..., **options: Unpack[FieldOptions]) -> None:
        has_default = default is not ... and default is not PydanticUndefined
        # An ``AssertionError``, raised also where Python runs without assertions.
        if has_default or options.get("default_factory") is not None:
            raise AssertionError(
                "Path parameters cannot have a default value: a path without them does not match. "
                "Take the default away."
            )
        super().__init__(default, **options)


class Query(Param):
    """A parameter of the query string (RFC 3986, section 3.4)."""

    source = "query"


class Header(Param):
    """A header field (RFC 9110, section 5)."""

    source = "header"
    own_options = {**Param.own_options, "convert_underscores": True}
    convert_underscores: bool

    def __init__(self, default: Any = PydanticUndefined, **options: Unpack[HeaderOptions]) -> None:
        Marker.__init__(self, default, **options)


class Cookie(Param):
    """A cookie (RFC 6265, section 4.2)."""

    source = "cookie"


class Body(Marker):
    """The body, or a key of it."""

    own_options = {**Marker.own_options, "embed": None, "media_type": "application/json"}
    embed: bool | None
    media_type: str

    def __init__(self, default: Any = PydanticUndefined, **options: Unpack[BodyOptions]) -> None:
        super().__init__(default, **options)


class Form(Body):
    """A field of a form (WHATWG URL, section 5: application/x-www-form-urlencoded)."""

    own_options = {**Body.own_options, "media_type": "application/x-www-form-urlencoded"}


class File(Form):
    """A file in a form (RFC 7578: multipart/form-data)."""

    own_options = {**Form.own_options, "media_type": "multipart/form-data"}


__all__ = [
    "Body",
    "BodyOptions",
    "Cookie",
    "FieldOptions",
    "File",
    "Form",
    "FormOptions",
    "Header",
    "HeaderOptions",
    "Marker",
    "Param",
    "ParamTypes",
    "Path",
    "Query",
]
