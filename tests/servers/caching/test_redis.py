"""Two servers over one Redis: an answer is made once, and invalidated in both."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from tests.servers.engines.process import run_engine
from tests.servers.engines.redis_server import RedisServer
from tests.servers.idempotency.conftest import Runs, wait_until
from tests.servers.idempotency.processes import kill, serving
from tests.servers.workers import FRESH
from tests.unit.behaviour.process import Server

pytestmark = pytest.mark.xdist_group("caching-redis")

APP = Path(__file__).parent / "cached_app.py"
#: Far more than a request takes, and far less than all of them would if each waited for Redis.
SOON = 30.0


@pytest.fixture(scope="module")
def engine() -> Iterator[RedisServer]:
    with run_engine(RedisServer) as engine:
        yield engine


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caching")


@pytest.fixture
def runs(directory: Path) -> Runs:
    return Runs(directory / "runs", directory / "gate").begin()


@pytest.fixture(scope="module")
def environment(engine: RedisServer, directory: Path) -> dict[str, str]:
    return {
        "CACHED_REDIS": engine.url,
        "CACHED_RUNS": str(directory / "runs"),
        "CACHED_GATE": str(directory / "gate"),
    }


@pytest.fixture(scope="module")
def servers(environment: dict[str, str]) -> Iterator[list[Server]]:
    with serving(APP, **environment) as one, serving(APP, **environment) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def hasty(environment: dict[str, str]) -> Iterator[list[Server]]:
    """They do not wait long for Redis."""
    environment = environment | {"CACHED_TIMEOUT": "1"}
    with serving(APP, **environment) as one, serving(APP, **environment) as other:
        yield [one, other]


@pytest.fixture
def book() -> str:
    """The path of one that nobody else reads."""
    return f"/books/{token_hex(8)}"


def ask(server: Server, path: str, **headers: str) -> httpx.Response:
    # As behind a proxy: answers are kept for each host.
    given = {"Host": "books.test", **headers}
    return FRESH.get(f"http://127.0.0.1:{server.port}{path}", headers=given)


def change(server: Server, path: str) -> None:
    changed = FRESH.put(f"http://127.0.0.1:{server.port}{path}")
    assert changed.status_code == 200


def test_of_fifty_at_once_one_makes_the_answer(
    servers: list[Server], runs: Runs, book: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(50) as threads:
        asked = [threads.submit(ask, server, book) for server in servers * 25]
        runs.wait_for(1)
        time.sleep(0.5)
        runs.let_go()
        assert {one.result().text for one in asked} == {"1"}
    assert runs.number == 1


def test_what_one_server_invalidates_the_other_makes_anew(
    servers: list[Server], runs: Runs, book: str
) -> None:
    one, other = servers
    assert [ask(server, book).text for server in servers] == ["1", "1"]
    change(one, book)
    assert [ask(server, book).text for server in (other, one)] == ["2", "2"]
    etag = ask(one, book).headers["etag"]
    assert ask(other, book, **{"If-None-Match": etag}).status_code == 304


def test_what_is_invalidated_elsewhere_while_it_is_made_is_not_kept(
    servers: list[Server], runs: Runs, book: str
) -> None:
    one, other = servers
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(ask, one, book)
        runs.wait_for(1)
        change(other, book)
        runs.let_go()
        assert first.result().text == "1"
    assert [ask(server, book).text for server in servers] == ["2", "2"]


def test_a_server_that_dies_over_an_answer_is_not_waited_for_long(
    servers: list[Server], runs: Runs, environment: dict[str, str], book: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread, serving(APP, CACHED_LEAD="2", **environment) as one:
        first = thread.submit(ask, one, book)
        runs.wait_for(1)
        kill(one)
        assert isinstance(first.exception(), httpx.HTTPError)
    runs.let_go()
    started = time.monotonic()
    assert ask(servers[1], book).text == "2"
    assert time.monotonic() - started < SOON


def test_whom_a_guard_refuses_gets_nothing_in_either(servers: list[Server], runs: Runs) -> None:
    good = {"Authorization": "good"}
    assert [ask(server, "/guarded", **good).text for server in servers] == ["1", "1"]
    assert [ask(server, "/guarded").status_code for server in servers] == [401, 401]


@pytest.mark.parametrize("hangs", [False, True])
def test_redis_goes_away_and_comes_back_under_load(
    hasty: list[Server], runs: Runs, engine: RedisServer, hangs: bool
) -> None:
    is_over, asked = threading.Event(), list[tuple[int, float, bool]]()

    def load(server: Server) -> None:
        while not is_over.is_set():
            started = time.monotonic()
            answers = [ask(server, f"/books/{started}") for _ in range(2)]
            is_kept = answers[0].text == answers[1].text
            took = time.monotonic() - started
            asked.append((max(one.status_code for one in answers), took, is_kept))

    def last() -> list[bool]:
        return [is_kept for _, _, is_kept in asked[-20:]]

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(load, server) for server in hasty * 2]
        try:
            for _ in range(2):
                wait_until(lambda: last() == [True] * 20)
                engine.suspend() if hangs else engine.kill()
                wait_until(lambda: last() == [False] * 20)
                engine.resume() if hangs else engine.start()
            wait_until(lambda: last() == [True] * 20)
        finally:
            is_over.set()
        for future in futures:
            future.result(60)
    assert {status for status, _, _ in asked} == {200}
    assert max(took for _, took, _ in asked) < SOON


def test_what_was_invalidated_without_redis_is_not_given_when_it_is_back(
    hasty: list[Server], runs: Runs, engine: RedisServer, book: str
) -> None:
    one, _ = hasty
    wait_until(lambda: ask(one, book).text == "1")
    engine.suspend()
    try:
        change(one, book)
        assert ask(one, book).text == "2"
    finally:
        engine.resume()
    wait_until(lambda: ask(one, book).text == ask(one, book).text)
    assert int(ask(one, book).text) > 1
