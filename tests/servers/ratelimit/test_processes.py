"""Several processes count together, and no more passes than in one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .processes import Limited

# All ask the same server, of four processes.
pytestmark = pytest.mark.xdist_group("ratelimit-processes")

QUOTA = 100


def test_of_many_at_once_no_more_pass_than_one_after_the_other(four: Limited) -> None:
    """Over four processes, each asked over five connections at the same time."""
    for window in ("fixed", "sliding", "token"):
        start = Barrier(len(four.connections))

        def ask(
            client: httpx.Client, window: str = window, start: Barrier = start
        ) -> list[httpx.Response]:
            start.wait(30)
            headers = {"X-Test": "many"}
            return [client.get(f"/{window}", headers=headers) for _ in range(15)]

        with ThreadPoolExecutor(len(four.connections)) as threads:
            asked = list(threads.map(ask, [client for _, client in four.connections]))
        responses = [response for responses in asked for response in responses]
        assert len({response.headers["x-process"] for response in responses}) == 4
        statuses = [response.status_code for response in responses]
        assert len(statuses) == 300
        assert statuses.count(200) == QUOTA, window
        assert statuses.count(429) == 300 - QUOTA


def test_what_is_left_is_the_same_at_each_process(four: Limited) -> None:
    headers = {"X-Test": "one after the other"}
    for window in ("fixed", "sliding", "token"):
        said = [
            client.get(f"/{window}", headers=headers).headers["ratelimit"]
            for client, _ in zip(cycle(four.clients), range(8))
        ]
        left = [fields.split(";")[1] for fields in said]
        assert left == [f"r={QUOTA - 1 - number}" for number in range(8)], said


def test_a_forged_header_does_not_evade_a_limit(four: Limited) -> None:
    """The peer is a proxy that is believed, and adds the client's address behind what it sent."""

    def ask(client: str, forged: str) -> int:
        for_ = {"X-Forwarded-For": f"{forged}, {client}, 10.1.2.3", "Forwarded": f"for={forged}"}
        return next(clients).get("/address", headers=for_).status_code

    clients = cycle(four.clients)
    forged = ["1.1.1.1", "10.9.9.9", "2001:db8::1", '"', "unknown", "127.0.0.1"]
    asked = [ask("203.0.113.7", one) for one in forged]
    assert asked == [200, 200, 200, 429, 429, 429]
    # Nor does it use up what another has.
    assert ask("203.0.113.8", "203.0.113.7") == 200
    # One client has a whole network of IPv6.
    networks = [ask(f"2001:db8:1:2::{number}", "1.1.1.1") for number in range(5)]
    assert networks == [200, 200, 200, 429, 429]


def test_websockets_count_over_processes(four: Limited) -> None:
    url = four.url.replace("http", "ws") + "/socket"
    for _ in range(2):
        with connect(url):
            pass
    with pytest.raises(InvalidStatus) as refused, connect(url):
        pass
    assert refused.value.response.status_code == 429
    assert int(refused.value.response.headers["retry-after"]) > 86000
