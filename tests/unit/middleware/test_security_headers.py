"""Responses have the headers that they have not set themselves."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from vivace import Vivace
from vivace.caching import Cache, ETagMiddleware
from vivace.describe.pages import get_swagger_ui_html
from vivace.middleware import SecurityHeadersMiddleware
from vivace.middleware.policies import HSTS
from vivace.responses import HTMLResponse, PageResponse, Response
from vivace.testclient import TestClient

from .asgi import answering

API_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def make_app(**settings: Any) -> Vivace:
    app = Vivace(scalar_url="/scalar")
    app.add_middleware(SecurityHeadersMiddleware, **settings)

    @app.get("/")
    async def endpoint() -> str:
        return "it"

    @app.get("/own")
    async def own() -> Response:
        headers = {"X-FRAME-OPTIONS": "SAMEORIGIN", "content-security-policy": "default-src 'self'"}
        return Response("own", headers=headers)

    @app.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>it</p>")

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError

    inner = Vivace()
    app.mount("/inner", inner)
    return app


def test_a_response_of_an_api_may_be_used_for_nothing_else() -> None:
    headers = TestClient(make_app()).get("/").headers
    assert headers["Content-Security-Policy"] == API_CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"].startswith("camera=(), ")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    assert "Cross-Origin-Embedder-Policy" not in headers


def test_over_https_browsers_are_told_to_stay_there() -> None:
    client = TestClient(make_app(), base_url="https://testserver")
    assert client.get("/").headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" in client.get("/docs").headers
    client = TestClient(make_app(hsts=HSTS(60)), base_url="https://testserver")
    assert client.get("/").headers["Strict-Transport-Security"] == "max-age=60"
    client = TestClient(make_app(hsts=None), base_url="https://testserver")
    assert "Strict-Transport-Security" not in client.get("/").headers


def test_what_an_endpoint_has_set_is_kept() -> None:
    headers = TestClient(make_app()).get("/own").headers
    assert headers.get_list("X-Frame-Options") == ["SAMEORIGIN"]
    assert headers.get_list("Content-Security-Policy") == ["default-src 'self'"]
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/scalar", "/docs/oauth2-redirect", "/inner/docs", "/inner/redoc"]
)
def test_pages_with_documentation_may_run_their_scripts(path: str) -> None:
    for root_path in ("", "/proxy"):
        client = TestClient(make_app(), root_path=root_path)
        headers = client.get(root_path + path).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/scalar", "/docs/oauth2-redirect", "/inner/docs", "/made", "/mine"]
)
def test_that_are_in_the_page_and_no_others(path: str) -> None:
    app = make_app()
    app.add_openapi("Another", "/another.json", dict)

    @app.get("/made")
    async def made() -> Response:
        return get_swagger_ui_html(openapi_url="/openapi.json", title="t")

    @app.get("/mine")
    async def mine() -> PageResponse:
        html = "<style>a{}</style><script>1</script><script>2</script>"
        return PageResponse(html, 404, {"X-Own": "1"}, scripts=["1", "2"], styles=["a{}"])

    response = TestClient(app).get(path)
    policy = {
        directive: sources.split()
        for directive, _, sources in (
            part.partition(" ") for part in response.headers["Content-Security-Policy"].split("; ")
        )
    }
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        found = re.findall(f"<{element}>(.*?)</{element}>", response.text, re.DOTALL)
        hashes = [hashlib.sha256(text.encode()).digest() for text in found]
        known = [source for source in policy[directive] if source.startswith("'sha256-")]
        if known != [f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes]:
            # Their scripts write style sheets by themselves.
            assert (element, path) in {("style", "/redoc"), ("style", "/scalar")}
            assert known == [] and "'unsafe-inline'" in policy[directive]
        else:
            assert "'unsafe-inline'" not in policy[directive]
    assert not re.search(r"\s(on\w+|style)=", response.text)
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


def test_a_page_that_the_client_has_already_keeps_its_policy() -> None:
    app = Vivace()
    app.add_middleware(ETagMiddleware)
    app.add_middleware(SecurityHeadersMiddleware, pages={"/page"})

    @app.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>it</p>")

    @app.get("/")
    async def endpoint() -> str:
        return "it"

    client = TestClient(app)
    for path in ("/docs", "/redoc", "/page", "/"):
        first = client.get(path)
        second = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, second.status_code) == (200, 304)
        for name in ("Content-Security-Policy", "Cross-Origin-Opener-Policy"):
            assert second.headers[name] == first.headers[name]


def test_without_the_middleware_a_page_is_sent_as_it_is() -> None:
    headers = TestClient(Vivace()).get("/docs").headers
    assert {*headers} == {"content-length", "content-type"}


def test_other_pages_may_not_unless_they_are_named() -> None:
    client = TestClient(make_app())
    assert client.get("/page").headers["Content-Security-Policy"] == API_CSP
    assert client.get("/openapi.json").headers["Content-Security-Policy"] == API_CSP
    client = TestClient(make_app(pages={"/page", "/"}, page_policy="default-src 'self'"))
    assert client.get("/page").headers["Content-Security-Policy"] == "default-src 'self'"
    assert client.get("/").headers["Content-Security-Policy"] == API_CSP


def test_errors_have_them_too() -> None:
    client = TestClient(make_app(), raise_server_exceptions=False)
    for path, status in (("/broken", 500), ("/nowhere", 404)):
        response = client.get(path)
        assert response.status_code == status
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_each_can_be_left_out() -> None:
    app = make_app(
        content_security_policy=None,
        page_policy=None,
        frame_options=None,
        referrer_policy=None,
        permissions_policy=None,
        cross_origin_opener_policy=None,
        cross_origin_resource_policy=None,
    )
    for path in ("/", "/docs"):
        headers = TestClient(app).get(path).headers
        assert set(headers) <= {"content-length", "content-type", "x-content-type-options"}


def test_pages_alone_may_go_without_a_policy() -> None:
    client = TestClient(make_app(page_policy=None, pages={"/page"}))
    for path in ("/docs", "/page"):
        headers = client.get(path).headers
        assert "Content-Security-Policy" not in headers
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert client.get("/").headers["Content-Security-Policy"] == API_CSP


def test_an_endpoint_leaves_a_field_out_by_an_empty_value() -> None:
    app = make_app()

    @app.get("/framed")
    async def framed() -> Response:
        return Response("framed", headers={"X-Frame-Options": "", "X-Empty": ""})

    headers = TestClient(app).get("/framed").headers
    assert ("X-Frame-Options" in headers, headers["X-Empty"]) == (False, "")


def test_a_page_that_is_cached_keeps_its_policy() -> None:
    app, cache = make_app(), Cache()
    cache.install(app)
    app.add_middleware(SecurityHeadersMiddleware)

    @app.get("/cached")
    @cache.store(60)
    async def cached() -> PageResponse:
        return PageResponse("<script>1</script>", scripts=["1"])

    client = TestClient(app)
    first, second = client.get("/cached"), client.get("/cached")
    known = client.get("/cached", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.text, known.status_code) == (second.text, 304)
    policies = {one.headers["Content-Security-Policy"] for one in (first, second, known)}
    assert len(policies) == 1 and "'sha256-" in policies.pop()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"frame_options": "ALLOW"}, "frame_options='ALLOW' is none of DENY, SAMEORIGIN"),
        ({"referrer_policy": "none"}, "referrer_policy='none' is none of no-referrer"),
        ({"cross_origin_opener_policy": "x"}, "cross_origin_opener_policy='x'"),
        ({"cross_origin_resource_policy": "x"}, "cross_origin_resource_policy='x'"),
        ({"cross_origin_embedder_policy": "x"}, "cross_origin_embedder_policy='x'"),
        ({"content_security_policy": {"x y": []}}, "is no directive"),
        ({"pages": "/page"}, "is a string"),
    ],
)
def test_settings_that_mean_nothing_are_errors(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        SecurityHeadersMiddleware(answering(b""), **settings)
