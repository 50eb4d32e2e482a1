"""Each request has one id, wherever it is asked for."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace import HTTPException, Request, Vivace, WebSocket
from vivace.middleware import RequestId, RequestIdFilter, RequestIdMiddleware, get_request_id
from vivace.middleware.request_id import is_valid, make_uuid4, make_uuid7
from vivace.responses import Response
from vivace.testclient import TestClient

from .asgi import Connection, answering, http_scope


def make_app(*, problem_details: bool = False, **settings: Any) -> Vivace:
    app = Vivace(problem_details=problem_details)
    app.add_middleware(RequestIdMiddleware, **settings)

    @app.get("/")
    async def endpoint(id: RequestId) -> list[str | None]:
        return [id, get_request_id()]

    @app.get("/thread")
    def in_thread() -> str | None:
        return get_request_id()

    @app.get("/own")
    async def own() -> Response:
        return Response(headers={"X-Request-ID": "of-another-server"})

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404, "Not here")

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("broken")

    @app.websocket("/socket")
    async def socket(websocket: WebSocket, id: RequestId) -> None:
        await websocket.accept()
        await websocket.send_text(id)

    return app


def test_an_id_is_made_and_is_the_same_everywhere() -> None:
    response = TestClient(make_app()).get("/")
    id = response.headers["X-Request-ID"]
    assert uuid.UUID(id).version == 4
    assert response.json() == [id, id]
    assert TestClient(make_app()).get("/thread").json() is not None
    assert get_request_id() is None


def test_an_id_that_comes_with_the_request_is_taken() -> None:
    response = TestClient(make_app()).get("/", headers={"X-Request-ID": "abc-1"})
    assert response.headers["X-Request-ID"] == "abc-1"
    assert response.json() == ["abc-1", "abc-1"]


@pytest.mark.parametrize("id", ["", " ", "a b", "x" * 129, "a\tb", "é", "a;b", '"', "<script>"])
def test_an_id_that_is_not_valid_is_not_taken(id: str) -> None:
    headers = [(b"x-request-id", id.encode("latin-1"))]
    response = TestClient(make_app()).get("/", headers=headers)
    assert uuid.UUID(response.headers["X-Request-ID"])


def test_of_several_ids_none_is_taken() -> None:
    headers = [("X-Request-ID", "a"), ("X-Request-ID", "b")]
    response = TestClient(make_app()).get("/", headers=headers)
    assert uuid.UUID(response.headers["X-Request-ID"])


def test_nobody_or_only_some_may_be_trusted() -> None:
    given_id = {"X-Request-ID": "abc"}
    assert TestClient(make_app(trust=False)).get("/", headers=given_id).json()[0] != "abc"

    def is_gateway(connection: Any) -> bool:
        return bool(connection.client.host == "gateway")

    app = make_app(trust=is_gateway)
    assert TestClient(app).get("/", headers=given_id).json()[0] != "abc"
    gateway = TestClient(app, client=("gateway", 1))
    assert gateway.get("/", headers=given_id).json()[0] == "abc"


def test_header_validator_and_maker_are_the_app_s_to_say() -> None:
    app = make_app(header="X-Trace", validate=str.isdigit, make=lambda: "made")
    client = TestClient(app)
    assert client.get("/", headers={"X-Trace": "12"}).headers["X-Trace"] == "12"
    assert client.get("/", headers={"X-Trace": "ab"}).headers["X-Trace"] == "made"
    app = make_app(validate=lambda value: True, make=lambda: "made")
    headers = [(b"x-request-id", b"a\x80b")]
    assert TestClient(app).get("/", headers=headers).json()[0] == "made"
    with pytest.raises(ValueError, match="header='X Y' is no name"):
        RequestIdMiddleware(answering(b""), header="X Y")


def test_the_id_of_another_server_s_response_is_not_that_of_this_one() -> None:
    response = TestClient(make_app(make=lambda: "made")).get("/own")
    assert response.headers.get_list("X-Request-ID") == ["made"]


def test_problems_name_the_request() -> None:
    client = TestClient(make_app(problem_details=True), raise_server_exceptions=False)
    for path, status in (("/missing", 404), ("/nowhere", 404), ("/broken", 500)):
        response = client.get(path)
        assert response.status_code == status
        assert response.json()["request_id"] == response.headers["X-Request-ID"]


def test_errors_that_nobody_handles_have_the_id() -> None:
    client = TestClient(make_app(), raise_server_exceptions=False)
    response = client.get("/broken", headers={"X-Request-ID": "abc"})
    assert (response.status_code, response.headers["X-Request-ID"]) == (500, "abc")


@pytest.mark.anyio
async def test_after_an_error_the_server_s_own_record_has_the_id() -> None:
    app = RequestIdMiddleware(make_app(), make=lambda: "made")
    with pytest.raises(ValueError, match="broken"):
        await Connection(scope=http_scope("/broken")).call(app)
    assert get_request_id() is not None
    await Connection(scope=http_scope("/")).call(app)


def test_sockets_have_one_too() -> None:
    with TestClient(make_app()).websocket_connect("/socket") as socket:
        id = socket.receive_text()
        assert uuid.UUID(id)
        assert socket.extra_headers is not None
        assert (b"x-request-id", id.encode()) in socket.extra_headers


def test_log_records_have_it(caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()

    @app.get("/log")
    async def log() -> None:
        logging.getLogger("shop").warning("from the endpoint")

    caplog.handler.addFilter(added := RequestIdFilter())
    try:
        TestClient(app).get("/log", headers={"X-Request-ID": "abc"})
        logging.getLogger("shop").warning("from elsewhere")
        logging.getLogger("shop").warning("own", extra={"request_id": "own"})
    finally:
        caplog.handler.removeFilter(added)
    ids = [vars(record)["request_id"] for record in caplog.records if record.name == "shop"]
    assert ids == ["abc", "-", "own"]


def test_without_the_middleware_the_dependency_says_what_is_missing() -> None:
    app = Vivace()

    @app.get("/")
    async def endpoint(id: RequestId) -> str:
        return id

    with pytest.raises(RuntimeError, match=r"call app\.add_middleware\(RequestIdMiddleware\)"):
        TestClient(app).get("/")


def test_the_lifespan_passes_by() -> None:
    with TestClient(make_app()) as client:
        assert client.get("/").status_code == 200


def test_a_mounted_app_with_ids_of_its_own_has_the_one_of_the_request() -> None:
    app = make_app()
    app.mount("/inner", make_app())
    response = TestClient(app).get("/inner/")
    id = response.headers["X-Request-ID"]
    assert response.json() == [id, id]


def test_ids_are_uuids_and_those_of_version_7_sort_by_time() -> None:
    assert uuid.UUID(make_uuid4()).version == 4
    before = time.time_ns() // 1_000_000
    ids = [make_uuid7() for _ in range(50)]
    after = time.time_ns() // 1_000_000
    for id in ids:
        made = uuid.UUID(id)
        assert (made.version, made.variant) == (7, uuid.RFC_4122)
        assert before <= made.int >> 80 <= after
    assert len(set(ids)) == 50


@given(st.text())
def test_what_is_valid_can_stand_in_logs_and_headers(value: str) -> None:
    if is_valid(value):
        assert value.isascii()
        assert value.isprintable()
        assert not set(value) & set(" \"'<>\\,;")


async def endpoint_of_request(request: Request) -> str:
    return str(request.scope["vivace.request_id"])


def test_the_id_is_in_the_scope() -> None:
    app = make_app()
    app.get("/scope")(endpoint_of_request)
    response = TestClient(app).get("/scope")
    assert response.json() == response.headers["X-Request-ID"]
