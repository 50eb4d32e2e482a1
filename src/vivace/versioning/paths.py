"""Versions in paths, and the URLs of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from vivace.routing import compile_path
from vivace.types import Scope
from vivace.versioning.history import looks_like_version
from vivace.versioning.ways import PLACE

T = TypeVar("T")


def path_in_app(scope: Scope) -> str:
    """The path of a request without what servers and mounts have taken off it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


class PathTable(Generic[T]):
    """Finds what stands for the version in a path.

    Args:
        path: The path up to the version, whose last segment has ``{version}`` in it.
        values: By segment.
    """

    def __init__(self, path: str, values: Mapping[str, T]) -> None:
        before, _, segment = path.rpartition("/")
        self._values = values
        self._start = f"{before}/"
        self._index = before.count("/") + 1
        self._around = segment.split(PLACE)
        # A prefix with parameters is longer than it looks.
        self._pattern = re.compile(compile_path(self._start)[0].pattern.removesuffix("$"))
        self._is_fixed = "{" not in before

    def find(self, path: str) -> T | str | None:
        """What stands for the version; the text of one that is unknown; ``None`` for neither."""
        if self._is_fixed:
            if not path.startswith(self._start):
                return None
        elif not self._pattern.match(path):
            return None
        segment = path.split("/", self._index + 1)[self._index]
        value = self._values.get(segment)
        return self._unknown(segment) if value is None else value

    def _unknown(self, segment: str) -> str | None:
        before, after = self._around
        if not (segment.startswith(before) and segment.endswith(after)):
            return None
        text = segment[len(before) : len(segment) - len(after)]
        return text if looks_like_version(text) else None

    def replace(self, path: str, segment: str) -> str:
        """``path`` with another version in it."""
        segments = path.split("/")
        segments[self._index] = segment
        return "/".join(segments)


def moved_in_path(paths: PathTable[Any], segment: str, scope: Scope) -> str:
    """The path of a request with another version in it, as it stands in a URL."""
    path = path_in_app(scope)
    root = scope["path"].removesuffix(path)
    return quote(root + paths.replace(path, segment), errors="replace")


def moved_in_query(parameter: str, version: str, scope: Scope) -> str:
    """The path and query of a request with another version in the query, as they stand in a URL."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    others = [pair for pair in pairs if pair[0] != parameter]
    query = urlencode([*others, (parameter, version)], errors="replace")
    return f"{quote(scope['path'], errors='replace')}?{query}"


__all__ = ["PathTable", "moved_in_path", "moved_in_query", "path_in_app"]
