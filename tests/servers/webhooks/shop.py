"""The shop in processes of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import httpx
from tests.servers import workers
from tests.unit.behaviour.process import Server

HERE = Path(__file__).parent


def serving(database: str, **environment: str) -> AbstractContextManager[Server]:
    """A process that serves the shop."""
    return workers.serving(HERE / "shop_app.py", SHOP_DATABASE=database, **environment)


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
