"""One response as a value: what is kept of it, and what belongs to its request alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Field = tuple[bytes, bytes]

#: Fields of a connection, which are never kept (RFC 9110, section 7.6.1), and those that the server
#: writes itself.
OF_CONNECTION: Final = frozenset(
    [
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"date", b"server"),
    ]
)
#: Fields that say something of one request: of an answer that is given again, those of the later
#: request are sent.
OF_REQUEST: Final = frozenset(
    [
        *(b"ratelimit", b"ratelimit-policy", b"server-timing", b"traceresponse"),
        *(b"x-request-id", b"x-correlation-id", b"x-process-time"),
    ]
)


@dataclass(frozen=True)
class Answer:
    """A complete response.

    Attributes:
        status: The status code.
        fields: The header fields as they are sent, with names in lower case.
        body: The content.
    """

    status: int
    fields: tuple[Field, ...]
    body: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.fields) + 200

    def values(self, name: bytes) -> list[bytes]:
        """All values of a field, in order."""
        return [value for known, value in self.fields if known == name]

    def kept(self) -> Answer:
        """Without the fields that belong to one connection or one request."""
        dropped = OF_CONNECTION | OF_REQUEST
        fields = tuple(field for field in self.fields if field[0] not in dropped)
        return Answer(self.status, fields, self.body)

    def with_fields(self, fields: Iterable[Field]) -> Answer:
        """With ``fields`` in place of those of the same names."""
        added = tuple(fields)
        names = {name for name, _ in added}
        others = tuple(field for field in self.fields if field[0] not in names)
        return Answer(self.status, (*others, *added), self.body)

    def to_bytes(self) -> bytes:
        """For stores that keep bytes; :meth:`from_bytes` is the way back."""
        fields = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.fields]
        head = json.dumps([self.status, fields]).encode()
        return head + b"\n" + self.body

    @classmethod
    def from_bytes(cls, data: bytes) -> Answer:
        """What :meth:`to_bytes` has made.

        Raises:
            ValueError: It has not made this.
        """
        head, newline, body = data.partition(b"\n")
        if not newline:
            raise ValueError("This is no answer.")
        try:
            status, fields = json.loads(head)
            read = tuple(
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in fields
            )
        except (TypeError, AttributeError) as error:
            raise ValueError("This is no answer.") from error
        return cls(status, read, body)


__all__ = ["OF_REQUEST", "Answer", "Field"]
