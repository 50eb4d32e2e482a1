"""Tasks are sent by several processes, and run by several others."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from .conftest import kinds
from .processes import Place, serving, working
from .sending import sender

pytestmark = [kinds(), pytest.mark.timeout(170)]


def test_what_two_servers_send_is_run_by_two_workers_once(place: Place) -> None:
    with serving(place) as clients, working(place, processes=2):

        def send(numbers: range) -> set[int]:
            client = clients[numbers.start % 2]
            return {client.post(f"/quick/{number}").raise_for_status().json() for number in numbers}

        with ThreadPoolExecutor(2) as pool:
            senders = set().union(*pool.map(send, (range(0, 300, 2), range(1, 300, 2))))
        place.wait(lambda: len(place.numbers()) == 300)
    assert len(senders) == 2
    assert place.numbers() == dict.fromkeys(range(300), 1)
    assert len({note.process for note in place.notes("done")}) == 2


def test_a_task_whose_worker_is_killed_runs_again(place: Place) -> None:
    with working(place, processes=2) as worker, sender(place) as send:
        send("slow", number=1, seconds=2.0)
        place.wait(lambda: place.notes("begun"))
        os.kill(place.notes("begun")[0].process, signal.SIGKILL)
        place.wait(lambda: place.notes("done"))
        assert worker.said("A worker has ended with status -9") == 1
    first, second = place.notes("begun")
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.process != second.process and first.id == second.id


def test_all_that_runs_when_workers_are_killed_runs_again(place: Place) -> None:
    with sender(place) as send:
        with working(place) as worker:
            for number in range(10):
                send("slow", number=number, seconds=1.0)
            place.wait(lambda: len(place.notes("begun")) == 10)
            worker.kill()
        assert not place.notes("done")
        with working(place):
            place.wait(lambda: len(place.numbers()) == 10)


@pytest.mark.parametrize("task", ["slow", "blocking"])
def test_a_task_that_takes_long_stays_with_its_worker(place: Place, task: str) -> None:
    with working(place, processes=2), sender(place) as send:
        # Thrice as long as it would belong to a worker that says nothing.
        send(task, number=1, seconds=6.5)
        place.wait(lambda: place.notes("done"))
    assert place.numbers("begun") == place.numbers("done") == {1: 1}


def test_a_worker_that_is_told_to_stop_ends_what_it_has_begun(place: Place) -> None:
    with working(place) as worker, sender(place) as send:
        send("slow", number=1, seconds=2.0)
        send("blocking", number=2, seconds=2.0)
        place.wait(lambda: len(place.notes("begun")) == 2)
        worker.terminate(within=30)
        assert place.numbers() == {1: 1, 2: 1}
        send("quick", number=3)
        time.sleep(0.3)
        assert place.numbers() == {1: 1, 2: 1}
    with working(place):
        place.wait(lambda: place.numbers() == {1: 1, 2: 1, 3: 1})


def test_workers_end_with_the_process_above_them(place: Place) -> None:
    with sender(place) as send:
        with working(place) as worker:
            send("quick", number=1)
            place.wait(lambda: place.notes("done"))
            os.kill(worker.process.pid, signal.SIGKILL)
            place.wait(lambda: not Path(f"/proc/{place.notes('done')[0].process}").exists())
        send("quick", number=2)
        with working(place):
            place.wait(lambda: place.numbers() == {1: 1, 2: 1})


@pytest.mark.parametrize("task", ["slow", "blocking"])
def test_what_does_not_end_in_time_goes_back(place: Place, task: str) -> None:
    with sender(place) as send:
        with working(place, "--grace", "0.5") as worker:
            send(task, number=1, seconds=5.0)
            place.wait(lambda: place.notes("begun"))
            worker.terminate(within=30)
        assert not place.notes("done")
        begun = time.monotonic()
        with working(place):
            place.wait(lambda: len(place.notes("begun")) == 2)
            # It has been given back, and nobody waits for the time after which it would be lost.
            assert time.monotonic() - begun < 20
            place.wait(lambda: place.notes("done"))
    # It was no fault of the task's.
    assert [note.attempt for note in place.notes("begun")] == [1, 1]


def test_two_schedulers_send_each_time_once(place: Place) -> None:
    place.settings["TASKS_CLOCK"] = "1"
    with working(place) as one, working(place):
        place.wait(lambda: len(place.notes("tick")) >= 4)
        # Where one alone may send, another takes its place.
        one.terminate(within=30)
        before = len(place.notes("tick"))
        place.wait(lambda: len(place.notes("tick")) >= before + 3)
    seconds = [int(note.time) for note in place.notes("tick")]
    ids = {note.id for note in place.notes("tick")}
    assert len(ids) == len(seconds)
    # A tick may run late, but there are no more of them than seconds.
    assert len(seconds) <= seconds[-1] - seconds[0] + 1


def test_a_worker_takes_from_the_queues_that_it_is_told(place: Place) -> None:
    with working(place, "--queue", "urgent"), sender(place) as send:
        send("quick", number=1)
        send("quick", number=2, queue="urgent")
        place.wait(lambda: place.numbers() == {2: 1})
    with working(place):
        place.wait(lambda: place.numbers() == {1: 1, 2: 1})


def test_a_queue_that_is_full_takes_no_more(place: Place) -> None:
    place.settings["TASKS_MOST"] = "5"
    with serving(place, processes=1) as [client]:
        replies = [client.post(f"/quick/{number}") for number in range(20)]
        statuses = [reply.status_code for reply in replies]
        accepted = statuses.count(200)
        assert 5 <= accepted < 20 and statuses.count(503) == 20 - accepted
        assert replies[-1].headers["Retry-After"] == "1"
        with working(place):
            place.wait(lambda: len(place.numbers()) == accepted)
            assert client.post("/quick/99").status_code == httpx.codes.OK
