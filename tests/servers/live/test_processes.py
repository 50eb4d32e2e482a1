"""Rooms over several processes, over an engine that goes and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from tests.servers.engines.process import EngineProcess
from tests.unit.behaviour.process import Server
from websockets.exceptions import ConnectionClosed

from .processes import Client, joining, wait_for

Two = tuple[Server, Server]


def texts(client: Client) -> list[str]:
    return [frame["text"] for frame in client.frames if frame["type"] == "said"]


def test_rooms_are_shared_by_processes(two: Two) -> None:
    one, other = two
    with joining(one, "user=ada") as ada, joining(other, "user=bob") as bob:
        assert ada.until("joined")["member"]["user"] == "bob"
        for number in range(50):
            ada.say(str(number), ref=str(number))
            bob.say(f"b{number}", ref=str(number))
        for client in (ada, bob):
            for _ in range(100):
                client.until("said")
        assert texts(ada) == texts(bob)
        assert [text for text in texts(ada) if text[0] != "b"] == [*map(str, range(50))]
        said = httpx.post(
            f"http://127.0.0.1:{one.port}/rooms/tea?user=cy", json={"type": "say", "text": "post"}
        )
        assert bob.until("said", text="post")["event_id"] == said.json()["event_id"]
        with joining(other, f"user=dan&after={said.json()['event_id']}"):
            assert ada.until("joined")["member"]["user"] == "dan"
        assert ada.until("left")["member"]["user"] == "dan"


def test_the_members_of_a_process_that_is_killed_go_once_and_come_back_elsewhere(two: Two) -> None:
    one, other = two
    with ExitStack() as stack:
        stays = stack.enter_context(joining(other, "user=stays"))
        gone = [stack.enter_context(joining(one, f"user=gone{i}")) for i in range(5)]
        for _ in range(5):
            stays.until("joined")
        stays.say("before")
        for client in gone:
            client.until("said", text="before")
        one.process.kill()
        for client in gone:
            with pytest.raises(ConnectionClosed):
                client.until("never")
        stays.say("meanwhile")
        back = stack.enter_context(joining(other, f"user=gone0&after={gone[0].position}"))
        assert back.until("said")["text"] == "meanwhile"
        left = sorted(stays.until("left")["member"]["user"] for _ in range(4))
        assert left == ["gone1", "gone2", "gone3", "gone4"]
        stays.say("after")
        back.until("said", text="after")
        stays.until("said", text="after")
        assert texts(back) == ["meanwhile", "after"]
        # The one who has come back has never left, and nobody is told twice.
        time.sleep(3)
        stays.say("last")
        stays.until("said", text="last")
        told = [frame["member"]["user"] for frame in stays.frames if frame["type"] == "left"]
        assert sorted(told) == left


def test_a_process_that_is_stopped_sends_its_members_elsewhere(two: Two) -> None:
    one, other = two
    with joining(other, "user=stays") as stays, joining(one, "user=moves") as moves:
        stays.until("joined")
        one.terminate(20)
        with pytest.raises(ConnectionClosed) as closed:
            moves.until("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with joining(other, f"user=moves&after={moves.position}"):
            stays.say("hi")
            time.sleep(2)
            stays.until("said")
            assert [one for one in stays.frames if one["type"] == "left"] == []


@contextmanager
def talking(server: Server, user: str, acknowledged: list[str]) -> Iterator[None]:
    """Say something all the time, and keep what is acknowledged."""
    stopped = threading.Event()

    def talk() -> None:
        number = 0
        with joining(server, f"user={user}") as client:
            while not stopped.is_set():
                text = f"{user}-{number}"
                client.say(text, ref=text)
                number += 1
                while True:
                    frame = client.read()
                    if frame["type"] == "ack" and frame["ref"] == text:
                        acknowledged.append(text)
                        break
                    if frame["type"] == "error":
                        assert frame["code"] == "unavailable", frame
                        time.sleep(0.05)
                        break

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(60)
        assert not thread.is_alive()


def more_are_acknowledged(acknowledged: dict[str, list[str]]) -> None:
    """Wait for it, of both who talk."""
    enough = {user: len(texts) + 50 for user, texts in acknowledged.items()}
    wait_for(lambda: all(len(acknowledged[user]) > count for user, count in enough.items()))


def test_what_is_acknowledged_comes_to_all_though_the_engine_goes(
    two: Two, engine: EngineProcess
) -> None:
    acknowledged: dict[str, list[str]] = {"a": [], "b": []}
    got: list[list[str]] = [[], []]
    stopped = threading.Event()

    def listen(server: Server, into: list[str]) -> None:
        """As clients do: one who is disconnected comes back with the id of the last event."""
        position: str | None = None
        while not stopped.is_set():
            query = "user=listener" + (f"&after={position}" if position else "")
            try:
                with joining(server, query) as client:
                    position = position or client.position
                    while not stopped.is_set():
                        frame = client.read()
                        assert frame["type"] != "gap"
                        if frame["type"] == "said":
                            into.append(frame["text"])
                            position = frame["event_id"]
            except (ConnectionClosed, OSError):
                time.sleep(0.1)
            except Exception as error:
                if "HTTP 503" not in str(error):
                    raise
                time.sleep(0.1)

    threads = [threading.Thread(target=listen, args=pair, daemon=True) for pair in zip(two, got)]
    for thread in threads:
        thread.start()
    wait_for(lambda: all(httpx.get(f"http://127.0.0.1:{s.port}/health").is_success for s in two))
    time.sleep(0.5)
    with talking(two[0], "a", acknowledged["a"]), talking(two[1], "b", acknowledged["b"]):
        for _ in range(2):
            more_are_acknowledged(acknowledged)
            engine.kill()
            time.sleep(1)
            engine.start()
        more_are_acknowledged(acknowledged)
    said = {text for texts in acknowledged.values() for text in texts}
    wait_for(lambda: all(said <= set(texts) for texts in got))
    stopped.set()
    for texts in got:
        assert len(texts) == len(set(texts))
        for user, acked in acknowledged.items():
            mine = [text for text in texts if text.startswith(user) and text in said]
            assert mine == acked
    for server in two:
        assert httpx.get(f"http://127.0.0.1:{server.port}/health").is_success
