"""What a client is told whose request asks for no version that there is."""

from __future__ import annotations

from collections.abc import Mapping

from vivace import HTTPException


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


__all__ = ["VersionError", "shortened"]
