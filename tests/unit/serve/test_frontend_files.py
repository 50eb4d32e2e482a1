from __future__ import annotations

import errno
import os
import threading
import warnings
from pathlib import Path
from typing import Literal

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.testclient import TestClient

from vivace.serve.frontend_files import (
    CheckDir,
    Fallback,
    FrontendFiles,
    accepts_html,
    check_frontend,
)

HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIVACE_ENV", raising=False)
    monkeypatch.delenv("FASTAPI_ENV", raising=False)


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return directory


def make_client(directory: Path, fallback: Fallback = "auto") -> TestClient:
    files = FrontendFiles(directory, fallback)
    return TestClient(Starlette(routes=[Mount("/", files)]), follow_redirects=False)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html", True),
        ("TEXT/HTML", True),
        ("application/xhtml+xml", True),
        ("image/png, text/html;q=0.5", True),
        ("text/html; charset=utf-8; q=0.8", True),
        # A weight that is none counts as absent.
        ("text/html; q=wat", True),
        ("text/html; q=0", False),
        ("text/html;Q=0.000", False),
        ("text/html;q = 0", False),
        ("text/html; q=0, */*; q=1", False),
        ("text/html; q=0, application/xhtml+xml", True),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_html_has_to_be_asked_for_by_name(accept: str, expected: bool) -> None:
    assert accepts_html(Headers({"accept": accept})) is expected


def test_several_accept_headers_count_as_one() -> None:
    headers = Headers(raw=[(b"accept", b"image/png"), (b"accept", b"text/html")])
    assert accepts_html(headers)
    assert not accepts_html(Headers({}))


def test_a_file_is_sent_with_its_validators(tmp_path: Path) -> None:
    client = make_client(write(tmp_path, {"app.js": "code"}))
    response = client.get("/app.js")
    assert (response.status_code, response.text) == (200, "code")
    assert "last-modified" in response.headers
    not_modified = client.get("/app.js", headers={"if-none-match": response.headers["etag"]})
    assert not_modified.status_code == 304


def test_a_directory_stands_for_its_index(tmp_path: Path) -> None:
    client = make_client(write(tmp_path, {"about/index.html": "about"}))
    assert client.get("/about/").text == "about"
    redirect = client.get("/about?page=1")
    assert redirect.status_code == 307
    assert redirect.headers["location"] == "http://testserver/about/?page=1"


@pytest.mark.parametrize(
    ("fallback", "files", "accept", "expected"),
    [
        ("index.html", ["index.html", "404.html"], "text/html", (200, "index.html")),
        ("index.html", ["index.html", "404.html"], "*/*", (404, "Not Found")),
        ("404.html", ["index.html", "404.html"], "text/html", (404, "404.html")),
        ("404.html", ["index.html", "404.html"], "*/*", (404, "404.html")),
        ("auto", ["index.html", "404.html"], "text/html", (404, "404.html")),
        ("auto", ["index.html"], "text/html", (200, "index.html")),
        ("auto", ["index.html"], "*/*", (404, "Not Found")),
        ("auto", [], "text/html", (404, "Not Found")),
        (None, ["index.html", "404.html"], "text/html", (404, "Not Found")),
    ],
)
def test_fallbacks(
    tmp_path: Path, fallback: Fallback, files: list[str], accept: str, expected: tuple[int, str]
) -> None:
    write(tmp_path, {name: name for name in files})
    response = make_client(tmp_path, fallback).get("/missing", headers={"accept": accept})
    assert (response.status_code, response.text) == expected


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_an_answer_that_depends_on_accept_says_so(tmp_path: Path, accept: str) -> None:
    client = make_client(write(tmp_path, {"index.html": "app"}))
    assert client.get("/missing", headers={"accept": accept}).headers["vary"] == "Accept"
    assert "vary" not in client.get("/", headers={"accept": accept}).headers


def test_a_page_for_404_is_sent_whole(tmp_path: Path) -> None:
    client = make_client(write(tmp_path, {"404.html": "missing"}))
    etag = client.get("/missing").headers["etag"]
    response = client.get("/missing", headers={"if-none-match": etag, "range": "bytes=0-1"})
    assert (response.status_code, response.text) == (404, "missing")


@pytest.mark.parametrize("fallback", ["index.html", "404.html"])
def test_a_fallback_asked_for_by_name_has_to_exist(
    tmp_path: Path, fallback: Literal["index.html", "404.html"]
) -> None:
    with pytest.raises(RuntimeError, match=fallback):
        make_client(tmp_path, fallback).get("/missing", headers=HTML)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(tmp_path: Path, method: str) -> None:
    (tmp_path / "empty").mkdir()
    client = make_client(write(tmp_path, {"index.html": "app", "a.txt": "a"}), "index.html")
    for path in ("/", "/a.txt"):
        response = client.request(method, path, headers=HTML)
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    for path in ("/missing", "/empty/"):
        assert client.request(method, path, headers=HTML).status_code == 404


def test_head_sends_no_content(tmp_path: Path) -> None:
    client = make_client(write(tmp_path, {"index.html": "app"}))
    for path in ("/index.html", "/missing"):
        response = client.head(path, headers=HTML)
        assert (response.status_code, response.text) == (200, "")
        assert response.headers["content-length"] == "3"


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%5c..%5csecret", "/a/%2e%2e/%2e%2e/secret"],
)
def test_nothing_outside_the_directory_is_served(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    dist = write(tmp_path / "dist", {"index.html": "app"})
    response = make_client(dist, None).get(path)
    assert response.status_code == 404


def test_a_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "link").symlink_to(tmp_path / "secret")
    assert make_client(dist).get("/link").status_code == 404


@pytest.mark.parametrize("path", ["/" + "a" * 300, "/a%00b"])
def test_a_path_that_no_file_can_have_falls_back(tmp_path: Path, path: str) -> None:
    client = make_client(write(tmp_path, {"index.html": "app"}))
    assert client.get(path, headers=HTML).text == "app"
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [(PermissionError(), 401), (ValueError(), 404), (OSError(errno.ENAMETOOLONG, ""), 404)],
)
def test_errors_of_a_lookup(tmp_path: Path, error: Exception, status: int) -> None:
    class Failing(FrontendFiles):
        def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
            raise error

    app = Starlette(routes=[Mount("/", Failing(tmp_path, "auto"))])
    assert TestClient(app).get("/a", headers=HTML).status_code == status


def test_another_error_of_a_lookup_is_a_fault(tmp_path: Path) -> None:
    class Failing(FrontendFiles):
        def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
            raise OSError(errno.EIO, "input/output error")

    app = Starlette(routes=[Mount("/", Failing(tmp_path, "auto"))])
    with pytest.raises(OSError, match="input/output"):
        TestClient(app).get("/a")


def test_files_are_looked_up_outside_the_event_loop(tmp_path: Path) -> None:
    threads: list[str] = []

    class Recording(FrontendFiles):
        def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
            threads.append(threading.current_thread().name)
            return super().lookup_path(path)

    files = Recording(write(tmp_path, {"index.html": "app"}), "auto")
    TestClient(Starlette(routes=[Mount("/", files)])).get("/missing", headers=HTML)
    assert len(threads) == 3
    assert all("worker thread" in name for name in threads)


def test_a_directory_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="does not exist"):
        make_client(tmp_path / "missing").get("/a")


@pytest.mark.parametrize("check_dir", [True, "auto"])
def test_a_missing_directory_is_reported_with_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check_dir: CheckDir
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="does not exist") as caught:
        check_frontend("missing", "auto", check_dir)
    assert "'missing'" in str(caught.value)
    assert str(tmp_path / "missing") in str(caught.value)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    write(tmp_path, {"dist": ""})
    with pytest.raises(RuntimeError, match="does not exist"):
        check_frontend(tmp_path / "dist", "auto", True)


@pytest.mark.parametrize("variable", ["VIVACE_ENV", "FASTAPI_ENV"])
def test_in_development_a_missing_directory_is_a_warning_at_the_callers_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "development")
    with pytest.warns(UserWarning, match="does not exist") as caught:
        check_frontend(tmp_path / "missing", "index.html", "auto")
    assert caught[0].filename == __file__
    with pytest.raises(RuntimeError, match="does not exist"):
        check_frontend(tmp_path / "missing", "auto", True)


def test_in_development_a_missing_fallback_may_still_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIVACE_ENV", "development")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_frontend(tmp_path, "index.html", "auto")


@pytest.mark.parametrize("fallback", ["index.html", "404.html"])
def test_a_missing_fallback_is_reported_with_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fallback: Literal["index.html", "404.html"]
) -> None:
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match=fallback) as caught:
        check_frontend("dist", fallback, True)
    assert "directory 'dist'" in str(caught.value)
    assert str(tmp_path / "dist") in str(caught.value)


def test_nothing_is_checked_where_no_check_is_asked_for(tmp_path: Path) -> None:
    check_frontend(tmp_path / "missing", "index.html", False)
