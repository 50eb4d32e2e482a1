"""The body of a request: which parameters share it, and the one field that documents it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, create_model
from pydantic_core import PydanticUndefined

from vivace.analyse.fields import Field
from vivace.analyse.plan import BodyKind, BodyPlan, Parameter
from vivace.declare.params import Body, File, Form


def body_plan(parameters: Iterable[Parameter]) -> BodyPlan | None:
    """How the body is read for ``parameters``; ``None`` where there are none."""
    unique = tuple(parameters)
    if not unique:
        return None
    is_form = any(isinstance(p.field.info, Form) for p in unique)
    return BodyPlan(
        kind=BodyKind.FORM if is_form else BodyKind.JSON,
        parameters=unique,
        embed=_embeds(unique),
        required=any(p.field.required for p in unique),
    )


def _embeds(parameters: tuple[Parameter, ...]) -> bool:
    first = parameters[0]
    if len({p.name for p in parameters}) > 1:
        return True
    if getattr(first.field.info, "embed", None):
        return True
    # A form is always a set of named fields, even where only one is declared.
    return isinstance(first.field.info, Form) and first.members is None


def body_field(body: BodyPlan, unique_id: str) -> Field:
    """The whole body as one field, named after the operation where it has to be made up."""
    first = body.parameters[0].field
    if not body.embed:
        return first
    model = _embedding_model(body.parameters, f"Body_{unique_id}")
    return Field("body", _embedding_info(body, model))


def _embedding_model(parameters: tuple[Parameter, ...], name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {p.name: (p.field.annotation, p.field.info) for p in parameters}
    return create_model(name, **fields)


def _embedding_info(body: BodyPlan, model: type[BaseModel]) -> Body:
    infos = [p.field.info for p in body.parameters]
    default = PydanticUndefined if body.required else None
    if any(isinstance(info, File) for info in infos):
        made: Body = File(default, annotation=model, alias="body")
    elif any(isinstance(info, Form) for info in infos):
        made = Form(default, annotation=model, alias="body")
    else:
        media_types = {info.media_type for info in infos if isinstance(info, Body)}
        media_type = media_types.pop() if len(media_types) == 1 else "application/json"
        made = Body(default, annotation=model, alias="body", media_type=media_type)
    return made
