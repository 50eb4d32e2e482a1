"""What a client is told whose request asks for no version that there is."""

from __future__ import annotations

from collections.abc import Mapping

from vivace import HTTPException
from vivace.versioning.history import Version


class VersionError(HTTPException):
    """A request that asks for no version, for two, or for one that is unknown or gone.

    400, except where the version is unknown and in the path (404) or the ``Accept`` header (406),
    or is gone (410).
    """

    def __init__(
        self, status_code: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status_code, detail, headers)


def shortened(text: str) -> str:
    """What a client has sent, as an error shows it."""
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def version_is_over(version: Version) -> VersionError:
    """410 for a version that was to end before now, with what was said of its end."""
    assert version.deprecated is not None
    headers: dict[str, str] = {}
    for field, content in version.deprecated.headers():
        name, value = field.decode().title(), content.decode()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    detail = f"Version {version} is gone since {version.deprecated.sunset}."
    return VersionError(410, detail, headers)


__all__ = ["VersionError", "shortened", "version_is_over"]
