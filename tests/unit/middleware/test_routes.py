"""The template of a route, below the paths of mounts."""

from __future__ import annotations

import pytest

from vivace import Vivace
from vivace.middleware.routes import RouteWatch
from vivace.types import Scope

from .asgi import Connection, http_scope

pytestmark = pytest.mark.anyio


def scope_of(path: str, root_path: str = "") -> Scope:
    return http_scope(root_path + path, root_path=root_path)


@pytest.mark.parametrize("root_path", ["", "/proxy"])
@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/items/7", "/items/{id}"),
        ("/inner/items/7", "/inner/items/{id}"),
        ("/inner/nothing", "/inner/{path}"),
        ("/nothing", None),
    ],
)
async def test_the_template_is_known_after_routing(
    path: str, template: str | None, root_path: str
) -> None:
    app, inner = Vivace(), Vivace()

    @app.get("/items/{id}")
    @inner.get("/items/{id}")
    async def endpoint(id: int) -> int:
        return id

    app.mount("/inner", inner)
    scope = scope_of(path, root_path)
    watch = RouteWatch(scope)
    assert watch.template() is None
    await Connection(scope=scope).call(app)
    assert watch.template() == template
