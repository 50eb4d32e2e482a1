"""What a sender is told whose message the endpoint does not get."""

from __future__ import annotations

from vivace import HTTPException

#: A 401 has to name a scheme (RFC 9110, section 15.5.2). That of the standard has no name.
CHALLENGE = {"WWW-Authenticate": "Webhook-Signature"}


class NotAuthentic(HTTPException):
    """401 for a message that was not signed with a secret that counts, or not lately.

    Which of it, is not said.
    """

    def __init__(self) -> None:
        super().__init__(
            401, "The signature is not valid, or the message is too old.", {**CHALLENGE}
        )


class TooLarge(HTTPException):
    """413 for a message with more bytes than are read."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"A message may have at most {most} bytes.")


class Malformed(HTTPException):
    """400 for a message that is authentic, and has not the form of one."""

    def __init__(self) -> None:
        super().__init__(400, "The message is no JSON object with a type.")


class Dropped(HTTPException):
    """204 for a message that need not come again, and that the endpoint does not get.

    It was handled before, or is of a type that the endpoint has no use for.
    """

    def __init__(self) -> None:
        super().__init__(204)


class StillHandled(HTTPException):
    """409 for a message that is just being handled: whether that succeeds is not known yet."""

    def __init__(self) -> None:
        super().__init__(409, "The message is being handled.", {"Retry-After": "5"})


__all__ = ["Dropped", "Malformed", "NotAuthentic", "StillHandled", "TooLarge"]
