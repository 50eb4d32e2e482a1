"""The limiter as a whole, and with sign-in."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.unit.auth.small_kit import SECRET, SmallKit

from vivace import Request, Vivace
from vivace.auth import Auth, MemoryStore as MemoryAccounts, Principal
from vivace.ratelimit import (
    ClientAddress,
    Level,
    Limiter,
    MemoryStore,
    Rule,
    Store,
    StoreUnavailable,
    Window,
    by_api_key,
    by_user,
)
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient

from .conftest import Clock


class Away:
    """A store that is out of reach."""

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        raise StoreUnavailable(2.5)

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        raise StoreUnavailable(2.5)

    async def clear(self, part: str = "") -> None:
        raise StoreUnavailable(2.5)

    async def close(self) -> None: ...


def test_any_class_with_the_methods_is_a_store() -> None:
    assert isinstance(Away(), Store)
    assert isinstance(MemoryStore(), Store)


def test_what_is_no_store_is_refused_at_once() -> None:
    address: Any = "redis://localhost"
    with pytest.raises(TypeError, match=r"Give one, as RedisStore\('redis://localhost'\)"):
        Limiter(address)


@pytest.mark.parametrize("limit", ["1/minute", "1/minute;2/hour"])
@pytest.mark.parametrize("cost", [1, 2])
def test_while_the_store_is_away_requests_pass_or_not_as_it_was_said(limit: str, cost: int) -> None:
    app, limiter = Vivace(), Limiter(Away())
    strict = Limiter(Away(), uncounted="refuse")
    for path, limited in (
        ("/open", limiter.limit(limit, cost=cost)),
        ("/closed", limiter.limit(limit, cost=cost, uncounted="refuse")),
        ("/strict", strict.limit(limit, cost=cost)),
        ("/lenient", strict.limit(limit, cost=cost, uncounted="pass")),
    ):
        app.get(path)(limited(answer))
    client = TestClient(app)
    for path in ("/open", "/lenient"):
        response = client.get(path)
        assert response.status_code == 200
        assert "ratelimit" not in response.headers
    for path in ("/closed", "/strict"):
        response = client.get(path)
        assert (response.status_code, response.headers["retry-after"]) == (503, "3")
        assert response.json() == {"detail": "Service Unavailable"}


def test_a_whole_app_too() -> None:
    for limiter, status in ((Limiter(Away()), 404), (Limiter(Away(), uncounted="refuse"), 503)):
        app = Vivace()
        limiter.install(app, "1/minute")
        assert TestClient(app).get("/").status_code == status


async def answer() -> str:
    return "answer"


@pytest.mark.parametrize("window", ["fixed", "sliding", "token"])
def test_what_was_counted_can_be_forgotten(clock: Clock, window: Window) -> None:
    app, limiter = Vivace(), Limiter(window=window)
    app.get("/")(limiter.limit("1/hour", by=lambda request: request.headers["x-client"])(answer))
    client = TestClient(app)

    def ask_both() -> list[int]:
        return [*ask(client, "/", 1, x_client="ada"), *ask(client, "/", 1, x_client="bob")]

    assert ask_both() == [200, 200]
    anyio.run(limiter.reset, "ada")
    assert ask_both() == [200, 429]
    anyio.run(limiter.reset)
    assert ask_both() == [200, 200]


def test_a_limit_says_what_is_left(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("5/minute", scope="rows")

    @app.get("/")
    async def read(request: Request) -> list[int]:
        await limit.hit(request, "ada", cost=2)
        return [level.remaining for level in await limit.levels(request, "ada")]

    assert [TestClient(app).get("/").json() for _ in range(2)] == [[3], [1]]


# With sign-in.


def ask(client: TestClient, path: str, times: int, **headers: str) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.get(path, headers=sent).status_code for _ in range(times)]


def test_users_count_wherever_they_are(clock: Clock) -> None:
    kit, limiter = SmallKit(), Limiter()
    kit.app.get("/")(limiter.limit("2/hour", by=by_user(kit))(answer))
    client = kit.client()
    assert ask(client, "/", 1) == [401]
    for name in ("ada", "bob"):
        assert ask(client, "/", 1, authorization=f"Bearer {name}") == [200]
        key = kit.make_key(name)
        assert ask(client, "/", 2, x_api_key=key) == [200, 429]
    [operation] = kit.app.openapi()["paths"]["/"].values()
    assert {"OAuth2PasswordBearer": []} in operation["security"]


def test_keys_count_at_an_endpoint(clock: Clock) -> None:
    kit, limiter = SmallKit(), Limiter()
    kit.app.get("/")(limiter.limit("1/hour", by=by_api_key(kit))(answer))
    client = kit.client()
    for key in (kit.make_key("ada"), kit.make_key("ada")):
        assert ask(client, "/", 2, x_api_key=key) == [200, 429]
    assert ask(client, "/", 3, authorization="Bearer ada") == [200, 200, 200]


def test_each_key_has_a_quota_wherever_it_is_used(clock: Clock) -> None:
    limiter = Limiter()
    kit = SmallKit(limit_key=limiter.limit_key("2/hour", name="key"))
    for path in ("/one", "/two"):
        kit.app.get(path, dependencies=[kit.principal])(answer)
    limiter.install(kit.app)
    client = kit.client()
    one, other = kit.make_key("ada"), kit.make_key("ada")
    assert [*ask(client, "/one", 1, x_api_key=one), *ask(client, "/two", 2, x_api_key=one)] == [
        *(200, 200, 429)
    ]
    response = client.get("/two", headers={"X-API-Key": other})
    assert (response.status_code, response.headers["ratelimit"]) == (200, '"key";r=1;t=3600')
    assert ask(client, "/one", 3, authorization="Bearer ada") == [200, 200, 200]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_key_has_the_quota_of_its_plan(clock: Clock, is_async: bool) -> None:
    def rules(principal: Principal) -> str | None:
        return {"ada": None, "bob": "2/hour"}[principal.user.name]

    async def rules_async(principal: Principal) -> str | None:
        return rules(principal)

    limit_key = Limiter().limit_key(rules_async if is_async else rules, window="token")
    kit = SmallKit(limit_key=limit_key)
    kit.app.get("/", dependencies=[kit.principal])(answer)
    client = kit.client()
    assert ask(client, "/", 4, x_api_key=kit.make_key("ada")) == [200] * 4
    assert ask(client, "/", 4, x_api_key=kit.make_key("bob")) == [200, 200, 429, 429]


def test_the_kit_takes_it() -> None:
    limit_key = Limiter().limit_key("2/hour")
    assert Auth(SECRET, store=MemoryAccounts(), limit_key=limit_key).user is not None


def test_who_is_not_signed_in_may_count_by_address(clock: Clock) -> None:
    """A function of one's own, which needs what others do."""
    kit, limiter = SmallKit(), Limiter()
    address = ClientAddress()

    async def by_user_or_address(connection: HTTPConnection) -> str:
        user = connection.headers.get("x-user")
        return user or await address(connection)

    kit.app.get("/")(limiter.limit("1/hour", by=by_user_or_address)(answer))
    client = kit.client()
    assert ask(client, "/", 2) == ask(client, "/", 2, x_user="ada") == [200, 429]
