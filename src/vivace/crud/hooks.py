"""What an app does of its own while items are written."""

from __future__ import annotations

from typing import Any

from vivace.crud.collection import Values


class Hooks:
    """Called before something is written. Raise ``HTTPException`` to refuse it.

    A subclass is a dependency: the parameters of its ``__init__`` are filled for each request.

    .. code-block:: python

        class OwnedByUser(Hooks):
            def __init__(self, user: Annotated[User, auth.user]) -> None:
                self.user = user

            async def before_create(self, values: Values) -> Values:
                return {**values, "owner_id": self.user.id}
    """

    async def before_create(self, values: Values) -> Values:
        """The values with which an item is made. Those that are not there take their defaults."""
        return values

    async def before_update(self, item: Any, values: Values) -> Values:
        """The values that ``item`` gets, which is still as it was.

        It is called once more if somebody else has changed the item meanwhile.
        """
        return values

    async def before_delete(self, item: Any) -> None:
        """Called when ``item`` is about to be deleted."""


__all__ = ["Hooks"]
