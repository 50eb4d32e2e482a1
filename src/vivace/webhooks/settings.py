"""What can be set for webhooks that are sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from vivace.webhooks.keys import SignatureVersion

_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """How messages are delivered.

    Args:
        delays: Seconds from a failed attempt to the next one; after the last the message is a dead
            letter. By default those of the standard: ten attempts in a little more than three days.
        jitter: By how much of itself a delay is changed at random.
        signature: Which signatures endpoints get for which nothing is said: ``"v1"`` with a secret
            that both sides have, or ``"v1a"`` with a key pair of Ed25519.
        timeout: Seconds for an attempt: finding the host, connecting, and the answer.
        lease: Seconds for which a process has a delivery for itself. If it dies, another one
            takes the delivery over after that.
        concurrency: Attempts at a time in a process.
        per_endpoint: Attempts at a time on one endpoint, in a process.
        per_owner: Attempts at a time on all endpoints of one owner, in a process: so that nobody
            has all of them by receivers that hang. Endpoints that are nobody's have no such bound.
        poll_interval: Seconds after which the database is asked for what other processes have
            written. What this process has written is delivered at once.
        grace: Seconds that running attempts have to end when the app stops.
        longest_retry_after: Seconds that ``Retry-After`` may ask for at most.
        disable_after: Since when an endpoint has to have failed without any success to be
            disabled; ``None`` never disables one.
        rotation: For how long an old secret still signs.
        most_endpoints: How many endpoints an owner may have.
        max_payload: Bytes of a message at most.
        kept_response: Characters of an answer that are kept for people to read; 0 for none.
        retention: For how long is kept what was delivered, or has become a dead letter.
        user_agent: The header field of requests.

    Raises:
        ValueError: A value is out of its range.
    """

    delays: Sequence[float] = (
        *(5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
        *(10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
    )
    jitter: float = 0.1
    signature: SignatureVersion = "v1"
    timeout: float = 20.0
    lease: float = 60.0
    concurrency: int = 50
    per_endpoint: int = 5
    per_owner: int = 20
    poll_interval: float = 1.0
    grace: float = 10.0
    longest_retry_after: float = 24 * _HOUR
    disable_after: timedelta | None = timedelta(days=5)
    rotation: timedelta = timedelta(days=1)
    most_endpoints: int = 50
    max_payload: int = 256 * 1024
    kept_response: int = 1000
    retention: timedelta = timedelta(days=30)
    user_agent: str = "Vivace-Webhooks"

    def __post_init__(self) -> None:
        _require(all(delay >= 0 for delay in self.delays), "delays", "numbers of seconds")
        _require(0 <= self.jitter < 1, "jitter", "from 0 up to 1")
        _require(self.signature in get_args(SignatureVersion), "signature", "'v1' or 'v1a'")
        _require(self.timeout > 0, "timeout", "a number of seconds above 0")
        _require(self.lease > self.timeout, "lease", "longer than timeout")
        _require(self.poll_interval > 0, "poll_interval", "a number of seconds above 0")
        at_least_one = ("concurrency", "per_endpoint", "per_owner", "most_endpoints", "max_payload")
        for name in at_least_one:
            _require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("grace", "longest_retry_after", "kept_response"):
            _require(getattr(self, name) >= 0, name, "at least 0")
        _require(self.kept_response <= 100_000, "kept_response", "at most 100,000")
        for name in ("rotation", "retention"):
            _require(getattr(self, name) > timedelta(0), name, "a time above 0")

    @property
    def attempts(self) -> int:
        """How many there are."""
        return len(self.delays) + 1

    def pause_after(self, attempt: int) -> float | None:
        """Seconds from an attempt that failed to the next one; ``None`` where there is none.

        Args:
            attempt: Its number; the first is 1.
        """
        if attempt > len(self.delays):
            return None
        return self.delays[attempt - 1] * random.uniform(1 - self.jitter, 1 + self.jitter)


def _require(holds: bool, name: str, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{name} of WebhookSettings has to be {wanted}.")


__all__ = ["WebhookSettings"]
