from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, ForwardRef

import pytest
from annotated_types import Gt
from pydantic import AliasChoices, AliasPath, BaseModel, Field, Json
from starlette.requests import Request

from vivace.analyse.parameters import (
    declared,
    dependency_of,
    injected_kind,
    parameter_of,
    request_parameter,
)
from vivace.analyse.plan import Injected, Parameter, Source
from vivace.datastructures import UploadFile
from vivace.declare import functions as mark, params


class Item(BaseModel):
    name: str


def read(call: Callable[..., Any], *path_names: str) -> Parameter:
    """The only parameter of ``call``."""
    (parameter,) = inspect.signature(call, eval_str=True).parameters.values()
    return request_parameter(declared(parameter), frozenset(path_names))


def read_type(
    annotation: Any, *path_names: str, default: Any = inspect.Parameter.empty
) -> Parameter:
    parameter = inspect.Parameter(
        "x_value", inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )
    return request_parameter(declared(parameter), frozenset(path_names))


@pytest.mark.parametrize(
    ("annotation", "source", "marker"),
    [
        (int, Source.QUERY, params.Query),
        (str | None, Source.QUERY, params.Query),
        (Json[list[int]], Source.QUERY, params.Query),
        (list[int], Source.BODY, params.Body),
        (Item, Source.BODY, params.Body),
        (dict[str, int], Source.BODY, params.Body),
        (UploadFile, Source.BODY, params.File),
        (list[UploadFile], Source.BODY, params.File),
    ],
)
def test_a_type_says_where_a_parameter_comes_from(
    annotation: Any, source: Source, marker: type
) -> None:
    parameter = read_type(annotation)
    assert parameter.source is source
    assert type(parameter.field.info) is marker


def test_a_name_in_the_path_says_it_first() -> None:
    assert read_type(int, "x_value").source is Source.PATH


@pytest.mark.parametrize(
    "wrap", [lambda q: (Annotated[int, q], inspect.Parameter.empty), lambda q: (int, q)]
)
def test_a_marker_counts_the_same_in_both_places(wrap: Callable[[Any], tuple[Any, Any]]) -> None:
    annotation, default = wrap(mark.Query(alias="q", gt=3, title="Quantity"))
    field = read_type(annotation, default=default).field
    assert (field.validation_name, field.required, field.info.title) == ("q", True, "Quantity")
    assert field.info.metadata == [Gt(3)]
    assert field.annotation is int


def test_metadata_beside_a_marker_is_kept() -> None:
    field = read_type(
        Annotated[int, Gt(3), Field(alias="wire", description="d"), mark.Query()]
    ).field
    assert field.validation_name == "wire"
    assert field.info.description == "d"
    assert Gt(3) in field.info.metadata


def test_a_later_marker_takes_back_what_an_earlier_field_says() -> None:
    field = read_type(Annotated[int, Field(alias="wire", title="t"), mark.Query(alias=None)]).field
    assert field.validation_name == "x_value"
    assert field.info.title == "t"


def test_a_plain_field_stands_for_the_marker_that_the_type_implies() -> None:
    parameter = read_type(int, default=Field(5, alias="wire", gt=3))
    assert parameter.source is Source.QUERY
    assert parameter.alias == "wire"
    assert parameter.field.get_default() == 5


def test_reading_leaves_the_marker_as_it_was() -> None:
    marker = mark.Path(validation_alias=AliasChoices("first", "second"))
    first = read_type(Annotated[int, marker], "first")
    second = read_type(Annotated[int, marker], "second")
    assert (first.alias, second.alias) == ("first", "second")
    assert marker.validation_alias == AliasChoices("first", "second")


@pytest.mark.parametrize(
    ("marker", "path", "name"),
    [
        (mark.Path(validation_alias=AliasChoices("a", "b")), ("b", "a"), "a"),
        (mark.Path(validation_alias=AliasChoices("a", "b")), ("b",), "b"),
        (mark.Path(alias="c", validation_alias=AliasChoices("a", "b")), ("c",), "c"),
        (
            mark.Path(validation_alias=AliasChoices("a", AliasPath("b"))),
            ("a", "x_value"),
            "x_value",
        ),
    ],
)
def test_of_several_names_a_path_parameter_has_the_one_in_the_path(
    marker: Any, path: tuple[str, ...], name: str
) -> None:
    assert read_type(Annotated[int, marker], *path).field.validation_names == (name,)


@pytest.mark.parametrize("annotation", [str, Annotated[str | None, mark.Query()], Item])
def test_an_ellipsis_is_no_default(annotation: Any) -> None:
    assert read_type(annotation, default=...).field.info.is_required()
    assert read_type(Annotated[int, mark.Query(...)]).field.info.is_required()


def test_a_path_parameter_has_no_default() -> None:
    assert read_type(int, "x_value", default=3).field.required
    factory = Annotated[int, Field(default_factory=lambda: 3)]
    assert read_type(factory, "x_value").field.required
    assert read_type(factory).field.get_default() == 3


@pytest.mark.parametrize(
    ("marker", "name"),
    [
        (mark.Header(), "x-value"),
        (mark.Header(convert_underscores=False), "x_value"),
        (mark.Header(alias="X_Other"), "X_Other"),
        (mark.Header(validation_alias="X_Other"), "X_Other"),
    ],
)
def test_headers_have_hyphens_where_they_have_no_name_of_their_own(marker: Any, name: str) -> None:
    assert read_type(Annotated[str, marker]).alias == name


def test_a_header_is_not_named_what_no_header_can_be() -> None:
    with pytest.raises(AssertionError, match="ASCII"):
        read_type(Annotated[str, mark.Header(alias="grüße")])


@pytest.mark.parametrize(
    ("annotation", "path", "message"),
    [
        (Annotated[dict[str, int], mark.Query()], (), "Query parameter 'x_value'"),
        (Annotated[list[Item], mark.Cookie()], (), "Cookie parameter 'x_value'"),
        (list[int], ("x_value",), "Path params"),
        (Annotated[int, mark.Query()], ("x_value",), "Cannot use `Query` for path param"),
    ],
)
def test_types_that_do_not_fit_their_place_are_refused(
    annotation: Any, path: tuple[str, ...], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        read_type(annotation, *path)


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (Annotated[int, mark.Query()], mark.Query()),
        (Annotated[int, mark.Query()], mark.Depends(read)),
        (Annotated[int, mark.Depends(read)], mark.Depends(read)),
        (Annotated[int, mark.Query(3)], inspect.Parameter.empty),
    ],
)
def test_contradictions_are_refused(annotation: Any, default: Any) -> None:
    with pytest.raises(AssertionError, match="x_value"):
        read_type(annotation, default=default)


def test_json_is_one_value_whatever_it_holds() -> None:
    field = read_type(Annotated[Json[list[int]], mark.Query()]).field
    assert not field.takes_list
    assert read_type(Annotated[Json[Item], mark.Query()]).members is None
    assert read_type(Annotated[list[int], mark.Query()]).field.takes_list


def test_framework_objects_are_injected() -> None:
    def endpoint(request: Request | None) -> None: ...

    (parameter,) = inspect.signature(endpoint, eval_str=True).parameters.values()
    assert injected_kind(declared(parameter)) is Injected.REQUEST


def test_a_dependency_without_a_function_is_the_class_in_the_annotation() -> None:
    parameter = inspect.Parameter(
        "item", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Item, mark.Depends()]
    )
    dependency = dependency_of(declared(parameter))
    assert dependency is not None
    assert dependency.dependency is Item


def test_a_dependency_whose_type_cannot_be_called_is_to_be_named() -> None:
    parameter = inspect.Parameter(
        "item",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[ForwardRef("Unknown"), mark.Depends()],
    )
    with pytest.raises(TypeError, match=r"'Unknown'.* cannot be called. Name the dependency"):
        dependency_of(declared(parameter))


def test_a_field_with_a_marker_is_a_parameter_again() -> None:
    parameter = read_type(Annotated[Item, mark.Header()])
    again = parameter_of(parameter.field)
    assert (again.name, again.source, again.field) == ("x_value", Source.HEADER, parameter.field)
    assert again.members == parameter.members
