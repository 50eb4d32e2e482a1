from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from examples.demo.main import app

from vivace.testclient import TestClient

NEW_BOOK = {"title": "Middlemarch", "author": "George Eliot", "year": 1871, "price": "12.40"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def sign_in(client: TestClient, name: str) -> dict[str, str]:
    response = client.post("/token", data={"username": name, "password": "vivace"})
    assert response.status_code == 200
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@pytest.fixture
def keeper(client: TestClient) -> dict[str, str]:
    return sign_in(client, "keeper")


def titles(client: TestClient, **query: str | int) -> list[str]:
    return [book["title"] for book in client.get("/books", params=query).json()]


def test_books_are_selected_by_query(client: TestClient) -> None:
    assert titles(client) == ["Emma", "The Time Machine", "Walden"]
    assert titles(client, order="year") == ["Emma", "Walden", "The Time Machine"]
    assert titles(client, limit=1, offset=1) == ["The Time Machine"]
    assert titles(client, search="TIME") == ["The Time Machine"]


@pytest.mark.parametrize("query", ["limit=0", "order=cover", "unknown=1"])
def test_a_wrong_query_is_a_problem_that_says_where(client: TestClient, query: str) -> None:
    response = client.get(f"/books?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    assert problem["errors"][0]["loc"] == ["query", query.partition("=")[0]]


def test_books_are_exported_as_json_lines(client: TestClient) -> None:
    response = client.get("/books/export")
    assert response.headers["content-type"] == "application/jsonl"
    books = [json.loads(line) for line in response.text.splitlines()]
    assert [book["price"] for book in books] == ["9.50", "7.90", "8.20"]


def test_a_book_is_added(client: TestClient, keeper: dict[str, str]) -> None:
    response = client.post("/books", json=NEW_BOOK, headers=keeper)
    assert response.status_code == 201
    assert response.json() == {**NEW_BOOK, "id": 4, "has_cover": False}
    assert client.get(response.headers["location"]).json() == response.json()


def test_a_book_is_changed(client: TestClient, keeper: dict[str, str]) -> None:
    response = client.patch("/books/2", json={"price": "1.00"}, headers=keeper)
    assert response.status_code == 200
    book = client.get("/books/2").json()
    assert (book["title"], book["price"]) == ("Emma", "1.00")


def test_a_book_is_removed(client: TestClient, keeper: dict[str, str]) -> None:
    assert client.delete("/books/2", headers=keeper).status_code == 204
    response = client.get("/books/2")
    assert response.status_code == 404
    assert response.json()["detail"] == "There is no book 2."


def test_each_start_begins_anew() -> None:
    with TestClient(app) as client:
        keeper = sign_in(client, "keeper")
        client.delete("/books/2", headers=keeper)
        assert len(titles(client)) == 2
    with TestClient(app) as client:
        assert len(titles(client)) == 3
        # Nor is anyone signed in any more.
        assert client.get("/me", headers=keeper).status_code == 401


def test_what_fails_is_undone(client: TestClient, keeper: dict[str, str]) -> None:
    cover = ("cover.txt", b"no image", "text/plain")
    response = client.put("/books/2/cover", files={"cover": cover}, headers=keeper)
    assert response.status_code == 415
    assert client.get("/books/2").json()["has_cover"] is False


def test_a_cover_is_kept(client: TestClient, keeper: dict[str, str]) -> None:
    assert client.get("/books/2/cover").status_code == 404
    cover = ("cover.png", b"\x89PNG", "image/png")
    response = client.put("/books/2/cover", files={"cover": cover}, headers=keeper)
    assert response.json()["has_cover"] is True
    response = client.get("/books/2/cover")
    assert response.content == b"\x89PNG"
    assert response.headers["content-type"] == "image/png"


def test_signing_in(client: TestClient, keeper: dict[str, str]) -> None:
    assert client.get("/me").status_code == 401
    me = {"name": "keeper", "scopes": ["books:write"]}
    assert client.get("/me", headers=keeper).json() == me


@pytest.mark.parametrize(("name", "password"), [("keeper", "wrong"), ("stranger", "vivace")])
def test_a_wrong_name_or_password(client: TestClient, name: str, password: str) -> None:
    response = client.post("/token", data={"username": name, "password": password})
    assert response.status_code == 400


def test_only_the_keeper_changes_books(client: TestClient) -> None:
    assert client.post("/books", json=NEW_BOOK).status_code == 401
    response = client.post("/books", json=NEW_BOOK, headers=sign_in(client, "reader"))
    assert response.status_code == 403
    assert 'error="insufficient_scope", scope="books:write"' in response.headers["WWW-Authenticate"]


def test_changes_are_told_as_events(client: TestClient, keeper: dict[str, str]) -> None:
    client.post("/books", json=NEW_BOOK, headers=keeper)
    client.delete("/books/2", headers=keeper)
    response = client.get("/changes", params={"limit": 1}, headers={"Last-Event-ID": "1"})
    assert response.headers["content-type"].startswith("text/event-stream")
    fields = dict(line.split(": ", 1) for line in response.text.splitlines() if line)
    assert (fields["event"], fields["id"]) == ("removed", "2")
    assert json.loads(fields["data"])["title"] == "Emma"


def test_titles_are_searched_over_a_websocket(client: TestClient) -> None:
    with client.websocket_connect("/search") as socket:
        socket.send_text("e")
        assert socket.receive_json() == ["Emma", "The Time Machine", "Walden"]
        socket.send_text("em")
        assert socket.receive_json() == ["Emma"]


def test_the_page_lists_the_books(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "Walden" in page.text
    assert client.get("/static/shop.css").status_code == 200


def test_everything_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/books", "/books/{book_id}", "/changes", "/token"} <= paths.keys()
    assert "/" not in paths
    assert paths["/books"]["post"]["security"] == [{"OAuth2PasswordBearer": ["books:write"]}]
    assert client.get("/docs").status_code == 200
