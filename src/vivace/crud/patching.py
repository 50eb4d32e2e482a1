"""What a merge patch makes of an item, validated."""

from __future__ import annotations

from typing import Annotated, Any, Optional

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from vivace.crud.collection import Values
from vivace.crud.errors import invalid, invalid_body
from vivace.crud.merge_patch import allows_none, client_name, merge_patch, model_of
from vivace.crud.resource import Resource
from vivace.crud.schemas import Definitions, make_schema

#: What of a field the field of a partial model says too.
_KEPT = ("title", "description", "examples", "deprecated", "json_schema_extra", "discriminator")


class Patching:
    """The patches of one resource.

    What comes of a patch is validated as a whole, as if it had been sent by PUT. A schema of the
    app's own for patches is taken at its word, and validates the part that is sent.

    Attributes:
        documented: The model that documentation shows.
    """

    documented: type[BaseModel]

    def __init__(self, resource: Resource) -> None:
        model = resource.patch or resource.replace
        if model is None:
            raise ValueError(
                f"A {resource.name} has no schema of what can be changed. Give `replace` or "
                "`patch`, or leave out the operation."
            )
        self._model = model
        self._is_whole = resource.patch is None
        self.documented = (
            partial_model(model, f"{resource.title}Patch") if self._is_whole else model
        )
        self._names = {client_name(name, field): name for name, field in model.model_fields.items()}

    def values(self, present: Values, patch: dict[str, Any]) -> Values:
        """The values that ``patch`` gives to an item which has those in ``present``.

        Raises:
            RequestValidationError: What comes of it is not valid.
        """
        for name in patch.keys() - self._names.keys():
            message = "Extra inputs are not permitted"
            raise invalid("extra_forbidden", ("body", name), message, patch[name])
        document = {
            client: present[name] for client, name in self._names.items() if name in present
        }
        merged = merge_patch(document, patch, self._model)
        if not self._is_whole:
            merged = {name: merged.get(name) for name in patch}
        try:
            valid = self._model.model_validate(merged)
        except ValidationError as error:
            raise invalid_body(error) from None
        return {
            name: getattr(valid, name) for client, name in self._names.items() if client in patch
        }


def partial_model(model: type[BaseModel], name: str) -> type[BaseModel]:
    """``model`` with every field left to the client, also in the models that it is made of.

    It is for documentation.
    """
    fields: Definitions = {
        field_name: _optional(field, f"{name}{field_name.title().replace('_', '')}")
        for field_name, field in model.model_fields.items()
    }
    config = ConfigDict(extra=model.model_config.get("extra"), protected_namespaces=())
    return make_schema(name, fields, config=config, module=model.__module__, doc=model.__doc__)


def _optional(field: FieldInfo, name: str) -> tuple[Any, Any]:
    annotation: Any = field.annotation
    inner = model_of(annotation)
    if inner is not None:
        part = partial_model(inner, name)
        annotation = Optional[part] if allows_none(annotation) else part  # noqa: UP045
    for metadata in field.metadata:
        annotation = Annotated[annotation, metadata]
    said = {option: getattr(field, option) for option in _KEPT}
    # A factory makes the default, as documentation does not show what it would make.
    return annotation, Field(default_factory=_nothing, alias=field.alias, **said)


def _nothing() -> None:
    return None


__all__ = ["Patching", "partial_model"]
