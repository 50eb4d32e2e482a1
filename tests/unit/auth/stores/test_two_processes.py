"""Sign-in on a server with two worker processes: what one does holds in the other."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

import httpx
import pytest

from .conftest import REDIS

PASSWORD = "correct horse battery"

#: Two connections, each of which is to another process.
Pair = tuple[httpx.Client, httpx.Client]


@contextmanager
def serve(log: Path, **variables: str) -> Iterator[str]:
    """The address of a server with two workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--workers", "2", "--timeout-keep-alive", "600"]
    here = Path(__file__).parent
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "shop:app", *options, "--app-dir", str(here)],
            env={**os.environ, **variables, "SHOP_SECRET": token_urlsafe(32)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def new_client(address: str) -> httpx.Client:
    """A client with one connection, which stays with the process that took it."""
    limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
    return httpx.Client(base_url=address, limits=limits, timeout=60, trust_env=False)


def connect(address: str, log: Path) -> Pair:
    """Connect until both workers have been met."""
    met: dict[int, httpx.Client] = {}
    deadline = time.monotonic() + 120
    while len(met) < 2:
        assert time.monotonic() < deadline, log.read_text()
        # Several at once, as a worker that has nothing else to do may take all that come singly.
        clients = [new_client(address) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            processes = list(pool.map(process_of, clients))
        for process, client in zip(processes, clients):
            if process is None or process in met:
                client.close()
            else:
                met[process] = client
        time.sleep(0.1)
    one, other = met.values()
    return one, other


def process_of(client: httpx.Client) -> int | None:
    """The process that answers; ``None`` where none does yet."""
    try:
        process: int = client.get("/process").json()
    except httpx.TransportError:
        return None
    return process


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "redis"])
def workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """A server over SQLite, PostgreSQL, or SQLite and Redis; its workers make the tables."""
    directory = tmp_path_factory.mktemp("shop")
    variables = {"SHOP_DATABASE": f"sqlite:///{directory}/shop.db"}
    if request.param == "postgresql":
        variables["SHOP_DATABASE"] = request.getfixturevalue("shop_database")
    elif request.param == "redis":
        variables |= {"SHOP_REDIS": REDIS, "SHOP_PREFIX": request.getfixturevalue("shop_prefix")}
    log = directory / "log"
    with serve(log, **variables) as address:
        one, other = connect(address, log)
        with closing(one), closing(other):
            yield one, other
    assert "Traceback" not in log.read_text()


@pytest.fixture
def both(workers: Pair) -> Pair:
    for client in workers:
        client.cookies.clear()
    return workers


@pytest.fixture
def name(both: Pair) -> str:
    """The name of a new account."""
    name = f"ada-{token_hex(6)}"
    made = both[0].post("/register", json={"name": name, "password": PASSWORD})
    assert made.status_code == 201, made.text
    return name


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/token", data={"username": name, "password": password})


def refresh(client: httpx.Client, token: str) -> httpx.Response:
    return client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})


def read_me(client: httpx.Client, tokens: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return client.get("/users/me", headers=headers).status_code


def at_once(*calls: Any) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(*call) for call in calls]]


def test_the_workers_are_two_processes(both: Pair) -> None:
    one, other = both
    assert len({client.get("/process").json() for client in (one, other, one, other)}) == 2


def test_a_token_of_one_process_is_good_in_the_other(both: Pair, name: str) -> None:
    one, other = both
    tokens = sign_in(one, name).json()
    assert (read_me(one, tokens), read_me(other, tokens)) == (200, 200)
    refused = other.get("/admin", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert refused.status_code == 403


def test_a_name_is_taken_in_both(both: Pair) -> None:
    new = {"name": f"bob-{token_hex(6)}", "password": PASSWORD}
    answers = at_once(*((register, client, new) for client in both))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


def register(client: httpx.Client, new: dict[str, str]) -> httpx.Response:
    return client.post("/register", json=new)


def test_a_refresh_token_that_was_used_in_one_is_used_up_in_the_other(
    both: Pair, name: str
) -> None:
    one, other = both
    first = sign_in(one, name).json()
    second = refresh(other, first["refresh_token"])
    assert second.status_code == 200
    reused = refresh(one, first["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    # Somebody else has the token: everything that came of the sign-in ends, in both.
    for client in both:
        assert refresh(client, second.json()["refresh_token"]).status_code == 400
        assert read_me(client, first) == read_me(client, second.json()) == 401


def test_a_refresh_token_that_both_get_at_once_is_used_once(both: Pair, name: str) -> None:
    token = sign_in(both[0], name).json()["refresh_token"]
    answers = at_once(*((refresh, client, token) for client in both))
    assert sorted(answer.status_code for answer in answers) == [200, 400]


def test_what_is_revoked_in_one_is_so_in_the_other(both: Pair, name: str) -> None:
    one, other = both
    tokens = sign_in(one, name).json()
    assert read_me(other, tokens) == 200
    assert one.post("/token/revoke", data={"token": tokens["refresh_token"]}).status_code == 200
    assert (read_me(one, tokens), read_me(other, tokens)) == (401, 401)
    assert refresh(other, tokens["refresh_token"]).status_code == 400


def test_a_new_password_ends_everything_in_both(both: Pair, name: str) -> None:
    one, other = both
    tokens = sign_in(one, name).json()
    changed = other.post(
        "/users/me/password",
        json={"old_password": PASSWORD, "new_password": "another horse"},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert changed.status_code == 204
    assert (read_me(one, tokens), read_me(other, tokens)) == (401, 401)
    assert sign_in(one, name).status_code == 400
    assert sign_in(one, name, "another horse").status_code == 200


def test_a_session_of_one_is_one_in_the_other_and_ends_in_both(both: Pair, name: str) -> None:
    one, other = both
    signed_in = one.post("/session", json={"name": name, "password": PASSWORD})
    assert signed_in.status_code == 201
    other.cookies = httpx.Cookies(one.cookies)
    assert other.get("/session").json()["name"] == name
    assert len(other.get("/sessions").json()) == 1
    assert other.delete("/sessions").status_code == 403
    headers = {"x-csrf-token": signed_in.json()["csrf_token"]}
    assert other.delete("/sessions", headers=headers).status_code == 204
    assert one.get("/session").status_code == 401


def test_failed_attempts_in_both_count_together(both: Pair, name: str) -> None:
    answers = [sign_in(both[turn % 2], name, "wrong").status_code for turn in range(5)]
    assert answers == [400] * 5
    for client in both:
        refused = sign_in(client, name)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


def test_failed_attempts_at_once_all_count(both: Pair, name: str) -> None:
    answers = at_once(*((sign_in, both[turn % 2], name, "wrong") for turn in range(8)))
    assert {answer.status_code for answer in answers} <= {400, 429}
    assert [sign_in(client, name).status_code for client in both] == [429, 429]
