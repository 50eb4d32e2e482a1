"""Rooms over several processes, over an engine that goes and comes back."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from tests.unit.behaviour.process import Server
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .processes import Client, Place, joining, wait_for

Two = tuple[Server, Server]


def cut(client: Client) -> None:
    """Break the connection, so that the user is shown for a while."""
    client.socket.socket.shutdown(socket.SHUT_RDWR)


def test_rooms_are_shared_by_processes(two: Two, room: str) -> None:
    one, other = two
    with joining(one, room, "user=ada") as ada, joining(other, room, "user=bob") as bob:
        assert ada.until("joined")["member"]["user"] == "bob"
        for number in range(50):
            ada.say(str(number), ref=str(number))
            bob.say(f"b{number}", ref=str(number))
        for client in (ada, bob):
            for _ in range(100):
                client.until("said")
        assert ada.texts == bob.texts
        assert [text for text in ada.texts if text[0] != "b"] == [*map(str, range(50))]
        said = one.client.post(f"{room}?user=cy", json={"type": "say", "text": "post"})
        assert bob.until("said", text="post")["event_id"] == said.json()["event_id"]
        with joining(other, room, f"user=dan&after={said.json()['event_id']}"):
            assert ada.until("joined")["member"]["user"] == "dan"
        assert ada.until("left")["member"]["user"] == "dan"


def test_the_members_of_a_process_that_is_killed_go_once_and_come_back_elsewhere(
    two: Two, third: Server, room: str
) -> None:
    one, other = two
    with ExitStack() as stack:
        stays = stack.enter_context(joining(other, room, "user=stays"))
        later = stack.enter_context(joining(one, room, "user=later"))
        gone = [stack.enter_context(joining(third, room, f"user=gone{i}")) for i in range(5)]
        stays.say("before")
        for client in (stays, *gone):
            client.until("said", text="before")
        third.process.kill()
        stays.say("meanwhile")
        # At once: who is not back when presence is over has left.
        query = f"user=gone0&after={gone[0].position}"
        back = stack.enter_context(joining(other, room, query))
        for client in gone:
            with pytest.raises(ConnectionClosed):
                client.until("never")
        assert back.until("said")["text"] == "meanwhile"
        left = sorted(stays.until("left")["member"]["user"] for _ in range(4))
        assert left == ["gone1", "gone2", "gone3", "gone4"]
        stays.say("after")
        back.until("said", text="after")
        assert back.texts == ["meanwhile", "after"]
        # The one who has come back has never left, and nobody is told twice: of one who goes later
        # is told when it has been looked again who has gone.
        cut(later)
        stays.until("left", member={"user": "later", "shows": None})
        assert sorted(stays.users("left")) == [*left, "later"]


def test_a_process_that_is_stopped_sends_its_members_elsewhere(
    two: Two, third: Server, room: str
) -> None:
    one, other = two
    with (
        joining(other, room, "user=stays") as stays,
        joining(one, room, "user=later") as later,
        joining(third, room, "user=moves") as moves,
    ):
        stays.until("joined", member={"user": "moves", "shows": None})
        third.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            moves.until("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        # At once, as clients do: how long the process takes to end is another matter.
        with joining(other, room, f"user=moves&after={moves.position}") as moved:
            third.process.wait(60)
            stays.say("hi")
            moved.until("said", text="hi")
            # Whoever went after it is told of after it, if it is.
            cut(later)
            assert stays.until("left")["member"]["user"] == "later"


@dataclass
class Talker:
    """What somebody has said, and how often it was refused."""

    user: str
    acknowledged: list[str] = field(default_factory=list)
    refusals: int = 0

    @contextmanager
    def talking(self, server: Server, room: str) -> Iterator[None]:
        """Say something all the time, and keep what is acknowledged."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._talk, args=(server, room, stopped))
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(60)
            assert not thread.is_alive()

    def _talk(self, server: Server, room: str, stopped: threading.Event) -> None:
        numbers = itertools.count()
        while not stopped.is_set():
            # One to whom much comes at once is disconnected, and comes back.
            with (
                suppress(ConnectionClosed, InvalidStatus, OSError),
                joining(server, room, f"user={self.user}") as client,
            ):
                while not stopped.is_set():
                    self._say(client, f"{self.user}-{next(numbers)}")

    def _say(self, client: Client, text: str) -> None:
        client.say(text, ref=text)
        while True:
            frame = client.read()
            if frame["type"] == "ack" and frame["ref"] == text:
                self.acknowledged.append(text)
                return
            if frame["type"] == "error":
                assert frame["code"] == "unavailable", frame
                self.refusals += 1
                time.sleep(0.05)
                return


@dataclass
class Listener:
    """What somebody has heard who comes back whenever it is disconnected."""

    got: list[str] = field(default_factory=list)
    position: str | None = None
    client: Client | None = None
    is_over: bool = False

    @contextmanager
    def listening(self, server: Server, room: str) -> Iterator[None]:
        """Listen, from now on."""
        thread = threading.Thread(target=self._listen, args=(server, room))
        thread.start()
        try:
            wait_for(lambda: self.client is not None)
            yield
        finally:
            self.is_over = True
            if self.client is not None:
                self.client.socket.close()
            thread.join(60)
            assert not thread.is_alive()

    def _listen(self, server: Server, room: str) -> None:
        while not self.is_over:
            query = "user=listener" + (f"&after={self.position}" if self.position else "")
            try:
                with joining(server, room, query) as self.client:
                    self.position = self.position or self.client.position
                    while not self.is_over:
                        self._take(self.client)
            except (ConnectionClosed, OSError):
                time.sleep(0.1)
            except Exception as error:
                if "HTTP 503" not in str(error):
                    raise
                time.sleep(0.1)

    def _take(self, client: Client) -> None:
        frame = client.read()
        assert frame["type"] != "gap"
        if frame["type"] == "said":
            self.got.append(frame["text"])
            self.position = frame["event_id"]


def wait_for_more(talkers: list[Talker], count: Callable[[Talker], int], more: int) -> None:
    """Until each has so much more than it has now."""
    enough = [count(talker) + more for talker in talkers]
    wait_for(lambda: all(count(one) >= least for one, least in zip(talkers, enough)))


def test_what_is_acknowledged_comes_to_all_though_the_engine_goes(
    two: Two, place: Place, room: str
) -> None:
    talkers, listeners = [Talker("a"), Talker("b")], [Listener(), Listener()]
    with ExitStack() as listening:
        for server, listener in zip(two, listeners):
            listening.enter_context(listener.listening(server, room))
        with ExitStack() as talking:
            for server, talker in zip(two, talkers):
                talking.enter_context(talker.talking(server, room))
            for _ in range(2):
                wait_for_more(talkers, lambda one: len(one.acknowledged), 50)
                place.engine.kill()
                wait_for_more(talkers, lambda one: one.refusals, 1)
                place.engine.start()
            wait_for_more(talkers, lambda one: len(one.acknowledged), 50)
        said = {text for talker in talkers for text in talker.acknowledged}
        wait_for(lambda: all(said <= set(listener.got) for listener in listeners))
    for listener in listeners:
        assert len(listener.got) == len(set(listener.got))
        for talker in talkers:
            mine = [text for text in listener.got if text.startswith(talker.user) and text in said]
            assert mine == talker.acknowledged
