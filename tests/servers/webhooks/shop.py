"""The shop in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.servers.workers import stop
from tests.unit.behaviour.process import Server

HERE = Path(__file__).parent


@contextmanager
def serving(database: str, **environment: str) -> Iterator[Server]:
    """A process that serves the shop."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "shop_app:app", "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", "--no-access-log"),
        ],
        env={**os.environ, "SHOP_DATABASE": database, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    try:
        server.wait_until_ready()
        yield server
    finally:
        stop(server)


def subscribe(server: Server, *urls: str) -> list[str]:
    """Have messages sent to ``urls``; the ids of the endpoints."""
    made = [server.client.post("/webhooks/endpoints", json={"url": url}) for url in urls]
    return [response.raise_for_status().json()["id"] for response in made]


def order(server: Server, number: int, *, fail: bool = False) -> bool:
    """Make an order; whether that was acknowledged."""
    try:
        response = server.client.post(f"/orders/{number}", params={"fail": fail})
    except httpx.TransportError:
        return False
    return response.status_code == 200
