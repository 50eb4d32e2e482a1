"""From a document model: what a router shows and takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vivace.crud.merge_patch import client_name
from vivace.crud.schemas import Sent, make_schema
from vivace.mongo.documents import BaseDocument
from vivace.mongo.lookup import is_lookup

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Access:
    """Which fields clients see and set, where that is not all of them.

    Args:
        hidden: Neither seen nor set.
        read_only: Seen only.
        write_only: Set only.
    """

    hidden: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()

    def check(self, model: type[BaseModel]) -> None:
        """See that they are fields of ``model``.

        Raises:
            ValueError: One is not.
        """
        for name in self.hidden | self.read_only | self.write_only:
            if name not in model.model_fields:
                raise ValueError(
                    f"{model.__name__} has no field {name!r}. There are: "
                    f"{', '.join(model.model_fields)}."
                )

    @property
    def unseen(self) -> frozenset[str]:
        return self.hidden | self.write_only

    @property
    def unset(self) -> frozenset[str]:
        return self.hidden | self.read_only


def read_schema(model: type[BaseDocument], access: Access) -> type[BaseModel]:
    """What is shown of a document: ``model`` itself, if that is all of it."""
    if not access.unseen & model.model_fields.keys():
        return model
    fields = {
        name: (field.annotation, field)
        for name, field in model.model_fields.items()
        if name not in access.unseen
    }
    return _make(model, f"{model.__name__}Read", BaseModel, fields)


def create_schema(model: type[BaseDocument], access: Access) -> type[BaseModel]:
    """What is sent to make a document: its id too, if it does not get one by itself."""
    fields = {
        name: (field.annotation, field)
        for name, field in _settable(model, access)
        if name != "id" or field.is_required()
    }
    return _make(model, f"{model.__name__}Create", Sent, fields)


def replace_schema(
    model: type[BaseDocument], access: Access, shown: type[BaseModel]
) -> type[BaseModel]:
    """What is sent to replace a document.

    What a function gives another value each time has to be sent: the same request made twice is to
    do the same as if it were made once. What is sent back as it was shown, and cannot be set, is
    left out.
    """
    fields = {
        name: (field.annotation, _without_function(field))
        for name, field in _settable(model, access)
        if name != "id"
    }
    made = _make(model, f"{model.__name__}Replace", Sent, fields)
    known = {client_name(name, field) for name, field in made.model_fields.items()}
    names = {field.serialization_alias or name for name, field in shown.model_fields.items()}
    made.shown_only = frozenset(names | {*shown.model_computed_fields}) - known
    return made


def _settable(model: type[BaseDocument], access: Access) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if name not in access.unset and not is_lookup(field):
            yield name, field


def _without_function(field: FieldInfo) -> FieldInfo:
    """``field`` without a default that another call makes another of."""
    if field.default_factory in (None, list, dict, set, frozenset):
        return field
    required = copy(field)
    required.default_factory = None
    return required


def _make(
    model: type[BaseDocument], name: str, base: type[M], fields: Mapping[str, Any]
) -> type[M]:
    made: Any = make_schema(
        name, dict(fields), base=base, module=model.__module__, doc=model.__doc__
    )
    return cast("type[M]", made)


#: Where a word begins.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def resource_name(model: type[BaseModel]) -> str:
    """What one is called, as ``playlist_item``."""
    return _WORDS.sub("_", model.__name__).lower()


__all__ = [
    "Access",
    "create_schema",
    "read_schema",
    "replace_schema",
    "resource_name",
]
