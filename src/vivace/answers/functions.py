"""Functions that say whose a request is, as dependencies."""

from __future__ import annotations

import inspect
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from vivace import Depends, Request


def with_parameters(function: Any, declared: dict[str, Any]) -> Any:
    """``function`` as a dependency with a parameter ``request``, and those of ``declared``."""
    annotations: dict[str, Any] = {"request": Request}
    annotations |= {name: Annotated[Any, one] for name, one in declared.items()}
    kind = inspect.Parameter.KEYWORD_ONLY
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(name, kind, annotation=one) for name, one in annotations.items()]
    )
    return Depends(function)


def checked_owner(owner: object, by: object) -> str | None:
    """What ``by`` has returned, as text.

    Raises:
        TypeError: It identifies nobody.
    """
    if owner is None:
        return None
    if isinstance(owner, bool) or not isinstance(owner, str | int | UUID):
        raise TypeError(
            f"{by!r} returns {owner!r}, which is neither str, int nor UUID. Let it return what "
            "identifies who asks."
        )
    return f"{type(owner).__name__}:{owner}"


def digest(*parts: str | bytes) -> str:
    """A name for ``parts``: of different ones it differs, and nothing that was sent is in it."""
    hashed = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hashed.update(b"%d:" % len(data))
        hashed.update(data)
    return hashed.hexdigest()[:40]


__all__ = ["checked_owner", "digest", "with_parameters"]
