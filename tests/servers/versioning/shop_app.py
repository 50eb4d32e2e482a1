"""A shop in three versions, the first of which is deprecated."""

from __future__ import annotations

from datetime import date

from vivace import APIRouter, Vivace, WebSocket
from vivace.versioning import (
    ByAccept,
    ByHeader,
    ByPath,
    ByQuery,
    Deprecation,
    Version,
    Versions,
    since,
    until,
    version_of,
)

router = APIRouter()


@router.get("/items")
@until("2")
async def list_names() -> list[str]:
    return ["lamp"]


@router.get("/items")
@since("2")
async def list_items() -> list[dict[str, str]]:
    return [{"name": "lamp"}]


@router.get("/items/{item}")
async def read_item(item: str) -> str:
    return item


@router.websocket("/socket")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"version {version_of(websocket)}")
    await websocket.close()


versions = Versions(
    Version("1", Deprecation(since=date(2025, 1, 1), info="https://shop.example/versions")),
    *("2", "10"),
    by=[ByPath(), ByQuery(), ByHeader(), ByAccept()],
    default="latest",
)
versions.include_router(router)
app = Vivace(title="Shop", scalar_url="/scalar")
versions.install(app)
