from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from annotated_types import Ge, Interval, Len, MultipleOf
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from vivace import APIRouter, Body, Depends, Query, Vivace, WebSocket
from vivace.analyse.constraints import check_constraints
from vivace.analyse.endpoint import analyse_call
from vivace.analyse.fields import InvalidField
from vivace.testclient import TestClient


class Misfit(BaseModel):
    name: str | int = Field(ge=3)
    others: list[Misfit] = []


class Basket(BaseModel):
    later: list[Later]


class Level(IntEnum):
    LOW = 1


def create(basket: Basket) -> None: ...


def refused() -> pytest.RaisesExc[RuntimeError]:
    """What the test client raises where the app does not start."""
    return pytest.raises(RuntimeError, match=r"parameter '(q|basket)': .* does not fit its type")


def check(annotation: Any, default: Any = ...) -> None:
    def endpoint(value: Any) -> None: ...

    endpoint.__annotations__["value"] = Annotated[annotation, Body()]
    check_constraints(analyse_call(endpoint, frozenset()))


@pytest.mark.parametrize(
    ("annotation", "constraint", "kind"),
    [
        (Annotated[str, Field(ge=3)], "ge", "str"),
        (Annotated[str, Ge(3)], "ge", "str"),
        (Annotated[str | None, Field(lt=3)], "lt", "str"),
        (Annotated[int | str, Field(gt=3)], "gt", "str"),
        (Annotated[list[int], Field(le=3)], "le", "list"),
        (list[Annotated[bytes, Field(le=3)]], "le", "bytes"),
        (dict[str, Annotated[str, MultipleOf(2)]], "multiple_of", "str"),
        (Annotated[int, Field(min_length=3)], "min_length", "int"),
        (Annotated[int, Field(max_length=3)], "max_length", "int"),
        (Annotated[int, Field(pattern="a")], "pattern", "int"),
        (Annotated[date | int, Field(ge=date(2020, 1, 1))], "ge", "int"),
        (Annotated[UUID, Interval(ge=1)], "ge", "UUID"),
        (Annotated[Decimal | int, Field(max_digits=3)], "max_digits", "int"),
        (Annotated[Annotated[str, Len(1)], Field(ge=3)], "ge", "str"),
        (Misfit, "ge", "str"),
        (tuple[int, Misfit], "ge", "str"),
    ],
)
def test_what_fits_no_value_is_refused(annotation: Any, constraint: str, kind: str) -> None:
    with pytest.raises(
        InvalidField, match=f"endpoint, parameter 'value': .* '{constraint}' to .* {kind}\\."
    ):
        check(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int | None, Field(ge=3)],
        Annotated[int | float | Decimal, Field(ge=3, multiple_of=2)],
        Annotated[bool, Field(gt=0)],
        Annotated[str, Field(ge="a", min_length=2, pattern="a")],
        Annotated[str | bytes | list[int], Field(min_length=2)],
        Annotated[str | None, Field(pattern="a")],
        Annotated[dict[str, int], Field(min_length=1)],
        Annotated[datetime | None, Field(gt=datetime(2020, 1, 1))],
        Annotated[date, Field(gt=date(2020, 1, 1))],
        Annotated[Decimal, Field(max_digits=3, decimal_places=1)],
        Annotated[Level, Field(ge=1)],
        Annotated[Literal[1, 2], Field(ge=1)],
        Annotated[Any, Field(ge=1)],
        Annotated[str, AfterValidator(int), Field(ge=1)],
        Annotated[FilePath, WithJsonSchema({"type": "string"})],
    ],
)
def test_what_fits_some_value_is_taken(annotation: Any) -> None:
    check(annotation)


def misfit(q: Annotated[str, Query(ge=3)]) -> str:
    return q


def uses(value: Annotated[str, Depends(misfit)]) -> None: ...


async def talk(websocket: WebSocket, value: Annotated[str, Depends(misfit)]) -> None: ...


@pytest.mark.parametrize(
    ("declare", "named"),
    [
        (lambda app: app.get("/")(misfit), "misfit"),
        (lambda app: app.get("/")(uses), "misfit"),
        (lambda app: app.websocket("/")(talk), "misfit"),
        (lambda app: app.get("/", dependencies=[Depends(misfit)])(lambda: None), "misfit"),
    ],
)
def test_it_is_refused_where_it_is_declared(
    declare: Callable[[APIRouter], object], named: str
) -> None:
    with pytest.raises(InvalidField, match=rf"\.{named}, parameter 'q': .*change the one or"):
        declare(APIRouter())


def test_a_dependency_of_all_routes_is_refused_when_the_app_starts() -> None:
    app, router = Vivace(), APIRouter()
    router.get("/")(lambda: None)
    app.include_router(router, dependencies=[Depends(misfit)])
    with refused():
        TestClient(app).__enter__()


def test_one_of_a_frontend_is_refused_when_the_app_starts(tmp_path: FilePath) -> None:
    (tmp_path / "index.html").write_text("index")
    app = Vivace(dependencies=[Depends(misfit)])
    app.frontend("/", directory=tmp_path)
    with refused():
        TestClient(app).__enter__()


def test_a_type_that_is_defined_later_is_refused_when_the_app_starts() -> None:
    app = Vivace()
    app.include_router(early)

    with refused():
        TestClient(app).__enter__()


early = APIRouter()
early.post("/")(create)


class Later(BaseModel):
    name: str = Field(ge=3)
