"""Packages that extras of Vivace's bring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingPackage(ImportError):
    """A package that is needed is not installed.

    Args:
        package: Its name.
        extra: The extra of Vivace's that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f'{package} is not installed. Install it with: pip install "vivace[{extra}]"'
        )


@contextmanager
def brought_by(extra: str) -> Iterator[None]:
    """Around imports: has those that fail say which extra brings what they need.

    Raises:
        MissingPackage: A module that is none of Vivace's own is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "vivace"):
            raise
        raise MissingPackage(package, extra) from None


__all__ = ["MissingPackage", "brought_by"]
