"""Bodies with secrets in them."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError


class SecretBody(BaseModel):
    """A body of which an error repeats nothing: a 422 would else have the password in it."""

    @model_validator(mode="wrap")
    @classmethod
    def _hide_input(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise ValidationError.from_exception_data(
                cls.__name__,
                [
                    InitErrorDetails(
                        type=PydanticCustomError(one["type"], one["msg"]),
                        loc=one["loc"],
                        input=None,
                    )
                    for one in found
                ],
            ) from None


__all__ = ["SecretBody"]
