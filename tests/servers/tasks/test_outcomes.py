"""Results, attempts, delays and dead letters are the same on each engine."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aio_pika import Message as AMQPMessage

from vivace.tasks import EngineUnavailable, QueueFull, Status, TaskFailed

from .conftest import kinds
from .processes import Place, working
from .sending import Sender, sender

pytestmark = [kinds(), pytest.mark.timeout(170)]


def wait_for_letters(send: Sender, number: int) -> None:
    deadline = time.monotonic() + 30
    while len(send.run(send.tasks.dead_letters.list())) != number:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_result_comes_back(place: Place) -> None:
    with working(place), sender(place) as send:
        handle = send("quick", number=21)
        assert send.run(handle.result(timeout=20)) == 42
        assert send.run(handle.status()) is Status.DONE


def test_a_task_that_fails_is_tried_again_a_little_later(place: Place) -> None:
    with working(place), sender(place) as send:
        handle = send("flaky", number=1)
        assert send.run(handle.result(timeout=20)) == "at last"
    first, second, third = place.notes("tried")
    assert [first.attempt, second.attempt, third.attempt] == [1, 2, 3]
    assert second.time - first.time >= 0.25 and third.time - second.time >= 0.5


def test_what_has_failed_for_good_can_be_listed_replayed_and_discarded(place: Place) -> None:
    with working(place), sender(place) as send:
        letters = send.tasks.dead_letters
        assert send.run(letters.list()) == []
        handles = [send("failing", number=number) for number in range(4)]
        for handle in handles:
            with pytest.raises(TaskFailed):
                send.run(handle.result(timeout=20))
        wait_for_letters(send, 4)
        found = {one.arguments["number"]: one for one in send.run(letters.list())}
        kinds = [found[number].kind for number in range(4)]
        assert kinds == ["ValueError", "GiveUp", "KeyError", "ValueError"]
        assert [found[number].attempts for number in range(4)] == [2, 1, 1, 2]
        assert found[3].message == "wrong: 3" and found[3].id == handles[3].id
        assert send.run(letters.discard(found[2].id)) == 1
        assert send.run(letters.replay(found[1].id)) == 1
        place.wait(lambda: place.numbers("tried")[1] == 2)
        wait_for_letters(send, 3)
        assert send.run(letters.replay()) == 3
        place.wait(lambda: place.numbers("tried") == {0: 4, 1: 3, 2: 1, 3: 4})
        wait_for_letters(send, 3)
        assert send.run(letters.discard()) == 3
        wait_for_letters(send, 0)


def test_a_short_wait_is_not_held_up_by_a_long_one(place: Place) -> None:
    with working(place), sender(place) as send:
        begun = time.time()
        for number, delay in enumerate((6.0, 0.6, 3.7, 0.0)):
            send("quick", number=number, delay=delay)
        place.wait(lambda: len(place.numbers()) == 4)
    notes = place.notes("done")
    assert [note.number for note in notes] == [3, 1, 2, 0]
    for note, delay in zip(notes, (0.0, 0.6, 3.7, 6.0), strict=True):
        # A quarter of a second is what a task may be early.
        assert note.time - begun >= delay - 0.3


def test_a_key_keeps_a_task_from_being_sent_twice(place: Place, kind: str) -> None:
    with working(place), sender(place) as send:
        if kind == "rabbitmq":
            with pytest.raises(ValueError, match="RabbitMQ knows no keys"):
                send("quick", number=1, key="order-1")
            return
        first, second = (send("quick", number=number, key="order-1") for number in (1, 2))
        assert first.id == second.id
        assert [send.run(one.result(timeout=20)) for one in (first, second)] == [2, 2]
        send("quick", number=3, key="order-2")
        place.wait(lambda: place.numbers()[3])
    assert place.numbers() == {1: 1, 3: 1}


def test_a_worker_runs_the_most_urgent_first_and_no_more_at_once_than_it_may(place: Place) -> None:
    with sender(place) as send:
        for number in range(6):
            send("slow", number=number, seconds=0.1)
            send("slow", number=100 + number, seconds=0.1, queue="urgent")
        with working(place, "--queue", "urgent", "--queue", "default", "--concurrency", "2"):
            place.wait(lambda: len(place.numbers()) == 12)
    events = sorted(
        [(note.time, 1, note.number) for note in place.notes("begun")]
        + [(note.time, -1, note.number) for note in place.notes("done")]
    )
    at_once = [sum(change for _, change, _ in events[:end]) for end in range(1, len(events) + 1)]
    assert max(at_once) == 2
    begun = [number for _, change, number in events if change == 1]
    # RabbitMQ hands out as many of each queue as run at once.
    assert sum(number >= 100 for number in begun[:6]) >= 4


def test_an_urgent_queue_that_is_empty_holds_up_no_other(place: Place) -> None:
    with sender(place) as send:
        for number in range(60):
            send("quick", number=number)
        with working(place, "--queue", "urgent", "--queue", "default"):
            # In well under a second, if nothing waits for the empty queue.
            place.wait(lambda: len(place.numbers()) == 60, seconds=15)


def test_what_is_no_message_and_waits_for_its_time_is_a_dead_letter(place: Place) -> None:
    with working(place), sender(place) as send:
        send.run(put_raw(send, b"what is this"))
        wait_for_letters(send, 1)
        [letter] = send.run(send.tasks.dead_letters.list())
        assert (letter.kind, letter.arguments) == ("Unreadable", {"body": "what is this"})
        send("quick", number=1, delay=0.5)
        place.wait(lambda: place.numbers() == {1: 1})


def test_other_settings_hold_for_what_is_there_or_are_an_error_that_says_so(
    place: Place, kind: str
) -> None:
    with sender(place) as send:
        send("quick", number=1)
        send.run(send.tasks.registered["task_app.quick"].handle("1").status())
    place.settings |= {"TASKS_MOST": "2", "TASKS_KEEP": "60", "TASKS_TIMEOUT": "3"}
    with sender(place) as send:
        if kind == "rabbitmq":
            with pytest.raises(EngineUnavailable, match="made with another most_waiting"):
                send("quick", number=2)
            return
        assert send.run(send("quick", number=2).status()) is Status.PENDING
        with pytest.raises(QueueFull):
            send("quick", number=3)


async def put_raw(send: Sender, body: bytes) -> None:
    """Put what nobody can read where tasks wait that are not due."""
    engine: Any = await send.tasks.opened()
    match type(engine).__name__:
        case "RedisEngine":
            await engine._redis.zadd(f"{{vivace:{send.tasks.name}}}:delayed:default", {body: 1})
        case "RabbitMQEngine":
            await engine._publish(AMQPMessage(body), engine._delays.queue(0.25))
        case _:
            await engine._js.publish(engine._delayed, body)
