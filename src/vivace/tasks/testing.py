"""Tasks in tests: what was sent can be looked at, and runs when the test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.tasks.attempt import Run
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.message import Message
from vivace.tasks.results import MemoryResults

if TYPE_CHECKING:
    from vivace.tasks.kit import Tasks


class Testing:
    """What :meth:`vivace.tasks.Tasks.testing` puts in the place of the engine.

    Attributes:
        messages: All that was sent, in order, with ``task``, ``arguments`` and ``due``.
    """

    #: For pytest, which takes what is called so for a test.
    __test__ = False

    def __init__(self, kit: Tasks, *, eager: bool) -> None:
        self._kit = kit
        self._eager = eager
        self.engine = MemoryEngine(kit.settings)
        self.results = MemoryResults(kit.settings.keep_results)
        self.messages: list[Message] = []

    async def sent(self, message: Message) -> None:
        """Note what was sent, and run it if it is to be run at once."""
        self.messages.append(message)
        if self._eager:
            await self.drain()

    async def drain(self) -> None:
        """Run all that waits, also what is not due yet, and what is sent meanwhile."""
        await drain(self._kit, self.engine)


async def drain(kit: Tasks, engine: MemoryEngine) -> None:
    """Run all that waits in ``engine``, one after the other, in this event loop."""
    attempts = kit.make_attempts()
    while taken := engine.take_now(kit.queues, 1, early=True):
        run = Run(taken[0])
        # Nothing is early here.
        run.message = run.message.again(0)
        await attempts.work(run)


__all__ = ["Testing", "drain"]
