"""What lives as long as the app: whose it is, and who closes it."""

from collections.abc import Iterator
from typing import Annotated

from vivace import Depends, Vivace
from vivace.testclient import TestClient


def test_an_override_is_made_in_the_place_of_the_original() -> None:
    events: list[str] = []

    def real() -> Iterator[str]:
        events.append("open real")
        yield "real"
        events.append("close real")

    def fake() -> Iterator[str]:
        events.append("open fake")
        yield "fake"
        events.append("close fake")

    app = Vivace()

    @app.get("/")
    async def read(pool: Annotated[str, Depends(real, scope="app")]) -> str:
        return pool

    app.dependency_overrides[real] = fake
    with TestClient(app) as client:
        assert client.get("/").json() == "fake"
    assert events == ["open fake", "close fake"]


def test_a_mounted_app_s_are_made_and_closed_with_the_outer_app() -> None:
    events: list[str] = []

    def pool() -> Iterator[str]:
        events.append("open")
        yield "pool"
        events.append("close")

    inner = Vivace()

    @inner.get("/")
    async def read(used: Annotated[str, Depends(pool, scope="app")]) -> str:
        return used

    app = Vivace()
    app.mount("/inner", inner)
    with TestClient(app) as client:
        assert events == ["open"]
        assert client.get("/inner/").json() == "pool"
    assert events == ["open", "close"]
