from __future__ import annotations

from typing import Any

import pytest

from vivace import Depends, HTTPException, Vivace
from vivace.files import Files
from vivace.testclient import TestClient

from .samples import PNG, make_app


def test_a_file_comes_and_goes(client: TestClient) -> None:
    created = client.post("/files", content=PNG)
    assert created.status_code == 201
    address = created.headers["location"]
    assert address == f"/files/{created.json()['key']}"
    assert client.get(address).content == PNG
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404


@pytest.mark.parametrize(
    "key",
    ["x", "..%2f..%2fsecret", "%00", "....//", "0" * 32, "%2e%2e", "a.json", "..\\secret", "%ff"],
)
def test_any_other_key_is_not_there(client: TestClient, key: str) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        assert client.request(method, f"/files/{key}").status_code == 404


def test_nobody_deletes_unless_it_is_said(files: Files) -> None:
    app = Vivace()
    app.include_router(files.router(prefix="/documents"))
    with TestClient(app) as client:
        address = client.post("/documents", content=PNG).headers["location"]
        assert client.delete(address).status_code == 405
        assert client.get(address).content == PNG


def test_the_address_has_the_path_of_the_app(files: Files) -> None:
    outer = Vivace()
    outer.mount("/api", make_app(files))
    with TestClient(outer) as client:
        address = client.post("/api/files", content=PNG).headers["location"]
        assert client.get(address).content == PNG


def test_who_may_is_said_by_the_inclusion(files: Files) -> None:
    def refuse() -> None:
        raise HTTPException(403)

    app = Vivace()
    app.include_router(files.router(), dependencies=[Depends(refuse)])
    with TestClient(app) as client:
        assert client.post("/files", content=PNG).status_code == 403
        assert client.get("/files/x").status_code == 403


def test_a_limit_of_the_app_is_for_other_bodies(files: Files) -> None:
    app = Vivace(max_body_size=1000)
    app.include_router(files.router())
    with TestClient(app) as client:
        assert client.post("/files", content=PNG).status_code == 201


def test_the_document_has_the_body(client: TestClient) -> None:
    paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    for path in ("/files", "/upload"):
        content = paths[path]["post"]["requestBody"]["content"]
        assert set(content) == {"application/octet-stream", "multipart/form-data"}
    assert {"201", "413", "415", "507"} <= set(paths["/files"]["post"]["responses"])
    assert {"200", "206", "304", "404", "416"} <= set(paths["/files/{key}"]["get"]["responses"])
    assert "head" not in paths["/files/{key}"]


def test_problem_details_have_the_place(files: Files) -> None:
    app = Vivace(problem_details=True)
    app.include_router(files.router())
    with TestClient(app) as client:
        problem = client.post("/files", content=bytes(100_001)).json()
    assert problem["status"] == 413
    assert problem["errors"][0]["loc"] == ["header", "content-length"]
