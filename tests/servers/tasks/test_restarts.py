"""Engines end and start again: what they have accepted is run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from vivace.tasks import EngineUnavailable

from .conftest import kinds
from .processes import Place, send_until, serving, working
from .sending import Sender, sender

pytestmark = [
    kinds("restarts"),
    pytest.mark.timeout(178),
    # nats-py lets go of a connection that is cut while it is made, without closing it.
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
]


def test_what_is_accepted_while_the_engine_is_killed_is_run(
    own_engine: Any, own_place: Place
) -> None:
    # What was on its way to a worker comes again after that time.
    own_place.settings |= {"TASKS_TIMEOUT": "3", "TASKS_LEASE": "2"}
    ended = Event()

    with (
        serving(own_place) as clients,
        working(own_place, processes=2),
        ThreadPoolExecutor(2) as pool,
    ):
        sent = [
            pool.submit(send_until, ended, client, 10**6 * n) for n, client in enumerate(clients)
        ]
        try:
            for end in (own_engine.kill, own_engine.stop):
                own_place.wait_for_more(30)
                end()
                time.sleep(0.5)
                own_engine.start()
            # Servers and workers have connected again by themselves.
            own_place.wait_for_more(30)
        finally:
            ended.set()
        accepted = {number for one in sent for number in one.result(60)}
        # Some of what was refused has come to the engine, and is done as well.
        assert len(accepted) > 45
        own_place.wait(lambda: accepted <= set(own_place.numbers()))


def test_what_waits_for_its_time_survives_the_engine_and_the_workers(
    own_engine: Any, own_place: Place
) -> None:
    own_place.settings["TASKS_LEASE"] = "2"
    with sender(own_place) as send:
        begun = time.time()
        with working(own_place) as worker:
            for number in range(5):
                send("quick", number=number, delay=4.0 + number / 10)
            send("flaky", number=9)
            own_place.wait(lambda: own_place.notes("tried"))
            worker.kill()
        own_engine.kill()
        # It waits for an engine that is away.
        with working(own_place):
            own_engine.start()
            own_place.wait(lambda: len(own_place.numbers()) == 5)
            # What was on its way when the engine was killed may come twice.
            own_place.wait(lambda: max(n.attempt for n in own_place.notes("tried")) >= 3)
        early = [note for note in own_place.notes("done") if note.time < begun + 3.7]
        assert not early


def test_a_task_that_ends_while_the_engine_is_away_is_done(
    own_engine: Any, own_place: Place
) -> None:
    # Longer than the engine is away, so that nobody else may have it by then.
    own_place.settings["TASKS_LEASE"] = "160"
    own_place.hold()
    with working(own_place), sender(own_place) as send:
        send("slow", number=1)
        own_place.wait(lambda: own_place.notes("begun"))
        own_engine.stop()
        own_place.let_go()
        own_place.wait(lambda: own_place.notes("done"))
        own_engine.start()
        own_place.wait(lambda: is_sent(send, 2))
        own_place.wait(lambda: own_place.numbers()[2])
    assert own_place.numbers()[1] == 1


def is_sent(send: Sender, number: int) -> bool:
    """Whether a task could be sent; if not, it may have come nevertheless."""
    try:
        send("quick", number=number)
    except EngineUnavailable:
        return False
    return True
