"""What a model's annotations say of its attributes."""

from __future__ import annotations

import inspect
import sys
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from sqlalchemy.orm import Mapped
from typing_extensions import get_type_hints


def type_hints(model: type[Any]) -> dict[str, Any]:
    """The ``T`` of each ``Mapped[T]`` of ``model``, and of its base classes, without ``None``.

    What names a class that exists for type checkers only is left out.
    """
    found: dict[str, Any] = {}
    for cls in reversed(model.__mro__):
        module = sys.modules.get(cls.__module__)
        # The class itself comes last: `date: Mapped[date]` does not mean its own attribute.
        namespace = {**vars(cls), **vars(module)} if module is not None else {}
        for name, annotation in _annotations(cls).items():
            hint = _resolve(annotation, namespace)
            if get_origin(hint) is Mapped:
                found[name] = without_none(get_args(hint)[0])
    return found


def _annotations(cls: type[Any]) -> dict[str, Any]:
    """Those that stand in the body of ``cls``, of which some may name what is not there."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(cls, format=Format.FORWARDREF)
    return inspect.get_annotations(cls)


def _resolve(annotation: Any, namespace: dict[str, Any]) -> Any:
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, globalns=namespace, localns={}, include_extras=True)["it"]
    except Exception:
        # As with a relation to a model that is imported under TYPE_CHECKING.
        return None


def without_none(hint: Any) -> Any:
    """``T`` of ``T | None``, also within ``Annotated``."""
    if get_origin(hint) is Annotated:
        inner, *metadata = get_args(hint)
        return Annotated[(without_none(inner), *metadata)]
    if get_origin(hint) in (Union, UnionType):
        kept = tuple(one for one in get_args(hint) if one is not type(None))
        return kept[0] if len(kept) == 1 else Union[kept]  # noqa: UP007 - made of a tuple
    return hint


__all__ = ["type_hints", "without_none"]
