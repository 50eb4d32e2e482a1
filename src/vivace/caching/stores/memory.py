"""Answers in the memory of one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock

from vivace.caching.entry import Entry
from vivace.caching.stores.protocol import Lead

#: How many tags have a version. What has a tag that was not used for longest is not found again.
MOST_TAGS = 100_000


@dataclass(frozen=True)
class _Kept:
    entry: Entry
    versions: tuple[str, ...]
    size: int


class MemoryStore:
    """Keeps answers in this process alone, and forgets them with it.

    It may be used from several event loops.

    Args:
        max_bytes: How many bytes are kept, about. Beyond that, those are forgotten that were not
            asked for for longest.

    Raises:
        ValueError: Nothing could be kept.
    """

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes={max_bytes} leaves no room. Give a number of bytes.")
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._leads: dict[str, tuple[Lead, float]] = {}
        self._versions: OrderedDict[str, str] = OrderedDict()
        self._numbers = count(1)
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"MemoryStore(max_bytes={self._max_bytes})"

    async def find(self, key: str, tags: Sequence[str]) -> Entry | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            entry = kept.entry
            is_useless = entry.age(time.time()) >= entry.kept_for
            if is_useless or kept.versions != self._current(tags):
                self._forget(key)
                return None
            self._kept.move_to_end(key)
            return entry

    async def lead(
        self, key: str, tags: Sequence[str], seconds: float, kept_for: float
    ) -> Lead | None:
        with self._lock:
            now = time.monotonic()
            led = self._leads.get(key)
            if led is not None and led[1] > now:
                return None
            lead = Lead(str(next(self._numbers)), self._current(tags))
            self._leads[key] = lead, now + seconds
            return lead

    async def keep(self, key: str, entry: Entry, lead: Lead) -> bool:
        with self._lock:
            if not self._end(key, lead):
                return False
            self._forget(key)
            size = entry.answer.size + len(key)
            if size > self._max_bytes:
                return False
            self._kept[key] = _Kept(entry, lead.versions, size)
            self._bytes += size
            while self._bytes > self._max_bytes:
                self._forget(next(iter(self._kept)))
            return True

    async def release(self, key: str, lead: Lead) -> None:
        with self._lock:
            self._end(key, lead)

    async def invalidate(self, tags: Sequence[str]) -> None:
        with self._lock:
            for tag in tags:
                self._versions.pop(tag, None)

    async def close(self) -> None:
        pass

    def _current(self, tags: Sequence[str]) -> tuple[str, ...]:
        """The versions of ``tags``; one that has none gets one that never was."""
        versions = []
        for tag in tags:
            version = self._versions.get(tag)
            if version is None:
                version = self._versions[tag] = str(next(self._numbers))
            else:
                self._versions.move_to_end(tag)
            versions.append(version)
        while len(self._versions) > MOST_TAGS:
            self._versions.popitem(last=False)
        return tuple(versions)

    def _end(self, key: str, lead: Lead) -> bool:
        led = self._leads.get(key)
        if led is None or led[0].token != lead.token:
            return False
        del self._leads[key]
        return True

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size


__all__ = ["MemoryStore"]
