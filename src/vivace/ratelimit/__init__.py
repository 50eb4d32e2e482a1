"""Rate limits for endpoints, routers and apps.

Everything starts with :class:`Limiter`, and all that an app needs is here. Inside, a module imports
from those before it::

    rules -> decision -> stores -> errors, functions, places
        -> guard, endpoints -> limit -> middleware, document -> limiter
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.extras import brought_by

with brought_by("ratelimit"):
    from vivace.addresses import ClientAddress
    from vivace.connection_functions import by_user
    from vivace.ratelimit.decision import Decision, Level, levels_of
    from vivace.ratelimit.errors import LimiterUnavailable, RateLimited, quota_exceeded
    from vivace.ratelimit.functions import by_api_key
    from vivace.ratelimit.limit import Limit
    from vivace.ratelimit.limiter import Limiter
    from vivace.ratelimit.rules import Rule, Window
    from vivace.ratelimit.stores.memory import MemoryStore
    from vivace.ratelimit.stores.protocol import Store, StoreUnavailable

__all__ = [
    "ClientAddress",
    "Decision",
    "Level",
    "Limit",
    "Limiter",
    "LimiterUnavailable",
    "MemoryStore",
    "RateLimited",
    "RedisStore",
    "Rule",
    "Store",
    "StoreUnavailable",
    "Window",
    "by_api_key",
    "by_user",
    "levels_of",
    "quota_exceeded",
]

if TYPE_CHECKING:
    from vivace.ratelimit.stores.redis import RedisStore
else:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        # Not every app has Redis, or should wait for its package.
        if name != "RedisStore":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = import_module("vivace.ratelimit.stores.redis").RedisStore
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
