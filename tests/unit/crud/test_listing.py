from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from vivace import Depends, Query, Vivace
from vivace.crud import Limits, make_router
from vivace.testclient import TestClient

from .shelf import BOOKS, Book, Shelf, serve


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.add(*"dacbe")
    return made


def titles(page: Any) -> str:
    return "".join(item["title"] for item in page["items"])


def links(response: Any) -> dict[str, str]:
    return {relation: one["url"] for relation, one in response.links.items()}


def test_a_list_is_in_the_order_of_the_key(shelf: Shelf) -> None:
    page = serve(shelf).get("/books").json()
    assert titles(page) == "dacbe"
    assert page["next_cursor"] is page["prev_cursor"] is page["total"] is None


def test_pages_lead_to_each_other_by_cursors(shelf: Shelf) -> None:
    client = serve(shelf)
    first = client.get("/books?limit=2&sort=title").json()
    second = client.get(f"/books?limit=2&sort=title&cursor={first['next_cursor']}").json()
    third = client.get(f"/books?limit=2&sort=title&cursor={second['next_cursor']}").json()
    assert [titles(page) for page in (first, second, third)] == ["ab", "cd", "e"]
    assert first["prev_cursor"] is third["next_cursor"] is None
    back = client.get(f"/books?limit=2&sort=title&cursor={third['prev_cursor']}").json()
    assert titles(back) == "cd"
    start = client.get(f"/books?limit=2&sort=title&cursor={back['prev_cursor']}").json()
    assert (titles(start), start["prev_cursor"]) == ("ab", None)


def test_links_lead_from_page_to_page(shelf: Shelf) -> None:
    client = serve(shelf)
    response = client.get("/books?limit=2&sort=-title&price__gte=0")
    seen = [titles(response.json())]
    while (following := links(response).get("next")) is not None:
        assert following.startswith("?limit=2&sort=-title&price__gte=0&cursor=")
        response = client.get(f"/books{following}")
        seen.append(titles(response.json()))
    assert seen == ["ed", "cb", "a"]
    assert titles(client.get(f"/books{links(response)['prev']}").json()) == "cb"


def test_offsets_have_links_of_their_own(shelf: Shelf) -> None:
    client = serve(shelf)
    response = client.get("/books?offset=2&limit=2")
    assert titles(response.json()) == "cb"
    assert links(response) == {"next": "?limit=2&offset=4", "prev": "?limit=2&offset=0"}
    assert links(client.get("/books?limit=2&offset=4")) == {"prev": "?limit=2&offset=2"}


def test_items_that_come_and_go_do_not_move_the_next_page(shelf: Shelf) -> None:
    client = serve(shelf)
    first = client.get("/books?limit=2&sort=title").json()
    shelf.add("aa")
    del shelf.books[2,]
    second = client.get(f"/books?limit=2&sort=title&cursor={first['next_cursor']}").json()
    assert titles(second) == "cd"


def test_the_key_decides_where_the_sorting_does_not(shelf: Shelf) -> None:
    client = serve(shelf)
    for sort, expected in [("price", "dacbe"), ("-price", "ebcad")]:
        first = client.get(f"/books?limit=3&sort={sort}").json()
        rest = client.get(f"/books?limit=3&sort={sort}&cursor={first['next_cursor']}").json()
        assert titles(first) + titles(rest) == expected


def test_all_items_are_counted_if_that_is_asked(shelf: Shelf) -> None:
    client = serve(shelf)
    assert client.get("/books?limit=2&total=true").json()["total"] == 5
    assert client.get("/books?limit=2&total=true&title=a").json()["total"] == 1


def test_a_page_has_as_many_items_as_the_limits_say(shelf: Shelf) -> None:
    client = serve(shelf, limits=Limits(page=2, max_page=3, max_offset=4))
    assert titles(client.get("/books").json()) == "da"
    assert titles(client.get("/books?limit=3").json()) == "dac"
    for query, place in [("limit=4", "limit"), ("limit=0", "limit"), ("offset=5", "offset")]:
        refused = client.get(f"/books?{query}")
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["query", place]
    assert links(client.get("/books?offset=3&limit=1"))["next"] == "?limit=1&offset=4"
    # There is one more, and no offset that leads there.
    shelf.add("f")
    assert "next" not in links(client.get("/books?offset=4&limit=1"))


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("nme=x", "nme"),
        ("price=cheap", "price"),
        ("price__icontains=1", "price__icontains"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=abc&offset=1", "cursor"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("sort=", "sort"),
        ("sort=notes", "sort"),
        ("sort=title,-title", "sort"),
        ("sort=--title", "sort"),
        ("total=perhaps", "total"),
        ("published__is_null=perhaps", "published__is_null"),
    ],
)
def test_what_makes_no_sense_is_an_error_with_its_place(
    shelf: Shelf, query: str, place: str
) -> None:
    response = serve(shelf).get(f"/books?{query}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][:2] == ["query", place]


def test_a_router_can_do_without_cursors_or_offsets(shelf: Shelf) -> None:
    offsets = serve(shelf, pagination=["offset"])
    page = offsets.get("/books?limit=2")
    assert page.json() == {"items": page.json()["items"], "total": None}
    assert links(page) == {"next": "?limit=2&offset=2"}
    assert offsets.get("/books?cursor=x").json()["detail"][0]["type"] == "extra_forbidden"
    cursors = serve(shelf, pagination=["cursor"])
    assert links(cursors.get("/books?limit=2"))["next"].startswith("?limit=2&cursor=")
    assert cursors.get("/books?offset=1").json()["detail"][0]["type"] == "extra_forbidden"


def test_a_router_can_have_an_order_of_its_own(shelf: Shelf) -> None:
    assert titles(serve(shelf, sort="-title").get("/books").json()) == "edcba"


def test_parameters_of_other_dependencies_are_left_to_them(shelf: Shelf) -> None:
    async def language(lang: str = Query()) -> str:
        return lang

    client = serve(shelf, dependencies=[Depends(language)], other_parameters=["lang"])
    assert client.get("/books?lang=de").status_code == 200
    assert client.get("/books").json()["detail"][0]["loc"] == ["query", "lang"]
    parameters = client.get("/openapi.json").json()["paths"]["/books"]["get"]["parameters"]
    assert [one["name"] for one in parameters].count("lang") == 1


def test_the_document_has_what_lists_take() -> None:
    app = Vivace()
    app.include_router(make_router(BOOKS, Depends(Shelf)))
    operation = TestClient(app).get("/openapi.json").json()["paths"]["/books"]["get"]
    parameters = {one["name"]: one for one in operation["parameters"]}
    assert {"limit", "offset", "cursor", "sort", "total", "price__gte", "title__in"} < {*parameters}
    assert parameters["sort"]["schema"]["pattern"].startswith("^-?(id|title|price|published)")
    assert parameters["published__is_null"]["schema"]["type"] == "boolean"
    assert not parameters["title"]["required"]
    assert "default" not in parameters["title"]["schema"]


BOOK = st.builds(
    Book,
    id=st.just(0),
    title=st.text("ab", min_size=1, max_size=2),
    price=st.integers(0, 2).map(Decimal),
    published=st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 3)),
)
SORT = st.lists(
    st.sampled_from(["title", "-title", "price", "-price", "published", "-published", "id", "-id"]),
    unique_by=lambda name: name.removeprefix("-"),
    min_size=1,
).map(",".join)


WALKED = Shelf()
WALKER = serve(WALKED)


@settings(max_examples=20, deadline=None)
@given(st.lists(BOOK, max_size=6), SORT, st.integers(1, 3))
def test_walking_along_cursors_meets_every_item_once(
    books: list[Book], sort: str, limit: int
) -> None:
    WALKED.books = {(number,): book.numbered(number) for number, book in enumerate(books, 1)}

    def page_at(cursor: str | None, limit: int = limit) -> Any:
        at = f"&cursor={cursor}" if cursor else ""
        return WALKER.get(f"/books?sort={sort}&limit={limit}{at}").json()

    pages = [page_at(None)]
    while pages[-1]["next_cursor"]:
        pages.append(page_at(pages[-1]["next_cursor"]))
    assert [one for page in pages for one in page["items"]] == page_at(None, 100)["items"]
    page = pages[-1]
    for before in reversed(pages[:-1]):
        page = page_at(page["prev_cursor"])
        assert page["items"] == before["items"]
    assert page["prev_cursor"] is None
