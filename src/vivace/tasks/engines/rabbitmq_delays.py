"""Tasks in RabbitMQ that wait: until they are due, or until there is room for them.

Those that are not due wait in queues of one delay each, so that a long wait holds up no short one.
Workers move them on, with confirms: RabbitMQ's own way, messages that expire, may lose some when it
is killed, or keep them back for minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import time
from typing import Any

from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
)
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from vivace.tasks.errors import EngineUnavailable

#: Seconds that messages wait in one step: the longest that fits, then the longest that fits into
#: what is left. All in one queue wait equally long, so that the first is due first. Less than the
#: half hour after which RabbitMQ takes a message away from whoever holds it.
DELAYS = tuple(2.0**power for power in range(-2, 11))
#: Seconds before it is tried again to move a message to where there was no room for it.
AGAIN = 1.0
#: Of each queue, the messages that one worker holds until their time.
MOST_HELD = 50
#: What is raised where a connection or a channel is at its end.
BROKEN = (AMQPError, ChannelInvalidStateError, RuntimeError, OSError)
#: When a message has come to a queue of a delay, in whole milliseconds since 1970: in AMQP, numbers
#: with a point have 32 bits, and times in them are a minute off.
SINCE = "x-vivace-since-ms"

#: Sends on what has waited for long enough; :class:`EngineUnavailable` says that it cannot.
SendOn = Callable[[bytes], Awaitable[None]]


class Delays:
    """The queues in which messages wait.

    Args:
        start: What their names begin with.
        arguments: What they are declared with.
        send_on: Is given what has waited for long enough.
    """

    def __init__(self, start: str, arguments: dict[str, Any], send_on: SendOn) -> None:
        self._start = start
        self._arguments = arguments
        self._send_on = send_on
        #: Where a message waits that was taken before, and for which its queue has no room.
        self.again = f"{start}.again"
        #: What messages come by; aio-pika forgets channels that nobody else knows.
        self._channel: AbstractRobustChannel | None = None
        #: What holds messages until their time.
        self._holding: set[asyncio.Task[Any]] = set()

    def queue_for(self, wait: float) -> str | None:
        """Where a message waits first that is due in ``wait`` seconds; ``None`` if it is due."""
        delay = max((delay for delay in DELAYS if delay <= wait), default=None)
        return None if delay is None else self.queue(delay)

    def queue(self, delay: float) -> str:
        return f"{self._start}.delay.{round(delay * 1000)}"

    async def declare(self, channel: AbstractRobustChannel) -> None:
        for delay in DELAYS:
            name = self.queue(delay)
            await channel.declare_queue(name, durable=True, arguments=self._arguments)
        without_bound = {k: v for k, v in self._arguments.items() if k != "x-max-length"}
        await channel.declare_queue(self.again, durable=True, arguments=without_bound)

    async def move_on(self, connection: AbstractRobustConnection) -> None:
        """Begin to move on what has waited for long enough."""
        channel: Any = await connection.channel()
        self._channel = channel
        await channel.set_qos(prefetch_count=MOST_HELD)
        for name, delay in {**{self.queue(d): d for d in DELAYS}, self.again: AGAIN}.items():
            queue = await channel.get_queue(name, ensure=True)
            await queue.consume(partial(self._take, delay))

    def close(self) -> None:
        for holding in self._holding:
            holding.cancel()
        self._channel = None

    async def _take(self, delay: float, held: AbstractIncomingMessage) -> None:
        if self._channel is None:
            return  # It is given back with its connection.
        holding = asyncio.create_task(self._hold(delay, held))
        self._holding.add(holding)
        holding.add_done_callback(self._holding.discard)

    async def _hold(self, delay: float, held: AbstractIncomingMessage) -> None:
        """Hold a message until it has waited for ``delay`` seconds, and send it on."""
        since: Any = held.headers.get(SINCE, 0)
        try:
            # Whoever has sent it may be ahead by the clock.
            await asyncio.sleep(min(delay, max(0.0, since / 1000 + delay - time())))
            while not is_over(held):
                try:
                    await self._send_on(held.body)
                    await held.ack()
                    return
                except EngineUnavailable:
                    await asyncio.sleep(AGAIN)
        except BROKEN:
            pass
        finally:
            # Whatever has ended this, as the end of the connection that it is sent over: it comes
            # again, to whoever is there. What has been acknowledged is not given back.
            with suppress(*BROKEN):
                await held.reject(requeue=True)


def is_over(message: AbstractIncomingMessage) -> bool:
    """Whether what a message has come by has ended, so that it comes again."""
    try:
        return message.channel.is_closed
    except ChannelInvalidStateError:
        # That is how aio-pika says that the channel is closed.
        return True


__all__ = ["BROKEN", "SINCE", "Delays", "is_over"]
