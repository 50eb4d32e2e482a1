"""What the return annotation of an endpoint promises, and what its decorator says instead."""

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from vivace import Response
from vivace.analyse.fields import InvalidField
from vivace.analyse.plan import ResponsePlan, StreamKind
from vivace.analyse.response import (
    Serialization,
    complete_response,
    inferred_response_model,
    is_complete_response,
    response_field,
    response_plan,
    return_annotation,
    stream_item_type,
    stream_kind,
    unreadable_return,
)
from vivace.declare.defaults import Default
from vivace.responses import EventSourceResponse, JSONResponse, StreamingResponse
from vivace.sse import ServerSentEvent

UNSAID = Default(None)
DEFAULT_CLASS = Default(JSONResponse)


class Item(BaseModel):
    name: str


class Waiting(BaseModel):
    later: "list[LaterStill]"  # type: ignore[name-defined]  # noqa: F821


class Unknown:
    """A class that pydantic has no schema for."""


class Own(Response):
    pass


def says_nothing():  # type: ignore[no-untyped-def]
    return None


def returns_none() -> None: ...


def returns_item() -> Item:
    return Item(name="a")


def returns_items() -> list[Item]:
    return []


def returns_response() -> Own:
    return Own()


def returns_unreadable() -> "list[Missing]":  # type: ignore[name-defined]  # noqa: F821
    return []


def yields_items() -> Iterator[Item]:
    yield Item(name="a")


async def yields_items_async() -> AsyncGenerator[Item, None]:
    yield Item(name="a")


async def yields_anything() -> AsyncIterable[Any]:
    yield 1


async def yields_events() -> AsyncIterable[ServerSentEvent]:
    yield ServerSentEvent(data="a")


def yields_untyped():  # type: ignore[no-untyped-def]
    yield 1


def returns_iterable() -> Iterable[Item]:
    return []


def yields_numbers() -> Generator[int, None, None]:
    yield 1


def plan_of(
    endpoint: Any, declared: Any = UNSAID, response_class: Any = DEFAULT_CLASS, **how: Any
) -> tuple[Any, ResponsePlan]:
    return response_plan(endpoint, declared, response_class, Serialization(**how), "read")


def field_names(plan: ResponsePlan) -> list[str | None]:
    return [field.name if field else None for field in (plan.field, plan.stream_item)]


@pytest.mark.parametrize(
    ("endpoint", "model"),
    [
        (says_nothing, None),
        (returns_none, None),
        (returns_item, Item),
        (returns_items, list[Item]),
        (returns_response, None),
        (returns_unreadable, None),
    ],
)
def test_the_return_annotation_is_the_model_unless_it_is_a_response(
    endpoint: Any, model: Any
) -> None:
    assert inferred_response_model(endpoint) == model


def test_an_unreadable_annotation_is_none_but_is_known_as_it_is_written() -> None:
    assert return_annotation(returns_unreadable) is return_annotation(says_nothing)
    assert unreadable_return(returns_unreadable) == "list[Missing]"
    assert unreadable_return(returns_item) is None
    assert return_annotation(returns_item) is Item


@pytest.mark.parametrize(
    ("endpoint", "response_class", "kind"),
    [
        (returns_item, DEFAULT_CLASS, None),
        # It is no generator, whatever it says that it returns.
        (returns_iterable, DEFAULT_CLASS, None),
        (returns_item, StreamingResponse, None),
        (returns_iterable, EventSourceResponse, StreamKind.SERVER_SENT_EVENTS),
        (yields_items, DEFAULT_CLASS, StreamKind.JSON_LINES),
        (yields_items_async, DEFAULT_CLASS, StreamKind.JSON_LINES),
        (yields_items, EventSourceResponse, StreamKind.SERVER_SENT_EVENTS),
        (yields_items, Default(EventSourceResponse), StreamKind.SERVER_SENT_EVENTS),
        (yields_items, StreamingResponse, StreamKind.RAW),
        (yields_items, Default(StreamingResponse), StreamKind.JSON_LINES),
        (yields_items, JSONResponse, None),
    ],
)
def test_what_is_streamed_is_a_matter_of_the_response_class(
    endpoint: Any, response_class: Any, kind: StreamKind | None
) -> None:
    assert stream_kind(endpoint, response_class) is kind


@pytest.mark.parametrize(
    ("endpoint", "item"),
    [
        (yields_items, Item),
        (yields_items_async, Item),
        (yields_numbers, int),
        (yields_anything, None),
        (yields_untyped, None),
        (returns_items, None),
    ],
)
def test_the_items_of_a_stream_have_the_type_that_is_declared(endpoint: Any, item: Any) -> None:
    assert stream_item_type(endpoint) is item


def test_the_model_is_inferred_where_nothing_else_is_said() -> None:
    model, plan = plan_of(returns_item, exclude_none=True, by_alias=False)
    assert model is Item
    assert plan.field is not None
    assert (plan.field.annotation, plan.field.mode) == (Item, "serialization")
    assert field_names(plan) == ["Response_read", None]
    assert (plan.stream, plan.exclude_none, plan.by_alias) == (None, True, False)


def test_what_the_decorator_says_comes_before_the_annotation() -> None:
    model, plan = plan_of(returns_item, dict[str, str])
    assert model == dict[str, str]
    assert plan.field is not None
    assert plan.field.annotation == dict[str, str]
    model, plan = plan_of(returns_item, None)
    assert (model, plan.field) == (None, None)
    # What the annotation would have said is of no interest then.
    assert plan_of(returns_unreadable, None)[1].unreadable is None


@pytest.mark.parametrize(
    ("endpoint", "response_class", "names"),
    [
        (yields_items, DEFAULT_CLASS, [None, "StreamItem_read"]),
        (yields_items, EventSourceResponse, [None, "StreamItem_read"]),
        (yields_events, EventSourceResponse, [None, None]),
        (yields_items, StreamingResponse, [None, None]),
        (yields_untyped, DEFAULT_CLASS, [None, None]),
    ],
)
def test_of_a_stream_the_items_are_checked(
    endpoint: Any, response_class: Any, names: list[str | None]
) -> None:
    model, plan = plan_of(endpoint, response_class=response_class)
    assert model is None
    assert field_names(plan) == names


def test_a_declared_model_is_none_of_the_items() -> None:
    model, plan = plan_of(yields_items, Item)
    assert model is Item
    assert field_names(plan) == ["Response_read", None]


@pytest.mark.parametrize("endpoint", [says_nothing, returns_none, returns_item, yields_items])
def test_a_response_of_known_types_is_complete(endpoint: Any) -> None:
    plan = plan_of(endpoint)[1]
    assert is_complete_response(plan)
    complete_response(plan)


def test_a_return_type_that_cannot_be_read_is_refused_at_the_end() -> None:
    plan = plan_of(returns_unreadable)[1]
    assert not is_complete_response(plan)
    with pytest.raises(InvalidField, match=r"written as 'list\[Missing\]'.*response_model=None"):
        complete_response(plan)


def test_a_model_that_names_what_never_comes_is_refused_at_the_end() -> None:
    plan = plan_of(returns_item, Waiting)[1]
    assert not is_complete_response(plan)
    with pytest.raises(InvalidField, match="names 'LaterStill'"):
        complete_response(plan)


@pytest.mark.parametrize("model", [Unknown, Response | dict[str, Any] | None])
def test_what_is_no_model_is_refused_at_once_with_a_way_out(model: Any) -> None:
    with pytest.raises(
        InvalidField, match=r"Invalid args for response field! .*response_model=None"
    ):
        response_field("Response_read", model)
