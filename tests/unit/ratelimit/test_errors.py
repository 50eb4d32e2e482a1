"""What a client is told that is refused."""

from __future__ import annotations

import pytest

from vivace import HTTPException, Vivace
from vivace.ratelimit import Limiter, LimiterUnavailable, RateLimited, quota_exceeded
from vivace.testclient import TestClient


def refused_by(app: Vivace, limiter: Limiter) -> TestClient:
    @app.get("/")
    @limiter.limit("1/minute", name="all")
    async def read() -> None: ...

    client = TestClient(app)
    assert client.get("/").status_code == 200
    return client


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_refusal_is_an_ordinary_error(is_installed: bool) -> None:
    app, limiter = Vivace(), Limiter()
    if is_installed:
        limiter.install(app)
    refused = refused_by(app, limiter).get("/")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/json"
    assert refused.headers["retry-after"] == "60"
    detail = "Too many requests: at most 1 per minute. Try again in 60 seconds."
    assert refused.json() == {"detail": detail}


def test_an_app_of_problems_answers_with_one() -> None:
    app = Vivace(problem_details=True)
    refused = refused_by(app, Limiter()).get("/")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json() == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Too many requests: at most 1 per minute. Try again in 60 seconds.",
    }


@pytest.mark.parametrize("by_hand", [True, False])
def test_once_the_limiter_is_installed_the_problem_has_the_type_for_it(by_hand: bool) -> None:
    app, limiter = Vivace(problem_details=not by_hand), Limiter()
    if by_hand:
        app.add_exception_handler(RateLimited, quota_exceeded)
    else:
        limiter.install(app)
    refused = refused_by(app, limiter).get("/")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["ratelimit"] == '"all";r=0;t=60'
    assert refused.json() == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Request cannot be satisfied as assigned quota has been exceeded",
        "status": 429,
        "detail": "Too many requests: at most 1 per minute. Try again in 60 seconds.",
        "violated-policies": ["all"],
    }


def test_an_app_may_answer_refusals_itself() -> None:
    from vivace import Request
    from vivace.responses import PlainTextResponse

    async def answer(request: Request, error: RateLimited) -> PlainTextResponse:
        return PlainTextResponse(f"{error.policies} {error.retry_after}", 429)

    for problem_details in (True, False):
        handlers = {RateLimited: answer}
        app = Vivace(problem_details=problem_details, exception_handlers=handlers)
        limiter = Limiter()
        limiter.install(app, "1/minute")
        client = TestClient(app)
        assert client.get("/").status_code == 404
        refused = client.get("/")
        assert refused.text == "['1/minute'] 60"
        # What the handler leaves out is added.
        assert refused.headers["retry-after"] == "60"


def test_both_refusals_are_http_exceptions() -> None:
    assert issubclass(RateLimited, HTTPException)
    away = LimiterUnavailable(0.2)
    assert (away.status_code, away.headers) == (503, {"Retry-After": "1"})
