"""An app with idempotency keys, from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from vivace import (
    APIRouter,
    BackgroundTasks,
    Depends,
    Header,
    HTTPException,
    Request,
    Response,
    UploadFile,
    Vivace,
)
from vivace.exceptions import VivaceError
from vivace.idempotency import Held, Idempotency, MemoryStore, StoreUnavailable
from vivace.responses import JSONResponse, StreamingResponse
from vivace.security import APIKeyQuery
from vivace.testclient import AsyncTestClient, TestClient
from vivace.versioning import ByHeader, Versions, since, until

Endpoint = Callable[..., Any]


class Payment(BaseModel):
    amount: int


class Shop:
    """An app, and how often its endpoint has run."""

    def __init__(self, **options: Any) -> None:
        self.idempotency = Idempotency(**options)
        self.app = Vivace()
        self.idempotency.install(self.app)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.runs = 0
        #: What the endpoint does besides.
        self.does: Callable[[], Any] = lambda: None

    def take(self, decorate: Any = None, path: str = "/payments") -> Shop:
        async def pay(payment: Payment, response: Response) -> Any:
            self.runs += 1
            response.headers["X-Run"] = str(self.runs)
            instead = self.does()
            return {"run": self.runs} if instead is None else instead

        self.app.post(path, status_code=201)((decorate or self.idempotency.required)(pay))
        return self

    def pay(
        self, key: str | None = "a", amount: int = 1, path: str = "/payments", **headers: str
    ) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["Idempotency-Key"] = key
        return self.client.post(path, json={"amount": amount}, headers=given)


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


# What is given again.


def test_the_second_call_gets_the_answer_of_the_first() -> None:
    shop = Shop().take()
    first, second = shop.pay(), shop.pay()
    for answer in (first, second):
        assert (answer.status_code, answer.json()) == (201, {"run": 1})
        assert answer.headers["x-run"] == "1"
        assert answer.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert shop.pay("b").json() == {"run": 2}


def test_with_and_without_quotes_it_is_one_key() -> None:
    shop = Shop().take()
    assert [shop.pay(key).json()["run"] for key in ("a", '"a"', "b")] == [1, 1, 2]


def test_a_refusal_of_the_endpoints_is_given_again() -> None:
    shop = Shop().take()
    shop.does = raising(HTTPException(402, "No money", {"X-Why": "so"}))
    first = shop.pay()
    shop.does = lambda: None
    second = shop.pay()
    for answer in (first, second):
        assert (answer.status_code, answer.json()) == (402, {"detail": "No money"})
        assert answer.headers["x-why"] == "so"
    assert shop.runs == 1


@pytest.mark.parametrize(
    ("fail", "status"),
    [
        (raising(ValueError()), 500),
        (raising(HTTPException(503)), 503),
        (raising(HTTPException(429)), 429),
        (lambda: JSONResponse({}, 502), 502),
        (lambda: object(), 500),
    ],
)
def test_after_a_failure_the_request_can_be_made_again(
    fail: Callable[[], Any], status: int
) -> None:
    shop = Shop().take()
    shop.does = fail
    assert shop.pay().status_code == status
    shop.does = lambda: None
    assert [shop.pay().json()["run"] for _ in range(2)] == [2, 2]


def test_all_that_was_answered_is_given_again() -> None:
    shop = Shop().take()
    shop.does = lambda: Response(b"\x00\xff", 202, {"Set-Cookie": "a=b", "Location": "/a"}, "x/y")
    for _ in range(2):
        answer = shop.pay()
        assert (answer.status_code, answer.content) == (202, b"\x00\xff")
        assert answer.headers["set-cookie"] == "a=b"
        assert (answer.headers["location"], answer.headers["content-type"]) == ("/a", "x/y")
        # As when the first answer was lost.
        shop.client.cookies.clear()
    shop.does = lambda: Response(status_code=204)
    assert [shop.pay("b").status_code for _ in range(2)] == [204, 204]
    assert shop.runs == 2


def test_background_tasks_run_once() -> None:
    shop = Shop()
    sent: list[int] = []

    @shop.app.post("/payments")
    @shop.idempotency.required
    def pay(tasks: BackgroundTasks, payment: Payment) -> int:
        tasks.add_task(sent.append, payment.amount)
        return payment.amount

    assert [shop.pay().json() for _ in range(3)] == [1, 1, 1]
    assert sent == [1]


def test_a_task_that_fails_changes_nothing() -> None:
    shop, runs = Shop(), []

    @shop.app.post("/payments")
    @shop.idempotency.required
    async def pay(tasks: BackgroundTasks, payment: Payment) -> int:
        runs.append(1)
        tasks.add_task(raising(ValueError()))
        return len(runs)

    assert [shop.pay().json() for _ in range(2)] == [1, 1]


def test_files_are_compared_by_their_bytes() -> None:
    shop = Shop()

    @shop.app.post("/files")
    @shop.idempotency.required
    async def upload(file: UploadFile) -> int:
        shop.runs += 1
        return len(await file.read())

    def send(data: bytes) -> Any:
        # Each time with another boundary.
        files = {"file": ("a.bin", data)}
        return shop.client.post("/files", files=files, headers={"Idempotency-Key": "a"})

    assert [send(b"abc").json(), send(b"abc").json(), shop.runs] == [3, 3, 1]
    assert send(b"abd").status_code == 422


def test_an_endpoint_may_read_the_body_itself() -> None:
    shop = Shop()

    @shop.app.post("/payments")
    @shop.idempotency.accepted
    async def read(request: Request) -> int:
        return len(b"".join([part async for part in request.stream()]))

    assert [shop.pay(key).json() for key in ("a", "a", None)] == [12, 12, 12]
    assert shop.pay("a", 2).status_code == 422


def test_methods_without_a_body_have_keys_too() -> None:
    shop = Shop()

    @shop.app.delete("/payments/{number}")
    @shop.idempotency.required
    async def delete(number: int) -> int:
        shop.runs += 1
        return shop.runs

    def ask(number: int) -> Any:
        return shop.client.delete(f"/payments/{number}", headers={"Idempotency-Key": "a"})

    assert [ask(1).json(), ask(1).json(), ask(2).status_code] == [1, 1, 422]


# What is refused.


def test_without_a_key_it_is_refused_where_one_is_required() -> None:
    shop = Shop().take()
    refused = shop.pay(None)
    assert refused.status_code == 400
    assert refused.json() == {"detail": "The header Idempotency-Key is missing."}
    assert shop.runs == 0


def test_without_a_key_it_runs_each_time_where_one_is_accepted() -> None:
    shop = Shop()
    shop.take(shop.idempotency.accepted)
    assert [shop.pay(None).json()["run"] for _ in range(2)] == [1, 2]
    assert [shop.pay().json()["run"] for _ in range(2)] == [3, 3]


@pytest.mark.parametrize("key", ["", '"', "a b", "x" * 256])
def test_what_is_no_key_is_refused(key: str) -> None:
    shop = Shop().take()
    assert shop.pay(key).status_code == 400
    assert shop.runs == 0


def test_another_request_with_the_key_is_refused() -> None:
    shop = Shop().take()
    shop.pay()
    refused = shop.pay(amount=2)
    assert refused.status_code == 422
    assert refused.json() == {"detail": "This Idempotency-Key was used for another request."}
    assert shop.pay(path="/payments?a").status_code == 422
    assert shop.pay().json() == {"run": 1}


def test_a_body_that_is_too_large_is_refused() -> None:
    shop = Shop(max_body=20).take()
    assert shop.pay(amount=1000).status_code == 201
    assert shop.pay("b", amount=10**20).status_code == 413
    assert shop.runs == 1


@pytest.mark.parametrize(
    "make", [lambda: JSONResponse("x" * 100), lambda: StreamingResponse(iter([b"a", b"b"]))]
)
def test_what_could_not_be_kept_is_not_done_twice(make: Callable[[], Response]) -> None:
    shop = Shop(max_answer=50).take()
    shop.does = make
    assert shop.pay().status_code == 200
    again = shop.pay()
    assert again.status_code == 409
    assert again.json()["detail"].endswith("was carried out, and its answer was not kept.")
    assert shop.runs == 1


def test_what_is_refused_before_the_endpoint_leaves_no_trace() -> None:
    shop = Shop()
    refusals = [401, 403, 429]

    def guard() -> None:
        if refusals:
            raise HTTPException(refusals.pop(0))

    @shop.app.post("/payments", dependencies=[Depends(guard)])
    @shop.idempotency.required
    async def pay(payment: Payment) -> str:
        return "paid"

    assert [shop.pay().status_code for _ in range(4)] == [401, 403, 429, 200]
    assert (
        shop.client.post("/payments", json={}, headers={"Idempotency-Key": "b"}).status_code == 422
    )
    assert shop.pay("b").json() == "paid"
    # Who may not ask gets no answer that was given before.
    refusals.append(403)
    assert shop.pay("b").status_code == 403


# Whose it is.


def test_two_clients_do_not_share_a_key() -> None:
    shop = Shop().take()
    asked = [
        shop.pay(Authorization="a"),
        shop.pay(Authorization="b"),
        shop.pay(Cookie="a=b"),
        shop.pay(X_API_Key="a"),
        shop.pay(),
        shop.pay(Authorization="a"),
    ]
    assert [one.json()["run"] for one in asked] == [1, 2, 3, 4, 5, 1]


def test_two_endpoints_do_not_share_a_key() -> None:
    shop = Shop().take().take(path="/other")
    inner = Vivace()
    inner.mount("/", shop.app.router)
    shop.app.mount("/inner", inner)
    paths = ("/payments", "/other", "/inner/payments", "/payments")
    assert [shop.pay(path=path).json()["run"] for path in paths] == [1, 2, 3, 1]


async def by_tenant(x_tenant: Annotated[str | None, Header()] = None) -> str | None:
    return x_tenant


@pytest.mark.parametrize("marks", ["on the endpoint", "on the router"])
def test_nor_do_those_that_one_factory_makes_for_versions_by_header(marks: str) -> None:
    idempotency = Idempotency()

    def make(answer: str, mark: Callable[[Endpoint], Endpoint]) -> APIRouter:
        router = APIRouter()

        @router.post("/payments")
        @mark
        @idempotency.required
        async def pay() -> str:
            runs.append(answer)
            return answer

        return router

    def serve(*names: str, default: str) -> Callable[..., str]:
        versions = Versions(*names, by=[ByHeader()], default=default)
        for answer, options in (("old", {"until": "2"}), ("new", {"since": "2"})):
            if marks == "on the router":
                versions.include_router(make(answer, lambda endpoint: endpoint), **options)
            else:
                [(mark, name)] = options.items()
                versions.include_router(make(answer, {"since": since, "until": until}[mark](name)))
        app = Vivace()
        idempotency.install(app)
        versions.install(app)
        client = TestClient(app)

        def pay(**headers: str) -> str:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            answer: str = client.post("/payments", headers={"Idempotency-Key": "a"} | given).json()
            return answer

        return pay

    runs: list[str] = []
    pay = serve("1", "2", default="2")
    assert [pay(API_Version="1"), pay(API_Version="2"), pay(), pay(API_Version="1")] == [
        *("old", "new", "new", "old")
    ]
    assert runs == ["old", "new"]
    # A version that is added, and one that the default moves to, are no other endpoint.
    pay = serve("0.5", "1", "2", "3", default="3")
    assert [pay(), pay(API_Version="3"), pay(API_Version="0.5")] == ["new", "new", "old"]
    assert runs == ["old", "new"]


def test_a_dependency_may_say_whose_it_is() -> None:
    shop = Shop(by=by_tenant).take()
    asked = [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")]
    runs = [shop.pay(X_Tenant=tenant, Authorization=token) for tenant, token in asked]
    assert [one.json()["run"] for one in runs] == [1, 1, 2, 1]
    # Who is nobody has the keys of these credentials.
    assert [shop.pay(Authorization=token).json()["run"] for token in "121"] == [3, 4, 3]


def test_an_endpoint_may_leave_it_to_credentials() -> None:
    shop = Shop(by=by_tenant)
    shop.take(shop.idempotency.required(by=None))
    answers = [shop.pay(X_Tenant="acme"), shop.pay(X_Tenant="zoo"), shop.pay(Authorization="a")]
    assert [answer.json()["run"] for answer in answers] == [1, 1, 2]


def test_an_endpoint_may_say_it_of_its_own() -> None:
    shop = Shop()
    shop.take(shop.idempotency.required(by=by_tenant, ttl=1, wait=1, lease=1, away="pass"))
    runs = [shop.pay(X_Tenant="a", Authorization=token).json()["run"] for token in "12"]
    assert runs == [1, 1]


# At the same time.


class Gate:
    """An endpoint that says when it runs, and waits until it may go on."""

    def __init__(self, **options: Any) -> None:
        self.runs = 0
        self.is_open = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.fails = False
        idempotency = Idempotency(**options)
        app = Vivace()
        idempotency.install(app)

        @app.post("/")
        @idempotency.required
        async def pay() -> int:
            self.runs += 1
            self.has_begun.set()
            await self.is_open.wait()
            if self.fails:
                raise HTTPException(503)
            return self.runs

        self.client = AsyncTestClient(app)

    async def ask(self) -> Any:
        return await self.client.post("/", headers={"Idempotency-Key": "a"})


def test_while_the_first_runs_the_second_is_refused() -> None:
    async def ask() -> None:
        gate = Gate()
        async with gate.client:
            first = asyncio.create_task(gate.ask())
            await gate.has_begun.wait()
            second = await gate.ask()
            assert (second.status_code, second.headers["retry-after"]) == (409, "1")
            gate.is_open.set()
            assert (await first).json() == (await gate.ask()).json() == 1

    asyncio.run(ask())


def test_it_may_wait_instead() -> None:
    async def ask() -> None:
        gate = Gate(wait=60)
        async with gate.client:
            asked = [asyncio.create_task(gate.ask()) for _ in range(20)]
            await gate.has_begun.wait()
            await asyncio.sleep(0.05)
            gate.is_open.set()
            assert {(await one).json() for one in asked} == {1}
        assert gate.runs == 1

    asyncio.run(ask())


def test_but_not_for_longer_than_is_said() -> None:
    async def ask() -> None:
        gate = Gate(wait=0.03)
        async with gate.client:
            first = asyncio.create_task(gate.ask())
            await gate.has_begun.wait()
            assert (await gate.ask()).status_code == 409
            gate.is_open.set()
            assert (await first).json() == 1

    asyncio.run(ask())


def test_who_waits_for_a_failure_runs_next() -> None:
    async def ask() -> None:
        gate = Gate(wait=60)
        gate.fails = True
        async with gate.client:
            first = asyncio.create_task(gate.ask())
            await gate.has_begun.wait()
            second = asyncio.create_task(gate.ask())
            await asyncio.sleep(0.05)
            gate.is_open.set()
            assert (await first).status_code == 503
            gate.fails = False
            assert (await second).status_code in (200, 503)
        assert gate.runs == 2

    asyncio.run(ask())


def test_a_request_that_is_cancelled_can_be_made_again() -> None:
    async def ask() -> None:
        gate = Gate()
        async with gate.client:
            first = asyncio.create_task(gate.ask())
            await gate.has_begun.wait()
            first.cancel()
            await asyncio.wait([first])
            gate.is_open.set()
            assert (await gate.ask()).json() == 2

    asyncio.run(ask())


def test_a_lease_is_extended_for_as_long_as_the_request_runs() -> None:
    async def ask() -> None:
        gate = Gate(lease=0.06)
        async with gate.client:
            first = asyncio.create_task(gate.ask())
            await gate.has_begun.wait()
            for _ in range(10):
                await asyncio.sleep(0.02)
                assert (await gate.ask()).status_code == 409
            gate.is_open.set()
            assert (await first).json() == 1

    asyncio.run(ask())


# Away.


class Away:
    """A store that is away."""

    async def fail(self, *given: Any) -> Any:
        raise StoreUnavailable(2.5)

    begin = extend = finish = free = fail

    async def close(self) -> None: ...


def test_while_the_store_is_away_requests_are_refused() -> None:
    shop = Shop(store=Away()).take()
    refused = shop.pay()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "3")
    assert shop.runs == 0


def test_or_they_are_carried_out_each_time() -> None:
    shop = Shop(store=Away(), away="pass").take()
    assert [shop.pay().json()["run"] for _ in range(2)] == [1, 2]


# Routers.


def test_a_router_may_have_all_its_endpoints_take_keys() -> None:
    shop = Shop()
    router = APIRouter(prefix="/r", route_class=shop.idempotency.route_class(required=True))
    runs = []

    def count() -> int:
        runs.append(1)
        return len(runs)

    for path, register in {
        "post": router.post, "patch": router.patch, "get": router.get, "put": router.put,
    }.items():  # fmt: skip
        register(f"/{path}")(lambda: count())
    router.post("/own")(shop.idempotency.accepted(lambda: count()))
    router.post("/exempt")(shop.idempotency.exempt(lambda: count()))
    outer = APIRouter(prefix="/o")
    outer.include_router(router)
    shop.app.include_router(outer)

    def ask(method: str, path: str, key: str = "a") -> list[Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answers = [shop.client.request(method, f"/o/r/{path}", headers=headers) for _ in range(2)]
        return [one.json() if one.status_code == 200 else one.status_code for one in answers]

    assert ask("POST", "post") == [1, 1]
    assert ask("PATCH", "patch") == [2, 2]
    assert ask("GET", "get") == [3, 4]
    assert ask("PUT", "put") == [5, 6]
    assert ask("POST", "own") == [7, 7]
    assert ask("POST", "exempt") == [8, 9]
    assert ask("POST", "post", "") == [400, 400]
    assert ask("POST", "own", "") == [10, 11]


def test_so_may_an_app() -> None:
    shop = Shop()
    shop.app.router.route_class = shop.idempotency.route_class(methods=["PUT"])

    @shop.app.put("/")
    async def put() -> int:
        shop.runs += 1
        return shop.runs

    headers = {"Idempotency-Key": "a"}
    assert [shop.client.put("/", headers=headers).json() for _ in range(2)] == [1, 1]
    assert shop.client.put("/").json() == 2


# Declarations.


def test_keys_that_are_in_no_app_are_an_error() -> None:
    app, idempotency = Vivace(), Idempotency()

    @app.post("/")
    @idempotency.required
    async def pay() -> None: ...

    with pytest.raises(VivaceError, match=r"idempotency\.install\(app\)"), TestClient(app):
        pass
    with pytest.raises(VivaceError, match=r"idempotency\.install\(app\)"):
        TestClient(app).post("/")


def test_what_makes_no_sense_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match=r"RedisStore\('redis://localhost'\)"):
        Idempotency("redis://localhost")  # type: ignore[arg-type]  # as it says
    with pytest.raises(TypeError, match="'ada' cannot be called"):
        Idempotency(by="ada")
    with pytest.raises(ValueError, match="max_body=-1"):
        Idempotency(max_body=-1)
    with pytest.raises(ValueError, match="ttl=0"):
        Idempotency().required(ttl=0)

    async def stream() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match="stream yields its answer"):
        Idempotency().required(stream)
    router = APIRouter(route_class=Idempotency().route_class())
    with pytest.raises(TypeError, match=r"@idempotency\.exempt leaves one out"):
        router.post("/")(stream)
    router.post("/")(Idempotency().exempt(stream))


def test_a_decorator_above_that_of_the_route_is_refused() -> None:
    app, idempotency = Vivace(), Idempotency()

    @app.post("/")
    async def pay() -> None: ...

    for decorate in (idempotency.required, idempotency.accepted(ttl=1)):
        with pytest.raises(TypeError, match="pay is an endpoint already"):
            decorate(pay)


def test_called_by_itself_an_endpoint_is_what_it_was() -> None:
    async def double(number: int) -> int:
        return 2 * number

    assert asyncio.run(Idempotency().required(double)(2)) == 4


def test_an_app_may_have_several_kits() -> None:
    class Watched(MemoryStore):
        begun = 0

        async def begin(self, *args: Any) -> Held | None:
            self.begun += 1
            return await super().begin(*args)

    stores = Watched(), Watched()
    app = Vivace()
    client = TestClient(app)
    for number, store in enumerate(stores):
        kit = Idempotency(store)
        kit.install(app)
        app.post(f"/{number}")(kit.required(lambda: 1))
    for number in range(2):
        client.post(f"/{number}", headers={"Idempotency-Key": "a"})
        assert [one.begun for one in stores] == [1, number]


def test_keys_of_two_who_send_credentials_in_the_query_are_two_keys() -> None:
    shop = Shop()

    async def pay(user: Annotated[str, Depends(APIKeyQuery(name="token"))]) -> str:
        return user

    shop.app.post("/")(shop.idempotency.required(pay))
    headers = {"Idempotency-Key": "a"}
    for user in ("ada", "bob", "ada"):
        assert shop.client.post("/", params={"token": user}, headers=headers).json() == user


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary*0*=a; boundary*=b", "multipart/x;boundary=", ";", "a" * 5000],
)
def test_whatever_a_type_is_it_is_no_error_of_the_server(content_type: str) -> None:
    shop = Shop()

    async def pay(request: Request) -> int:
        return len(await request.body())

    shop.app.post("/")(shop.idempotency.required(pay))
    headers = {"Idempotency-Key": "a", "Content-Type": content_type}
    for _ in range(2):
        assert shop.client.post("/", content=b"--a", headers=headers).json() == 3
