"""Whether two requests are the same."""

from __future__ import annotations

import re
from collections import deque

from vivace import HTTPException
from vivace.answers.functions import digest
from vivace.datastructures import Headers
from vivace.types import Message, Receive, Scope

#: The parameter of a form's type that its parts are told apart by (RFC 2046, section 5.1.1).
_BOUNDARY = re.compile(r';[ \t]*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


class RequestBody:
    """Remembers the body while it is read, and reads on where nobody has.

    Args:
        receive: Where it comes from.
        most: Of a body of more bytes nothing is remembered.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._body: bytearray | None = bytearray()
        self._has_ended = False
        #: What was read here, and nobody else has seen.
        self._unseen: deque[Message] = deque()

    async def receive(self) -> Message:
        """The ``receive`` for what is inside."""
        if self._unseen:
            return self._unseen.popleft()
        message = await self._receive()
        self._note(message)
        return message

    async def whole(self) -> bytes | None:
        """The whole body; ``None`` where it is too large.

        Raises:
            HTTPException: 400, where the client has gone before its end.
        """
        while not self._has_ended and self._body is not None:
            message = await self._receive()
            self._unseen.append(message)
            self._note(message)
            if message["type"] != "http.request":
                raise HTTPException(400, "The body is not complete.")
        return None if self._body is None else bytes(self._body)

    def _note(self, message: Message) -> None:
        if message["type"] != "http.request" or self._has_ended:
            return
        if self._body is not None:
            self._body += message.get("body", b"")
            if len(self._body) > self._most:
                self._body = None
        self._has_ended = not message.get("more_body", False)


def fingerprint_of(scope: Scope, body: bytes) -> str:
    """What two requests have in common if they are the same.

    Method, path, query, the type of the body and its bytes. The boundary of a form is not part of
    it, as clients choose another one for each request; nor is the host, as they may try another.
    """
    media_type, boundary = _content_type(Headers(scope=scope).get("content-type", ""))
    if boundary:
        body = body.replace(b"--" + boundary.encode("latin-1"), b"--")
    query = scope.get("query_string", b"")
    return digest(
        scope["method"], scope.get("root_path", ""), scope["path"], query, media_type, body
    )


def _content_type(text: str) -> tuple[str, str]:
    media_type = text.partition(";")[0].strip().lower()
    found = _BOUNDARY.search(text) if media_type.startswith("multipart/") else None
    return media_type, (found[1] or found[2]) if found else ""


__all__ = ["RequestBody", "fingerprint_of"]
