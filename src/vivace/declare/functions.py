"""The functions with which a signature is marked.

They return ``Any``, so that a type checker accepts ``q: str = Query()``. What they make are the
classes of the same names in :mod:`vivace.declare.params` and :mod:`vivace.declare.dependencies`.
Options are those of :class:`vivace.declare.params.FieldOptions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from pydantic_core import PydanticUndefined

from vivace.declare import dependencies, params

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vivace.declare.dependencies import DependencyScope
    from vivace.declare.params import BodyOptions, FieldOptions, FormOptions, HeaderOptions


def Path(default: Any = ..., **options: Unpack[FieldOptions]) -> Any:
    """A part of the path.

    Args:
        default: Nothing but ``...``, as a path parameter is always there.
        options: Names, documentation and constraints.

    Raises:
        AssertionError: a default is given.
        TypeError: an option is unknown.
    """
    return params.Path(default, **options)


def Query(default: Any = PydanticUndefined, **options: Unpack[FieldOptions]) -> Any:
    """A parameter of the query string; a list, if its type is one, of every value given.

    Args:
        default: The value where the client sends none. Without it the parameter is required.
        options: Names, documentation and constraints.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.Query(default, **options)


def Header(default: Any = PydanticUndefined, **options: Unpack[HeaderOptions]) -> Any:
    """A header; underscores in the parameter's name stand for hyphens.

    Args:
        default: The value where the client sends none. Without it the header is required.
        options: Names, documentation, constraints and ``convert_underscores``.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.Header(default, **options)


def Cookie(default: Any = PydanticUndefined, **options: Unpack[FieldOptions]) -> Any:
    """A cookie.

    Args:
        default: The value where the client sends none. Without it the cookie is required.
        options: Names, documentation and constraints.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.Cookie(default, **options)


def Body(default: Any = PydanticUndefined, **options: Unpack[BodyOptions]) -> Any:
    """The body, or a key of it where there are several or ``embed`` is true.

    Args:
        default: The value where the client sends none. Without it the body is required.
        options: Names, documentation, constraints, ``embed`` and ``media_type``.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.Body(default, **options)


def Form(default: Any = PydanticUndefined, **options: Unpack[FormOptions]) -> Any:
    """A field of a form.

    Args:
        default: The value where the client sends none. Without it the field is required.
        options: Names, documentation, constraints and ``media_type``.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.Form(default, **options)


def File(default: Any = PydanticUndefined, **options: Unpack[FormOptions]) -> Any:
    """A file in a form: its content for a parameter of ``bytes``, else an ``UploadFile``.

    Args:
        default: The value where the client sends none. Without it the file is required.
        options: Names, documentation, constraints and ``media_type``.

    Raises:
        TypeError: an option is unknown, or both a default and a default factory are given.
    """
    return params.File(default, **options)


def Depends(
    dependency: Callable[..., Any] | None = None,
    *,
    use_cache: bool = True,
    scope: DependencyScope | None = None,
    max_concurrency: int | None = None,
) -> Any:
    """A value that is provided by calling ``dependency``.

    Args:
        dependency: The callable; ``None`` stands for the parameter's own type.
        use_cache: Whether one call serves every use of the dependency within a request.
        scope: When a dependency that yields is cleaned up: ``"function"``, after the endpoint
            has returned and before the response is sent; ``"request"``, after the response has
            been sent; ``"app"``, at shut-down, for one made at start-up. By default
            ``"request"`` for a dependency that yields.
        max_concurrency: How many calls of this very declaration may run at once in each event
            loop. ``None`` sets no limit.

    Raises:
        TypeError: ``dependency`` cannot be called.
        ValueError: ``scope`` or ``max_concurrency`` is not one of the values above.
    """
    return dependencies.Depends(
        dependency, use_cache=use_cache, scope=scope, max_concurrency=max_concurrency
    )


def Security(
    dependency: Callable[..., Any] | None = None,
    *,
    scopes: Sequence[str] | None = None,
    use_cache: bool = True,
) -> Any:
    """A dependency that guards an endpoint.

    Args:
        dependency: The callable; ``None`` stands for the parameter's own type.
        scopes: OAuth2 scope tokens that the endpoint asks for (RFC 6749, section 3.3).
        use_cache: Whether one call serves every use of the dependency with the same scopes
            within a request.

    Raises:
        TypeError: ``dependency`` cannot be called, or ``scopes`` is one string.
    """
    return dependencies.Security(dependency, scopes=scopes, use_cache=use_cache)


__all__ = [
    "Body",
    "Cookie",
    "Depends",
    "File",
    "Form",
    "Header",
    "Path",
    "Query",
    "Security",
]
