"""Keys that are committed with the change, on PostgreSQL and MariaDB: it is made once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.servers.engines.postgresql_server import PostgreSQLServer
from tests.servers.engines.process import run_engine
from tests.servers.workers import FRESH
from tests.unit.behaviour.process import Server
from tests.unit.sql.databases import new_database
from tests.unit.suspending import suspend

from .conftest import APP, Runs, wait_until
from .processes import kill, serving

pytestmark = pytest.mark.xdist_group("idempotency-sql")


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def environment(request: pytest.FixtureRequest, runs_of_module: Runs) -> Iterator[dict[str, str]]:
    with new_database(request.param, Path()) as url:
        yield {"PAYING_STORE": url, **runs_of_module.environment}


@pytest.fixture(scope="module")
def servers(environment: dict[str, str]) -> Iterator[list[Server]]:
    # The first one makes the tables.
    with serving(APP, **environment) as one, serving(APP, **environment) as other:
        yield [one, other]


@pytest.fixture
def brief(servers: list[Server], environment: dict[str, str]) -> Iterator[Server]:
    """One more server, which has a key for a short time if it does not say that it is there."""
    with serving(APP, PAYING_LEASE="2", **environment) as server:
        yield server


def change(server: Server, key: str, query: str = "") -> httpx.Response:
    url = f"http://127.0.0.1:{server.port}/change{query}"
    return FRESH.post(url, headers={"Idempotency-Key": key})


def changes(server: Server) -> int:
    count: int = FRESH.get(f"http://127.0.0.1:{server.port}/changes").json()
    return count


def test_of_many_at_once_one_is_made(servers: list[Server], runs: Runs, key: str) -> None:
    before = changes(servers[0])
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(change, server, key) for server in servers * 10]
        answers = [one.result() for one in asked]
    assert {one.status_code for one in answers} <= {200, 409}
    assert {one.text for one in answers if one.status_code == 200} == {"1"}
    assert (runs.number, changes(servers[0])) == (1, before + 1)
    assert {change(server, key).text for server in servers} == {"1"}


def test_what_a_process_was_killed_over_is_made_by_the_next(
    servers: list[Server], brief: Server, runs: Runs, key: str
) -> None:
    before = changes(servers[0])
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(change, brief, key)
        runs.wait_for(1)
        kill(brief)
        assert isinstance(first.exception(), httpx.HTTPError)
    runs.let_go()
    wait_until(lambda: change(servers[1], key).status_code == 200)
    assert (runs.number, changes(servers[1])) == (2, before + 1)


def test_what_has_failed_is_made_by_the_next(servers: list[Server], runs: Runs, key: str) -> None:
    before = changes(servers[0])
    assert change(servers[0], key, "?fails=1").status_code == 503
    assert changes(servers[0]) == before
    assert change(servers[1], key).status_code == 200
    assert changes(servers[0]) == before + 1


def test_a_process_that_was_stopped_for_too_long_changes_nothing(
    servers: list[Server], brief: Server, runs: Runs, key: str
) -> None:
    """It goes on when another one has the key, and cannot commit."""
    quick, before = servers[0], changes(servers[0])
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(change, brief, key)
        runs.wait_for(1)
        suspend(brief.process)
        runs.let_go()
        try:
            wait_until(lambda: change(quick, key).status_code == 200)
        finally:
            brief.process.send_signal(signal.SIGCONT)
        assert first.result().status_code == 409
    assert (runs.number, changes(quick)) == (2, before + 1)
    assert {change(server, key).text for server in (brief, quick)} == {"2"}


def test_a_database_that_goes_away_makes_nobody_wait(runs: Runs) -> None:
    with run_engine(PostgreSQLServer) as engine:
        environment = {"PAYING_STORE": engine.url, **runs.environment}
        with serving(APP, **environment) as server:
            assert change(server, "a").text == "1"
            engine.kill()
            refused = change(server, "b")
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            engine.start()
            wait_until(lambda: change(server, "b").status_code == 200)
            assert change(server, "a").text == "1"
            assert changes(server) == 2
