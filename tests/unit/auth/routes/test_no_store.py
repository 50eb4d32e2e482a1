from __future__ import annotations

import pytest
from tests.unit.auth.mfa_kit import CHEAP, ORIGIN, SECRET

from vivace import Depends, HTTPException, Response, Vivace
from vivace.auth import Auth, AuthSettings, MemoryStore, User
from vivace.auth.routes.no_store import forbid_storing
from vivace.testclient import TestClient


async def send_reset(user: User, token: str) -> None: ...


AUTH = Auth(
    SECRET,
    store=MemoryStore(),
    settings=AuthSettings(passwords=CHEAP),
    send_reset=send_reset,
)
APP = Vivace()
APP.include_router(AUTH.router())
CLIENT = TestClient(APP, base_url=ORIGIN)
ROUTES = [(method, path) for path, item in APP.openapi()["paths"].items() for method in item]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_refusal_of_any_route_is_kept(method: str, path: str) -> None:
    """What is refused by its form, with a 422, has nothing of anybody's in it."""
    response = CLIENT.request(method, path)
    assert response.status_code in (400, 401, 415, 422)
    if response.status_code != 422:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"


def test_what_the_endpoint_says_of_a_refusal_is_kept_beside_it() -> None:
    app = Vivace(dependencies=[Depends(forbid_storing)])

    @app.get("/refused")
    async def refuse() -> None:
        raise HTTPException(429, headers={"Retry-After": "7"})

    @app.get("/answered")
    async def answer(response: Response) -> str:
        response.headers["X-Answer"] = "42"
        return "yes"

    client = TestClient(app)
    refused, answered = client.get("/refused").headers, client.get("/answered").headers
    assert (refused["Retry-After"], refused["Cache-Control"]) == ("7", "no-store")
    assert (answered["X-Answer"], answered["Cache-Control"]) == ("42", "no-store")
