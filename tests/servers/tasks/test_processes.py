"""Tasks are sent by several processes, and run by several others."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from .conftest import kinds, shared_place
from .processes import Place, serving, working
from .sending import sender

pytestmark = [kinds(), pytest.mark.timeout(170)]


def test_what_two_servers_send_is_run_by_two_workers_once(place: Place) -> None:
    with serving(place) as clients, working(place, processes=2):

        def send(numbers: Iterable[int]) -> set[int]:
            """Send one after the other, by the server whose turn it is; its process."""
            posts = (clients[number % 2].post(f"/quick/{number}") for number in numbers)
            return {post.raise_for_status().json() for post in posts}

        with ThreadPoolExecutor(2) as pool:
            senders = set().union(*pool.map(send, (range(0, 200, 2), range(1, 200, 2))))
        place.wait(lambda: len(place.numbers()) == 200)
        # One that had its engine late may have come too late for all of them.
        more = count(200)
        place.wait(
            lambda: send([next(more)]) and len({n.process for n in place.notes("done")}) == 2
        )
        sent = range(next(more))
        place.wait(lambda: len(place.numbers()) == len(sent))
    assert len(senders) == 2
    assert place.numbers() == dict.fromkeys(sent, 1)


@pytest.mark.timeout(340)
def test_a_task_stays_with_its_worker_until_that_is_killed(kind: str, tmp_path: Path) -> None:
    # A machine that stands still for the first lease, and so proves nothing, is given a longer one.
    for lease in (1.5, 15.0):
        directory = tmp_path / str(lease)
        directory.mkdir()
        with shared_place(kind, directory) as place:
            place.settings["TASKS_LEASE"] = str(lease)
            if stays_until_its_worker_is_killed(place, lease):
                return
    pytest.fail("Tasks do not stay with workers that report.")


def stays_until_its_worker_is_killed(place: Place, lease: float) -> bool:
    """False if a task did not stay."""
    place.hold()
    with sender(place) as send:
        with working(place, processes=2) as worker:
            for number in range(10):
                send("blocking" if number % 2 else "slow", number=number)
            place.wait(lambda: len(place.numbers("begun")) == 10)
            # Much longer than they would belong to a worker that says nothing.
            time.sleep(2.5 * lease)
            if place.numbers("begun") != dict.fromkeys(range(10), 1):
                return False
            first, *_ = place.notes("begun")
            os.kill(first.process, signal.SIGKILL)
            place.wait(lambda: place.numbers("begun")[first.number] > 1)
            place.wait(lambda: worker.said("A worker has ended with status -9") == 1)
            again = [note for note in place.notes("begun") if note.number == first.number][1]
            assert (again.attempt, again.id) == (2, first.id)
            assert again.process != first.process
            worker.kill()
        assert not place.notes("done")
        place.let_go()
        with working(place):
            place.wait(lambda: len(place.numbers()) == 10)
    return True


def test_a_worker_that_is_told_to_stop_ends_what_it_has_begun(place: Place) -> None:
    place.hold()
    with sender(place) as send:
        with working(place) as worker:
            send("slow", number=1)
            send("blocking", number=2)
            place.wait(lambda: len(place.notes("begun")) == 2)
            worker.process.send_signal(signal.SIGTERM)
            place.wait(lambda: worker.said("Waiting for 2 tasks to end."))
            # It has begun to stop, and takes no more.
            send("quick", number=3)
            place.let_go()
            assert worker.process.wait(60) == 0, worker.log.read_text()
        assert place.numbers() == {1: 1, 2: 1}
        with working(place):
            place.wait(lambda: place.numbers() == {1: 1, 2: 1, 3: 1})


def test_workers_take_from_the_queues_that_they_are_told_and_end_with_the_process_above(
    place: Place,
) -> None:
    with sender(place) as send:
        with working(place, "--queue", "urgent") as worker:
            send("quick", number=1)
            send("quick", number=2, queue="urgent")
            place.wait(lambda: place.numbers() == {2: 1})
            os.kill(worker.process.pid, signal.SIGKILL)
            process = Path(f"/proc/{place.notes('done')[0].process}")
            place.wait(lambda: not process.exists())
        assert place.numbers() == {2: 1}
        with working(place):
            place.wait(lambda: place.numbers() == {1: 1, 2: 1})


def test_what_does_not_end_in_time_goes_back(place: Place) -> None:
    # Nobody can wait for the time after which it would be lost.
    place.settings["TASKS_LEASE"] = "600"
    place.hold()
    with sender(place) as send:
        with working(place, "--grace", "0.5") as worker:
            send("slow", number=1)
            send("blocking", number=2)
            place.wait(lambda: len(place.notes("begun")) == 2)
            worker.terminate(within=60)
        assert not place.notes("done")
        place.let_go()
        with working(place):
            place.wait(lambda: place.numbers() == {1: 1, 2: 1})
    # It was no fault of the tasks'.
    assert [note.attempt for note in place.notes("begun")] == [1] * 4


def test_two_schedulers_send_each_time_once(place: Place, kind: str) -> None:
    place.settings["TASKS_CLOCK"] = "1"

    def seconds() -> set[int]:
        """In which ticks were sent."""
        return {*place.numbers("tick")}

    with working(place) as one, working(place):
        place.wait(lambda: len(seconds()) >= 4)
        # Where one alone may send, another takes its place.
        one.terminate(within=30)
        before = len(seconds())
        place.wait(lambda: len(seconds()) >= before + 3)
    ticks = place.notes("tick")
    assert len({note.id for note in ticks}) == len(ticks)
    # One may be sent late, but there are no more than seconds. Which was the last one of another
    # process, RabbitMQ does not say.
    late = 2 if kind == "rabbitmq" else 1
    assert len(ticks) <= max(seconds()) - min(seconds()) + 1 + late


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
            # The engine is told that a task is done a little after that.
            place.wait(lambda: client.post("/quick/99").is_success)
