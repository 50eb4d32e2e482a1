"""A field: its names, its default, and the validator and serializer that pydantic makes of it."""

import warnings
from datetime import date
from typing import Annotated, Any

import pytest
from annotated_types import Interval
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field as Described,
    Json,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from vivace.analyse.fields import (
    Field,
    InvalidField,
    Member,
    alias_names,
    located_errors,
    missing_error,
)


class Item(BaseModel):
    name: str
    when: date | None = None


class Record:
    """No model, but an object with the attributes of one."""

    name = "a"
    when = None


class Waiting(BaseModel):
    later: "list[LaterStill]"  # type: ignore[name-defined]  # noqa: F821


class Early(BaseModel):
    other: "Afterwards"


class Unknown:
    """A class that pydantic has no schema for."""


def info_of(annotation: Any, constraint: Any) -> FieldInfo:
    described: Any = Annotated[annotation, constraint]
    return FieldInfo.from_annotation(described)


def field_of(annotation: Any, **described: Any) -> Field:
    return Field("value", info_of(annotation, Described(**described)))


early = Field("early", FieldInfo(annotation=Early))


class Afterwards(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("described", "alias", "received", "sent"),
    [
        ({}, "value", ("value",), "value"),
        ({"alias": "a"}, "a", ("a",), "a"),
        ({"validation_alias": "v"}, "value", ("v",), "value"),
        ({"alias": "a", "serialization_alias": "s"}, "a", ("a",), "s"),
        ({"validation_alias": AliasChoices("v", "w")}, "value", ("v", "w"), "value"),
        ({"alias": "a", "validation_alias": AliasPath("v", 0)}, "a", ("a",), "a"),
        ({"validation_alias": AliasChoices("v", AliasPath("w", 0))}, "value", ("value",), "value"),
    ],
)
def test_a_field_has_a_name_for_each_direction(
    described: dict[str, Any], alias: str, received: tuple[str, ...], sent: str
) -> None:
    field = field_of(int, **described)
    assert field.alias == alias
    assert field.validation_names == received
    assert field.validation_name == received[0]
    assert field.serialization_name == sent


def test_a_path_among_the_aliases_leaves_none_of_them() -> None:
    path = AliasPath("w", 0)
    assert alias_names(FieldInfo(validation_alias=AliasChoices("v", "w"))) == ("v", "w")
    assert alias_names(FieldInfo(validation_alias=AliasChoices("v", path))) == ()
    assert alias_names(FieldInfo()) == ()


def test_a_renamed_field_shares_everything_but_its_name() -> None:
    field = field_of(int, alias="a")
    other = field.renamed("other")
    assert (field.name, other.name) == ("value", "other")
    assert other.alias == "a"
    assert other.adapter is field.adapter
    assert repr(other) == "Field('other', <class 'int'>)"


@pytest.mark.parametrize(
    ("annotation", "takes_list", "wire_type"),
    [
        (int, False, int),
        (list[int], True, list[int]),
        (list[int] | None, True, list[int] | None),
        # Text that holds a list is one value.
        (Json[list[int]], False, str),
    ],
)
def test_what_a_client_sends_follows_from_the_type(
    annotation: Any, takes_list: bool, wire_type: Any
) -> None:
    field = field_of(annotation)
    assert field.takes_list is takes_list
    assert field.wire_type == wire_type


def test_a_default_makes_a_field_optional_and_is_given_to_each_caller_anew() -> None:
    field = field_of(list[int], default=[1])
    assert not field.required
    field.get_default().append(2)
    assert field.get_default() == field.default == [1]
    made = field_of(list[int], default_factory=list)
    assert not made.required
    assert made.get_default() is not made.get_default()
    assert field_of(int).required


def test_a_valid_value_comes_without_errors() -> None:
    assert field_of(int).validate("3", ("query", "q")) == (3, [])
    assert field_of(int, ge=3).validate(3, ()) == (3, [])
    value, errors = field_of(Item).validate(Record(), ("response",))
    assert (value, errors) == (Item(name="a"), [])


def test_errors_are_placed_below_where_the_value_stood() -> None:
    value, errors = field_of(list[Item]).validate([{"name": "a"}, {"name": 1}], ("body", "items"))
    assert value is None
    (error,) = errors
    assert error["type"] == "string_type"
    assert error["loc"] == ("body", "items", 1, "name")
    assert error["input"] == 1
    assert "url" not in error


def test_a_failed_validation_tells_each_of_its_errors() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[int]).validate_python(["a", 1, "b"])
    errors = located_errors(caught.value, ("query", "q"))
    assert [error["loc"] for error in errors] == [("query", "q", 0), ("query", "q", 2)]
    assert located_errors(caught.value, ())[0]["loc"] == (0,)


def test_what_is_missing_is_reported_as_pydantic_does() -> None:
    with pytest.raises(ValidationError) as caught:
        Item.model_validate({})
    (expected,) = located_errors(caught.value, ("body",))
    assert missing_error(("body", "name")) == {**expected, "input": None}


def test_groups_of_constraints_hold() -> None:
    field = Field("q", info_of(int, Interval(ge=1, le=3)))
    assert field.validate(3, ())[1] == []
    assert [field.validate(value, ())[1][0]["type"] for value in (0, 4)] == [
        "greater_than_equal",
        "less_than_equal",
    ]


def test_a_value_is_sent_as_json_or_left_as_python_has_it() -> None:
    field = Field("item", FieldInfo(annotation=Item), mode="serialization")
    item = Item(name="a", when=date(2024, 1, 2))
    assert field.mode == "serialization"
    assert field.serialize(item) == {"name": "a", "when": "2024-01-02"}
    assert field.serialize(item, mode="python")["when"] == date(2024, 1, 2)
    assert field.serialize_json(item, exclude={"when"}) == b'{"name":"a"}'


def test_a_configuration_applies_to_the_type() -> None:
    info = FieldInfo(annotation=str)
    config = ConfigDict(str_strip_whitespace=True)
    assert Field("q", info).validate(" a ", ())[0] == " a "
    assert Field("q", info, config=config).validate(" a ", ())[0] == "a"


def test_a_default_among_the_constraints_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        field = field_of(int, default=3, alias="a", ge=1)
    assert field.validate(0, ())[1][0]["type"] == "greater_than_equal"


@pytest.mark.parametrize(
    ("annotation", "described", "message"),
    [
        (Unknown, {}, "'value' has the type .*Unknown.*, which pydantic cannot validate"),
        (list[Unknown], {}, "or name the function that makes the value"),
        (Unknown, {"ge": 3}, "which pydantic cannot validate"),
        (Item | int, {"discriminator": "name"}, "'value' has the type .* does not fit what is"),
        (str, {"pattern": "("}, "'value' has constraints that do not fit its type <class 'str'>"),
    ],
)
def test_a_type_without_a_schema_is_refused(
    annotation: Any, described: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidField, match=message):
        field_of(annotation, **described)


def test_a_type_may_name_what_is_made_later() -> None:
    assert not early.is_complete
    early.complete()
    assert early.is_complete
    assert early.validate({"other": {"name": "a"}}, ())[1] == []
    early.complete()
    assert early.is_complete


def test_what_is_never_made_is_named() -> None:
    field = Field("waiting", FieldInfo(annotation=Waiting))
    with pytest.raises(InvalidField, match=r"Waiting.* names 'LaterStill', which does not exist"):
        field.complete()
    assert not field.is_complete


def test_a_member_of_a_model_goes_by_the_names_that_the_model_takes() -> None:
    info = info_of(int, Described(alias="a"))
    path = AliasPath("b", 0)
    member = Member("value", info, (("v", "v"), ("w", "w")), (path,), ConfigDict())
    assert member.validation_names == ("v", "w")
    assert member.validation_name == "v"
    assert member.paths == (path,)
    assert Member("value", info, (), (path,), ConfigDict()).validation_names == ("a",)
