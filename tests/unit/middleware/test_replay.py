"""Who reads first leaves everything for who reads second."""

from __future__ import annotations

import anyio
import pytest

from vivace import HTTPException
from vivace.middleware.replay import Replay
from vivace.types import Message

from .asgi import Connection

pytestmark = pytest.mark.anyio


def body_of(message: Message) -> bytes:
    return bytes(message["body"])


async def test_what_was_read_is_replayed_in_order_before_the_rest() -> None:
    replay = Replay(Connection(b"a", b"b", b"c").receive, 10)
    assert [body_of(await replay.read()) for _ in range(2)] == [b"a", b"b"]
    assert [body_of(await replay.replay()) for _ in range(3)] == [b"a", b"b", b"c"]


async def test_no_more_is_kept_than_the_limit_and_what_was_replayed_is_not() -> None:
    replay = Replay(Connection(b"ab", b"cd", b"ef").receive, 3)
    await replay.read()
    await replay.replay()
    await replay.read()
    with pytest.raises(HTTPException, match="413"):
        await replay.read()


async def test_a_client_that_has_left_stays_away() -> None:
    connection = Connection(b"a")
    connection.leave()
    replay = Replay(connection.receive, 3)
    await replay.read()
    assert (await replay.read())["type"] == "http.disconnect"
    assert body_of(await replay.replay()) == b"a"
    assert (await replay.replay())["type"] == "http.disconnect"
    assert (await replay.read())["type"] == "http.disconnect"


async def test_both_may_wait_and_neither_takes_what_is_for_the_other() -> None:
    sender, receiver = anyio.create_memory_object_stream[Message](10)
    replay = Replay(receiver.receive, 100)
    read: list[bytes] = []
    replayed: list[bytes] = []

    async def reading() -> None:
        while (message := await replay.read())["type"] == "http.request":
            read.append(body_of(message))

    async def replaying() -> None:
        while (message := await replay.replay())["type"] == "http.request":
            replayed.append(body_of(message))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, sender, receiver:
            tasks.start_soon(reading)
            tasks.start_soon(replaying)
            for number in range(4):
                await anyio.wait_all_tasks_blocked()
                body = str(number).encode()
                await sender.send({"type": "http.request", "body": body, "more_body": True})
            await anyio.wait_all_tasks_blocked()
            await sender.send({"type": "http.disconnect"})
            await anyio.wait_all_tasks_blocked()
    assert replayed == [b"0", b"1", b"2", b"3"]
    assert read
    assert set(read) <= set(replayed)
