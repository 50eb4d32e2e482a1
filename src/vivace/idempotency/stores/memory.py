"""Keys in the memory of one process."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from vivace.answers.answer import Answer
from vivace.idempotency.stores.protocol import Held

logger = logging.getLogger("vivace.idempotency")

#: Bytes that a key takes besides its answer, about.
OVERHEAD = 500
#: How many keys are looked at with each new one whether they can be forgotten.
SWEPT = 4


@dataclass(frozen=True)
class _Slot:
    held: Held
    token: str
    until: float

    @property
    def size(self) -> int:
        return OVERHEAD + (self.held.answer.size if self.held.answer else 0)


class MemoryStore:
    """Keeps keys in this process alone, and forgets them with it.

    For tests, and for a server of one process: of several, each would carry a request out.

    Args:
        max_bytes: How many bytes are kept, about. Beyond that the oldest answers are forgotten
            before their time, which is logged; what is being carried out never is.

    Raises:
        ValueError: Nothing could be kept.
    """

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes={max_bytes} leaves no room. Give a number of bytes.")
        self._max_bytes = max_bytes
        self._bytes = 0
        self._running: dict[str, _Slot] = {}
        #: The oldest first.
        self._finished: OrderedDict[str, _Slot] = OrderedDict()
        self._has_warned = False
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"MemoryStore(max_bytes={self._max_bytes})"

    async def begin(self, name: str, fingerprint: str, token: str, lease: float) -> Held | None:
        with self._lock:
            self._sweep()
            slot = self._find(name)
            if slot is not None:
                return slot.held
            self._run(name, fingerprint, token, lease)
            return None

    async def extend(self, name: str, fingerprint: str, token: str, lease: float) -> bool:
        with self._lock:
            slot = self._find(name)
            if slot is not None and slot.token != token:
                return False
            self._run(name, fingerprint, token, lease)
            return True

    async def finish(
        self, name: str, fingerprint: str, token: str, answer: Answer | None, ttl: float
    ) -> bool:
        with self._lock:
            slot = self._find(name)
            if slot is not None and slot.token != token:
                return False
            self._forget(name)
            finished = _Slot(Held(fingerprint, False, answer), token, time.monotonic() + ttl)
            self._finished[name] = finished
            self._bytes += finished.size
            self._make_room()
            return True

    async def free(self, name: str, token: str) -> None:
        with self._lock:
            slot = self._running.get(name)
            if slot is not None and slot.token == token:
                del self._running[name]

    async def close(self) -> None:
        pass

    def _find(self, name: str) -> _Slot | None:
        slot = self._running.get(name) or self._finished.get(name)
        if slot is not None and slot.until <= time.monotonic():
            self._forget(name)
            return None
        return slot

    def _run(self, name: str, fingerprint: str, token: str, lease: float) -> None:
        held = Held(fingerprint, is_running=True)
        self._running[name] = _Slot(held, token, time.monotonic() + lease)

    def _forget(self, name: str) -> None:
        self._running.pop(name, None)
        slot = self._finished.pop(name, None)
        if slot is not None:
            self._bytes -= slot.size

    def _sweep(self) -> None:
        """Forget some of what is over: with each key that comes, more can go than come."""
        now = time.monotonic()
        for _ in range(min(SWEPT, len(self._finished))):
            name, slot = next(iter(self._finished.items()))
            if slot.until > now:
                return
            self._forget(name)

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes and self._finished:
            self._forget(next(iter(self._finished)))
            if not self._has_warned:
                self._has_warned = True
                logger.warning(
                    "Answers are forgotten before their time, as there is no room: see max_bytes."
                )


__all__ = ["MemoryStore", "logger"]
