from __future__ import annotations

from vivace import Vivace
from vivace.opening import opening
from vivace.testclient import TestClient


class Drawer:
    def __init__(self) -> None:
        self.events: list[str] = []

    async def open(self) -> None:
        self.events.append("opened")

    async def close(self) -> None:
        self.events.append("closed")


def test_a_store_is_open_for_as_long_as_the_app_runs() -> None:
    drawer = Drawer()
    app = Vivace()
    opened = opening(drawer)

    @app.get("/")
    async def look(found: Drawer = opened) -> list[str]:
        assert found is drawer
        return drawer.events

    with TestClient(app) as client:
        assert drawer.events == ["opened"]
        for _ in range(2):
            assert client.get("/").json() == ["opened"]
    assert drawer.events == ["opened", "closed"]
