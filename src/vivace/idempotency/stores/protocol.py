"""What a store of keys does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from vivace.answers.answer import Answer
from vivace.outages import StoreUnavailable


@dataclass(frozen=True)
class Held:
    """What is known of a request that was made before.

    Attributes:
        fingerprint: Tells the request apart from others with the same key.
        is_running: Whether it is being carried out.
        answer: What was answered; ``None`` where it could not be kept.
    """

    fingerprint: str
    is_running: bool
    answer: Answer | None = None


@runtime_checkable
class Store(Protocol):
    """Keeps keys; a class with these methods will do.

    No method blocks the event loop, and each is one step for all processes that share the store.
    A token tells one attempt from another: whoever has lost a key to a later one changes nothing.

    Raises:
        StoreUnavailable: By all methods, soon, where the store is away.
    """

    async def begin(self, name: str, fingerprint: str, token: str, lease: float) -> Held | None:
        """Take a key; what is known of it, where it was taken before.

        Args:
            name: The key, and whose it is.
            lease: Seconds after which it is free again, unless they are extended.
        """

    async def extend(self, name: str, fingerprint: str, token: str, lease: float) -> bool:
        """Keep the key for ``lease`` seconds more; false where another one has it by now."""

    async def finish(
        self, name: str, fingerprint: str, token: str, answer: Answer | None, ttl: float
    ) -> bool:
        """Keep the answer for ``ttl`` seconds; false where another one has the key by now."""

    async def free(self, name: str, token: str) -> None:
        """Give the key back, so that the request can be made again."""

    async def close(self) -> None:
        """Close what is open; what is needed later is opened again."""


@runtime_checkable
class TransactionalStore(Store, Protocol):
    """Keeps keys where the changes of requests are, so that both are committed together.

    Attributes:
        session: A dependency that gives a request its transaction.
    """

    session: Any

    async def mark(self, session: Any, name: str, token: str, ttl: float) -> bool:
        """Have the key used up when the transaction is committed.

        False where another one has the key by now: the transaction may not be committed.
        """


__all__ = ["Held", "Store", "StoreUnavailable", "TransactionalStore"]
