"""Packages by which servers are reached."""

from __future__ import annotations


class MissingDriver(ImportError):
    """The package by which a server is reached is not installed.

    Args:
        package: Its name.
        extra: The extra of Vivace's that brings it, if one does.
    """

    def __init__(self, package: str, extra: str | None = None) -> None:
        target = f'"vivace[{extra}]"' if extra else package
        super().__init__(f"{package} is not installed. Install it with: pip install {target}")


__all__ = ["MissingDriver"]
