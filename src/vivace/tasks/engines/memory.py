"""Tasks in the memory of this process: for one process, and for tests."""

from __future__ import annotations

import asyncio
import heapq
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from threading import Lock
from time import time

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.errors import QueueFull
from vivace.tasks.message import Message


class MemoryEngine:
    """Keeps tasks in memory, for all event loops and threads of the process.

    What waits is gone when the process ends.
    """

    knows_keys = True

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._waiting: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._delayed: list[tuple[float, int, str, bytes]] = []
        self._numbers = count()
        self._keys: dict[str, float] = {}
        #: With the time at which each was put there, in seconds since 1970.
        self._dead: deque[tuple[float, Message]] = deque(maxlen=settings.most_dead)
        #: Whom to wake when there is something: each with its event loop.
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def __repr__(self) -> str:
        return "MemoryEngine()"

    @property
    def waiting(self) -> int:
        """How many tasks could run at once."""
        with self._lock:
            self._move_due()
            return sum(map(len, self._waiting.values()))

    @property
    def delayed(self) -> int:
        """How many tasks are not due yet."""
        return len(self._delayed)

    async def open(self, *, workers: int = 0) -> None: ...
    async def close(self) -> None: ...

    async def put(self, message: Message, *, key: str | None = None) -> None:
        with self._lock:
            if self._size(message.queue) >= self._settings.most_waiting:
                raise QueueFull(f"{self._settings.most_waiting} wait in {message.queue}.")
            if key is not None and not self._remember(key):
                return
        self.add(message)

    def add(self, message: Message) -> None:
        """Have ``message`` wait, however many do."""
        body = message.encode()
        with self._lock:
            if message.wait > 0:
                entry = (message.due, next(self._numbers), message.queue, body)
                heapq.heappush(self._delayed, entry)
            else:
                self._waiting[message.queue].append(body)
        self.wake()

    def _size(self, queue: str) -> int:
        return len(self._waiting[queue]) + len(self._delayed)

    def _remember(self, key: str) -> bool:
        now = time()
        while self._keys and next(iter(self._keys.values())) <= now:
            del self._keys[next(iter(self._keys))]
        if key in self._keys:
            return False
        self._keys[key] = now + self._settings.remember_keys
        return True

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        found = self.take_now(queues, most)
        if found:
            return found
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._sleepers.add(sleeper)
            next_due = self._delayed[0][0] - time() if self._delayed else wait
        try:
            # What came between the two looks has woken nobody.
            if not (found := self.take_now(queues, most)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(sleeper[1].wait(), max(0.001, min(wait, next_due)))
                found = self.take_now(queues, most)
        finally:
            with self._lock:
                self._sleepers.discard(sleeper)
        return found

    def wake(self) -> None:
        with self._lock:
            sleepers = tuple(self._sleepers)
        for loop, event in sleepers:
            with suppress(RuntimeError):  # The loop is closed by now.
                loop.call_soon_threadsafe(event.set)

    async def stop_taking(self) -> None: ...

    def take_now(self, queues: Sequence[str], most: int, *, early: bool = False) -> list[Delivery]:
        """What :meth:`take` would return without waiting; also what is not due, if ``early``."""
        found: list[Delivery] = []
        with self._lock:
            self._move_due(early=early)
            for queue in queues:
                while self._waiting[queue] and len(found) < most:
                    found.append(_MemoryDelivery(self, self._waiting[queue].popleft()))
        return found

    def _move_due(self, *, early: bool = False) -> None:
        now = time()
        while self._delayed and (early or self._delayed[0][0] <= now):
            _, _, queue, body = heapq.heappop(self._delayed)
            self._waiting[queue].append(body)

    def bury(self, message: Message) -> bool:
        """Keep a dead letter; whether there are as many as may be."""
        self._forget_old()
        self._dead.append((time(), message))
        return len(self._dead) == self._dead.maxlen

    def _forget_old(self) -> None:
        while self._dead and self._dead[0][0] <= time() - self._settings.keep_dead:
            self._dead.popleft()

    async def visit_dead(self, visit: Visit, most: int) -> None:
        self._forget_old()
        for letter in list(self._dead)[:most]:
            if await visit(letter[1]):
                with suppress(ValueError):
                    self._dead.remove(letter)

    async def may_schedule(self) -> bool:
        return True


class _MemoryDelivery:
    is_again = False

    def __init__(self, engine: MemoryEngine, body: bytes) -> None:
        self._engine = engine
        self.body = body

    async def renew(self) -> None: ...
    async def done(self) -> None: ...

    async def replace(self, message: Message) -> None:
        self._engine.add(message)

    async def bury(self, message: Message) -> bool:
        return self._engine.bury(message)

    async def release(self) -> None:
        self._engine.add(Message.decode(self.body))


__all__ = ["MemoryEngine"]
