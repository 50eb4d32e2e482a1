"""A cache of responses, with ETags and conditional requests.

Everything starts with :class:`Cache`, and all that an app needs is here. Inside, a module imports
from those before it::

    entry, conditions, keys, flights -> policy -> stores -> lookup -> visit -> middleware -> cache
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.caching.cache import Cache
from vivace.caching.entry import Entry
from vivace.caching.middleware import ETagMiddleware
from vivace.caching.stores.memory import MemoryStore
from vivace.caching.stores.protocol import Lead, Store, StoreUnavailable
from vivace.connection_functions import by_user

__all__ = [
    "Cache",
    "ETagMiddleware",
    "Entry",
    "Lead",
    "MemoryStore",
    "RedisStore",
    "Store",
    "StoreUnavailable",
    "by_user",
]

if TYPE_CHECKING:
    from vivace.caching.stores.redis import RedisStore
else:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        # Not every app has Redis, or should wait for its package.
        if name != "RedisStore":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = import_module("vivace.caching.stores.redis").RedisStore
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
