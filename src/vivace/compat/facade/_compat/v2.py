"""Fields under the peer's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


__all__ = ["ModelField"]
