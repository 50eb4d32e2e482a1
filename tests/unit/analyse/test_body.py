from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from vivace.analyse.body import body_plan
from vivace.analyse.endpoint import analyse_call
from vivace.analyse.flatten import flatten, parameters_of
from vivace.analyse.plan import BodyKind, BodyPlan, Source
from vivace.declare.functions import Body, Depends, File, Form


class Item(BaseModel):
    name: str


class Other(BaseModel):
    price: float


def plan_of(call: Any) -> BodyPlan | None:
    parameters = parameters_of(flatten(analyse_call(call, frozenset())))
    return body_plan(p for p in parameters if p.source is Source.BODY)


def nothing(q: int) -> None: ...


def whole(item: Item) -> None: ...


def whole_optional(item: Item | None = None) -> None: ...


def embedded(item: Annotated[Item, Body(embed=True)]) -> None: ...


def several(item: Item, count: Annotated[int, Body()] = 1) -> None: ...


def shared(item: Item, again: Annotated[None, Depends(whole)]) -> None: ...


def form_field(name: Annotated[str, Form()]) -> None: ...


def form_model(item: Annotated[Item, Form()]) -> None: ...


def form_models(item: Annotated[Item, Form()], other: Annotated[Other, Form()]) -> None: ...


def file_only(data: Annotated[bytes | None, File()] = None) -> None: ...


@pytest.mark.parametrize(
    ("call", "kind", "embed", "required"),
    [
        (whole, BodyKind.JSON, False, True),
        (whole_optional, BodyKind.JSON, False, False),
        (embedded, BodyKind.JSON, True, True),
        (several, BodyKind.JSON, True, True),
        # The same body in a dependency is not a second key.
        (shared, BodyKind.JSON, False, True),
        (form_field, BodyKind.FORM, True, True),
        (form_model, BodyKind.FORM, False, True),
        (form_models, BodyKind.FORM, True, True),
        (file_only, BodyKind.FORM, True, False),
    ],
)
def test_body_plan(call: Any, kind: BodyKind, embed: bool, required: bool) -> None:
    plan = plan_of(call)
    assert plan is not None
    assert (plan.kind, plan.embed, plan.required) == (kind, embed, required)


def test_no_body() -> None:
    assert plan_of(nothing) is None
