from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, Json

from vivace.analyse.fields import Field as Described
from vivace.analyse.plan import Source
from vivace.analyse.source_models import header_fields, members_of_model, model_fields, models_of
from vivace.declare import params


class One(BaseModel):
    x_id: int
    many: list[str] = []


class Two(BaseModel):
    text: str


def described(annotation: Any, marker: Any) -> Described:
    marker.annotation = annotation
    return Described("value", marker)


@pytest.mark.parametrize(
    ("annotation", "models"),
    [
        (One, (One,)),
        (One | None, (One,)),
        (Annotated[One, "metadata"] | None, (One,)),
        (One | Two, (One, Two)),
        (One | Two | None, (One, Two)),
        (One | int, ()),
        (list[One], ()),
        (Json[One], ()),
        (int, ()),
    ],
)
def test_models_of(annotation: Any, models: tuple[type, ...]) -> None:
    assert models_of(described(annotation, params.Form())) == models


@pytest.mark.parametrize(
    ("annotation", "marker", "source", "names"),
    [
        (One, params.Query(), Source.QUERY, ["x_id", "many"]),
        (One, params.Header(), Source.HEADER, ["x-id", "many"]),
        (One, params.Header(convert_underscores=False), Source.HEADER, ["x_id", "many"]),
        (One | Two, params.Form(), Source.BODY, ["x_id", "many", "text"]),
        (One, params.Body(), Source.BODY, None),
        (One, params.Path(), Source.PATH, None),
        (int, params.Query(), Source.QUERY, None),
    ],
)
def test_members_of_model(
    annotation: Any, marker: Any, source: Source, names: list[str] | None
) -> None:
    members = members_of_model(described(annotation, marker), source)
    assert (members and [member.validation_name for member in members]) == names


def test_a_model_without_fields_is_a_source_model_too() -> None:
    class Empty(BaseModel):
        pass

    assert members_of_model(described(Empty, params.Query()), Source.QUERY) == ()


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (ConfigDict(), ("first", "second")),
        (ConfigDict(populate_by_name=True), ("first", "second", "x_value")),
        (ConfigDict(validate_by_name=True), ("first", "second", "x_value")),
        (ConfigDict(validate_by_alias=False), ("x_value",)),
    ],
)
def test_names_follow_the_configuration(config: ConfigDict, names: tuple[str, ...]) -> None:
    class Model(BaseModel):
        model_config = config
        x_value: int = Field(validation_alias=AliasChoices("first", "second"))

    (member,) = model_fields(Model)
    assert member.validation_names == names
    assert [key for _, key in member.names] == list(names)


def test_only_the_own_name_of_a_header_has_hyphens() -> None:
    class Model(BaseModel):
        model_config = ConfigDict(populate_by_name=True)
        x_value: int = Field(alias="X_Alias")

    (member,) = header_fields(Model)
    assert member.names == (("X_Alias", "X_Alias"), ("x-value", "x_value"))


def test_paths_are_kept_apart_from_names() -> None:
    class Model(BaseModel):
        value: int = Field(validation_alias=AliasChoices("first", AliasPath("items", 0)))
        other: int = Field(validation_alias=AliasPath("items", 1))

    value, other = model_fields(Model)
    assert (value.validation_names, value.paths) == (("first",), (AliasPath("items", 0),))
    # It has to have a name in documents.
    assert (other.names, other.validation_names) == ((), ("other",))


def test_aliases_that_are_generated_are_aliases() -> None:
    class Model(BaseModel):
        model_config = ConfigDict(alias_generator=str.upper)
        value: int

    assert [member.validation_name for member in model_fields(Model)] == ["VALUE"]


def test_fields_are_made_once_for_a_model() -> None:
    assert model_fields(One) is model_fields(One)
    assert header_fields(One) is header_fields(One)
