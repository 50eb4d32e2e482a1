"""Idempotency keys: a request that is sent again is not carried out again.

Everything starts with :class:`Idempotency`, and all that an app needs is here. Inside, a module
imports from those before it::

    errors -> keys, fingerprints, settings -> stores -> claims -> visit -> middleware, document
        -> kit
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.answers import Answer, by_user
from vivace.idempotency.errors import (
    AnswerNotKept,
    BodyTooLarge,
    IdempotencyError,
    InvalidKey,
    KeyReused,
    MissingKey,
    RequestOutstanding,
    StoreAway,
)
from vivace.idempotency.kit import Idempotency
from vivace.idempotency.stores.memory import MemoryStore
from vivace.idempotency.stores.protocol import Held, Store, StoreUnavailable

__all__ = [
    "Answer",
    "AnswerNotKept",
    "BodyTooLarge",
    "Held",
    "Idempotency",
    "IdempotencyError",
    "InvalidKey",
    "KeyReused",
    "MemoryStore",
    "MissingKey",
    "RedisStore",
    "RequestOutstanding",
    "Store",
    "StoreAway",
    "StoreUnavailable",
    "by_user",
]

if TYPE_CHECKING:
    from vivace.idempotency.stores.redis import RedisStore
else:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        # Not every app has Redis, or should wait for its package.
        if name != "RedisStore":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = import_module("vivace.idempotency.stores.redis").RedisStore
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
