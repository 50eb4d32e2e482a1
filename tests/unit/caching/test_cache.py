"""An app with a cache, from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

import anyio
import anyio.lowlevel
import pytest

from vivace import APIRouter, Depends, Header, HTTPException, Request, Response, Vivace
from vivace.caching import Cache, Entry, MemoryStore
from vivace.caching.stores.protocol import Lead, StoreUnavailable
from vivace.exceptions import VivaceError
from vivace.middleware.gzip import GZipMiddleware
from vivace.ratelimit import Limiter
from vivace.responses import JSONResponse, StreamingResponse
from vivace.security import APIKeyHeader, APIKeyQuery
from vivace.testclient import AsyncTestClient, TestClient
from vivace.types import ASGIApp, Receive, Scope, Send

from .conftest import Clock


class Counting:
    """An app, and how often its endpoint has run."""

    def __init__(self, cache: Cache | None = None) -> None:
        self.cache = cache or Cache()
        self.app = Vivace()
        self.cache.install(self.app)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.runs = 0
        #: What the endpoint does besides.
        self.does: Callable[[], Any] = lambda: None

    def get(self, seconds: float = 60, path: str = "/", **options: Any) -> Counting:
        async def count(response: Response) -> Any:
            self.runs += 1
            instead = self.does()
            return {"runs": self.runs} if instead is None else instead

        self.app.get(path)(self.cache.store(seconds, **options)(count))
        return self

    def ask(self, path: str = "/", /, **headers: str) -> int:
        response = self.client.get(path, headers=named(headers))
        assert response.status_code == 200, response.text
        runs: int = response.json()["runs"]
        return runs


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


# What is given again.


def test_an_answer_is_given_until_its_time_is_over(clock: Clock) -> None:
    counting = Counting().get(60)
    assert [counting.ask() for _ in range(3)] == [1, 1, 1]
    clock.advance(59)
    assert counting.ask() == 1
    clock.advance(1)
    assert [counting.ask(), counting.ask()] == [2, 2]


def test_age_and_cache_control_are_said(clock: Clock) -> None:
    counting = Counting().get(60)
    counting.ask()
    clock.advance(20)
    headers = counting.client.get("/").headers
    assert (headers["age"], headers["cache-control"]) == ("20", "public, max-age=60")


def test_clients_may_have_less_time(clock: Clock) -> None:
    never = Counting().get(60, client_seconds=0)
    assert never.client.get("/").headers["cache-control"] == "public, no-cache"
    some = Counting().get(60, client_seconds=5)
    some.ask()
    clock.advance(20)
    assert some.client.get("/").headers["cache-control"] == "public, max-age=25"


def test_queries_are_told_apart_but_not_by_their_order() -> None:
    counting = Counting().get()
    asked = [counting.ask(f"/?{query}") for query in ("a=1&b=2", "b=2&a=1", "a=2", "")]
    assert asked == [1, 1, 2, 3]


def test_what_is_declared_to_vary_does() -> None:
    counting = Counting().get(vary=["Accept-Language"])
    assert [counting.ask(Accept_Language=one) for one in ("de", "en", "de")] == [1, 2, 1]
    assert counting.client.get("/").headers["vary"].startswith("accept-language, ")


def test_a_client_that_has_it_gets_a_304(clock: Clock) -> None:
    counting = Counting().get(60)
    etag = counting.client.get("/").headers["etag"]
    for _ in range(2):
        answer = counting.client.get("/", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer.headers["etag"], answer.headers["age"]) == (etag, "0")
    assert counting.ask(If_None_Match='"other"') == 1
    # Also where it is made anew, and is the same.
    counting.does = lambda: {"runs": 1}
    clock.advance(60)
    assert counting.client.get("/", headers={"If-None-Match": etag}).status_code == 304
    assert counting.runs == 2


def test_head_is_answered_by_what_get_has_kept() -> None:
    counting = Counting()

    async def count() -> dict[str, int]:
        counting.runs += 1
        return {"runs": counting.runs}

    counting.app.api_route("/", methods=["GET", "HEAD"])(counting.cache.store(60)(count))
    assert counting.client.head("/").status_code == 200
    assert counting.ask() == 2
    head = counting.client.head("/")
    assert (head.content, head.headers["content-length"]) == (b"", "10")
    assert counting.runs == 2


def test_synchronous_endpoints_and_included_routers_have_it_too() -> None:
    counting = Counting()
    router = APIRouter(prefix="/books")

    @router.get("/{book}")
    @counting.cache.store(60)
    def read(book: int) -> dict[str, int]:
        counting.runs += 1
        return {"runs": counting.runs}

    inner = Vivace()
    inner.include_router(router)
    counting.app.include_router(router)
    counting.app.mount("/inner", inner)
    asked = ("/books/1", "/books/2", "/books/1", "/inner/books/1", "/inner/books/1")
    assert [counting.ask(path) for path in asked] == [1, 2, 1, 3, 3]


def test_a_body_is_kept_as_it_was_sent() -> None:
    counting = Counting().get()
    counting.does = lambda: Response(b"\x00\xff", 203, {"X-A": "b"}, "image/x")
    answers = [counting.client.get("/") for _ in range(2)]
    for answer in answers:
        assert (answer.status_code, answer.content) == (203, b"\x00\xff")
        assert (answer.headers["x-a"], answer.headers["content-type"]) == ("b", "image/x")
    assert counting.runs == 1


# What is not.


@pytest.mark.parametrize(
    "make",
    [
        lambda: JSONResponse({}, 404),
        lambda: JSONResponse({}, 500),
        lambda: JSONResponse({}, headers={"Set-Cookie": "a=b"}),
        lambda: JSONResponse({}, headers={"Cache-Control": "no-store"}),
        lambda: JSONResponse({}, headers={"Cache-Control": "private"}),
        lambda: JSONResponse({}, headers={"Vary": "Accept"}),
        lambda: JSONResponse("x" * 100),
        lambda: StreamingResponse(iter([b"a", b"b"])),
    ],
)
def test_what_may_not_be_kept_is_made_each_time(make: Callable[[], Response]) -> None:
    counting = Counting(Cache(max_answer=100)).get()
    counting.does = make
    plain = make()
    for _ in range(2):
        answer = counting.client.get("/")
        assert answer.status_code == plain.status_code
        assert "age" not in answer.headers
        assert answer.content == (getattr(plain, "body", None) or b"ab")
    assert counting.runs == 2


def test_errors_are_made_each_time() -> None:
    counting = Counting().get()
    counting.does = lambda: 1 / 0
    assert [counting.client.get("/").status_code for _ in range(2)] == [500, 500]
    counting.does = lambda: None
    assert [counting.ask(), counting.ask()] == [3, 3]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer a"},
        {"Cookie": "a=b"},
        {"Range": "bytes=0-1"},
        {"Content-Length": "1"},
    ],
)
def test_requests_of_somebodys_own_pass_it_by(headers: dict[str, str]) -> None:
    counting = Counting().get()
    assert counting.ask(**headers) == 1
    assert counting.ask() == 2
    assert [counting.ask(**headers), counting.ask(**headers)] == [3, 4]
    assert counting.ask() == 2


def test_what_a_client_does_not_want_stored_is_not(clock: Clock) -> None:
    counting = Counting().get()
    assert [counting.ask(Cache_Control="no-store") for _ in range(2)] == [1, 2]
    assert [counting.ask(), counting.ask(Cache_Control="no-store")] == [3, 3]
    # But nobody can have others wait by asking for a new one.
    assert counting.ask(Cache_Control="no-cache") == 3


class Remote(MemoryStore):
    """Takes a moment, in which a request can be cancelled."""

    async def find(self, key: str, tags: Sequence[str]) -> Entry | None:
        await anyio.lowlevel.checkpoint()
        return await super().find(key, tags)

    async def lead(self, *args: Any) -> Lead | None:
        lead = await super().lead(*args)
        await anyio.lowlevel.checkpoint()
        return lead

    async def release(self, key: str, lead: Lead) -> None:
        await anyio.lowlevel.checkpoint()
        await super().release(key, lead)


def test_nobody_waits_for_a_request_that_was_cancelled() -> None:
    cache = Cache(Remote(), wait=600)
    app = Vivace()
    cache.install(app)
    is_slow = True

    @app.get("/{steps}")
    @cache.store(60)
    async def read(steps: int) -> str:
        if is_slow:
            await anyio.sleep_forever()
        return "made"

    async def run() -> None:
        nonlocal is_slow
        async with AsyncTestClient(app) as client:
            for steps in range(30):
                is_slow = True
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.get, f"/{steps}")
                    for _ in range(steps):
                        await anyio.lowlevel.checkpoint()
                    tasks.cancel_scope.cancel()
                is_slow = False
                with anyio.fail_after(5):
                    assert (await client.get(f"/{steps}")).json() == "made"

    asyncio.run(run())


def test_other_methods_are_not_kept() -> None:
    counting = Counting()

    async def count() -> int:
        counting.runs += 1
        return counting.runs

    counting.app.api_route("/", methods=["POST"])(counting.cache.store(60)(count))
    assert [counting.client.post("/").json() for _ in range(2)] == [1, 2]


# Whose it is.


async def by_name(x_name: Annotated[str | None, Header()] = None) -> str | None:
    return x_name


def test_each_owner_has_answers_of_its_own() -> None:
    counting = Counting().get(by=by_name)
    ada = {"Authorization": "a", "X-Name": "ada"}
    bob = {"Authorization": "b", "X-Name": "bob"}
    assert [counting.ask(**one) for one in (ada, bob, ada, bob)] == [1, 2, 1, 2]
    # A token that is new is the same owner's.
    assert counting.ask(**{**ada, "Authorization": "new"}) == 1
    # Nobody has those that are nobody's, unless there may be somebody.
    assert [counting.ask(), counting.ask(), counting.ask(Authorization="a")] == [3, 3, 4]
    # By no cache on the way: it would give nobody's answers to somebody.
    for headers in (ada, {}):
        said = counting.client.get("/", headers=headers).headers["cache-control"]
        assert said == "private, no-cache"


def test_that_an_answer_cannot_be_kept_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    counting = Counting().get()
    counting.does = lambda: JSONResponse({"runs": counting.runs}, headers={"Vary": "Origin"})
    with caplog.at_level("WARNING"):
        assert [counting.ask() for _ in range(3)] == [1, 2, 3]
    (record,) = caplog.records
    assert record.message.endswith("their Vary has what vary= does not name: origin.")


def test_caches_on_the_way_are_told_to_give_nothing_to_who_has_credentials() -> None:
    vary = Counting().get(vary=["Accept"]).client.get("/").headers["vary"]
    assert vary == "accept, authorization, cookie, x-api-key"
    assert "vary" not in Counting().get(shared=True).client.get("/").headers


@pytest.mark.parametrize("scheme", [APIKeyHeader(name="X-Token"), APIKeyQuery(name="token")])
def test_what_is_shared_behind_a_scheme_is_of_no_cache_on_the_way(scheme: Any) -> None:
    counting = Counting()

    @counting.app.get("/", dependencies=[Depends(scheme)])
    @counting.cache.store(60, shared=True)
    async def read() -> str:
        return "for some"

    for _ in range(2):
        found = counting.client.get("/?token=a", headers={"X-Token": "a"})
        assert found.headers["cache-control"] == "private, no-cache"


def test_an_app_may_have_several_caches() -> None:
    class Watched(MemoryStore):
        asked = 0

        async def find(self, key: str, tags: Sequence[str]) -> Entry | None:
            self.asked += 1
            return await super().find(key, tags)

    stores = Watched(), Watched()
    app = Vivace()
    client = TestClient(app)
    for number, store in enumerate(stores):
        cache = Cache(store)
        cache.install(app)
        app.get(f"/{number}")(cache.store(60)(lambda: 1))
    for number in range(2):
        client.get(f"/{number}")
        assert [one.asked > 0 for one in stores] == [True, number == 1]


def test_what_is_shared_is_the_same_for_all() -> None:
    counting = Counting().get(shared=True)
    assert [counting.ask(Authorization=one) for one in "ab"] == [1, 1]
    said = counting.client.get("/", headers={"Cookie": "a=b"}).headers["cache-control"]
    assert said == "private, no-cache"
    assert counting.client.get("/").headers["cache-control"] == "public, max-age=60"


def test_whom_a_dependency_refuses_gets_nothing_that_is_kept() -> None:
    counting = Counting()
    calls = []

    def guard(authorization: Annotated[str, Header()] = "") -> None:
        calls.append(authorization)
        if authorization != "good":
            raise HTTPException(401)

    @counting.app.get("/", dependencies=[Depends(guard)])
    @counting.cache.store(60, shared=True)
    async def read() -> dict[str, int]:
        counting.runs += 1
        return {"runs": counting.runs}

    assert [counting.ask(Authorization="good") for _ in range(2)] == [1, 1]
    for headers in ({}, {"Authorization": "bad"}, {"If-None-Match": "*"}):
        assert counting.client.get("/", headers=headers).status_code == 401
    assert len(calls) == 5


def test_what_is_private_may_be_used_for_as_long_as_is_said() -> None:
    counting = Counting().get(by=by_name, client_seconds=9)
    said = counting.client.get("/", headers={"X-Name": "ada"}).headers["cache-control"]
    assert said == "private, max-age=9"


# Invalidating.


def test_what_is_invalidated_is_made_anew() -> None:
    counting = Counting()
    cache = counting.cache

    @counting.app.get("/books/{book}")
    @cache.store(60, tags=["books", "book:{book}"])
    async def read(book: int, page: int = 1) -> dict[str, int]:
        counting.runs += 1
        return {"runs": counting.runs}

    @counting.app.post("/invalidate")
    async def invalidate(tag: str = "", path: str = "") -> None:
        if tag:
            await cache.invalidate(tag)
        elif path:
            await cache.invalidate_path(path)
        else:
            await cache.clear()

    def ask() -> list[int]:
        return [counting.ask(path) for path in ("/books/1", "/books/1?page=2", "/books/2")]

    assert ask() == ask() == [1, 2, 3]
    counting.client.post("/invalidate?tag=book:1")
    assert ask() == [4, 5, 3]
    counting.client.post("/invalidate?path=/books/2")
    assert ask() == [4, 5, 6]
    counting.client.post("/invalidate?tag=books")
    assert ask() == [7, 8, 9]
    counting.client.post("/invalidate")
    assert ask() == ask() == [10, 11, 12]


def test_an_endpoint_invalidates_when_it_has_answered() -> None:
    counting = Counting()
    cache, app = counting.cache, counting.app
    status = 200

    @app.get("/books")
    @cache.store(60, tags=["books"])
    async def read_all() -> dict[str, int]:
        counting.runs += 1
        return {"runs": counting.runs}

    app.get("/books/{book}")(cache.store(60)(read_all.__wrapped__))  # type: ignore[attr-defined]

    @app.put("/books/{book}")
    @cache.invalidates("books")
    def change(book: int, request: Request) -> None:
        # Before it has answered, nothing is invalidated.
        assert counting.ask("/books") == 1
        if status == 500:
            raise ValueError
        if status != 200:
            raise HTTPException(status)

    def ask() -> list[int]:
        return [counting.ask(path) for path in ("/books", "/books/1", "/books/2")]

    assert ask() == [1, 2, 3]
    status = 409
    assert counting.client.put("/books/1").status_code == 409
    assert ask() == [1, 2, 3]
    status = 200
    assert counting.client.put("/books/1").status_code == 200
    # Its own path is invalidated too (RFC 9111, section 4.4).
    assert ask() == [4, 5, 3]


def test_an_endpoint_that_fails_may_have_changed_something() -> None:
    counting = Counting().get(tags=["t"])

    @counting.app.post("/")
    @counting.cache.invalidates("t")
    async def fail() -> None:
        raise ValueError

    counting.ask()
    assert counting.client.post("/").status_code == 500
    assert counting.ask() == 2


# Stale ones.


def test_a_stale_answer_is_given_while_a_new_one_is_made(clock: Clock) -> None:
    counting = Counting().get(60, stale_while_revalidate=30)
    assert counting.ask() == 1
    clock.advance(70)
    answer = counting.client.get("/")
    assert (answer.json()["runs"], answer.headers["age"]) == (1, "70")
    assert counting.runs == 2
    assert [counting.ask(), counting.runs] == [2, 2]
    clock.advance(90)
    assert counting.ask() == 3


def test_the_client_has_its_answer_whatever_becomes_of_the_new_one(clock: Clock) -> None:
    counting = Counting().get(60, stale_while_revalidate=30)
    counting.ask()
    clock.advance(70)
    counting.does = lambda: 1 / 0
    assert counting.ask() == 1
    counting.does = lambda: None
    assert [counting.ask(), counting.ask()] == [1, 3]


@pytest.mark.parametrize(
    "fail",
    [lambda: 1 / 0, lambda: JSONResponse({}, 503), lambda: _raise(HTTPException(502))],
)
def test_a_stale_answer_takes_the_place_of_an_error(clock: Clock, fail: Callable[[], Any]) -> None:
    counting = Counting().get(60, stale_if_error=30)
    counting.ask()
    counting.does = fail
    clock.advance(70)
    answer = counting.client.get("/")
    assert (answer.status_code, answer.json(), answer.headers["age"]) == (200, {"runs": 1}, "70")
    clock.advance(20)
    assert counting.client.get("/").status_code >= 500
    counting.does = lambda: None
    assert counting.ask() == 4


def _raise(error: Exception) -> None:
    raise error


def test_dependencies_and_handlers_see_the_error_that_a_stale_answer_takes_the_place_of(
    clock: Clock,
) -> None:
    counting, ends = Counting(), []
    errors: list[Exception] = []

    async def session() -> AsyncIterator[None]:
        try:
            yield
            ends.append("committed")
        except Exception:
            ends.append("rolled back")
            raise

    @counting.app.exception_handler(KeyError)
    async def answer(request: Request, error: KeyError) -> Response:
        return JSONResponse({}, 404)

    @counting.app.get("/")
    @counting.cache.store(60, stale_if_error=600)
    async def read(session: None = Depends(session)) -> int:
        if errors:
            raise errors[0]
        return 7

    statuses = []
    for error in (None, ValueError(), KeyError()):
        errors[:] = [error] if error else []
        statuses.append(counting.client.get("/").status_code)
        clock.advance(70)
    assert statuses == [200, 200, 404]
    assert ends == ["committed", "rolled back", "rolled back"]


def test_a_stale_answer_takes_the_place_of_an_error_inside_of_what_catches_it(
    clock: Clock,
) -> None:
    counting = Counting().get(60, stale_if_error=600)

    class Catching:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await self.app(scope, receive, send)
            except ValueError:
                await JSONResponse({}, 418)(scope, receive, send)

    counting.app.add_middleware(Catching)
    counting.ask()
    counting.does = lambda: _raise(ValueError())
    clock.advance(70)
    assert counting.ask() == 1


def test_a_refusal_is_no_error(clock: Clock) -> None:
    counting = Counting().get(60, stale_if_error=30)
    counting.ask()
    counting.does = lambda: _raise(HTTPException(404))
    clock.advance(70)
    assert counting.client.get("/").status_code == 404


def test_the_endpoint_may_forbid_stale_answers(clock: Clock) -> None:
    counting = Counting().get(60, stale_if_error=30, stale_while_revalidate=30)
    counting.does = lambda: JSONResponse({"runs": 9}, headers={"Cache-Control": "must-revalidate"})
    counting.ask()
    counting.does = lambda: 1 / 0
    clock.advance(61)
    assert counting.client.get("/").status_code == 500


# What stands around.


@pytest.mark.parametrize("is_outside", [True, False])
def test_limits_count_what_is_given_again_too(is_outside: bool) -> None:
    counting, limiter = Counting(), Limiter()
    limit, store = limiter.limit("3/minute"), counting.cache.store(60)

    async def read() -> int:
        counting.runs += 1
        return counting.runs

    counting.app.get("/")(limit(store(read)) if is_outside else store(limit(read)))
    answers = [counting.client.get("/") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert counting.runs == 1
    # Of an answer that is given again nothing is said that was true of another request.
    assert "ratelimit" in answers[0].headers
    assert "ratelimit" not in answers[1].headers


def test_a_limiter_that_is_installed_says_what_is_left_each_time() -> None:
    counting, limiter = Counting(), Limiter()
    limiter.install(counting.app, "3/minute")
    counting.get()
    said = [counting.client.get("/").headers["ratelimit"] for _ in range(3)]
    assert [one.split(";")[1] for one in said] == ["r=2", "r=1", "r=0"]
    assert counting.runs == 1


def test_compression_around_it_compresses_what_is_kept() -> None:
    counting = Counting().get()
    counting.app.add_middleware(GZipMiddleware, minimum_size=1)
    counting.does = lambda: {"runs": 1, "text": "x" * 900}
    sizes = [
        int(counting.client.get("/", headers={"Accept-Encoding": coding}).headers["content-length"])
        for coding in ("gzip", "gzip", "identity")
    ]
    assert sizes[0] == sizes[1] < 200 < 900 < sizes[2]
    assert counting.runs == 1


def test_compression_inside_of_it_needs_to_be_declared() -> None:
    counting = Counting()
    counting.app.user_middleware.clear()
    counting.app.add_middleware(GZipMiddleware, minimum_size=1)
    counting.cache.install(counting.app)
    counting.get(vary=["Accept-Encoding"])
    counting.does = lambda: {"runs": counting.runs, "text": "x" * 900}
    asked = [counting.ask(Accept_Encoding=coding) for coding in ("gzip", "identity", "gzip")]
    assert asked == [1, 2, 1]


def test_middleware_inside_of_it_does_not_act_twice() -> None:
    counting = Counting()
    counting.app.user_middleware.clear()
    numbers = iter(range(100))

    @counting.app.middleware("http")
    async def add(request: Request, call_next: Callable[[Request], Any]) -> Response:
        response: Response = await call_next(request)
        number = str(next(numbers))
        response.headers.update({"X-Own": number, "X-Request-ID": number})
        return response

    counting.cache.install(counting.app)
    counting.get()
    headers = [counting.client.get("/").headers for _ in range(3)]
    # What belongs to a request is that of each.
    assert [one["x-request-id"] for one in headers] == ["0", "1", "2"]
    assert {one["x-own"] for one in headers} == {"0"}


class Away:
    """A store that is away."""

    async def fail(self, *given: Any) -> Any:
        raise StoreUnavailable(1)

    find = lead = keep = release = invalidate = fail

    async def close(self) -> None: ...


def test_while_the_store_is_away_answers_are_made() -> None:
    counting = Counting(Cache(Away())).get()

    @counting.app.post("/")
    @counting.cache.invalidates("t")
    async def change() -> None: ...

    assert [counting.ask(), counting.ask()] == [1, 2]
    assert counting.client.post("/").status_code == 200


def test_what_is_made_while_the_store_is_away_says_what_it_says_otherwise() -> None:
    def fields_of(cache: Cache, method: str, **headers: str) -> dict[str, str]:
        counting = Counting(cache).get(vary=["Accept"])
        counting.does = lambda: {"runs": "equal"}
        response = counting.client.request(method, "/", headers=named(headers))
        return {"status": str(response.status_code), "text": response.text, **response.headers}

    usual = fields_of(Cache(), "GET")
    assert usual["etag"] and usual["cache-control"] == "public, max-age=60"
    assert fields_of(Cache(Away()), "GET") == usual
    known = fields_of(Cache(Away()), "GET", If_None_Match=usual["etag"])
    assert (known["status"], known["text"], known["etag"]) == ("304", "", usual["etag"])
    # Without content there is nothing that an ETag could be made of.
    head = fields_of(Cache(Away()), "HEAD")
    del usual["etag"]
    assert head == {**usual, "text": ""}


def test_so_does_what_is_made_for_a_client_that_wants_nothing_kept() -> None:
    counting = Counting().get()
    counting.does = lambda: {"runs": 0}
    first = counting.client.get("/", headers={"Cache-Control": "no-store"})
    assert first.headers["etag"] == counting.client.get("/").headers["etag"]
    assert counting.runs == 2


class Flaky(MemoryStore):
    """A store that may be away."""

    is_away = False

    async def find(self, key: str, tags: Any) -> Entry | None:
        await self._check()
        return await super().find(key, tags)

    async def lead(self, *given: Any) -> Lead | None:
        await self._check()
        return await super().lead(*given)

    async def keep(self, key: str, entry: Entry, lead: Lead) -> bool:
        await self._check()
        return await super().keep(key, entry, lead)

    async def invalidate(self, tags: Any) -> None:
        await self._check()
        await super().invalidate(tags)

    async def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable(1)


def test_what_was_invalidated_while_the_store_was_away_is_not_given() -> None:
    store = Flaky()
    counting = Counting(Cache(store)).get(tags=["t"])

    @counting.app.post("/")
    @counting.cache.invalidates("t")
    async def change() -> None: ...

    counting.ask()
    store.is_away = True
    counting.client.post("/")
    assert counting.ask() == 2
    store.is_away = False
    assert [counting.ask(), counting.ask()] == [3, 3]


def test_a_store_that_goes_away_while_an_answer_is_made_changes_nothing() -> None:
    store = Flaky()
    counting = Counting(Cache(store)).get()

    def leave() -> None:
        store.is_away = True

    counting.does = leave
    assert counting.ask() == 1
    assert counting.ask() == 2


# Declarations.


def test_a_cache_that_is_in_no_app_is_an_error() -> None:
    app, cache = Vivace(), Cache()

    @app.get("/")
    @cache.store(60)
    async def read() -> None: ...

    with pytest.raises(VivaceError, match=r"cache\.install\(app\)"), TestClient(app):
        pass
    with pytest.raises(VivaceError, match=r"cache\.install\(app\)"):
        TestClient(app).get("/")


def test_what_makes_no_sense_is_refused_at_once() -> None:
    cache = Cache()
    with pytest.raises(TypeError, match=r"RedisStore\('redis://localhost'\)"):
        Cache("redis://localhost")  # type: ignore[arg-type]  # as it says
    for options in ({"max_answer": 0}, {"wait": -1}, {"lead": 0}):
        with pytest.raises(ValueError, match=next(iter(options))):
            Cache(**options)  # type: ignore[arg-type]  # as it says
    with pytest.raises(TypeError, match="vary='Accept' is a string"):
        cache.store(60, vary="Accept")

    async def read(book: int) -> None: ...

    with pytest.raises(ValueError, match=r"names \{isbn\}, and read has no such parameter"):
        cache.store(60, tags=["{isbn}"])(read)
    with pytest.raises(ValueError, match=r"names \{isbn\}, and read has no such parameter"):
        cache.invalidates("{isbn}")(read)


def test_a_decorator_above_that_of_the_route_is_refused() -> None:
    app, cache = Vivace(), Cache()

    @app.get("/")
    async def read() -> None: ...

    for decorate in (cache.store(60), cache.invalidates("t")):
        with pytest.raises(TypeError, match="read is an endpoint already"):
            decorate(read)


def test_the_document_is_that_of_the_endpoint() -> None:
    counting = Counting().get(by=by_name)
    parameters = counting.app.openapi()["paths"]["/"]["get"]["parameters"]
    assert [one["name"] for one in parameters] == ["x-name"]
