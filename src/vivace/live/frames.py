"""Frames: what members get, each written once however many get it.

An entry of a broker is a line of JSON that says what it is, and then the message as it was written
where it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from vivace.live.brokers.protocol import Entry
from vivace.sse import KEEPALIVE_COMMENT, format_sse_event


class Frame:
    """Something to be sent, over a socket or as an event.

    Args:
        type: The type of the message.
        json: The message, as an object of JSON.
        id: Where it stands in the room; ``None`` of what is not kept there.
        to: The one user that it is for, if it is not for all.
        key: Of two frames with the same key, a member that is behind needs only the later one.
    """

    __slots__ = ("_event", "_text", "id", "json", "key", "to", "type")

    def __init__(
        self,
        type: str,
        json: bytes,
        id: str | None = None,
        to: str | None = None,
        key: str | None = None,
    ) -> None:
        self.type = type
        self.json = json
        self.id = id
        self.to = to
        self.key = key
        self._text: str | None = None
        self._event: bytes | None = None

    @property
    def text(self) -> str:
        """The frame for a socket."""
        if self._text is None:
            text = self.json.decode()
            self._text = text if self.id is None else f'{{"event_id":"{self.id}",{text[1:]}'
        return self._text

    @property
    def event(self) -> bytes:
        """The same as a server-sent event (WHATWG HTML, section 9.2.6)."""
        if self._event is None:
            self._event = format_sse_event(data_str=self.json.decode(), event=self.type, id=self.id)
        return self._event

    def is_for(self, user: str) -> bool:
        """Whether a member gets it who is of this user."""
        return self.to is None or self.to == user


class _Heartbeat(Frame):
    """A ping, which readers of events need not answer: to them it is a comment."""

    __slots__ = ()

    @property
    def event(self) -> bytes:
        return KEEPALIVE_COMMENT


def own_frame(type: str, *, id: str | None = None, **members: Any) -> Frame:
    """A frame of the room's own; what is ``None`` is left out."""
    said = {name: value for name, value in members.items() if value is not None}
    return Frame(type, to_json({"type": type, **said}), id)


PING = _Heartbeat("ping", b'{"type":"ping"}')
PONG = Frame("pong", b'{"type":"pong"}')
GAP = Frame("gap", b'{"type":"gap"}')

#: The kinds of entries in a room.
MESSAGE, DISMISSAL = "message", "dismissal"


@dataclass(frozen=True, slots=True)
class Received:
    """An entry of a room, as it was read."""

    kind: str
    frame: Frame
    reason: str = ""


def pack(
    kind: str,
    json: bytes = b"{}",
    *,
    type: str = "",
    to: str | None = None,
    key: str | None = None,
    reason: str | None = None,
) -> bytes:
    """An entry for a broker."""
    head = {"kind": kind, "type": type, "to": to, "key": key, "reason": reason}
    # Only what is None: what is for a user of no name is not for all.
    return (
        to_json({name: value for name, value in head.items() if value is not None}) + b"\n" + json
    )


def unpack(entry: Entry) -> Received | None:
    """What an entry says; ``None`` where it is none of these, as one of a later version."""
    head, found, json = entry.data.partition(b"\n")
    try:
        said: Mapping[str, Any] = from_json(head) if found else {}
        kind = str(said["kind"])
        frame = Frame(str(said.get("type", "")), json, entry.id, said.get("to"), said.get("key"))
        # Written now, for all who get it: what cannot be is nothing that a room has sent.
        is_sendable = kind != MESSAGE or (json[:2] == b'{"' and frame.text != "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return Received(kind, frame, str(said.get("reason", ""))) if is_sendable else None


__all__ = [
    "DISMISSAL",
    "GAP",
    "MESSAGE",
    "PING",
    "PONG",
    "Frame",
    "Received",
    "own_frame",
    "pack",
    "unpack",
]
