"""Redis stops, hangs and starts again while requests come in."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from tests.servers.engines.redis_server import RedisServer

from .processes import Limited, serving

#: Far more than a request takes, and far less than all of them would if each waited for Redis.
SOON = 30.0


@dataclass
class Load:
    """Requests that come in all the time, each as another client, and what became of them."""

    #: By path.
    statuses: dict[str, list[int]] = field(default_factory=dict)
    slowest: float = 0.0
    errors: list[Exception] = field(default_factory=list)

    def since(self) -> dict[str, int]:
        """How many have been answered so far."""
        return {path: len(statuses) for path, statuses in self.statuses.items()}


@contextmanager
def under_load(limited: Limited) -> Iterator[Load]:
    load, is_over = Load(), threading.Event()

    def ask(client: httpx.Client, path: str) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            started = time.monotonic()
            try:
                response = client.get(path, headers={"X-Test": f"{id(client)} {number}"})
            except Exception as error:
                load.errors.append(error)
                return
            load.slowest = max(load.slowest, time.monotonic() - started)
            load.statuses[path].append(response.status_code)
            # Others need the processors too, Redis among them.
            time.sleep(0.002)

    threads = []
    for (_, client), path in zip(limited.connections, ("/open", "/closed", "/health") * 2):
        load.statuses.setdefault(path, [])
        threads.append(threading.Thread(target=ask, args=(client, path)))
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        is_over.set()
        for thread in threads:
            thread.join(60)
    assert not load.errors
    assert load.slowest < SOON


def wait_until(load: Load, is_true: Callable[[dict[str, list[int]]], bool]) -> None:
    """Until ``is_true`` of what has been answered since now."""
    before, until = load.since(), time.monotonic() + 60
    while True:
        new = {path: all_[before[path] :] for path, all_ in load.statuses.items()}
        if is_true(new):
            return
        assert time.monotonic() < until, (new, load.errors)
        time.sleep(0.02)


def is_counted(new: dict[str, list[int]]) -> bool:
    """Whether requests pass where they pass only if they are counted."""
    return all(statuses[-20:] == [200] * 20 for statuses in new.values())


def is_away(new: dict[str, list[int]]) -> bool:
    """Whether requests pass uncounted, or not at all, as they should; the rest goes on."""
    return (
        new["/closed"][-20:] == [503] * 20
        and new["/open"][-20:] == [200] * 20
        and len(new["/health"]) > 20
    )


def count(limited: Limited, path: str, test: str) -> list[int]:
    [client] = limited.clients
    return [client.get(path, headers={"X-Test": test}).status_code for _ in range(7)]


def wait_until_counted(limited: Limited, path: str) -> None:
    """Until a client may ask as often as it may: an answer that is late counts as an outage."""
    until, tests = time.monotonic() + 60, itertools.count()
    while count(limited, path, f"after {next(tests)}") != [200] * 5 + [429] * 2:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_redis_stops_and_starts_under_load(own_redis: RedisServer) -> None:
    with serving(own_redis.url, "t", processes=1, connections=7, timeout=10) as limited:
        assert count(limited, "/open", "before") == [200] * 5 + [429] * 2
        with under_load(limited) as load:
            for _ in range(2):
                wait_until(load, is_counted)
                own_redis.kill()
                wait_until(load, is_away)
                own_redis.start()
            wait_until(load, is_counted)
        assert {*load.statuses["/open"], *load.statuses["/health"]} == {200}
        assert {*load.statuses["/closed"]} == {200, 503}
        for path in ("/open", "/closed"):
            wait_until_counted(limited, path)


def test_a_redis_that_does_not_answer_holds_nobody_up(own_redis: RedisServer) -> None:
    with serving(own_redis.url, "t", processes=1, connections=7, timeout=0.5) as limited:
        with under_load(limited) as load:
            wait_until(load, is_counted)
            own_redis.suspend()
            try:
                wait_until(load, is_away)
            finally:
                own_redis.resume()
            wait_until(load, is_counted)
        assert {*load.statuses["/open"], *load.statuses["/health"]} == {200}
        wait_until_counted(limited, "/closed")


def test_an_app_starts_without_redis(own_redis: RedisServer) -> None:
    own_redis.kill()
    with serving(own_redis.url, "t", processes=1, timeout=10) as limited:
        assert count(limited, "/open", "away") == [200] * 7
        [client] = limited.clients
        refused = client.get("/closed", headers={"X-Test": "away"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        own_redis.start()
        wait_until_counted(limited, "/closed")
