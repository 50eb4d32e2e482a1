"""Schemas made at run time."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, create_model, model_validator

#: Each field's type, and its default or what else is said of it.
Definitions = dict[str, tuple[Any, Any]]


class Sent(BaseModel):
    """Sent by a client: it has nothing that is unknown, but what is only shown may be sent back.

    Attributes:
        shown_only: The names of that, which is left out.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    shown_only: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, given: Any) -> Any:
        if isinstance(given, dict) and not cls.shown_only.isdisjoint(given):
            return {name: value for name, value in given.items() if name not in cls.shown_only}
        return given


def make_schema(
    name: str,
    fields: Definitions,
    *,
    base: type[BaseModel] | None = None,
    config: ConfigDict | None = None,
    module: str = __name__,
    doc: str | None = None,
) -> type[BaseModel]:
    """A model with ``fields``, which may have any names that pydantic itself does not need.

    Args:
        base: What it is a subclass of; or ``config`` says how it behaves.
        module: Where it belongs, which tells it from others of the same name.
        doc: What documentation says of it.
    """
    with warnings.catch_warnings():
        # A field may be called `copy` or `json`, for which pydantic has methods that nobody calls.
        warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
        options: Any = {**fields, "__base__": base, "__config__": config, "__module__": module}
        made: type[BaseModel] = create_model(name, **options)
    # Not that of the base class.
    made.__doc__ = doc
    return made


__all__ = ["Definitions", "Sent", "make_schema"]
