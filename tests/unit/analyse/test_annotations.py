from __future__ import annotations

import functools
import inspect
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Literal, Optional, Union

import pytest
from pydantic import BaseModel, Json
from starlette.datastructures import UploadFile
from typing_extensions import TypeAliasType

from vivace.analyse import annotations as read
from vivace.exceptions import PydanticV1NotSupportedError

if TYPE_CHECKING:
    from decimal import Decimal as Unseen


class Item(BaseModel):
    name: str


class Other(BaseModel):
    price: float


@dataclass
class Point:
    x: int


Names: Any = TypeAliasType("Names", list[str])
Marked: Any = TypeAliasType("Marked", Annotated[Item, "marker"])
Nested: Any = TypeAliasType("Nested", Marked)


def plain(item: Item, names: Annotated[list[int], "marker"], bare=None) -> Item | None: ...  # type: ignore[no-untyped-def]


def unseen(amount: Unseen, item: Item) -> None: ...


class Called:
    def __call__(self, item: Item) -> None: ...


class Made:
    def __init__(self, item: Item) -> None: ...

    def method(self, item: Item) -> None: ...


@functools.wraps(plain)
def wrapped(*args: Any, **kwargs: Any) -> None: ...


def test_a_signature_has_types_in_the_place_of_strings_and_keeps_metadata() -> None:
    signature = read.signature_of(plain)
    assert signature.parameters["item"].annotation is Item
    assert signature.parameters["names"].annotation == Annotated[list[int], "marker"]
    assert signature.parameters["bare"].annotation is inspect.Parameter.empty
    assert signature.parameters["bare"].default is None
    assert signature.return_annotation == Item | None


@pytest.mark.parametrize(
    "call",
    [plain, wrapped, functools.partial(plain, bare=1), Called(), Made, Made(Item(name="a")).method],
)
def test_every_kind_of_callable_is_read_in_the_namespace_of_its_module(call: Any) -> None:
    assert read.namespace_of(call)["Item"] is Item
    assert read.signature_of(call).parameters["item"].annotation is Item


def test_what_only_a_type_checker_sees_stays_unresolved_and_the_rest_is_resolved() -> None:
    signature = read.signature_of(unseen)
    assert read.is_unresolved(signature.parameters["amount"].annotation)
    assert read.unresolved_in(signature.parameters["amount"].annotation) == "Unseen"
    assert signature.parameters["item"].annotation is Item


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("Item", Item),
        ("int", int),
        # The module has a name of its own for something else.
        ("list", Item),
        (Item, Item),
        ("None", None),
        (type(None), None),
        ("Item | None", Item | None),
        ("Names", Names),
        ("Missing", "Missing"),
        (inspect.Parameter.empty, inspect.Parameter.empty),
    ],
)
def test_a_name_is_looked_up_in_the_module_before_those_of_python(
    annotation: Any, expected: Any
) -> None:
    assert read.resolve(annotation, {"Item": Item, "list": Item, "Names": Names}) == expected


def test_what_a_function_returns_is_read_without_its_parameters() -> None:
    assert read.returned_by(plain) == Item | None
    assert read.returned_by(unseen) is None
    assert read.returned_by(len) is inspect.Signature.empty


def test_a_decorated_function_is_read_in_the_namespace_of_its_own_module() -> None:
    @functools.wraps(read.resolve)
    def stands_for_another(*args: Any) -> None: ...

    assert read.namespace_of(stands_for_another) is vars(read)


def test_a_callable_without_a_python_function_has_no_namespace() -> None:
    assert read.namespace_of(len) == {}


@pytest.mark.parametrize(
    ("annotation", "resolved"),
    [
        ("Item", Item),
        ("list[Item]", list[Item]),
        (list["Item"], list[Item]),
        ("None", None),
        (None, None),
        ("Missing", "Missing"),
        ("not a type", "not a type"),
        (inspect.Parameter.empty, inspect.Parameter.empty),
    ],
)
def test_a_string_is_resolved_where_all_its_names_are_known(annotation: Any, resolved: Any) -> None:
    assert read.resolve(annotation, {"Item": Item}) == resolved


@pytest.mark.parametrize(
    ("annotation", "bare"),
    [
        (int, int),
        (Annotated[int, "a", "b"], int),
        (Annotated[Annotated[int, "a"], "b"], int),
        (Names, list[str]),
        (Nested, Item),
        (Annotated[Nested, "outer"], Item),
        (Json[list[int]], str),
        (Annotated[list[int], Json], str),
    ],
)
def test_metadata_and_aliases_are_taken_off(annotation: Any, bare: Any) -> None:
    assert read.without_metadata(annotation) == bare


def test_an_expanded_alias_keeps_its_metadata() -> None:
    assert read.expand_alias(Nested) == Annotated[Item, "marker"]
    assert read.expand_alias(int) is int


@pytest.mark.parametrize(
    ("annotation", "members", "without_none"),
    [
        (int, (int,), (int,)),
        (None, (None,), ()),
        (int | None, (int, type(None)), (int,)),
        (Optional[int], (int, type(None)), (int,)),  # noqa: UP045
        (Union[int, Annotated[str | None, "m"]], (int, str, type(None)), (int, str)),  # noqa: UP007
        (Annotated[Names | None, "m"], (list[str], type(None)), (list[str],)),
    ],
)
def test_the_members_of_a_union_are_found_at_any_depth(
    annotation: Any, members: tuple[Any, ...], without_none: tuple[Any, ...]
) -> None:
    assert read.members_of(annotation) == members
    assert read.without_none(annotation) == without_none
    assert read.allows_none(annotation) is (members != without_none)


@pytest.mark.parametrize(
    ("annotation", "model", "union"),
    [
        (Item, Item, False),
        (Item | None, Item, False),
        (Nested, Item, False),
        (Item | Other, None, True),
        (Item | Other | None, None, True),
        (Item | int, None, False),
        (list[Item], None, False),
        (None, None, False),
    ],
)
def test_one_model_is_told_from_a_union_of_models(annotation: Any, model: Any, union: bool) -> None:
    assert read.model_of(annotation) is model
    assert read.union_of_models(annotation) is union


@pytest.mark.parametrize(
    ("annotation", "sequence", "of_scalars", "is_complex"),
    [
        (int, False, False, False),
        (str, False, False, False),
        (bytes, False, False, False),
        (list, True, True, True),
        (list[int], True, True, True),
        (list[int] | None, True, True, True),
        (list[int] | str, True, True, True),
        (list[Item], True, False, True),
        (list[int] | Item, True, False, True),
        (tuple[int, ...], True, True, True),
        (tuple[int, Item], True, False, True),
        (deque[str], True, True, True),
        (frozenset[str], True, True, True),
        (Sequence[str], True, True, True),
        (Names, True, True, True),
        (Item, False, False, True),
        (Point, False, False, True),
        (UploadFile, False, False, True),
        (dict[str, int], False, False, True),
        (Mapping[str, int], False, False, True),
        (Json[list[int]], False, False, False),
        (Literal["a"], False, False, False),
    ],
)
def test_what_one_string_or_several_can_stand_for(
    annotation: Any, sequence: bool, of_scalars: bool, is_complex: bool
) -> None:
    assert read.is_sequence(annotation) is sequence
    assert read.is_scalar_sequence(annotation) is of_scalars
    assert read.is_complex(annotation) is is_complex
    assert read.is_scalar(annotation) is not is_complex


@pytest.mark.parametrize(
    ("annotation", "file", "is_bytes"),
    [
        (UploadFile, True, False),
        (UploadFile | None, True, False),
        (list[UploadFile], True, False),
        (bytes, False, True),
        (list[bytes] | None, False, True),
        (bytes | UploadFile, True, True),
        (dict[str, bytes], False, False),
        (str, False, False),
    ],
)
def test_uploads_and_bytes_are_found_alone_and_in_sequences(
    annotation: Any, file: bool, is_bytes: bool
) -> None:
    assert read.is_file(annotation) is file
    assert read.is_bytes(annotation) is is_bytes


def test_what_is_no_class_is_a_subclass_of_nothing() -> None:
    assert not read.is_subclass(list[int], list)
    assert not read.is_subclass("int", int)
    assert read.is_subclass(bool, int)


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        ("Item", "Item"),
        (ForwardRef("Item"), "Item"),
        (Annotated["Item", "marker"], "Item"),
        (dict[str, list["Item"]], "Item"),
        (Literal["Item"], None),
        (Annotated[int, "marker"], None),
        (list[int], None),
    ],
)
def test_the_first_name_that_is_left_unresolved_is_found(annotation: Any, name: str | None) -> None:
    assert read.unresolved_in(annotation) == name


def test_models_of_the_first_version_of_pydantic_are_refused_at_any_depth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OldBase: ...

    class Old(OldBase): ...

    # Importing the real one warns on new versions of Python.
    module = ModuleType("pydantic.v1")
    module.BaseModel = OldBase  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pydantic.v1", module)
    read.refuse_old_models(dict[str, list[Item]])
    for annotation in (Old, list[Old], Annotated[dict[str, Old | None], "m"]):
        with pytest.raises(PydanticV1NotSupportedError, match="'Old' a subclass of pydantic"):
            read.refuse_old_models(annotation)
