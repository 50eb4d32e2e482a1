"""What counting has found, and what a response says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from vivace.ratelimit.rules import Rule
from vivace.requests import HTTPConnection

#: Where the record of a request is in its scope.
KEY = "vivace.ratelimit"


@dataclass(frozen=True, slots=True)
class Level:
    """What is left of the quota of a rule, for one client."""

    rule: Rule
    #: Whether the request fits, or did fit, into it.
    allowed: bool
    remaining: int
    #: Seconds until there is more; where the request does not fit, until it may.
    reset: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request passes a limit."""

    #: Of each rule, up to one that refuses; none where nothing was counted.
    levels: tuple[Level, ...] = ()
    #: All rules that hold.
    rules: tuple[Rule, ...] = ()

    @property
    def allowed(self) -> bool:
        return all(level.allowed for level in self.levels)

    @property
    def violated(self) -> tuple[Level, ...]:
        """The levels that a request did not fit into."""
        return tuple(level for level in self.levels if not level.allowed)

    @property
    def retry_after(self) -> int:
        """Whole seconds after which it is worth trying again; 0 where the request passes."""
        return max((max(1, ceil(level.reset)) for level in self.violated), default=0)


@dataclass(slots=True)
class Record:
    """What the limits of one request have found, in its scope."""

    #: Whether a middleware adds the fields to the response, whatever that is.
    is_sent_by_middleware: bool = False
    #: The counters that have the request in them already, with the measures of their rules.
    counted: set[tuple[str, str]] = field(default_factory=set)
    #: By the names of the rules: of two of one name, the one that leaves less, or refuses.
    levels: dict[str, Level] = field(default_factory=dict)
    #: The items of ``RateLimit-Policy``, by the names of the rules.
    policies: dict[str, str] = field(default_factory=dict)
    retry_after: int = 0

    def add(self, decision: Decision) -> None:
        for rule in decision.rules:
            self.policies[rule.name] = rule.policy
        for level in decision.levels:
            known = self.levels.get(level.rule.name)
            if known is None or not level.allowed or level.remaining <= known.remaining:
                self.levels[level.rule.name] = level
        self.retry_after = max(self.retry_after, decision.retry_after)

    def fields(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers-11, and ``Retry-After``.

        ``RateLimit`` of a refusal says only what is violated, since ``Retry-After`` should not be
        earlier than the end of a window that it names (section 6).
        """
        if not self.levels:
            return {}
        levels = list(self.levels.values())
        fields = {"RateLimit-Policy": ", ".join(self.policies.values())}
        if self.retry_after:
            fields["Retry-After"] = str(self.retry_after)
            levels = [level for level in levels if not level.allowed]
        fields["RateLimit"] = ", ".join(
            f"{level.rule.quoted};r={level.remaining};t={ceil(level.reset)}" for level in levels
        )
        return fields


def record_of(connection: HTTPConnection) -> Record:
    """The record of a request, which is made where there is none yet."""
    record: Record | None = connection.scope.get(KEY)
    if record is None:
        record = connection.scope[KEY] = Record()
    return record


def levels_of(connection: HTTPConnection) -> tuple[Level, ...]:
    """What the limits that a request has passed so far leave to its client."""
    record: Record | None = connection.scope.get(KEY)
    return tuple(record.levels.values()) if record else ()


__all__ = ["KEY", "Decision", "Level", "Record", "levels_of", "record_of"]
