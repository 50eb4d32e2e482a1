"""The body of a request: which parameters share it, and how it is read for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.analyse.plan import BodyKind, BodyPlan, Parameter
from vivace.declare.params import Form

if TYPE_CHECKING:
    from collections.abc import Iterable


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
