"""Two servers over one Redis: what they are asked with one key, they do once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.servers.engines.process import run_engine
from tests.servers.engines.redis_server import DurableRedisServer, RedisServer
from tests.servers.workers import FRESH
from tests.unit.behaviour.process import Server

from .conftest import APP, Runs, wait_until
from .processes import kill, serving

pytestmark = pytest.mark.xdist_group("idempotency-redis")


@pytest.fixture(scope="module")
def engine_of_module() -> Iterator[RedisServer]:
    with run_engine(DurableRedisServer) as engine:
        yield engine


@pytest.fixture
def engine(engine_of_module: RedisServer) -> RedisServer:
    """One that runs, and that a test may stop."""
    engine_of_module.start()
    return engine_of_module


@pytest.fixture(scope="module")
def environment(engine_of_module: RedisServer, runs_of_module: Runs) -> dict[str, str]:
    store = {"PAYING_STORE": engine_of_module.url, "PAYING_PREFIX": "test"}
    return {**store, **runs_of_module.environment}


@pytest.fixture(scope="module")
def servers(environment: dict[str, str]) -> Iterator[list[Server]]:
    """They hold a key for longer than Redis is away in a test."""
    with serving(APP, **environment) as one, serving(APP, **environment) as other:
        yield [one, other]


def ask(server: Server, path: str, key: str) -> httpx.Response:
    url = f"http://127.0.0.1:{server.port}{path}"
    return FRESH.post(url, headers={"Idempotency-Key": key})


def ask_patiently(server: Server, key: str) -> httpx.Response:
    wait_until(lambda: ask(server, "/pay", key).status_code != 409)
    return ask(server, "/pay", key)


def ask_all(servers: list[Server], path: str, key: str, number: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(number) as threads:
        asked = [servers[n % len(servers)] for n in range(number)]
        return list(threads.map(lambda server: ask(server, path, key), asked))


def test_of_fifty_at_once_one_is_carried_out(servers: list[Server], runs: Runs, key: str) -> None:
    answers = ask_all(servers, "/wait", key, 50)
    assert {(one.status_code, one.text) for one in answers} == {(200, "1")}
    assert runs.number == 1
    assert sum("idempotency-replayed" in one.headers for one in answers) == 49


def test_or_the_others_are_told_to_come_back(servers: list[Server], runs: Runs, key: str) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(ask, servers[0], "/pay", key)
        runs.wait_for(1)
        refused = ask_all(servers, "/pay", key, 20)
        assert {one.status_code for one in refused} == {409}
        assert {one.headers["retry-after"] for one in refused} == {"1"}
        runs.let_go()
        assert first.result().text == "1"
    assert {one.text for one in ask_all(servers, "/pay", key, 10)} == {"1"}
    assert runs.number == 1


def test_what_a_process_was_killed_over_can_be_made_again(
    servers: list[Server], runs: Runs, environment: dict[str, str], key: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread, serving(APP, PAYING_LEASE="2", **environment) as server:
        first = thread.submit(ask, server, "/pay", key)
        runs.wait_for(1)
        kill(server)
        assert isinstance(first.exception(), httpx.HTTPError)
    runs.let_go()
    wait_until(lambda: ask(servers[1], "/pay", key).status_code == 200)
    assert runs.number == 2
    assert ask(servers[1], "/pay", key).text == "2"


def test_a_key_is_not_free_while_its_process_may_live(
    servers: list[Server], runs: Runs, environment: dict[str, str], key: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread, serving(APP, **environment) as server:
        first = thread.submit(ask, server, "/pay", key)
        runs.wait_for(1)
        kill(server)
        assert isinstance(first.exception(), httpx.HTTPError)
    runs.let_go()
    assert ask(servers[1], "/pay", key).status_code == 409


def test_a_client_that_goes_finds_its_answer_later(
    servers: list[Server], runs: Runs, key: str
) -> None:
    runs.hold()
    with servers[0].connect() as client:
        head = f"POST /pay HTTP/1.1\r\nHost: h\r\nIdempotency-Key: {key}\r\n"
        client.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
        runs.wait_for(1)
    runs.let_go()
    wait_until(lambda: ask(servers[1], "/pay", key).status_code == 200)
    assert (ask(servers[1], "/pay", key).text, runs.number) == ("1", 1)


def test_a_server_that_is_stopped_lets_a_request_end(
    servers: list[Server], runs: Runs, environment: dict[str, str], key: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread, serving(APP, **environment) as server:
        first = thread.submit(ask, server, "/pay", key)
        runs.wait_for(1)
        server.process.terminate()
        wait_until(lambda: "Waiting for" in server.log)
        runs.let_go()
        assert first.result().text == "1"
    assert ask(servers[1], "/pay", key).text == "1"


def test_redis_stops_and_starts_under_load(
    servers: list[Server], runs: Runs, engine: RedisServer
) -> None:
    """What was answered with 200 is answered so again, and was done once."""
    is_over, answers = threading.Event(), dict[str, list[httpx.Response]]()
    slowest = 0.0

    def load(number: int) -> None:
        nonlocal slowest
        count = 0
        while not is_over.is_set():
            count += 1
            key = f"load-{number}-{count}"
            for server in servers:
                started = time.monotonic()
                answers.setdefault(key, []).append(ask(server, "/pay", key))
                slowest = max(slowest, time.monotonic() - started)

    def last() -> set[int]:
        return {one.status_code for all_ in [*answers.values()][-4:] for one in all_}

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(load, number) for number in range(4)]
        try:
            for _ in range(2):
                wait_until(lambda: last() == {200})
                engine.kill()
                wait_until(lambda: last() == {503})
                engine.start()
            wait_until(lambda: last() == {200})
        finally:
            is_over.set()
        for future in futures:
            future.result(60)
    assert slowest < 20
    statuses = {one.status_code for all_ in answers.values() for one in all_}
    assert statuses <= {200, 409, 503}
    for key, given in answers.items():
        texts = {one.text for one in given if one.status_code == 200}
        assert len(texts) <= 1, (key, given)
        if texts:
            # One that was given while Redis was away is kept a little after its return.
            assert ask_patiently(servers[0], key).text == texts.pop()
    assert ask(servers[0], "/open", "open").status_code == 200


def test_while_redis_is_away_the_open_ones_go_on(
    servers: list[Server], runs: Runs, engine: RedisServer, key: str
) -> None:
    engine.stop()
    assert [ask(servers[0], "/open", key).text for _ in range(2)] == ["1", "2"]
    refused = ask(servers[0], "/pay", key)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    engine.start()
    wait_until(lambda: ask(servers[0], "/pay", key).status_code == 200)


def test_what_is_done_while_redis_goes_away_is_kept_when_it_is_back(
    servers: list[Server], runs: Runs, engine: RedisServer, key: str
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(ask, servers[0], "/pay", key)
        runs.wait_for(1)
        engine.kill()
        runs.let_go()
        assert first.result().text == "1"
    engine.start()
    wait_until(lambda: ask(servers[1], "/pay", key).status_code == 200)
    assert (ask(servers[1], "/pay", key).text, runs.number) == ("1", 1)
