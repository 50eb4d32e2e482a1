"""What is said of the keys of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, get_args

#: What becomes of a request with a key while the store is away.
Away = Literal["refuse", "pass"]

#: Answers that ask for another try: the request may be made again with the same key.
TRY_AGAIN = frozenset([408, 425, 429])


@dataclass(frozen=True)
class Settings:
    """See :class:`vivace.idempotency.Idempotency`, whose arguments these are.

    Raises:
        ValueError: A number is none that there can be, or ``away`` is none that is known.
    """

    is_required: bool = True
    by: Any = None
    ttl: float = 86_400
    wait: float = 0
    lease: float = 30
    away: Away = "refuse"

    def __post_init__(self) -> None:
        for name in ("ttl", "lease", "wait"):
            value = getattr(self, name)
            if not isfinite(value) or value < 0 or (value == 0 and name != "wait"):
                raise ValueError(f"{name}={value!r} is no time. Give a number of seconds.")
        if self.away not in get_args(Away):
            raise ValueError(f"away={self.away!r} is neither 'refuse' nor 'pass'.")


def is_kept(status: int) -> bool:
    """Whether an answer is given again: not if the request may succeed when it is made again."""
    return status < 500 and status not in TRY_AGAIN


__all__ = ["Away", "Settings", "is_kept"]
