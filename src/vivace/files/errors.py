"""What a client is told when a file is refused, not there, or cannot be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vivace import HTTPException

#: Where in a request something is wrong, as validation says it: ``("header", "range")``.
Place = Sequence[str | int]


class FileError(HTTPException):
    """A request about a file that cannot be answered as asked.

    Args:
        status: The status code.
        type: What is wrong, for programs: one word for each kind of error.
        place: Where in the request; it is the ``loc`` of validation errors.
        message: The same for people.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        type: str,
        place: Place,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        detail = [{"type": type, "loc": list(place), "msg": message}]
        super().__init__(status, detail, headers)
        self.type = type


class FileTooLarge(FileError):
    """413 for a file, or a form, of more bytes than are taken (RFC 9110, section 15.5.14)."""

    def __init__(self, place: Place, limit: int) -> None:
        super().__init__(413, "too_large", place, f"More than {limit} bytes are not taken")


class TypeNotAllowed(FileError):
    """415 for a file whose content is of another type than asked for (section 15.5.16)."""

    def __init__(self, place: Place, found: str, allowed: Sequence[str]) -> None:
        message = f"The content is {found}, and has to be {' or '.join(allowed)}"
        super().__init__(415, "type_not_allowed", place, message)


class DigestMismatch(FileError):
    """400 for a body that is not what its digest says (RFC 9530): it was changed on the way."""

    def __init__(self, place: Place, algorithm: str) -> None:
        super().__init__(
            400, "digest_mismatch", place, f"The {algorithm} of the body is another one"
        )


class BrokenBody(FileError):
    """400 for a body that cannot be read: a form that is none, or one that ends too early."""

    def __init__(self, message: str, place: Place = ("body",)) -> None:
        super().__init__(400, "broken_body", place, message)


class UploadTooSlow(FileError):
    """408 for a client of which nothing came for too long (RFC 9110, section 15.5.9)."""

    def __init__(self, seconds: float) -> None:
        message = f"Nothing came for {seconds:g} seconds"
        super().__init__(408, "too_slow", ("body",), message, {"Connection": "close"})


class NoSuchFile(HTTPException):
    """404 for a key that no file has, or that is no key at all."""

    def __init__(self) -> None:
        super().__init__(404, "There is no such file")


class StorageFull(HTTPException):
    """507 for a file for which there is no room (RFC 4918, section 11.5)."""

    def __init__(self) -> None:
        super().__init__(507, "There is no room for the file")


class StoreUnavailable(HTTPException):
    """503 while the store cannot be reached, or does not work; why is in the log."""

    def __init__(self) -> None:
        super().__init__(503, "Files cannot be reached at the moment", {"Retry-After": "5"})


__all__ = [
    "BrokenBody",
    "DigestMismatch",
    "FileError",
    "FileTooLarge",
    "NoSuchFile",
    "Place",
    "StorageFull",
    "StoreUnavailable",
    "TypeNotAllowed",
    "UploadTooSlow",
]
