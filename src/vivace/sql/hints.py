"""Hints on what goes wrong when a response is made of rows."""

from __future__ import annotations

from sqlalchemy.orm import Session

from vivace.exceptions import ResponseValidationError

#: How SQLAlchemy begins to say that an attribute was to be loaded, where it cannot wait for that.
NOT_AWAITED = "MissingGreenlet"

NOT_LOADED = (
    "An attribute was not loaded, and cannot be while the response is made, as nothing is awaited "
    "there. Load it with the query, as by "
    "select(Hero).options(selectinload(Hero.team)), or say lazy='selectin' in the model."
)
NOT_FLUSHED = (
    "An object was added to the session and not written yet, so that the database has not filled "
    "in its key: await session.flush() before it is returned."
)


def add_hint(error: Exception, session: Session) -> None:
    """Add a note to an error of the response that SQLAlchemy has to do with (PEP 678)."""
    if not isinstance(error, ResponseValidationError):
        return
    if any(NOT_AWAITED in str(one.get("msg", "")) for one in error.errors()):
        error.add_note(NOT_LOADED)
    elif session.new:
        error.add_note(NOT_FLUSHED)


__all__ = ["add_hint"]
