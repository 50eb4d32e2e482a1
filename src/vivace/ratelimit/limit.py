"""A limit: under which rules requests count, by what, and which of them count together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args
from uuid import UUID

from vivace.extras import brought_by
from vivace.ratelimit.decision import Decision, Level, record_of
from vivace.ratelimit.endpoints import limited
from vivace.ratelimit.errors import LimiterUnavailable, RateLimited, refusal
from vivace.ratelimit.functions import name_of
from vivace.ratelimit.guard import make_guard
from vivace.ratelimit.rules import Rule, Window, parse_rules
from vivace.ratelimit.stores.protocol import Store, StoreUnavailable
from vivace.requests import HTTPConnection

if TYPE_CHECKING:
    from vivace.ratelimit.limiter import Limiter

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
#: What requests count by: each value has counters of its own.
Key = str | int | UUID
#: What becomes of a request that cannot be counted.
Uncounted = Literal["pass", "refuse"]


class Limit:
    """Made by :meth:`vivace.ratelimit.Limiter.limit`, which says what its arguments are.

    It is a decorator for endpoints.

    Attributes:
        dependency: For lists of dependencies; it counts a request, or refuses it with a 429.
    """

    def __init__(
        self,
        limiter: Limiter,
        rules: str | Callable[..., Any],
        *,
        by: Any,
        cost: int | Callable[..., Any],
        exempt: Callable[..., Any] | None,
        scope: str | None,
        window: Window,
        name: str | None,
        uncounted: Uncounted,
    ) -> None:
        if uncounted not in get_args(Uncounted):
            raise ValueError(f"uncounted={uncounted!r} is neither 'pass' nor 'refuse'.")
        #: What is asked of each request: the functions, by the arguments of :meth:`let_pass`.
        self.functions: dict[str, Any] = {"key": by}
        if not isinstance(rules, str):
            self.functions["rules"] = rules
        if not isinstance(cost, int):
            self.functions["cost"] = cost
        if exempt is not None:
            self.functions["exempt"] = exempt
        self.scope = scope
        self._limiter = limiter
        self._uncounted = uncounted
        self._window: Window = window
        self._name = name
        self._cost = _checked_cost(cost) if isinstance(cost, int) else 1
        self._parsed = parse_rules(rules, window, name) if isinstance(rules, str) else ()
        if window == "token":
            # Here, where it says what is missing, and not in a request.
            with brought_by("ratelimit"):
                import_module("vivace.ratelimit.stores.tokens")
        self.dependency: Any = make_guard(self)
        self._by_name = name_of(by)
        #: The second half of the names of counters, by the places that they are of.
        self._places: dict[str, str] = {}

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """Limit an endpoint; the decorator stands below that of the route.

        Raises:
            TypeError: It stands above it, where it would do nothing.
        """
        decorated: Endpoint = limited(endpoint, self, sys._getframe(1))
        return decorated

    async def check(
        self, connection: HTTPConnection, key: Key, *, cost: int = 1, rules: str | None = None
    ) -> Decision:
        """As :meth:`hit`, and refuse what does not fit.

        Raises:
            RateLimited: It does not fit.
            WebSocketException: The same, for a WebSocket that is open: it closes with 1013.
            LimiterUnavailable: It cannot be counted, and so may not pass.
        """
        decision = await self.hit(connection, key, cost=cost, rules=rules)
        self._enforce(connection, decision)
        return decision

    async def hit(
        self, connection: HTTPConnection, key: Key, *, cost: int = 1, rules: str | None = None
    ) -> Decision:
        """Count by hand, as for the messages of a WebSocket; each call counts.

        Args:
            connection: The request or WebSocket.
            key: What it counts by.
            cost: How much it counts.
            rules: The rules, where they are not those of the limit.

        Raises:
            LimiterUnavailable: It cannot be counted, and so may not pass.
        """
        counter = self._counter(connection, key)
        return await self._count(connection, self._rules_of(rules), counter, _checked_cost(cost))

    async def levels(
        self, connection: HTTPConnection, key: Key, *, rules: str | None = None
    ) -> tuple[Level, ...]:
        """What is left of each rule; nothing is counted.

        Raises:
            StoreUnavailable: The store is away.
        """
        counter, store = self._counter(connection, key), self._limiter.store
        return tuple([await store.read(rule, counter, 1) for rule in self._rules_of(rules)])

    async def let_pass(
        self,
        connection: HTTPConnection,
        *,
        key: object,
        cost: object = None,
        rules: object = None,
        exempt: object = False,
        whole_app: bool = False,
    ) -> None:
        """Count a request, unless it has been counted here before; or refuse it.

        Args:
            connection: The request or WebSocket.
            key, cost, rules, exempt: What the functions have said.
            whole_app: Whether all requests to the app are counted together.

        Raises:
            TypeError: One of the functions has said what is of no use.
            RateLimited, WebSocketException, LimiterUnavailable: As :meth:`check`.
        """
        if exempt or key is None:
            return
        record = record_of(connection)
        counter = self._counter(connection, key, whole_app=whole_app)
        new = [
            rule for rule in self._rules_of(rules) if (counter, rule.measure) not in record.counted
        ]
        cost_now = self._cost if cost is None else _checked_cost(cost, self.functions["cost"])
        decision = await self._count(connection, new, counter, cost_now)
        record.counted.update((counter, rule.measure) for rule in new)
        self._enforce(connection, decision)

    def _enforce(self, connection: HTTPConnection, decision: Decision) -> None:
        record = record_of(connection)
        record.add(decision)
        if not decision.allowed:
            raise refusal(RateLimited(decision, record.fields()), connection)

    async def _count(
        self, connection: HTTPConnection, rules: Sequence[Rule], counter: str, cost: int
    ) -> Decision:
        if cost == 0 or not self._limiter.enabled:
            return Decision()
        try:
            return await decide(self._limiter.store, rules, counter, cost)
        except StoreUnavailable as away:
            if self._uncounted == "refuse":
                raise refusal(LimiterUnavailable(away.retry_after), connection) from None
            return Decision()

    def _rules_of(self, text: object) -> tuple[Rule, ...]:
        if text is None:
            return self._parsed
        if not isinstance(text, str):
            raise TypeError(f"{self.functions['rules']!r} says the rules are {text!r}.")
        return parse_rules(text, self._window, self._name)

    def _counter(self, connection: HTTPConnection, key: object, *, whole_app: bool = False) -> str:
        """The name of the counters of ``key``: nothing that a client has sent is in it as it is."""
        if not isinstance(key, Key):
            raise TypeError(
                f"{self.functions['key']!r} says that requests count by {key!r}, which is neither "
                "str, int nor UUID. Let it return what identifies it."
            )
        places = self._limiter.places
        place = self.scope
        if place is None:
            scope = connection.scope
            place = places.of_app(scope) if whole_app else places.of_endpoint(scope)
        counted_at = self._places.get(place)
        if counted_at is None:
            counted_at = self._places[place] = _digest(f"{place}\0{self._by_name}")
        return f"{digest_of_key(key)}:{counted_at}"


async def decide(store: Store, rules: Sequence[Rule], counter: str, cost: int) -> Decision:
    """Count ``cost`` under ``rules``, that of the shortest time first, up to one it does not fit.

    So what a rule refuses does not count under those of a longer time, and what it has counted
    under those of a shorter one is soon forgotten. What costs more than 1 is looked at under all
    rules before: counted in a fixed window that it does not fit into, it would fill that up.
    """
    levels = []
    if cost > 1:
        levels = [await store.read(rule, counter, cost) for rule in rules]
    if all(level.allowed for level in levels):
        levels = []
        for rule in rules:
            levels.append(await store.take(rule, counter, cost))
            if not levels[-1].allowed:
                break
    return Decision(tuple(levels), tuple(rules))


def _checked_cost(cost: object, said_by: object = None) -> int:
    if isinstance(cost, bool) or not isinstance(cost, int) or cost < 0:
        who = f"{said_by!r} says that a request costs" if said_by else "A request cannot cost"
        raise TypeError(f"{who} {cost!r}. Take a number from 0 on.")
    return cost


def digest_of_key(key: Key) -> str:
    """What the name of each counter of ``key`` begins with."""
    return _digest(str(key))


def _digest(text: str) -> str:
    # Keys may be of any characters, also such as UTF-8 does not have.
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


__all__ = ["Key", "Limit", "Uncounted", "decide", "digest_of_key"]
