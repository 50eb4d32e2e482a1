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
from tests.unit.behaviour.process import Server
from tests.unit.sql.databases import new_database

from .conftest import APP, Runs, wait_until
from .processes import kill, serving

pytestmark = pytest.mark.xdist_group("idempotency-sql")


@pytest.fixture(params=["postgresql", "mariadb"])
def servers(request: pytest.FixtureRequest, runs: Runs) -> Iterator[list[Server]]:
    with new_database(request.param, Path()) as url:
        environment = {"PAYING_STORE": url, **runs.environment}
        # The first one makes the tables.
        with serving(APP, **environment) as one, serving(APP, **environment) as other:
            yield [one, other]


def change(server: Server, key: str, query: str = "") -> httpx.Response:
    url = f"http://127.0.0.1:{server.port}/change{query}"
    return httpx.post(url, headers={"Idempotency-Key": key}, timeout=60)


def changes(server: Server) -> int:
    count: int = httpx.get(f"http://127.0.0.1:{server.port}/changes").json()
    return count


def test_of_many_at_once_one_is_made(servers: list[Server], runs: Runs) -> None:
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(change, server, "a") for server in servers * 10]
        answers = [one.result() for one in asked]
    assert {one.status_code for one in answers} <= {200, 409}
    assert {one.text for one in answers if one.status_code == 200} == {"1"}
    assert (runs.number, changes(servers[0])) == (1, 1)
    assert {change(server, "a").text for server in servers} == {"1"}


def test_what_a_process_was_killed_over_is_made_by_the_next(
    servers: list[Server], runs: Runs
) -> None:
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(change, servers[0], "a")
        runs.wait_for(1)
        kill(servers[0])
        assert isinstance(first.exception(), httpx.HTTPError)
    runs.let_go()
    wait_until(lambda: change(servers[1], "a").status_code == 200)
    assert (runs.number, changes(servers[1])) == (2, 1)


def test_what_has_failed_is_made_by_the_next(servers: list[Server], runs: Runs) -> None:
    assert change(servers[0], "a", "?fails=1").status_code == 503
    assert changes(servers[0]) == 0
    assert change(servers[1], "a").status_code == 200
    assert changes(servers[0]) == 1


def test_a_process_that_was_stopped_for_too_long_changes_nothing(
    servers: list[Server], runs: Runs
) -> None:
    """It goes on when another one has the key, and cannot commit."""
    slow, quick = servers
    runs.hold()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(change, slow, "a")
        runs.wait_for(1)
        slow.process.send_signal(signal.SIGSTOP)
        runs.let_go()
        try:
            wait_until(lambda: change(quick, "a").status_code == 200)
        finally:
            slow.process.send_signal(signal.SIGCONT)
        assert first.result().status_code == 409
    assert (runs.number, changes(quick)) == (2, 1)
    assert {change(server, "a").text for server in servers} == {"2"}


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
