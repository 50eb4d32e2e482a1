from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from vivace import APIRouter, Vivace
from vivace.describe.document import get_openapi


class Item(BaseModel):
    name: str


class Zebra(BaseModel):
    item: Item


def operation_of(app: Vivace, path: str = "/", method: str = "get") -> dict[str, Any]:
    operation: dict[str, Any] = app.openapi()["paths"][path][method]
    return operation


def test_a_document_without_routes_is_short() -> None:
    document = get_openapi(title="Empty", version="1", routes=[])
    assert document == {
        "openapi": "3.1.0",
        "info": {"title": "Empty", "version": "1"},
        "paths": {},
    }


def test_what_is_said_of_the_api_as_a_whole() -> None:
    document = get_openapi(
        title="Whole",
        version="1",
        summary="s",
        description="d",
        terms_of_service="https://example.com/terms",
        contact={"email": "help@example.com"},
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/v1"}],
        tags=[{"name": "t"}],
        external_docs={"url": "https://example.com/"},
        routes=[],
    )
    assert list(document) == ["openapi", "info", "servers", "paths", "tags", "externalDocs"]
    assert document["info"]["termsOfService"] == "https://example.com/terms"
    assert document["info"]["contact"] == {"email": "help@example.com"}
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}


def test_methods_of_one_path_stand_together() -> None:
    app = Vivace()

    @app.get("/items/{path:path}")
    def read(path: str) -> None: ...

    @app.put("/items/{path:path}")
    def write(path: str) -> None: ...

    (path,) = app.openapi()["paths"].items()
    assert path[0] == "/items/{path}"
    assert sorted(path[1]) == ["get", "put"]


def test_additions_of_one_route_do_not_reach_another() -> None:
    shared: dict[str, Any] = {"responses": {"200": {"headers": {}}}}
    app = Vivace()
    for path in ("/a", "/b"):
        app.get(path, openapi_extra=shared, responses={404: {"description": path}})(lambda: None)
    app.openapi()
    assert shared == {"responses": {"200": {"headers": {}}}}


def test_an_addition_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(ValidationError):
        get_openapi(title="t", version="1", routes=[], servers=[{"description": "no url"}])


def test_callbacks_and_webhooks_are_described_without_those_that_are_hidden() -> None:
    callbacks = APIRouter()

    @callbacks.post("{$request.body#/url}/done")
    def done(item: Item) -> None: ...

    @callbacks.post("{$request.body#/url}/hidden", include_in_schema=False)
    def hidden(item: Item) -> None: ...

    app = Vivace()

    @app.post("/", callbacks=callbacks.routes)
    def start() -> None: ...

    @app.webhooks.post("item-changed")
    def changed(item: Item) -> None: ...

    document = app.openapi()
    described = document["paths"]["/"]["post"]["callbacks"]
    assert list(described) == ["done"]
    assert list(described["done"]) == ["{$request.body#/url}/done"]
    assert list(document["webhooks"]) == ["item-changed"]
    assert "Item" in document["components"]["schemas"]


def test_routers_may_be_included_in_webhooks_and_callbacks() -> None:
    router, callbacks = APIRouter(tags=["mine"]), APIRouter()

    @router.post("/changed")
    def changed(item: Item) -> None: ...

    app = Vivace()
    app.webhooks.include_router(router, prefix="/items")
    callbacks.include_router(router)

    @app.post("/", callbacks=callbacks.routes)
    def start() -> None: ...

    document = app.openapi()
    assert document["webhooks"]["/items/changed"]["post"]["tags"] == ["mine"]
    assert list(document["paths"]["/"]["post"]["callbacks"]) == ["changed"]


def test_a_mistake_in_a_route_does_not_leave_it_out() -> None:
    app = Vivace()

    @app.get("/")
    def read() -> None: ...

    def broken(route: Any) -> str:
        raise AttributeError("no such thing")

    app.get("/broken", generate_unique_id_function=broken)(read)
    with pytest.raises(AttributeError, match="no such thing"):
        app.openapi()


def test_definitions_are_in_order_of_their_names() -> None:
    app = Vivace()

    @app.post("/")
    def write(zebra: Zebra) -> None: ...

    names = list(app.openapi()["components"]["schemas"])
    assert names == ["HTTPValidationError", "Item", "ValidationError", "Zebra"]


def test_descriptions_of_operations_end_at_a_form_feed() -> None:
    app = Vivace()

    @app.get("/")
    def read() -> None:
        """For clients.

        \f
        For colleagues.
        """

    assert operation_of(app)["description"] == "For clients."
