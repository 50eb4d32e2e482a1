"""How requests count: windows, costs, exceptions, and by hand."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import pytest

from vivace import (
    APIRouter,
    BackgroundTasks,
    Header,
    Request,
    Vivace,
    WebSocket,
    WebSocketDisconnect,
)
from vivace.ratelimit import Level, Limiter, RateLimited, Window, levels_of
from vivace.responses import PlainTextResponse
from vivace.testclient import TestClient, WebSocketDenialResponse

from .conftest import Clock

WINDOWS: list[Window] = ["fixed", "sliding", "token"]
each_window = pytest.mark.parametrize("window", WINDOWS)


def by_client(x_client: Annotated[str, Header()] = "ada") -> str:
    return x_client


def client_of(*limits: Any, **options: Any) -> TestClient:
    """A client of an app whose only endpoint has the limits."""
    app = Vivace(dependencies=[limit.dependency for limit in limits], **options)

    @app.get("/")
    async def read() -> str:
        return "read"

    return TestClient(app, raise_server_exceptions=False)


def passed(client: TestClient, times: int, **headers: str) -> list[bool]:
    asked = [client.get("/", headers=headers).status_code for _ in range(times)]
    assert set(asked) <= {200, 429}
    return [status == 200 for status in asked]


@each_window
def test_so_many_pass_and_no_more(window: Window, clock: Clock) -> None:
    client = client_of(Limiter(window=window).limit("3/minute"))
    assert passed(client, 5) == [True, True, True, False, False]
    clock.advance(61)
    assert passed(client, 5) == [True, True, True, False, False]


@each_window
def test_each_client_has_a_quota_of_its_own(window: Window, clock: Clock) -> None:
    client = client_of(Limiter().limit("1/minute", by=by_client, window=window))
    for name in ("ada", "bob"):
        assert passed(client, 2, **{"X-Client": name}) == [True, False]


@each_window
def test_after_the_wait_that_is_named_a_request_passes(window: Window, clock: Clock) -> None:
    client = client_of(Limiter(window=window).limit("2/minute"))
    for _ in range(3):
        clock.advance(13.7)
        assert client.get("/")
    refused = client.get("/")
    assert refused.status_code == 429
    clock.advance(int(refused.headers["retry-after"]))
    assert passed(client, 1) == [True]


def test_a_fixed_window_begins_with_the_first_request(clock: Clock) -> None:
    client = client_of(Limiter().limit("2/minute"))
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=1;t=60'
    clock.advance(50)
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=0;t=10'
    clock.advance(11)
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=1;t=60'


def test_in_no_sliding_window_does_more_pass(clock: Clock) -> None:
    client = client_of(Limiter(window="sliding").limit("2/minute"))
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=1;t=60'
    clock.advance(50)
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=0;t=10'
    clock.advance(11)
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=0;t=49'
    assert passed(client, 1) == [False]


def test_a_bucket_fills_up_evenly(clock: Clock) -> None:
    client = client_of(Limiter(window="token").limit("2/minute"))
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=1;t=30'
    clock.advance(10)
    assert client.get("/").headers["ratelimit"] == '"2/minute";r=0;t=20'
    refused = client.get("/")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    clock.advance(21)
    assert passed(client, 2) == [True, False]


@each_window
def test_what_a_shorter_rule_refuses_does_not_count_under_a_longer_one(
    window: Window, clock: Clock
) -> None:
    client = client_of(Limiter(window=window).limit("3/hour;1/second"))
    passes = 0
    for _ in range(20):
        passes += sum(passed(client, 5))
        clock.advance(1.1)
    assert passes == 3


def test_the_fields_name_every_rule(clock: Clock) -> None:
    client = client_of(Limiter().limit("1/second;100/hour", name="all"))
    first, second = client.get("/"), client.get("/")
    for response in (first, second):
        policy = '"all-second";q=1;w=1, "all-hour";q=100;w=3600'
        assert response.headers["ratelimit-policy"] == policy
    assert first.headers["ratelimit"] == '"all-second";r=0;t=1, "all-hour";r=99;t=3600'
    assert second.headers["ratelimit"] == '"all-second";r=0;t=1'
    assert second.json() == {
        "detail": "Too many requests: at most 1 per second. Try again in 1 second."
    }


def test_one_who_is_let_in_by_an_outer_limit_and_not_by_an_inner_one_counts_for_the_outer_one(
    clock: Clock,
) -> None:
    limiter = Limiter()
    client = client_of(limiter.limit("9/hour"), limiter.limit("1/minute"))
    assert passed(client, 3) == [True, False, False]
    clock.advance(61)
    assert client.get("/").headers["ratelimit"] == '"9/hour";r=5;t=3539, "1/minute";r=0;t=60'


# What it costs.


@each_window
def test_a_request_may_cost_more(window: Window, clock: Clock) -> None:
    client = client_of(Limiter(window=window).limit("10/hour", cost=4))
    assert passed(client, 3) == [True, True, False]


@each_window
def test_what_does_not_fit_costs_nothing(window: Window, clock: Clock) -> None:
    async def size(request: Request) -> int:
        return int(request.query_params["size"])

    client = client_of(Limiter(window=window).limit("10/hour", cost=size))
    sizes = (8, 3, 3, 2, 1)
    asked = [client.get(f"/?size={size}").status_code for size in sizes]
    assert asked == [200, 429, 429, 200, 429]


@each_window
def test_what_costs_more_than_there_ever_is_never_passes(window: Window, clock: Clock) -> None:
    client = client_of(Limiter(window=window).limit("2/minute", cost=3))
    assert passed(client, 1) == [False]
    clock.advance(3600)
    assert passed(client, 1) == [False]


def test_what_costs_nothing_passes_and_is_not_counted(clock: Clock) -> None:
    client = client_of(Limiter().limit("1/minute", cost=lambda request: 0))
    assert passed(client, 3) == [True, True, True]
    assert "ratelimit" not in client.get("/").headers


@pytest.mark.parametrize("cost", [-1, 1.5, True, "1"])
def test_a_cost_that_is_none_is_the_programs_fault(cost: Any) -> None:
    def price(request: Request) -> Any:
        return cost

    client = client_of(Limiter().limit("1/minute", cost=price))
    assert client.get("/").status_code == 500
    with pytest.raises(TypeError, match=f"price.*says that a request costs {cost!r}"):
        TestClient(client.app).get("/")


# What is not counted.


@pytest.mark.parametrize("is_async", [True, False])
def test_whoever_is_exempt_is_not_counted(clock: Clock, is_async: bool) -> None:
    def is_internal(x_client: Annotated[str, Header()]) -> bool:
        return x_client == "monitor"

    async def is_internal_async(x_client: Annotated[str, Header()]) -> bool:
        return is_internal(x_client)

    exempt = is_internal_async if is_async else is_internal
    client = client_of(Limiter().limit("1/minute", exempt=exempt))
    assert passed(client, 3, **{"X-Client": "monitor"}) == [True, True, True]
    assert passed(client, 2, **{"X-Client": "ada"}) == [True, False]


def test_what_counts_by_nothing_is_not_counted(clock: Clock) -> None:
    client = client_of(Limiter().limit("1/minute", by=lambda request: None))
    assert passed(client, 3) == [True, True, True]


def test_a_limiter_can_be_switched_off(clock: Clock) -> None:
    limiter = Limiter(enabled=False)
    limit = limiter.limit("1/minute")
    app = Vivace(dependencies=[limit.dependency])

    @app.get("/")
    async def read(request: Request) -> bool:
        return (await limit.hit(request, "by hand")).allowed

    client = TestClient(app)
    assert [client.get("/").json() for _ in range(3)] == [True, True, True]
    limiter.enabled = True
    assert client.get("/").json() is True
    assert client.get("/").status_code == 429


# By what it is counted.


@pytest.mark.parametrize("key", ["", "ü\ud800", 7, UUID(int=1), "a" * 100_000])
def test_any_text_and_any_number_is_a_key(clock: Clock, key: Any) -> None:
    client = client_of(Limiter().limit("1/minute", by=lambda request: key))
    assert passed(client, 2) == [True, False]


@pytest.mark.parametrize("key", [1.5, b"key", ["key"], object()])
def test_a_key_that_is_none_is_the_programs_fault(key: Any) -> None:
    client = client_of(Limiter().limit("1/minute", by=lambda request: key))
    with pytest.raises(TypeError, match="which is neither str, int nor UUID"):
        TestClient(client.app).get("/")


def test_what_counts_by_different_functions_counts_apart(clock: Clock) -> None:
    """Also where they say the same."""
    limiter = Limiter()

    def by_user(request: Request) -> int:
        return 17

    def by_tenant(request: Request) -> int:
        return 17

    client = client_of(limiter.limit("2/hour", by=by_user), limiter.limit("2/hour", by=by_tenant))
    assert passed(client, 3) == [True, True, False]


def test_the_address_is_that_which_the_limiter_finds(clock: Clock) -> None:
    client = client_of(Limiter().limit("1/hour"))
    others = TestClient(client.app, client=("203.0.113.7", 1))
    assert passed(client, 2) == [True, False]
    assert passed(others, 2) == [True, False]


# Rules that differ.


def test_rules_may_differ_from_request_to_request(clock: Clock) -> None:
    plans = {"free": "1/hour", "paid": "2/hour", "own": None}

    async def plan_of(x_client: Annotated[str, Header()]) -> str | None:
        return plans[x_client]

    client = client_of(Limiter().limit(plan_of, by=by_client))
    assert passed(client, 3, **{"X-Client": "free"}) == [True, False, False]
    assert passed(client, 3, **{"X-Client": "paid"}) == [True, True, False]
    assert passed(client, 3, **{"X-Client": "own"}) == [True, True, True]


@pytest.mark.parametrize(("rules", "error"), [("often", ValueError), (7, TypeError)])
def test_rules_that_are_none_are_the_programs_fault(rules: Any, error: type[Exception]) -> None:
    client = client_of(Limiter().limit(lambda request: rules))
    with pytest.raises(error, match=r"often|says the rules are 7"):
        TestClient(client.app).get("/")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rules": "twice"}, ValueError, "'twice' is no rate limit"),
        ({"rules": 7}, TypeError, "7 cannot be called"),
        ({"by": "address"}, TypeError, "'address' cannot be called"),
        ({"cost": -1}, TypeError, "A request cannot cost -1"),
        ({"cost": 1.5}, TypeError, r"1\.5 cannot be called"),
        ({"exempt": True}, TypeError, "True cannot be called"),
        ({"uncounted": "deny"}, ValueError, "'deny' is neither 'pass' nor 'refuse'"),
    ],
)
def test_what_is_of_no_use_is_refused_where_it_is_written(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Limiter().limit(**{"rules": "1/minute", **arguments})


# By hand, and WebSockets.


def test_an_endpoint_may_see_what_is_left(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()

    @app.get("/")
    @limiter.limit("5/minute")
    async def read(request: Request) -> int:
        [level] = levels_of(request)
        return level.remaining

    assert TestClient(app).get("/").json() == 4


def test_an_endpoint_may_count_by_hand(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("5/minute", scope="rows")

    @app.get("/{rows}")
    async def read(rows: int, request: Request) -> Any:
        try:
            decision = await limit.check(request, "ada", cost=rows)
        except RateLimited as error:
            assert error.policies == ["5/minute"]
            assert await limit.levels(request, "ada") == (
                Level(error.decision.rules[0], True, 2, 60.0),
            )
            raise
        return [decision.allowed, decision.levels[0].remaining]

    client = TestClient(app)
    assert client.get("/3").json() == [True, 2]
    refused = client.get("/3")
    assert (refused.status_code, refused.headers["ratelimit"]) == (429, '"5/minute";r=2;t=60')


def test_nothing_is_given_back_by_hand() -> None:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("5/minute", scope="rows")

    @app.get("/")
    async def read(request: Request) -> None:
        await limit.hit(request, "ada", cost=-1)

    with pytest.raises(TypeError, match="A request cannot cost -1"):
        TestClient(app).get("/")


def test_by_hand_the_rules_may_be_others(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("5/minute", scope="rows")

    @app.get("/")
    async def read(request: Request) -> list[bool]:
        hits = [await limit.hit(request, "ada", rules="1/minute") for _ in range(2)]
        return [hit.allowed for hit in hits]

    assert TestClient(app).get("/").json() == [True, False]


def socket_app(**options: Any) -> tuple[Vivace, Limiter]:
    app, limiter = Vivace(**options), Limiter()
    router = APIRouter(dependencies=[limiter.limit("1/minute", name="in-all").dependency])

    @router.websocket("/routed")
    async def routed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    @app.websocket("/decorated")
    @limiter.limit("1/minute")
    async def decorated(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.include_router(router)
    return app, limiter


@pytest.mark.parametrize("path", ["/routed", "/decorated"])
@pytest.mark.parametrize("problem_details", [True, False])
def test_a_websocket_is_refused_with_a_429(clock: Clock, path: str, problem_details: bool) -> None:
    app, _ = socket_app(problem_details=problem_details)
    client = TestClient(app)
    with client.websocket_connect(path):
        pass
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect(path):
        pass
    assert refused.value.status_code == 429
    assert refused.value.headers["retry-after"] == "60"
    assert "Try again in 60 seconds." in refused.value.json()["detail"]


def test_a_server_that_cannot_answer_a_handshake_closes_the_websocket(clock: Clock) -> None:
    app, _ = socket_app()

    async def without_extensions(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    client = TestClient(without_extensions)
    with client.websocket_connect("/routed"):
        pass
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/routed"):
        pass
    assert closed.value.code == 1013
    assert (
        closed.value.reason == "Too many requests: at most 1 per minute. Try again in 60 seconds."
    )


def test_the_messages_of_a_websocket_can_be_limited(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("2/minute")

    @app.websocket("/soft")
    async def soft(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            decision = await limit.hit(websocket, "ada")
            await websocket.send_text(text if decision.allowed else f"{decision.retry_after}")

    @app.websocket("/hard")
    async def hard(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await limit.check(websocket, "ada")
            await websocket.send_text(text)

    client = TestClient(app)
    with client.websocket_connect("/soft") as socket:
        for sent, received in (("a", "a"), ("b", "b"), ("c", "60")):
            socket.send_text(sent)
            assert socket.receive_text() == received
    with client.websocket_connect("/hard") as socket:
        for text in "ab":
            socket.send_text(text)
            assert socket.receive_text() == text
        socket.send_text("c")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1013


def test_what_runs_in_the_background_is_not_counted(clock: Clock) -> None:
    app, limiter = Vivace(), Limiter()
    done: list[str] = []

    @app.get("/")
    @limiter.limit("2/minute")
    async def read(tasks: BackgroundTasks) -> None:
        tasks.add_task(done.append, "task")
        tasks.add_task(done.append, "task")

    client = TestClient(app)
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]
    assert done == ["task"] * 4


def test_a_response_of_ones_own_has_the_fields_once_the_limiter_is_installed(clock: Clock) -> None:
    for is_installed in (True, False):
        app, limiter = Vivace(), Limiter()
        if is_installed:
            limiter.install(app)

        @app.get("/")
        @limiter.limit("2/minute")
        async def read() -> PlainTextResponse:
            return PlainTextResponse("read")

        assert ("ratelimit" in TestClient(app).get("/").headers) is is_installed
