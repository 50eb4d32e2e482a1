"""What NATS answers: messages of a consumer, and errors."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from vivace.tasks.errors import EngineUnavailable, QueueFull

logger = logging.getLogger("vivace.tasks")

#: What NATS answers where nothing has come in time.
NOTHING = ("404", "408")


async def fetch(
    client: Client,
    consumer: str,
    most: int,
    wait: float,
    timeout: float,  # noqa: ASYNC109 - it is that of one answer
) -> list[Msg]:
    """Up to ``most`` messages, as soon as there are so many; what has come after ``wait`` s.

    The ``fetch`` of nats-py ends when NATS does: what comes at that time has to wait.

    Args:
        client: What is connected.
        consumer: Stream and consumer, with a dot between them.
        most: How many are asked for.
        wait: Seconds that NATS waits for them.
        timeout: Seconds that it may take to answer.

    Raises:
        EngineUnavailable: NATS does not answer, or something else, and nothing has come.
    """
    found: list[Msg] = []
    try:
        async for message in _ask(client, consumer, most, wait, timeout):
            found.append(message)  # noqa: PERF401 - what has come is kept if there is an error
    except EngineUnavailable:
        if not found:
            raise
    return found


async def _ask(
    client: Client, consumer: str, most: int, wait: float, longest: float
) -> AsyncIterator[Msg]:
    # In nanoseconds. That there is nothing is not asked without any wait (`no_wait`): when others
    # ask as well, NATS 2.9 leaves some without an answer.
    request = {"batch": most, "expires": max(1_000_000, int(wait * 1e9))}
    with unavailable():
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        try:
            await client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", json.dumps(request).encode(), reply=inbox
            )
            for _ in range(most):
                answer = await answers.next_msg(wait + longest)
                headers = answer.headers or {}
                status = headers.get("Status")
                if status in NOTHING:
                    return
                if status is not None:
                    raise EngineUnavailable(f"NATS says {status} {headers.get('Description')}.")
                yield answer
        finally:
            with suppress(NatsError):  # As when it is not connected any more.
                await answers.unsubscribe()


async def note(error: Exception) -> None:
    """What nats-py reports, for whoever looks for it."""
    # While it is away, nats-py reports each of its attempts.
    logger.debug("NATS: %r", error)


@contextmanager
def unavailable(queue: str = "") -> Iterator[None]:
    """What is raised when NATS is away, as :class:`EngineUnavailable`."""
    try:
        yield
    except APIError as error:
        # "maximum messages exceeded".
        if error.err_code == 10077:
            raise QueueFull(f"The queue {queue} takes no more.") from error
        raise EngineUnavailable(repr(error)) from error
    except (NatsError, OSError, TimeoutError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["fetch", "note", "unavailable"]
