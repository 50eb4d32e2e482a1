"""Requests of tus 1.0, one by one."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import httpx

from vivace.testclient import TestClient

SPEAKS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> dict[str, str]:
    pairs = [f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items()]
    return {"Upload-Metadata": ",".join(pairs)}


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = b64encode(hashlib.new(algorithm, content).digest()).decode()
    return {"Upload-Checksum": f"{algorithm} {digest}"}


class TusClient:
    """Speaks tus with an app in this process, or with a server."""

    def __init__(self, client: TestClient | httpx.Client) -> None:
        self.client: Any = client

    def create(self, length: int, content: Any = None, **headers: str) -> Any:
        sent = {**SPEAKS, "Upload-Length": str(length), **_named(headers)}
        if content is not None:
            sent |= PIECE
        return self.client.post("/uploads", headers=sent, content=content)

    def begin(self, length: int, **headers: str) -> str:
        """The address of a new upload."""
        response = self.create(length, **headers)
        assert response.status_code == 201, response.text
        address: str = response.headers["location"]
        return address

    def patch(self, address: str, offset: int, content: Any, **headers: str) -> Any:
        sent = {**SPEAKS, **PIECE, "Upload-Offset": str(offset), **_named(headers)}
        return self.client.patch(address, headers=sent, content=content)

    def head(self, address: str) -> Any:
        return self.client.head(address, headers=SPEAKS)

    def offset(self, address: str) -> int:
        response = self.head(address)
        assert response.status_code == 200, response.status_code
        return int(response.headers["upload-offset"])

    def delete(self, address: str) -> Any:
        return self.client.delete(address, headers=SPEAKS)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
