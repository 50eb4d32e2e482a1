"""The protocol, request by request (tus.io, version 1.0.0)."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace import Depends, HTTPException, Vivace
from vivace.files.tus import Tus
from vivace.testclient import TestClient

from .samples import TEXT, disk_files, fuzz
from .tus_client import PIECE, SPEAKS, TusClient, metadata


@pytest.fixture
def tus(store_path: Path, tmp_path: Path) -> Tus:
    return Tus(disk_files(store_path, max_size=50_000), tmp_path / "staging", fsync=False)


@pytest.fixture
def client(tus: Tus) -> Iterator[TusClient]:
    app = Vivace()
    app.include_router(tus.router())
    with TestClient(app) as client:
        yield TusClient(client)


def place(response: Any) -> list[str]:
    found: list[str] = response.json()["detail"][0]["loc"]
    return found


def test_options_say_what_there_is(client: TusClient) -> None:
    response = client.client.options("/uploads")
    assert response.status_code == 204
    assert response.headers["tus-version"] == "1.0.0"
    assert response.headers["tus-max-size"] == "50000"
    assert response.headers["tus-checksum-algorithm"] == "sha1,sha256,sha512"
    assert set(response.headers["tus-extension"].split(",")) == {
        *("creation", "creation-with-upload", "expiration", "checksum", "termination"),
    }


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
def test_other_versions_are_refused(client: TusClient, version: dict[str, str]) -> None:
    address = client.begin(10)
    for method, path in [("POST", "/uploads"), ("HEAD", address), ("PATCH", address)]:
        response = client.client.request(method, path, headers=version)
        assert response.status_code == 412
        assert response.headers["tus-version"] == "1.0.0"
        assert response.headers["tus-resumable"] == "1.0.0"


def test_an_upload_is_created(client: TusClient) -> None:
    response = client.create(10, **metadata(filename="a.txt"))
    assert response.status_code == 201
    assert response.headers["tus-resumable"] == "1.0.0"
    assert response.headers["upload-offset"] == "0"
    assert parsedate_to_datetime(response.headers["upload-expires"])
    head = client.head(response.headers["location"])
    assert head.status_code == 200
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["upload-length"] == "10"
    assert head.headers["upload-metadata"] == metadata(filename="a.txt")["Upload-Metadata"]


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({}, 400, "upload-length"),
        ({"Upload-Length": "-1"}, 400, "upload-length"),
        ({"Upload-Defer-Length": "1"}, 400, "upload-length"),
        ({"Upload-Length": "50001"}, 413, "upload-length"),
        ({"Upload-Length": "10", "Upload-Metadata": "a b c"}, 400, "upload-metadata"),
        ({"Upload-Length": "10", "Upload-Checksum": "md5 aGk="}, 400, "upload-checksum"),
    ],
)
def test_what_cannot_be_created_is_refused(
    client: TusClient, headers: dict[str, str], status: int, field: str
) -> None:
    response = client.client.post("/uploads", headers=SPEAKS | headers)
    assert (response.status_code, place(response)) == (status, ["header", field])
    assert response.headers["tus-resumable"] == "1.0.0"


def test_bytes_go_on_where_those_before_them_end(client: TusClient) -> None:
    address = client.begin(10)
    assert client.patch(address, 0, b"12345").headers["upload-offset"] == "5"
    for offset in (0, 4, 6, 10):
        response = client.patch(address, offset, b"67890")
        assert (response.status_code, place(response)) == (409, ["header", "upload-offset"])
    assert client.offset(address) == 5


def test_a_patch_needs_its_headers(client: TusClient) -> None:
    address = client.begin(10)
    wrong: list[tuple[dict[str, str], int, str]] = [
        ({"Upload-Offset": "0"}, 415, "content-type"),
        ({"Upload-Offset": "0", "Content-Type": "text/plain"}, 415, "content-type"),
        (PIECE, 400, "upload-offset"),
        ({**PIECE, "Upload-Offset": "x"}, 400, "upload-offset"),
        ({**PIECE, "Upload-Offset": "0", "Upload-Checksum": "sha1 ?"}, 400, "upload-checksum"),
        ({**PIECE, "Upload-Offset": "0", "Content-Encoding": "br"}, 415, "content-encoding"),
    ]
    for headers, status, field in wrong:
        response = client.client.patch(address, headers=SPEAKS | headers, content=b"1")
        assert (response.status_code, place(response)) == (status, ["header", field])
    assert client.offset(address) == 0


def test_no_more_is_taken_than_was_announced(client: TusClient) -> None:
    address = client.begin(10)
    response = client.patch(address, 0, TEXT)
    assert (response.status_code, place(response)) == (413, ["header", "content-length"])
    assert client.offset(address) == 0
    response = client.patch(address, 0, iter([b"12345", b"67890", b"1"]))
    assert (response.status_code, place(response)) == (413, ["body"])


def test_an_upload_can_be_given_up(client: TusClient, tmp_path: Path) -> None:
    address = client.begin(10)
    client.patch(address, 0, b"12345")
    assert client.delete(address).status_code == 204
    for response in (client.head(address), client.patch(address, 5, b"6"), client.delete(address)):
        assert response.status_code == 404
        assert response.headers["tus-resumable"] == "1.0.0"
    assert list((tmp_path / "staging").iterdir()) == []


@pytest.mark.parametrize("id", ["0" * 32, "x", "..", "%2e%2e%2fstore", "state.json", "%00"])
def test_there_is_no_other_upload(client: TusClient, id: str) -> None:
    address = f"/uploads/{id}"
    statuses = {client.head(address).status_code, client.patch(address, 0, b"1").status_code}
    assert statuses <= {404, 405}


def test_an_upload_that_another_request_is_at_is_locked(
    client: TusClient, tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivace.files.tus.PATIENCE", 0.05)
    address = client.begin(10)
    id = address.rpartition("/")[2]

    async def ask_while_held() -> list[Any]:
        async with tus.staging.hold(id):
            return [
                await anyio.to_thread.run_sync(client.patch, address, 0, b"1"),
                await anyio.to_thread.run_sync(client.delete, address),
                await anyio.to_thread.run_sync(client.head, address),
            ]

    patched, deleted, head = anyio.run(ask_while_held)
    assert (patched.status_code, deleted.status_code) == (423, 423)
    assert patched.headers["retry-after"] == "1"
    assert patched.headers["tus-resumable"] == "1.0.0"
    # How far it is can be asked for all the same.
    assert (head.status_code, head.headers["upload-offset"]) == (200, "0")


def test_an_upload_of_which_a_file_is_being_made_is_not_said_to_be_there(
    client: TusClient, tus: Tus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivace.files.tus.PATIENCE", 0.05)
    address = client.begin(10)
    id = address.rpartition("/")[2]
    (tmp_path / "staging" / id / "data").write_bytes(b"1234567890")

    async def ask_while_held() -> Any:
        async with tus.staging.hold(id):
            return await anyio.to_thread.run_sync(client.head, address)

    assert anyio.run(ask_while_held).status_code == 423
    assert client.head(address).headers["upload-offset"] == "10"


def test_methods_can_be_named_in_a_header(client: TusClient) -> None:
    def override(method: str, **headers: str) -> Any:
        named = {**SPEAKS, "X-HTTP-Method-Override": method, **headers}
        return client.client.post(address, headers=named, content=b"12345")

    address = client.begin(10)
    patched = override("PATCH", **PIECE, **{"Upload-Offset": "0"})
    assert (patched.status_code, patched.headers["upload-offset"]) == (204, "5")
    assert override("HEAD").headers["upload-offset"] == "5"
    assert override("GET").status_code == 405
    assert override("DELETE").status_code == 204
    assert client.head(address).status_code == 404


def test_the_address_has_the_path_of_the_app(tus: Tus) -> None:
    inner, outer = Vivace(), Vivace()
    inner.include_router(tus.router(prefix="/tus"))
    outer.mount("/api", inner)
    with TestClient(outer) as client:
        headers = SPEAKS | {"Upload-Length": "10"}
        address = client.post("/api/tus", headers=headers).headers["location"]
        assert address.startswith("/api/tus/")
        assert client.head(address, headers=SPEAKS).status_code == 200


def test_who_may_is_said_by_the_inclusion(tus: Tus) -> None:
    def refuse() -> None:
        raise HTTPException(403)

    app = Vivace()
    app.include_router(tus.router(), dependencies=[Depends(refuse)])
    with TestClient(app) as client:
        assert TusClient(client).create(10).status_code == 403


def test_the_document_has_the_routes(client: TusClient) -> None:
    paths = client.client.get("/openapi.json").json()["paths"]
    assert set(paths["/uploads"]) == {"post", "options"}
    assert set(paths["/uploads/{id}"]) == {"head", "patch", "delete"}
    assert {"409", "423", "460"} <= set(paths["/uploads/{id}"]["patch"]["responses"])


VALUES = st.sampled_from(["", "0", "5", "-1", "sha1 aGk=", "a YQ==", "9" * 30]) | st.text(
    st.characters(min_codepoint=32, max_codepoint=255), max_size=20
)
FIELDS = st.sampled_from(
    [
        *("Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum"),
        *("Upload-Defer-Length", "Content-Type", "X-HTTP-Method-Override", "Content-Digest"),
    ]
)


@fuzz
@given(
    method=st.sampled_from(["POST", "PATCH", "HEAD", "DELETE", "OPTIONS"]),
    headers=st.dictionaries(FIELDS, VALUES),
    content=st.binary(max_size=10),
    is_piece=st.booleans(),
)
def test_no_input_is_a_fault(
    client: TusClient, method: str, headers: dict[str, str], content: bytes, is_piece: bool
) -> None:
    sent = {**SPEAKS, **headers, **(PIECE if is_piece else {})}
    encoded = {name: value.encode("latin-1") for name, value in sent.items()}
    for path in ("/uploads", client.begin(10)):
        response = client.client.request(method, path, headers=encoded, content=content)
        assert response.status_code < 500
