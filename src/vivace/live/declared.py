"""What a kind of room is declared with, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from vivace import HTTPException
from vivace.live.member import LONGEST_USER, Guest
from vivace.live.messages import Messages

#: Bytes of the name of a room: brokers take 512, and one sign is put behind it.
LONGEST_ROOM = 500


@dataclass(frozen=True)
class Declaration:
    """One kind of room, as it was declared; see :meth:`vivace.live.Live.rooms`."""

    path: str
    name: str
    receives: Messages | None
    sends: Messages
    shows: TypeAdapter[Any]
    admits: Callable[..., Any]
    dependencies: Sequence[Any]
    has_presence: bool
    streams: bool
    description: str

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters of the path."""
        return [name for _, name, _, _ in Formatter().parse(self.path_format) if name]

    @property
    def path_format(self) -> str:
        """The path without the convertors of its parameters."""
        return re.sub(r"{(\w+):\w+}", r"{\1}", self.path)

    def room_name(self, values: Mapping[str, Any]) -> str:
        """The name of a room for brokers.

        Raises:
            HTTPException: 404; no room has such a name.
        """
        quoted = {
            name: quote(str(value), safe="", errors="replace") for name, value in values.items()
        }
        name = self.path_format.format(**{one: quoted[one] for one in self.parameters})
        if len(name) > LONGEST_ROOM:
            raise HTTPException(404)
        return name

    def guest(self, found: Any) -> Guest:
        """What ``admits`` has returned, as a guest who shows what it may.

        Raises:
            HTTPException: 422 for a user whose name no broker takes.
            TypeError: It has returned something else.
        """
        if found is None:
            found = Guest()
        elif isinstance(found, str):
            found = Guest(found)
        where = getattr(self.admits, "__qualname__", repr(self.admits))
        if not isinstance(found, Guest):
            raise TypeError(
                f"{where} has returned {type(found).__name__}. Return a Guest, or the name of a "
                "user; raise an HTTPException for one who is not let in."
            )
        try:
            shows = self.shows.validate_python(found.shows)
        except ValidationError as error:
            raise TypeError(
                f"{where}: {found.shows!r} is not what the room is declared to show, as "
                f"live.rooms(..., shows=Profile). {error}"
            ) from None
        if len(found.user.encode(errors="replace")) > LONGEST_USER:
            raise HTTPException(422, "The name of the user is too long")
        return Guest(found.user, shows, found.held)


def name_of(path: str) -> str:
    """What a kind of room is called whose path this is."""
    words = [word for word in path.split("/") if word and "{" not in word]
    return re.sub(r"[^A-Za-z0-9_-]", "-", "-".join(words)) or "room"


__all__ = ["Declaration", "name_of"]
