"""How much a form may hold, declared on an app, a router, an inclusion or a route."""

from __future__ import annotations

from typing import TypedDict, cast


class FormLimits(TypedDict, total=False):
    """Limits on a form's parts; Starlette's own apply to what is left out.

    They hold for ``multipart/form-data`` (RFC 7578) and, but for ``max_files``, for
    ``application/x-www-form-urlencoded``. A form that exceeds one is answered with 400.
    """

    #: The number of files.
    max_files: int
    #: The number of fields that are not files.
    max_fields: int
    #: The size of a field that is not a file, in bytes.
    max_part_size: int


def check_form_limits(limits: object) -> FormLimits:
    """Return a copy of ``limits``, which the caller's later changes do not reach.

    ``None`` stands for no limits.

    Raises:
        ValueError: ``limits`` is no dictionary, has a key that is no limit, or a value that is
            not a non-negative integer.
    """
    if limits is None:
        return {}
    if not isinstance(limits, dict):
        raise ValueError(
            f"form_limits={limits!r} is not a dictionary, such as {{'max_files': 10}}."
        )
    known = FormLimits.__annotations__
    for name, value in limits.items():
        if name not in known:
            raise ValueError(f"form_limits has no {name!r}. It takes: {', '.join(known)}.")
        # ``bool`` is a subclass of ``int``, and ``True`` is no amount.
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"form_limits: {name}={value!r} is not a non-negative integer.")
    return cast("FormLimits", dict(limits))


def merge_form_limits(outer: FormLimits, inner: FormLimits) -> FormLimits:
    """The limits where ``inner`` is declared inside ``outer``: each key's innermost value."""
    return {**outer, **inner}


__all__ = ["FormLimits", "check_form_limits", "merge_form_limits"]
