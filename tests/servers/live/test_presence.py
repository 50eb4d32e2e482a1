"""Who is there and how many connections they have, over two processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.unit.behaviour.process import Server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from .processes import Client, joining, wait_for

Two = tuple[Server, Server]

#: What the app lets each user have, and what each process lets in without asking.
MOST, OWN = 50, 5


@contextmanager
def coming(server: Server, users: list[str]) -> Iterator[list[Client]]:
    """Have users come all at once."""
    with ExitStack() as stack, ThreadPoolExecutor(10) as threads:
        yield list(
            threads.map(lambda user: stack.enter_context(joining(server, f"user={user}")), users)
        )


def members(frame: dict[str, Any], type: str) -> list[str]:
    """Who has come, or gone, by one frame."""
    found: list[dict[str, Any]] = frame.get(type, [])
    if frame["type"] == type:
        found = [frame["member"]]
    return [member["user"] for member in found]


def test_many_who_come_and_go_at_once_are_told_together(two: Two) -> None:
    one, other = two
    users = [f"user{number}" for number in range(40)]
    with joining(one, "user=stays") as stays:
        seen: dict[str, list[str]] = {"joined": [], "left": []}

        def read_until(type: str) -> None:
            while len(seen[type]) < len(users):
                frame = stays.read()
                for each in ("joined", "left"):
                    seen[each] += members(frame, each)

        with coming(other, users[:20]), coming(one, users[20:]) as clients:
            read_until("joined")
            # However late a client came: with its welcome and what it was told, it knows all.
            for client in clients:
                known = {member["user"] for member in client.frames[0]["members"]}
                while known != {"stays", *users}:
                    frame = client.read()
                    told = members(frame, "joined")
                    assert known.isdisjoint(told)
                    known.update(told)
            for client in clients:
                client.socket.close()
        read_until("left")
        assert sorted(seen["joined"]) == sorted(seen["left"]) == sorted(users)
        types = [frame["type"] for frame in stays.frames]
        assert sum(types.count(type) for type in ("joined", "left", "presence")) < len(users)


def fill(stack: ExitStack, server: Server, most: int = MOST + OWN) -> list[ClientConnection]:
    """As many connections of one user as there may be."""
    sockets = []
    for _ in range(most):
        try:
            sockets.append(stack.enter_context(joining(server, "user=ada")).socket)
        except InvalidStatus as refused:
            assert refused.response.status_code == 429
            break
    return sockets


def test_the_connections_of_a_user_are_counted_over_all_processes(two: Two) -> None:
    one, other = two
    with ExitStack() as stack:
        assert len(fill(stack, one, 30)) == 30
        assert len(fill(stack, other)) == MOST + OWN - 30
        assert len(fill(stack, one)) == 0
        with joining(one, "user=bob"):
            pass
        # Those of a process that is killed are counted no longer than they are shown.
        other.process.kill()
        found: list[ClientConnection] = []

        def is_full() -> bool:
            found.extend(fill(stack, one))
            return len(found) == MOST - 30

        wait_for(is_full)
