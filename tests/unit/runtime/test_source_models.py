from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Tag,
    model_validator,
)
from starlette.datastructures import UploadFile

from vivace.analyse.fields import Field as Described
from vivace.analyse.parameters import parameter_of
from vivace.declare import params
from vivace.runtime.source_models import make_reader

SOURCES = [params.Query, params.Header, params.Cookie, params.Form]


def reader(annotation: Any, marker: Any) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
    marker.annotation = annotation
    return make_reader(parameter_of(Described("model", marker)))


def locations(errors: list[dict[str, Any]]) -> list[tuple[str, tuple[Any, ...]]]:
    return [(error["type"], error["loc"]) for error in errors]


class Model(BaseModel):
    a: int
    many: list[str] = ["default"]


@pytest.mark.parametrize(
    ("marker", "received", "value"),
    [
        (params.Query, {"a": ["1", "2"], "many": ["x"]}, Model(a=2, many=["x"])),
        (params.Header, {"a": ["1", "2"], "many": ["x", ""]}, Model(a=1, many=["x", ""])),
        (params.Form, {"a": ["1", "2"], "many": [""]}, Model(a=2, many=[""])),
        (params.Cookie, {"a": "1"}, Model(a=1)),
        (params.Query, {"a": ["1"], "unknown": ["x"]}, Model(a=1)),
    ],
)
def test_values_get_the_shape_of_their_fields(
    marker: Any, received: Mapping[str, Any], value: Model
) -> None:
    assert reader(Model, marker())(received) == (value, [])


@pytest.mark.parametrize("marker", SOURCES)
def test_what_is_not_sent_is_not_set(marker: Any) -> None:
    received = {"a": "1"} if marker is params.Cookie else {"a": ["1"]}
    value, _ = reader(Model, marker())(received)
    assert value.model_fields_set == {"a"}


@pytest.mark.parametrize("marker", SOURCES)
def test_errors_are_placed_in_the_source(marker: Any) -> None:
    where = params.Body if marker is params.Form else marker
    location = getattr(where, "source", "body")
    value, errors = reader(Model, marker())({})
    assert value is None
    assert locations(errors) == [("missing", (location, "a"))]


def test_everything_else_is_left_to_the_model() -> None:
    seen: list[Any] = []

    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        names: list[str] = Field(validation_alias=AliasChoices("names", "old"))

        @model_validator(mode="before")
        @classmethod
        def note(cls, value: Any) -> Any:
            seen.append(dict(value))
            return value

    value, errors = reader(Open, params.Query())(
        {"names": ["x"], "old": ["unused"], "several": ["1", "2"], "": [""]}
    )
    assert errors == []
    assert value.names == ["x"]
    assert value.model_extra == {"old": "unused", "several": ["1", "2"], "": ""}
    assert seen == [{"names": ["x"], "old": "unused", "several": ["1", "2"], "": ""}]


def test_names_are_tried_in_order_and_an_error_names_the_one_that_was_sent() -> None:
    class Chosen(BaseModel):
        value: int = Field(validation_alias=AliasChoices("first", "second"))

    read = reader(Chosen, params.Query())
    assert read({"second": ["2"], "first": ["1"]})[0].value == 1
    assert locations(read({"second": ["x"]})[1]) == [("int_parsing", ("query", "second"))]
    assert locations(read({"first": [""], "second": ["2"]})[1]) == [
        ("int_parsing", ("query", "first"))
    ]
    assert locations(read({"value": ["1"]})[1]) == [("missing", ("query", "first"))]


def test_an_empty_field_of_a_form_is_not_sent() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid")
        value: str = Field("default", validation_alias=AliasChoices("first", "second"))

    read = reader(Strict, params.Form())
    assert read({"first": [""]}) == (Strict(), [])
    assert read({"first": [""], "second": ["2"]})[0].value == "2"
    # Only what comes before the name with a value was looked at.
    assert locations(read({"first": ["1"], "second": [""]})[1]) == [
        ("extra_forbidden", ("body", "second"))
    ]


def test_a_file_that_was_not_chosen_is_not_sent() -> None:
    class Files(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        one: UploadFile | None = None
        many: list[UploadFile] = []

    unselected = UploadFile(BytesIO(), filename="", size=0)
    chosen = UploadFile(BytesIO(b"x"), filename="a", size=1)
    read = reader(Files, params.Form())
    value, _ = read({"one": [unselected], "many": [unselected, chosen]})
    assert (value.one, value.many, value.model_fields_set) == (None, [chosen], {"many"})
    assert read({"many": [unselected]})[0].model_fields_set == set()


def test_paths_into_a_list_find_one_also_where_there_is_one_value() -> None:
    class Listed(BaseModel):
        first: int = Field(validation_alias=AliasPath("items", 0))
        text: str | None = Field(None, validation_alias=AliasPath("text"))

    read = reader(Listed, params.Query())
    assert read({"items": ["45"], "text": ["x"]})[0] == Listed.model_construct(first=45, text="x")
    assert read({"items": ["1", "2"]})[0].first == 1


class Headers(BaseModel):
    x_id: int
    tag: str = Field("none", alias="X_Tag")


def test_headers_go_by_their_own_names() -> None:
    read = reader(Headers, params.Header())
    assert read({"x-id": ["1"], "x_tag": ["a"]})[0] == Headers(x_id=1, X_Tag="a")
    assert locations(read({"x-id": ["x"]})[1]) == [("int_parsing", ("header", "x-id"))]
    # A proxy may turn one into the other: what was not asked for is not taken.
    assert locations(read({"x_id": ["1"]})[1]) == [("missing", ("header", "x-id"))]


def test_headers_with_underscores_where_that_is_declared() -> None:
    read = reader(Headers, params.Header(convert_underscores=False))
    assert read({"x_id": ["1"]})[0].x_id == 1
    assert locations(read({"x-id": ["1"]})[1]) == [("missing", ("header", "x_id"))]


def test_errors_name_fields_where_the_model_says_so() -> None:
    class Named(Headers):
        model_config = ConfigDict(loc_by_alias=False)

    assert locations(reader(Named, params.Header())({})[1]) == [("missing", ("header", "x_id"))]


@pytest.mark.parametrize(
    ("extra", "received", "sent"),
    [
        ("ignore", {}, False),
        ("ignore", {"unknown": ["1"]}, False),
        ("ignore", {"b": [""]}, True),
        ("ignore", {"path": [""]}, True),
        ("allow", {}, False),
        ("allow", {"unknown": ["1"]}, True),
        ("forbid", {"unknown": ["1"]}, True),
    ],
)
def test_an_optional_model_is_there_where_anything_of_it_is(
    extra: Literal["ignore", "allow", "forbid"], received: dict[str, list[str]], sent: bool
) -> None:
    class Group(BaseModel):
        model_config = ConfigDict(extra=extra)
        a: int = Field(validation_alias=AliasChoices("a", "b", AliasPath("path", 0)))

    value, errors = reader(Group | None, params.Form(None))(received)
    assert value is None
    assert bool(errors) is sent


def test_the_default_of_a_model_is_made_anew() -> None:
    default = Model(a=1)
    read = reader(Model | None, params.Query(default))
    value, _ = read({})
    value.many.append("changed")
    assert read({})[0] == default == Model(a=1)


def test_the_default_of_a_model_is_validated_where_that_is_declared() -> None:
    marker = params.Query({"a": "wrong"}, validate_default=True)
    assert locations(reader(Model | None, marker)({})[1]) == [("int_parsing", ("query", "a"))]


def test_a_model_that_may_be_none_is_required_without_a_default() -> None:
    _, errors = reader(Model | None, params.Cookie())({})
    assert errors == [
        {"type": "missing", "loc": ("cookie",), "msg": "Field required", "input": None}
    ]


class Text(BaseModel):
    kind: Literal["text"]
    value: str


class List(BaseModel):
    kind: Literal["list"]
    value: list[str]


@pytest.mark.parametrize("marker", [params.Form(), params.Form(discriminator="kind")])
def test_each_model_of_a_union_has_its_own_shapes(marker: Any) -> None:
    read = reader(Text | List, marker)
    assert read({"kind": ["text"], "value": ["a", "b"]})[0] == Text(kind="text", value="b")
    assert read({"kind": ["list"], "value": ["a"]})[0] == List(kind="list", value=["a"])


@pytest.mark.parametrize(
    ("union", "label"),
    [
        (Text | List, "Text"),
        (Annotated[Text, Tag("tagged")] | List | None, "tagged"),
    ],
)
def test_errors_in_a_union_say_which_model_they_are_from(union: Any, label: str) -> None:
    _, errors = reader(union, params.Form())({"kind": ["text"], "value": [""]})
    assert locations(errors)[0] == ("missing", ("body", label, "value"))


def test_validators_of_a_union_get_what_was_sent() -> None:
    def cleared(values: dict[str, Any]) -> dict[str, Any]:
        assert values == {"kind": "list", "value": "a"}
        return {**values, "value": []}

    marker = params.Form()
    marker.metadata = [BeforeValidator(cleared)]
    assert reader(Text | List, marker)({"kind": ["list"], "value": ["a"]})[0].value == []


def test_models_of_a_union_do_not_see_what_others_did_to_the_values() -> None:
    class Taking(BaseModel):
        value: int

        @model_validator(mode="before")
        @classmethod
        def take(cls, values: dict[str, Any]) -> dict[str, Any]:
            del values["value"]
            return values

    value, _ = reader(Taking | List, params.Form())({"kind": ["list"], "value": ["a"]})
    assert value == List(kind="list", value=["a"])


class CountedValues(dict[str, list[str]]):
    """Counts how often its names are gone through."""

    scans = 0

    def __iter__(self) -> Iterator[str]:
        self.scans += 1
        return super().__iter__()

    def items(self) -> Any:
        self.scans += 1
        return super().items()


@pytest.mark.parametrize("annotation", [Model, Model | None])
def test_what_was_sent_is_gone_through_once(annotation: Any) -> None:
    received = CountedValues({f"unknown-{i}": ["1"] for i in range(50)} | {"a": ["1"]})
    reader(annotation, params.Query())(received)
    assert received.scans <= 2
