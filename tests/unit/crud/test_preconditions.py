from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.crud.errors import PreconditionFailed
from vivace.crud.preconditions import EntityTags, Preconditions, make_etag, parse_etags

from .shelf import Shelf, serve

TAG = st.text(st.characters(codec="latin-1", exclude_characters='"', min_codepoint=0x21)).filter(
    lambda text: not any("\x7f" <= sign < "\x80" for sign in text)
)


def test_etags_are_read_whatever_stands_between_them() -> None:
    assert parse_etags('"a", W/"b" ,, "c,d"') == EntityTags(
        strong=frozenset({"a", "c,d"}), weak=frozenset({"b"})
    )
    assert parse_etags(" * ") == EntityTags(any=True)
    assert parse_etags('""') == EntityTags(strong=frozenset({""}))


@given(st.lists(TAG, min_size=1), st.lists(TAG))
def test_etags_are_read_as_they_were_written(strong: list[str], weak: list[str]) -> None:
    text = ", ".join([*(f'"{tag}"' for tag in strong), *(f'W/"{tag}"' for tag in weak)])
    assert parse_etags(text) == EntityTags(strong=frozenset(strong), weak=frozenset(weak))


@given(st.text())
def test_any_text_is_a_list_of_etags_or_refused(text: str) -> None:
    try:
        found = parse_etags(text)
    except ValueError:
        return
    assert found.any or found.strong or found.weak


@pytest.mark.parametrize(
    "text", ["", " ", "\n", ",", "a", '"a', '"a" "b"', 'w/"a"', '"a b"', '"a",b']
)
def test_what_is_no_list_of_etags_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="entity tag"):
        parse_etags(text)


def test_a_long_header_is_read_in_no_time_worth_naming() -> None:
    with pytest.raises(ValueError, match="entity tag"):
        parse_etags(" ," * 50_000 + "x")


def test_the_etag_says_what_the_content_and_the_version_are() -> None:
    etags = {make_etag(b"a"), make_etag(b"b"), make_etag(b"a", 1), make_etag(b"a", 2)}
    assert len(etags) == 4
    assert all(parse_etags(etag).match_strongly(etag) for etag in etags)


def test_a_weak_etag_is_enough_to_read_and_not_to_write() -> None:
    weak = parse_etags('W/"a"')
    assert Preconditions(if_none_match=weak).is_current('"a"')
    with pytest.raises(PreconditionFailed):
        Preconditions(if_match=weak).check(lambda: '"a"')


def test_without_conditions_no_etag_is_made() -> None:
    def fail() -> str:
        raise AssertionError

    Preconditions().check(fail)


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.add("Emma")
    return made


def test_a_change_of_another_state_is_refused(shelf: Shelf) -> None:
    client = serve(shelf)
    etag = client.get("/books/1").headers["ETag"]
    changed = client.patch("/books/1", json={"price": 3}, headers={"If-Match": etag})
    assert changed.status_code == 200
    for method, body in [("PATCH", {"price": 4}), ("PUT", {"title": "x"}), ("DELETE", None)]:
        refused = client.request(method, "/books/1", json=body, headers={"If-Match": etag})
        assert refused.status_code == 412
        assert refused.json()["detail"][0]["loc"] == ["header", "if-match"]
    assert client.get("/books/1").headers["ETag"] == changed.headers["ETag"] != etag
    assert shelf.books[1,].price == 3


def test_one_of_several_etags_is_enough(shelf: Shelf) -> None:
    client = serve(shelf)
    etag = client.get("/books/1").headers["ETag"]
    headers = {"If-Match": f'"other", {etag}'}
    assert client.patch("/books/1", json={"price": 3}, headers=headers).status_code == 200
    assert client.delete("/books/1", headers={"If-Match": "*"}).status_code == 204


def test_if_none_match_is_for_changes_too(shelf: Shelf) -> None:
    client = serve(shelf)
    refused = client.put("/books/1", json={"title": "x"}, headers={"If-None-Match": "*"})
    assert refused.status_code == 412
    assert refused.json()["detail"][0]["loc"] == ["header", "if-none-match"]


def test_what_the_client_has_already_is_not_sent(shelf: Shelf) -> None:
    client = serve(shelf)
    for path in ("/books/1", "/books"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f"W/{first.headers['ETag']}"})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_a_header_that_is_no_etag_is_an_error_with_its_place(shelf: Shelf) -> None:
    client = serve(shelf)
    read = client.get("/books/1", headers={"If-None-Match": "abc"})
    changed = client.delete("/books/1", headers={"If-Match": "abc"})
    assert read.status_code == changed.status_code == 422
    assert read.json()["detail"][0]["loc"] == ["header", "if-none-match"]
    assert changed.json()["detail"][0]["loc"] == ["header", "if-match"]


def test_a_router_can_require_to_be_told_the_state(shelf: Shelf) -> None:
    client = serve(shelf, require_if_match=True)
    for method, body in [("PATCH", {}), ("PUT", {"title": "x"}), ("DELETE", None)]:
        refused = client.request(method, "/books/1", json=body)
        assert refused.status_code == 428
        assert refused.json()["detail"][0]["loc"] == ["header", "if-match"]
    operations = client.get("/openapi.json").json()["paths"]["/books/{id}"]
    assert "428" in operations["put"]["responses"]


def test_what_is_not_seen_may_be_in_the_etag(shelf: Shelf) -> None:
    client = serve(shelf)
    before = client.get("/books/1")
    shelf.books[1,] = shelf.books[1,].on_shelf("b")
    after = client.get("/books/1")
    assert before.content == after.content
    assert before.headers["ETag"] != after.headers["ETag"]
