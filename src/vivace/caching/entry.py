"""What is kept of an answer, and for how long it may be given."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vivace.answers.answer import Answer


@dataclass(frozen=True)
class Entry:
    """An answer with its times, all in seconds.

    Attributes:
        answer: The answer.
        stored_at: When it was made, by the clock that says the date.
        fresh_for: For how long from then on it is given as it is.
        stale_for: For how long after that it is given while another one is made.
        error_for: For how long after that it is given in place of an error.
    """

    answer: Answer
    stored_at: float
    fresh_for: float
    stale_for: float = 0
    error_for: float = 0

    def age(self, now: float) -> float:
        return max(0.0, now - self.stored_at)

    def is_fresh(self, now: float) -> bool:
        return self.age(now) < self.fresh_for

    def may_be_stale(self, now: float) -> bool:
        return self.age(now) < self.fresh_for + self.stale_for

    def may_replace_error(self, now: float) -> bool:
        return self.age(now) < self.fresh_for + self.error_for

    @property
    def kept_for(self) -> float:
        """Seconds from when it was made until it is of no use."""
        return self.fresh_for + max(self.stale_for, self.error_for)

    def to_bytes(self) -> bytes:
        """For stores that keep bytes; :meth:`from_bytes` is the way back."""
        times = [self.stored_at, self.fresh_for, self.stale_for, self.error_for]
        return json.dumps(times).encode() + b"\n" + self.answer.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """What :meth:`to_bytes` has made.

        Raises:
            ValueError: It has not made this.
        """
        times, _, rest = data.partition(b"\n")
        try:
            stored_at, fresh_for, stale_for, error_for = map(float, json.loads(times))
        except TypeError as error:
            raise ValueError("This is no entry.") from error
        return cls(Answer.from_bytes(rest), stored_at, fresh_for, stale_for, error_for)


__all__ = ["Entry"]
