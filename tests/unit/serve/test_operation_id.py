from __future__ import annotations

from typing import Any

from vivace.routing import APIRoute, generate_unique_id


def read_item() -> None: ...


def id_of(path: str, **options: Any) -> str:
    return generate_unique_id(APIRoute(path, read_item, **options))


def test_it_is_made_of_function_path_and_method() -> None:
    assert id_of("/items/{item_id}") == "read_item_items__item_id__get"


def test_convertors_are_no_part_of_it() -> None:
    assert id_of("/{x:int}") == id_of("/{x}")


def test_of_several_methods_it_names_the_first_in_the_alphabet() -> None:
    assert id_of("/", methods=["PUT", "DELETE"]) == "read_item__delete"


def test_it_is_an_identifier_whatever_the_names() -> None:
    made = id_of("/a-b/{x}/ü", name="read the item")
    assert made == "read_the_item_a_b__x__ü_get"
    assert made.isidentifier()


def test_an_id_that_is_given_or_made_by_a_function_comes_first() -> None:
    assert APIRoute("/", read_item, operation_id="mine").unique_id == "mine"
    made = APIRoute("/", read_item, generate_unique_id_function=lambda route: route.path)
    assert made.unique_id == "/"
