"""Fields under the peer's name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_origin

from vivace.analyse.annotations import is_sequence, members_of
from vivace.analyse.fields import Field, Mode

if TYPE_CHECKING:
    from pydantic import ConfigDict
    from pydantic.fields import FieldInfo


class ModelField(Field):
    """`Field` with the peer's names of its arguments."""

    def __init__(
        self,
        field_info: FieldInfo,
        name: str,
        mode: Mode = "validation",
        config: ConfigDict | None = None,
    ) -> None:
        super().__init__(name, field_info, mode=mode, config=config)

    @property
    def field_info(self) -> FieldInfo:
        return self.info


@lru_cache(maxsize=4096)
def presented(field: Field) -> ModelField:
    """The same field by the peer's names; one object for each, as what reads it is remembered."""
    made = ModelField.__new__(ModelField)
    vars(made).update(vars(field))
    return made


def serialize_sequence_value(*, field: Field, value: Any) -> Any:
    """`value` as the kind of sequence that the field is declared to be."""
    kinds = (get_origin(member) or member for member in members_of(field.annotation))
    kind = next((kind for kind in kinds if is_sequence(kind)), None)
    return value if kind is None or kind is Sequence else kind(value)


__all__ = ["ModelField", "presented", "serialize_sequence_value"]
