"""Context variables (PEP 567) carried from one task to another, as a plain call would."""

from __future__ import annotations

from contextvars import Context, ContextVar, Token, copy_context
from typing import Any

MISSING: Any = object()


class Turn:
    """One of the turns that two tasks take: what is changed in it, the other one takes over.

    It is from :meth:`begin` to :meth:`give`.
    """

    def __init__(self) -> None:
        self._before: Context = copy_context()
        self._after: Context = self._before
        #: Of variables that had no value where it was taken: with them they have none again.
        self.tokens: dict[ContextVar[Any], Token[Any]] = {}

    def begin(self) -> None:
        """From here on, changes of this task count."""
        self._before = self._after = copy_context()

    def give(self) -> None:
        """This task lets the other one go on."""
        self._after = copy_context()

    def take(self) -> None:
        """Change what the giver has changed.

        What was changed here meanwhile, and is not what the giver began with, stays.
        """
        before, after = self._before, self._after
        for variable, value in after.items():
            old = before.get(variable, MISSING)
            if old is not value and variable.get(MISSING) is old:
                token = variable.set(value)
                if old is MISSING:
                    self.tokens[variable] = token

    def take_back(self, earlier: Turn) -> None:
        """Take away the values that ``earlier`` has brought, and that are gone since this turn."""
        before, after = self._before, self._after
        for variable, token in earlier.tokens.items():
            if variable not in after and variable.get(MISSING) is before.get(variable):
                variable.reset(token)


__all__ = ["Turn"]
