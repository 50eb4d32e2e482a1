from __future__ import annotations

import copy
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vivace.declare import functions, params
from vivace.exceptions import VivaceDeprecationWarning

KINDS = [params.Query, params.Header, params.Cookie, params.Body, params.Form, params.File]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("default", ["text", None, 1, []])
def test_repr_shows_the_default(kind: type[params.Marker], default: Any) -> None:
    assert repr(kind(default)) == f"{kind.__name__}({default})"


@pytest.mark.parametrize("kind", [*KINDS, params.Path])
def test_an_ellipsis_means_required(kind: type[params.Marker]) -> None:
    assert kind(...).is_required()
    assert kind().is_required()


@pytest.mark.parametrize("name", functions.__all__)
def test_a_function_makes_an_instance_of_the_class_of_its_name(name: str) -> None:
    assert type(getattr(functions, name)()).__name__ == name


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (params.Param, "query"),
        (params.Path, "path"),
        (params.Query, "query"),
        (params.Header, "header"),
        (params.Cookie, "cookie"),
    ],
)
def test_a_parameter_knows_its_source(kind: type[params.Param], source: str) -> None:
    assert kind.source == source
    assert kind().in_ is params.ParamTypes(source)


@pytest.mark.parametrize("arguments", [{"default": 1}, {"default_factory": list}])
def test_a_path_parameter_takes_no_default(arguments: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="Path parameters cannot have a default value"):
        params.Path(**arguments)


def test_an_alias_stands_for_both_directions() -> None:
    query = params.Query(alias="q")
    assert (query.alias, query.validation_alias, query.serialization_alias) == ("q", "q", "q")


def test_an_alias_for_one_direction_wins() -> None:
    choices = AliasChoices("a", "b")
    query = params.Query(alias="q", validation_alias=choices)
    assert query.validation_alias is choices
    assert query.serialization_alias == "q"


def test_a_validation_alias_alone_sets_no_other() -> None:
    query = params.Query(validation_alias="v")
    assert query.alias is None
    assert query.serialization_alias is None


def test_regex_is_a_deprecated_name_of_pattern() -> None:
    with pytest.warns(VivaceDeprecationWarning, match="regex") as caught:
        query = functions.Query(regex="^a$")
    assert caught[0].filename == __file__
    assert TypeAdapter(Annotated[str, query]).json_schema()["pattern"] == "^a$"


def test_pattern_wins_over_regex() -> None:
    with pytest.warns(VivaceDeprecationWarning):
        query = params.Query(regex="a", pattern="b")
    assert TypeAdapter(Annotated[str, query]).json_schema()["pattern"] == "b"


@pytest.mark.parametrize("example", ["x", None, 0])
def test_example_is_deprecated_and_kept(example: Any) -> None:
    with pytest.warns(VivaceDeprecationWarning, match="example"):
        query = params.Query(example=example)
    assert query.example == example


def test_no_example_is_told_apart_from_none() -> None:
    assert params.Query().example is PydanticUndefined


def test_an_unknown_option_is_named_and_the_nearest_known_one_too() -> None:
    options: Any = {"min_lenght": 3}
    with pytest.raises(TypeError, match=r"Query\(\).*'min_lenght'.*'min_length'"):
        params.Query(**options)


def test_an_option_of_another_marker_is_unknown() -> None:
    options: Any = {"convert_underscores": False}
    with pytest.raises(TypeError, match="convert_underscores"):
        params.Query(**options)
    assert params.Header(**options).convert_underscores is False


def test_bodies_have_media_types() -> None:
    assert params.Body().media_type == "application/json"
    assert params.Form().media_type == "application/x-www-form-urlencoded"
    assert params.File().media_type == "multipart/form-data"
    assert params.Body(media_type="text/csv", embed=True).media_type == "text/csv"
    assert params.Body(embed=True).embed is True


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_keeps_every_option(duplicate: Any) -> None:
    header = duplicate(params.Header(convert_underscores=False, include_in_schema=False))
    assert header.convert_underscores is False
    assert header.include_in_schema is False


def test_options_survive_when_pydantic_attaches_an_annotation() -> None:
    marker = params.Query(ge=1, openapi_examples={"one": {"value": 1}}, include_in_schema=False)
    info = FieldInfo.from_annotated_attribute(int, marker)
    assert isinstance(info, params.Query)
    assert info.annotation is int
    assert info.openapi_examples == {"one": {"value": 1}}
    assert info.include_in_schema is False


def test_constraints_of_several_markers_add_up() -> None:
    adapter = TypeAdapter(Annotated[int, params.Query(gt=2), params.Query(lt=10)])
    assert adapter.json_schema() == {
        "type": "integer",
        "exclusiveMinimum": 2,
        "exclusiveMaximum": 10,
    }
