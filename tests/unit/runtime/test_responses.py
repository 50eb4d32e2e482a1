from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field as ModelField
from pydantic.fields import FieldInfo
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from vivace.analyse.fields import Field
from vivace.analyse.plan import ResponsePlan
from vivace.exceptions import ResponseValidationError, VivaceError
from vivace.runtime.responses import (
    adopt_background,
    allows_body,
    complete,
    make_check,
    make_content,
    make_encoder,
    nothing_returned,
    parameter_response,
    serialization_options,
)

CONTEXT: dict[str, Any] = {"path": "GET /items"}


class Item(BaseModel):
    name: str
    size: int | None = None
    made: date = ModelField(default=date(2020, 1, 2), serialization_alias="madeOn")


class Strict(BaseModel):
    model_config = ConfigDict(revalidate_instances="always")

    size: int = ModelField(ge=0)


@dataclass
class Row:
    """Stands for a row of a database: its attributes are what a model reads."""

    name: str
    size: int | None
    made: date
    secret: str = "hidden"


def field(annotation: Any) -> Field:
    return Field("response", FieldInfo.from_annotation(annotation), mode="serialization")


def sent(plan: ResponsePlan, value: Any, *, is_checked: bool = False) -> Any:
    """What is sent for ``value``, which is the same for both ways of sending it."""
    encoded = json.loads(make_encoder(plan, CONTEXT, is_checked=is_checked)(value))
    content = make_content(plan, CONTEXT, is_checked=is_checked)(value)
    assert encoded == content
    return encoded


def test_without_a_declared_response_anything_is_sent() -> None:
    value = {"item": Item(name="a"), "on": date(2021, 3, 4), "rest": [1, None]}
    item = {"name": "a", "size": None, "madeOn": "2020-01-02"}
    assert sent(ResponsePlan(), value) == {"item": item, "on": "2021-03-04", "rest": [1, None]}


@pytest.mark.parametrize(
    "value",
    [
        Item(name="a", size=1),
        {"name": "a", "size": 1, "secret": "hidden"},
        Row("a", 1, date(2020, 1, 2)),
    ],
)
def test_a_declared_response_sends_its_own_fields_only(value: Any) -> None:
    expected = {"name": "a", "size": 1, "madeOn": "2020-01-02"}
    assert sent(ResponsePlan(field=field(Item)), value) == expected


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"by_alias": False}, {"name": "a", "size": None, "made": "2020-01-02"}),
        ({"include": {"name"}}, {"name": "a"}),
        ({"exclude": {"name"}}, {"size": None, "madeOn": "2020-01-02"}),
        ({"exclude_unset": True}, {"name": "a", "size": None}),
        ({"exclude_defaults": True}, {"name": "a"}),
        ({"exclude_none": True}, {"name": "a", "madeOn": "2020-01-02"}),
    ],
)
@pytest.mark.parametrize("is_checked", [False, True])
def test_a_plan_says_what_is_left_out(
    how: dict[str, Any], expected: dict[str, Any], is_checked: bool
) -> None:
    plan = ResponsePlan(field=field(Item), **how)
    assert sent(plan, Item(name="a", size=None), is_checked=is_checked) == expected


def test_only_options_that_are_set_reach_the_serializer() -> None:
    assert serialization_options(ResponsePlan()) == {"by_alias": True}
    plan = ResponsePlan(by_alias=False, exclude={"a"}, exclude_none=True)
    assert serialization_options(plan) == {
        "by_alias": False,
        "exclude": {"a"},
        "exclude_none": True,
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda declared: make_encoder(ResponsePlan(field=declared), CONTEXT),
        lambda declared: make_content(ResponsePlan(field=declared), CONTEXT),
        lambda declared: make_check(declared, CONTEXT),
    ],
)
@pytest.mark.parametrize(
    ("annotation", "value", "loc"),
    [
        (Item, {"size": 1}, ("response", "name")),
        (list[Item], [{"name": "a"}, {"name": 2}], ("response", 1, "name")),
        (int, None, ("response",)),
        (Strict, Strict.model_construct(size=-1), ("response", "size")),
    ],
)
def test_a_value_that_does_not_fit_is_a_fault_of_the_endpoint(
    make: Callable[[Field], Callable[[Any], Any]], annotation: Any, value: Any, loc: tuple[Any, ...]
) -> None:
    with pytest.raises(ResponseValidationError) as raised:
        make(field(annotation))(value)
    assert [error["loc"] for error in raised.value.errors()] == [loc]
    assert raised.value.body is value
    assert raised.value.endpoint_ctx == CONTEXT


def test_an_instance_of_the_declared_model_is_not_validated_again() -> None:
    item = Item(name="a")
    assert make_check(field(Item), CONTEXT)(item) is item


def test_of_a_subclass_only_the_declared_fields_are_sent() -> None:
    class WithSecret(Item):
        secret: str = "hidden"

    assert "secret" not in sent(ResponsePlan(field=field(Item)), WithSecret(name="a"))


def test_a_check_makes_the_declared_type_and_lets_responses_pass() -> None:
    check, response = make_check(field(Item), CONTEXT), JSONResponse({"anything": 1})
    assert check({"name": "a"}) == Item(name="a")
    assert check(response) is response


def test_a_response_parameter_asks_for_nothing_at_first() -> None:
    parameters = parameter_response()
    assert parameters.status_code is None
    assert parameters.raw_headers == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, True),
        (100, False),
        (199, False),
        (200, True),
        (204, False),
        (205, False),
        (206, True),
        (304, False),
        (404, True),
        (500, True),
    ],
)
def test_some_statuses_allow_no_content(status: int | None, expected: bool) -> None:
    assert allows_body(status) is expected


def test_headers_of_a_parameter_are_added_to_the_response() -> None:
    parameters = parameter_response()
    parameters.headers["x-a"] = "1"
    parameters.set_cookie("b", "2")
    parameters.set_cookie("c", "3")
    response = complete(JSONResponse([]), parameters, None)
    assert response.headers["x-a"] == "1"
    assert response.headers["content-type"] == "application/json"
    assert len(response.headers.getlist("set-cookie")) == 2


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize(
    "make",
    [
        lambda how: JSONResponse({"a": 1}, **how),
        lambda how: StreamingResponse(iter([b"a"]), media_type="text/plain", **how),
        lambda how: FileResponse(__file__, **how),
    ],
)
def test_a_status_without_content_leaves_nothing_of_it(
    make: Callable[[dict[str, Any]], Response], status: int
) -> None:
    task = BackgroundTask(print)
    how = {"status_code": status, "headers": {"x-a": "1"}, "background": task}
    response = complete(make(how), None, None)
    assert type(response) is Response
    assert (response.status_code, response.body) == (status, b"")
    assert response.headers["x-a"] == "1"
    assert "content-type" not in response.headers
    assert response.background is task


def test_a_parameter_may_describe_content_that_is_not_sent() -> None:
    parameters = parameter_response()
    parameters.headers["content-type"] = "text/css"
    response = complete(JSONResponse(None, status_code=304), parameters, None)
    assert response.headers.getlist("content-type") == ["text/css"]


def test_background_tasks_of_the_request_go_to_the_response() -> None:
    own, requests = BackgroundTask(print), BackgroundTask(print)
    assert complete(Response(), None, requests).background is requests
    assert complete(Response(background=own), None, None).background is own


def test_a_response_of_the_endpoint_keeps_tasks_of_its_own() -> None:
    own, requests = BackgroundTask(print), BackgroundTask(print)
    assert adopt_background(Response(), requests).background is requests
    assert adopt_background(Response(background=own), requests).background is own
    assert adopt_background(Response(), None).background is None


def test_an_endpoint_that_returned_nothing_is_told_where_to_look() -> None:
    error = nothing_returned()
    assert isinstance(error, VivaceError)
    assert "dependency with yield" in str(error)
