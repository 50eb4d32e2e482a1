"""What a request took is told to browsers and to callbacks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace import APIRouter, Vivace
from vivace.middleware import RequestTiming, ServerTimingMiddleware, add_timing, timing
from vivace.middleware.server_timing import MOST_METRICS, Metric, _write
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient

from .asgi import answering

#: One metric of the header (section 2 of the specification).
METRIC = re.compile(r'([\w-]+)(?:;desc="((?:[^"\\]|\\.)*)")?(?:;dur=(\d+\.\d{3}))?(?:, |$)')


def make_app(**settings: Any) -> Vivace:
    app = Vivace()
    app.add_middleware(ServerTimingMiddleware, **settings)
    router = APIRouter(prefix="/items")

    @router.get("/{id}")
    async def endpoint(id: int) -> int:
        with timing("db", 'the "database"'):
            pass
        with timing("db"):
            pass
        add_timing("cache", description="hit")
        add_timing("queue", 0.25)
        return id

    @router.get("/{id}/thread")
    def in_thread(id: int) -> int:
        with timing("disk"):
            return id

    @app.get("/stream")
    async def stream() -> AsyncIterator[int]:
        yield 1
        add_timing("late", 1)
        yield 2

    @app.get("/broken")
    async def broken() -> None:
        with timing("db"):
            raise ValueError

    @app.get("/many")
    async def many() -> None:
        for number in range(1000):
            add_timing(f"n{number}", 0.001)

    app.include_router(router)
    return app


def metrics_of(header: str) -> dict[str, tuple[str | None, str | None]]:
    assert "".join(found[0] for found in METRIC.finditer(header)) == header
    return {found[1]: (found[2], found[3]) for found in METRIC.finditer(header)}


def test_the_header_has_the_total_and_what_the_endpoint_has_measured() -> None:
    header = TestClient(make_app()).get("/items/1").headers["Server-Timing"]
    metrics = metrics_of(header)
    assert list(metrics) == ["total", "db", "cache", "queue"]
    assert metrics["db"][0] == r"the \"database\""
    assert metrics["cache"] == ("hit", None)
    assert metrics["queue"] == (None, "250.000")
    assert float(metrics["total"][1] or 0) > 0


def test_an_endpoint_in_a_thread_measures_too() -> None:
    header = TestClient(make_app()).get("/items/1/thread").headers["Server-Timing"]
    assert list(metrics_of(header)) == ["total", "disk"]


def test_an_error_that_nobody_handles_has_the_header() -> None:
    response = TestClient(make_app(), raise_server_exceptions=False).get("/broken")
    assert response.status_code == 500
    assert list(metrics_of(response.headers["Server-Timing"])) == ["total", "db"]


def test_a_callback_gets_what_every_request_took() -> None:
    seen: list[RequestTiming] = []
    client = TestClient(make_app(on_complete=seen.append), raise_server_exceptions=False)
    for path in ("/items/1", "/stream", "/broken", "/nowhere"):
        client.get(path)
    said = [(timing.method, timing.route, timing.status) for timing in seen]
    assert said == [
        ("GET", "/items/{id}", 200),
        ("GET", "/stream", 200),
        ("GET", "/broken", 500),
        ("GET", None, 404),
    ]
    assert all(timing.duration > 0 for timing in seen)
    assert seen[1].metrics == {"late": Metric(1)}


def test_a_callback_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(timing: RequestTiming) -> None:
        raise ValueError("callback")

    assert TestClient(make_app(on_complete=fail)).get("/items/1").json() == 1
    (record,) = [record for record in caplog.records if record.name == "vivace.middleware"]
    assert record.exc_info is not None


def test_it_may_be_shown_to_some_and_the_total_may_be_left_out() -> None:
    assert "Server-Timing" not in TestClient(make_app(show=False)).get("/items/1").headers

    def is_friend(connection: HTTPConnection) -> bool:
        return "X-Friend" in connection.headers

    client = TestClient(make_app(show=is_friend, total=None, allow_origin="*"))
    assert "Server-Timing" not in client.get("/items/1").headers
    headers = client.get("/items/1", headers={"X-Friend": "1"}).headers
    assert list(metrics_of(headers["Server-Timing"])) == ["db", "cache", "queue"]
    assert headers["Timing-Allow-Origin"] == "*"
    assert "Server-Timing" not in client.get("/stream", headers={"X-Friend": "1"}).headers


def test_there_is_a_bound_on_metrics() -> None:
    header = TestClient(make_app(total=None)).get("/many").headers["Server-Timing"]
    assert len(metrics_of(header)) == MOST_METRICS


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a;b", "é", "a\r\n"])
def test_a_name_that_is_no_token_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="is no token"):
        add_timing(name)
    with pytest.raises(ValueError, match="is no token"), timing(name):
        pass
    with pytest.raises(ValueError, match="is no token"):
        ServerTimingMiddleware(answering(b""), total=name)


def test_a_description_that_no_header_can_have_is_an_error() -> None:
    for description in ("a\r\nb", "é"):
        with pytest.raises(ValueError, match="is not made of characters of ASCII"):
            add_timing("a", 1, description)


def test_outside_of_requests_nothing_is_measured() -> None:
    with timing("db"):
        add_timing("cache", 1)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
    st.floats(min_value=0, max_value=1e6),
)
def test_what_is_written_can_be_read(description: str, duration: float) -> None:
    ((_, (said, took)),) = metrics_of(_write("db", Metric(duration, description))).items()
    assert re.sub(r"\\(.)", r"\1", said or "") == description
    assert float(took or -1) == pytest.approx(duration * 1000, abs=0.001)
