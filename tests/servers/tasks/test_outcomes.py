"""Results, attempts, delays and dead letters are the same on each engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from aio_pika import Message as AMQPMessage

from vivace.tasks import EngineUnavailable, QueueFull, Status, TaskFailed

from .conftest import kinds, shared_place
from .processes import Place, working
from .sending import Sender, sender

pytestmark = [kinds("outcomes"), pytest.mark.timeout(170)]


@pytest.fixture(scope="module")
def office(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Sender]]:
    """A worker at work, and who sends it tasks."""
    with (
        shared_place(kind, tmp_path_factory.mktemp(kind)) as place,
        working(place),
        sender(place) as send,
    ):
        yield place, send


@pytest.fixture
def send(office: tuple[Place, Sender]) -> Iterator[Sender]:
    place, send = office
    place.forget()
    yield send
    send.run(send.tasks.dead_letters.discard())


@pytest.fixture
def worked(office: tuple[Place, Sender]) -> Place:
    """Where the worker notes what it does."""
    return office[0]


def wait_for_letters(send: Sender, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(send.run(send.tasks.dead_letters.list())) != number:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_result_comes_back(send: Sender) -> None:
    handle = send("quick", number=21)
    assert send.run(handle.result(timeout=60)) == 42
    assert send.run(handle.status()) is Status.DONE


def test_a_task_that_fails_is_tried_again_a_little_later(worked: Place, send: Sender) -> None:
    handle = send("flaky", number=1)
    assert send.run(handle.result(timeout=60)) == "at last"
    first, second, third = worked.notes("tried")
    assert [first.attempt, second.attempt, third.attempt] == [1, 2, 3]
    assert second.time - first.time >= 0.25 and third.time - second.time >= 0.5


def test_what_has_failed_for_good_can_be_listed_replayed_and_discarded(
    worked: Place, send: Sender
) -> None:
    letters = send.tasks.dead_letters
    assert send.run(letters.list()) == []
    handles = [send("failing", number=number) for number in range(4)]
    for handle in handles:
        with pytest.raises(TaskFailed):
            send.run(handle.result(timeout=60))
    wait_for_letters(send, 4)
    found = {one.arguments["number"]: one for one in send.run(letters.list())}
    kinds = [found[number].kind for number in range(4)]
    assert kinds == ["ValueError", "GiveUp", "KeyError", "ValueError"]
    assert [found[number].attempts for number in range(4)] == [2, 1, 1, 2]
    assert found[3].message == "wrong: 3" and found[3].id == handles[3].id
    assert send.run(letters.discard(found[2].id)) == 1
    assert send.run(letters.replay(found[1].id)) == 1
    worked.wait(lambda: worked.numbers("tried")[1] == 2)
    wait_for_letters(send, 3)
    assert send.run(letters.replay()) == 3
    worked.wait(lambda: worked.numbers("tried") == {0: 4, 1: 3, 2: 1, 3: 4})
    wait_for_letters(send, 3)
    assert send.run(letters.discard()) == 3
    wait_for_letters(send, 0)


def test_a_short_wait_is_not_held_up_by_a_long_one(worked: Place, send: Sender) -> None:
    delays = (3600.0, 0.6, 1.9, 0.0)
    begun = time.time()
    for number, delay in enumerate(delays):
        send("quick", number=number, delay=delay)
    worked.wait(lambda: worked.numbers() == {1: 1, 2: 1, 3: 1})
    for note in worked.notes("done"):
        # A quarter of a second is what a task may be early.
        assert note.time - begun >= delays[note.number] - 0.3


def test_a_key_keeps_a_task_from_being_sent_twice(worked: Place, send: Sender, kind: str) -> None:
    if kind == "rabbitmq":
        with pytest.raises(ValueError, match="RabbitMQ knows no keys"):
            send("quick", number=1, key="order-1")
        return
    first, second = (send("quick", number=number, key="order-1") for number in (1, 2))
    assert first.id == second.id
    assert [send.run(one.result(timeout=60)) for one in (first, second)] == [2, 2]
    send("quick", number=3, key="order-2")
    worked.wait(lambda: worked.numbers()[3])
    assert worked.numbers() == {1: 1, 3: 1}


def test_what_is_no_message_and_waits_for_its_time_is_a_dead_letter(
    worked: Place, send: Sender
) -> None:
    send.run(put_raw(send, b"what is this"))
    wait_for_letters(send, 1)
    [letter] = send.run(send.tasks.dead_letters.list())
    assert (letter.kind, letter.arguments) == ("Unreadable", {"body": "what is this"})
    send("quick", number=1, delay=0.5)
    worked.wait(lambda: worked.numbers() == {1: 1})


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
        for number in range(40):
            send("quick", number=number)
        with working(place, "--queue", "urgent", "--queue", "default", "--concurrency", "1"):
            # In some seconds, if none of them waits for the empty queue as long as a worker may.
            place.wait(lambda: len(place.numbers()) == 40, seconds=35)


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
