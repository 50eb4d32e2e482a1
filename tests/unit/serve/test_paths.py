"""Paths as they are declared: what they match, and what is refused with a hint."""

from __future__ import annotations

import pytest

from vivace.serve.paths import check_braces, check_path, check_start, compile_declared


async def endpoint() -> None:
    """What is given to a decorator that was not called."""


@pytest.mark.parametrize(
    ("path", "asked", "expected"),
    [
        ("/items", "/items", {}),
        ("/items/{key}", "/items/a", {"key": "a"}),
        ("/items/{key:int}", "/items/12", {"key": 12}),
        ("/files/{name:path}", "/files/a/b.txt", {"name": "a/b.txt"}),
        ("/{first}/{second:float}", "/a/1.5", {"first": "a", "second": 1.5}),
    ],
)
def test_a_path_gives_its_parameters_converted(
    path: str, asked: str, expected: dict[str, object]
) -> None:
    pattern, _, convertors = compile_declared(path)
    matched = pattern.match(asked)
    assert matched
    found = {name: convertors[name].convert(text) for name, text in matched.groupdict().items()}
    assert found == expected


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/items", "/items/"),
        ("/items/{key}", "/items/a/b"),
        ("/items/{key}", "/items/"),
        ("/items/{key:int}", "/items/a"),
        ("/a.b", "/axb"),
    ],
)
def test_a_path_matches_nothing_else(path: str, asked: str) -> None:
    assert compile_declared(path)[0].match(asked) is None


def test_the_path_for_a_description_has_no_convertors() -> None:
    assert compile_declared("/{a:int}/{b:path}/{c}")[1] == "/{a}/{b}/{c}"


def test_an_unknown_convertor_is_refused_with_those_there_are() -> None:
    with pytest.raises(AssertionError, match=r"'number'.*'/\{key:number\}'\. Take one of: .*int"):
        compile_declared("/{key:number}")


def test_two_parameters_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"key.* a name of its own"):
        compile_declared("/{key}/{key}")


@pytest.mark.parametrize("path", ["", "/", "items"])
def test_every_text_may_be_a_path(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize("path", [endpoint, None, 1, b"/items"])
def test_a_decorator_that_was_given_no_path_shows_how_to_call_it(path: object) -> None:
    with pytest.raises(TypeError, match=r"A path is a text.*@app\.get\('/items'\)"):
        check_path(path)


@pytest.mark.parametrize("path", ["/", "/items", "//"])
def test_a_path_starts_with_a_slash(path: str) -> None:
    check_start(path)


@pytest.mark.parametrize("path", ["", "items", " /items"])
def test_a_path_without_a_slash_is_refused_with_the_one_to_write(path: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_start(path)
    assert str(caught.value) == f"A path must start with '/': write {'/' + path!r}, not {path!r}"


@pytest.mark.parametrize(
    "path",
    [
        "/items",
        "/{key}",
        "/{key:int}/{_other2}",
        "{$request.body#/callback}/events/{$request.body.id}",
    ],
)
def test_braces_stand_around_parameters_and_expressions(path: str) -> None:
    check_braces(path)


@pytest.mark.parametrize(
    "path", ["/{item-id}", "/{}", "/{key", "/key}", "/{{key}}", "/{ key }", "/{key:}", "/{1a}"]
)
def test_braces_around_anything_else_are_refused(path: str) -> None:
    with pytest.raises(AssertionError, match="Not all braces in the path"):
        check_braces(path)
