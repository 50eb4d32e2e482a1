"""What a client is told whose request is not carried out."""

from __future__ import annotations

from math import ceil

from vivace import HTTPException


class IdempotencyError(HTTPException):
    """What all errors here have in common."""


class MissingKey(IdempotencyError):
    """400 for a request without a key, where one is required (section 2.7 of the draft)."""

    def __init__(self) -> None:
        super().__init__(400, "The header Idempotency-Key is missing.")


class InvalidKey(IdempotencyError):
    """400 for a key that is none.

    Args:
        why: What is wrong with it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(400, f"The header Idempotency-Key is not valid. {why}.")


class KeyReused(IdempotencyError):
    """422 for a key that another request was made with."""

    def __init__(self) -> None:
        super().__init__(422, "This Idempotency-Key was used for another request.")


class RequestOutstanding(IdempotencyError):
    """409 while the first request with the key is being carried out.

    Args:
        retry_after: Seconds after which it is worth trying again.
    """

    def __init__(self, retry_after: float = 1) -> None:
        super().__init__(
            409,
            "A request with this Idempotency-Key is being carried out.",
            {"Retry-After": str(max(1, ceil(retry_after)))},
        )


class AnswerNotKept(IdempotencyError):
    """409 for a request that was carried out, and whose answer cannot be given again."""

    def __init__(self) -> None:
        super().__init__(
            409,
            "The request with this Idempotency-Key was carried out, and its answer was not kept.",
        )


class BodyTooLarge(IdempotencyError):
    """413 for a body that is too large to be compared."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"With an Idempotency-Key, a body may have {most} bytes.")


class StoreAway(IdempotencyError):
    """503 where nobody knows whether a request was made before.

    Args:
        retry_after: Seconds until it is tried again.
    """

    def __init__(self, retry_after: float) -> None:
        headers = {"Retry-After": str(max(1, ceil(retry_after)))}
        super().__init__(503, "Service Unavailable", headers)


__all__ = [
    "AnswerNotKept",
    "BodyTooLarge",
    "IdempotencyError",
    "InvalidKey",
    "KeyReused",
    "MissingKey",
    "RequestOutstanding",
    "StoreAway",
]
