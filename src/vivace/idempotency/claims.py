"""A key that is held while its request is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

from vivace.answers.answer import Answer
from vivace.idempotency.stores.memory import logger
from vivace.idempotency.stores.protocol import (
    Held,
    Store,
    StoreUnavailable,
    TransactionalStore,
)

#: How often what could not be kept is tried again, after how many seconds, and how many may wait.
TRIES_LATER: Final = 1200
PAUSE: Final = 0.25
MOST_LATER: Final = 1000

#: What goes on beside its request, and after it; a loop keeps no reference to its tasks.
_going_on: set[asyncio.Task[Any]] = set()
_later: set[asyncio.Task[Any]] = set()


class Claim:
    """Holds a key: its lease is extended until there is an answer.

    A process that dies stops to extend it, and when it has run out the request can be made again.
    A process that only was slow finds that another attempt has the key, and does not overwrite it.

    Args:
        store: Where the key is.
        name: The key, and whose it is.
        fingerprint: Of the request.
        lease: Seconds.
    """

    def __init__(self, store: Store, name: str, fingerprint: str, lease: float) -> None:
        self._store = store
        self._name = name
        self._fingerprint = fingerprint
        self._lease = lease
        self._token = token_hex(16)
        self._extending: asyncio.Task[None] | None = None

    async def begin(self) -> Held | None:
        """Take the key; what is known of it, where it was taken before.

        Raises:
            StoreUnavailable: The store is away.
        """
        held = await self._store.begin(self._name, self._fingerprint, self._token, self._lease)
        if held is None:
            self._extending = _start(self._extend())
        return held

    async def mark(self, session: Any, ttl: float) -> bool:
        """Have the key used up with the transaction of the request, where the store can do so.

        False where another attempt has it by now.
        """
        if not isinstance(self._store, TransactionalStore):
            return True
        self._stop_extending()
        return await self._store.mark(session, self._name, self._token, ttl)

    async def finish(self, answer: Answer | None, ttl: float) -> None:
        """Keep the answer, even if the request is cancelled meanwhile."""
        await asyncio.shield(_start(self._finish(answer, ttl)))

    async def free(self) -> None:
        """Give the key back, even if the request is cancelled meanwhile."""
        await asyncio.shield(_start(self._free()))

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            try:
                is_ours = await self._store.extend(
                    self._name, self._fingerprint, self._token, self._lease
                )
            except StoreUnavailable:
                continue  # It may be back before the lease has run out.
            if not is_ours:
                self._log_loss()
                return

    async def _finish(self, answer: Answer | None, ttl: float) -> None:
        self._stop_extending()
        try:
            await self._keep(answer, ttl)
        except StoreUnavailable:
            if len(_later) >= MOST_LATER:
                self._give_up()
            else:
                _start(self._finish_later(answer, ttl), among=_later)

    async def _finish_later(self, answer: Answer | None, ttl: float) -> None:
        """The client has its answer by now; others with the key have to wait for the store."""
        for _ in range(TRIES_LATER):
            await asyncio.sleep(PAUSE)
            with suppress(StoreUnavailable):
                await self._keep(answer, ttl)
                return
        self._give_up()

    async def _keep(self, answer: Answer | None, ttl: float) -> None:
        if not await self._store.finish(self._name, self._fingerprint, self._token, answer, ttl):
            self._log_loss()

    async def _free(self) -> None:
        self._stop_extending()
        try:
            await self._store.free(self._name, self._token)
        except StoreUnavailable:
            return  # It is free when the lease has run out.

    def _stop_extending(self) -> None:
        if self._extending is not None:
            self._extending.cancel()

    def _give_up(self) -> None:
        logger.error("An answer could not be kept: its request may be carried out again.")

    def _log_loss(self) -> None:
        logger.warning(
            "A request took so long to extend its lease that another attempt has its key."
        )


def _start(
    work: Coroutine[Any, Any, None], among: set[asyncio.Task[Any]] = _going_on
) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    among.add(task)
    task.add_done_callback(among.discard)
    return task


__all__ = ["Claim"]
