from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace.files import Files
from vivace.files.receiving import FORM_OVERHEAD, MOST_FIELDS
from vivace.testclient import TestClient

from .samples import PNG, TEXT, disk_files, fuzz, make_app, stored_names


def test_a_body_is_a_file(client: TestClient) -> None:
    headers = {
        "Content-Disposition": 'attachment; filename="../a.png"',
        "Content-Type": "text/html",
    }
    response = client.post("/upload", content=PNG, headers=headers)
    assert response.status_code == 200
    stored = response.json()
    assert (stored["name"], stored["content_type"]) == ("a.png", "image/png")
    assert client.get(f"/files/{stored['key']}").content == PNG


def test_a_body_needs_no_headers(client: TestClient) -> None:
    stored = client.post("/upload", content=TEXT).json()
    assert (stored["name"], stored["size"]) == ("file", len(TEXT))


def test_a_form_has_one_file(client: TestClient) -> None:
    response = client.post("/upload", files={"photo": ("b\u00fc.png", PNG)}, data={"title": "Bees"})
    assert response.json()["name"] == "b\u00fc.png"


def test_a_form_without_a_file_says_so(client: TestClient) -> None:
    response = client.post("/upload", files={"a": (None, "text")})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body"]


def test_a_second_file_is_too_much_and_the_first_does_not_stay(
    client: TestClient, store_path: Path
) -> None:
    response = client.post("/upload", files=[("a", ("a", PNG)), ("b", ("b", PNG))])
    assert response.status_code == 413
    assert response.json()["detail"] == [
        {"type": "too_many_files", "loc": ["body", "b"], "msg": "More than 1 are not taken"}
    ]
    assert stored_names(store_path) == []


def test_a_form_for_text_has_no_files(client: TestClient) -> None:
    response = client.post("/upload", data={"file": "a.png"})
    assert response.status_code == 415
    assert response.json()["detail"][0]["loc"] == ["header", "content-type"]


def test_a_form_has_fields_and_files(client: TestClient) -> None:
    parts: list[tuple[str, Any]] = [
        ("title", (None, "On b\u00fces")),
        ("photo", ("a.png", PNG)),
        ("tag", (None, "one")),
        ("photo", ("b.png", PNG)),
        ("tag", (None, "two")),
    ]
    response = client.post("/form", files=parts)
    assert response.json() == {
        "fields": {"title": ["On b\u00fces"], "tag": ["one", "two"]},
        "files": {"photo": ["a.png", "b.png"]},
    }


def post_unnamed(client: TestClient, path: str, content: str) -> Any:
    """A form as a browser sends it where no file was chosen, or one without a name."""
    part = '--b\r\nContent-Disposition: form-data; name="a"; filename=""\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return client.post(path, content=f"{part}{content}\r\n--b--\r\n", headers=headers).json()


def test_a_field_without_a_file_counts_as_not_sent(client: TestClient, store_path: Path) -> None:
    assert post_unnamed(client, "/form", "") == {"fields": {}, "files": {}}
    assert post_unnamed(client, "/upload", "")["detail"][0]["type"] == "missing"
    assert stored_names(store_path) == []
    assert post_unnamed(client, "/form", "content")["files"] == {"a": ["file"]}


def test_a_form_has_to_be_one(client: TestClient) -> None:
    assert client.post("/form", content=PNG).status_code == 415


def test_a_form_has_so_many_files_and_no_more(client: TestClient, store_path: Path) -> None:
    parts = [("a", (f"{number}.txt", b"text")) for number in range(4)]
    assert client.post("/form", files=parts[:3]).status_code == 200
    before = stored_names(store_path)
    assert client.post("/form", files=parts).status_code == 413
    assert stored_names(store_path) == before


def test_the_text_of_a_form_has_limits(client: TestClient) -> None:
    many = [("a", (None, "x"))] * (MOST_FIELDS + 1)
    assert client.post("/form", files=many[1:]).status_code == 200
    assert client.post("/form", files=many).json()["detail"][0]["type"] == "too_many_fields"
    long = {"a": (None, "x" * (FORM_OVERHEAD + 1))}
    assert client.post("/form", files=long).json()["detail"][0]["loc"] == ["body", "a"]
    latin = {"a": (None, "\u00fc".encode("latin-1"))}
    response = client.post("/form", files=latin)
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (400, ["body", "a"])


def test_a_file_that_is_too_large_is_named(client: TestClient, store_path: Path) -> None:
    response = client.post("/form", files={"a": ("a", PNG), "b": ("b", bytes(100_001))})
    assert response.status_code == 413
    assert response.json()["detail"] == [
        {"type": "too_large", "loc": ["body", "b"], "msg": "More than 100000 bytes are not taken"}
    ]
    response = client.post("/upload", content=bytes(100_001))
    assert response.json()["detail"][0]["loc"] == ["header", "content-length"]
    response = client.post("/upload", content=iter([bytes(60_000), bytes(60_000)]))
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (413, ["body"])
    assert stored_names(store_path) == []


def test_a_form_that_breaks_off_leaves_nothing(client: TestClient, store_path: Path) -> None:
    body = (
        b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nwhole"
        b"\r\n--b\r\nContent-Disposition: form-data; name=b; filename=b\r\n\r\nhalf"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = client.post("/form", content=body, headers=headers)
    assert response.status_code == 400
    assert stored_names(store_path) == []
    assert client.post("/form", content=body + b"\r\n--b--", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/upload", "/form"])
def test_a_digest_is_of_the_whole_body(client: TestClient, store_path: Path, path: str) -> None:
    body = b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nx\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    wrong = {"Content-Digest": "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"}
    assert client.post(path, content=body, headers=headers).status_code == 200
    before = stored_names(store_path)
    response = client.post(path, content=body, headers=headers | wrong)
    assert response.status_code == 400
    assert response.json()["detail"][0]["type"] == "digest_mismatch"
    assert client.post("/upload", content=b"Hello", headers=wrong).status_code == 400
    assert stored_names(store_path) == before
    assert client.post("/upload", content=b"hello", headers=wrong).status_code == 200


def test_what_an_endpoint_that_fails_was_given_does_not_stay(
    files: Files, store_path: Path
) -> None:
    with TestClient(make_app(files), raise_server_exceptions=False) as client:
        assert client.post("/upload?fail=true", content=PNG).status_code == 500
        assert stored_names(store_path) == []
        response = client.post("/upload?fail=perhaps", content=PNG)
        assert response.status_code == 422
        assert stored_names(store_path) == []


def test_a_file_stays_once_the_client_knows_of_it(client: TestClient) -> None:
    with pytest.raises(ValueError, match="The task fails"):
        client.post("/upload?fail_later=true", content=PNG)
    with TestClient(client.app, raise_server_exceptions=False) as quiet:
        key = quiet.post("/upload?fail_later=true", content=PNG).json()["key"]
        assert quiet.get(f"/files/{key}").content == PNG


def test_types_are_found_in_the_content_alone(store_path: Path) -> None:
    files = disk_files(store_path, types=["image/png"])
    with TestClient(make_app(files)) as client:
        fake = {"photo": ("a.png", TEXT, "image/png")}
        response = client.post("/upload", files=fake)
        assert response.status_code == 415
        assert response.json()["detail"][0]["loc"] == ["body", "photo"]
        assert stored_names(store_path) == []
        assert client.post("/upload", files={"photo": ("a.txt", PNG, "text/plain")}).is_success


@fuzz
@given(
    content_type=st.sampled_from(
        ["multipart/form-data; boundary=b", "multipart/form-data", "text/plain", "multipart/x"]
    )
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    disposition=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    body=st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b'Content-Disposition: form-data; name="a"',
                b'; filename="a"',
                b"\xff",
            ]
        )
        | st.binary(max_size=8),
        max_size=10,
    ).map(b"".join),
)
def test_no_input_is_a_fault(
    client: TestClient, content_type: str, disposition: str, body: bytes
) -> None:
    headers = {
        "Content-Type": content_type.encode(),
        "Content-Disposition": disposition.encode("latin-1"),
    }
    for path in ("/upload", "/form"):
        response = client.post(path, content=body, headers=headers)  # type: ignore[arg-type]
        assert response.status_code < 500
