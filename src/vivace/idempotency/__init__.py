"""Idempotency keys: a request that is sent again is not carried out again.

Everything starts with :class:`Idempotency`, and all that an app needs is here. Inside, a module
imports from those before it::

    errors -> keys, fingerprints, settings -> stores -> claims -> visit -> middleware, document
        -> kit
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.answers import Answer
from vivace.connection_functions import by_user
from vivace.extras import brought_by
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
from vivace.idempotency.stores.protocol import (
    Held,
    Store,
    StoreUnavailable,
    TransactionalStore,
)

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
    "SqlStore",
    "Store",
    "StoreAway",
    "StoreUnavailable",
    "TransactionalStore",
    "by_user",
]

if TYPE_CHECKING:
    from vivace.idempotency.stores.redis import RedisStore
    from vivace.idempotency.stores.sql import SqlStore
else:
    # Not every app has these packages, or should wait for them; and for type checkers, as they
    # would take any name for one that is here.
    _LAZY = {"RedisStore": ("redis", "redis"), "SqlStore": ("sql", "sql")}

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, extra = _LAZY[name]
        with brought_by(extra):
            found = import_module(f"vivace.idempotency.stores.{module}")
        value = globals()[name] = getattr(found, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
