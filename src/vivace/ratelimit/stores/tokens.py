"""Buckets of tokens, counted by ``throttled-py``, as ``limits`` has none.

Of what it has this is the Generic Cell Rate Algorithm, which keeps one time for each bucket and
admits just what a bucket does that is filled continuously. Its class for token buckets counts whole
seconds and whole tokens, so that a bucket of less than a token in a second never fills up under a
client that asks each second.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from throttled.asyncio import (
    BaseRateLimiter,
    BaseStoreBackend,
    RateLimiterRegistry,
    RateLimitState,
    per_duration,
)

from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule

if TYPE_CHECKING:
    from throttled.asyncio import BaseAtomicAction, BaseStore


class TokenBuckets:
    """A bucket for each key of a rule, with room for its quota, which it takes its time to fill.

    Args:
        kind: What ``throttled-py`` calls the kind of store: ``memory`` or ``redis``.
        backend: Where the buckets are.
        prefix: What their names begin with.
    """

    def __init__(self, kind: str, backend: BaseStoreBackend, prefix: str) -> None:
        self._store = cast("BaseStore", _Store(kind, backend))
        self._prefix = prefix
        self._limiters: dict[tuple[int, int], BaseRateLimiter] = {}

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        result = await self._limiter(rule).limit(rule.item.key_for(key), cost)
        return _level(rule, result.state, cost, fits=not result.limited)

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        state = await self._limiter(rule).peek(rule.item.key_for(key))
        return _level(rule, state, cost, fits=state.remaining >= cost)

    def _limiter(self, rule: Rule) -> BaseRateLimiter:
        what = rule.quota, rule.seconds
        found = self._limiters.get(what)
        if found is None:
            quota = per_duration(timedelta(seconds=rule.seconds), rule.quota)
            gcra: Any = RateLimiterRegistry.get("gcra")
            found = self._limiters[what] = gcra(quota, self._store, key_prefix=self._prefix)
        return found


class _Store:
    """What a limiter needs of a store: it makes the actions that count in a backend."""

    def __init__(self, kind: str, backend: BaseStoreBackend) -> None:
        self.TYPE = kind
        self._backend = backend

    def make_atomic(self, action: type[BaseAtomicAction]) -> BaseAtomicAction:
        return action(self._backend)


def _level(rule: Rule, state: RateLimitState, cost: int, *, fits: bool) -> Level:
    """What ``state`` means; the time to wait is reckoned here, as ``peek`` gives a wrong one."""
    tokens = min(state.remaining + 1, rule.quota) if fits else cost
    until_tokens = state.reset_after - (rule.quota - tokens) * rule.seconds / rule.quota
    return Level(rule, fits, state.remaining, max(0.0, until_tokens))


__all__ = ["TokenBuckets"]
