"""What a broker keeps of each room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many entries of a room are kept, and for how long: what exceeds either is not.

    Args:
        count: How many, from 1 on.
        age: Seconds.

    Raises:
        ValueError: Nothing would be kept.
    """

    count: int
    age: float

    def __post_init__(self) -> None:
        if self.count < 1 or self.age <= 0:
            raise ValueError(
                f"Of each room, {self.count} entries would be kept, for {self.age} seconds. "
                "Keep at least one entry, for more than no time."
            )


def check_limit(limit: int) -> None:
    """Raise a :class:`ValueError` where no number of entries to read is given."""
    if limit < 1:
        raise ValueError(f"{limit} entries cannot be read; the limit begins at 1.")


def check_ttl(ttl: float, longest: float) -> None:
    """Raise a :class:`ValueError` where nobody can be present for so long."""
    if not 0 < ttl <= longest:
        raise ValueError(f"A member is present for up to {longest:g} seconds, not for {ttl:g}.")


#: Seconds for which somebody may be present without being renewed.
LONGEST_PRESENCE = 86_400.0

#: Seconds within which the same key is the same entry.
KEY_MEMORY = 120.0


__all__ = ["KEY_MEMORY", "LONGEST_PRESENCE", "Keeping", "check_limit", "check_ttl"]
